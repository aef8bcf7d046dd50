"""A compiled definition as data again: written and compiled anew, it is the same model."""

from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from engine.compiler import compile_definition
from engine.definitions import read_definition_text
from exchange.definition_text import definition_text
from exchange.from_model import document_of

ROOT = Path(__file__).parents[2]
OF_THE_FILE = {"mark", "places", "sources"}  # say where something stood
DEFINITIONS = [*(ROOT / "docs" / "examples").glob("*.yaml"), *(ROOT / "form_definitions").glob("*.yaml")]


def plain(value):
    """A model without the places in its file."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in fields(value) if field.name not in OF_THE_FILE
        }
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(part) for part in value]
    return value.name if hasattr(value, "json_schema") else value


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_a_definition_comes_back_as_it_was(path):
    model = compile_definition(path).model
    again = read_definition_text(definition_text(document_of(model)).encode(), "again.yaml").model
    first, second = plain(model), plain(again)
    for external in [id_ for id_, part in model.codelists.items() if part.external or part.dictionary]:
        assert second["codelists"].pop(external)["id"] == first["codelists"].pop(external)["id"]
    assert strip(second) == strip(first)


def strip(model):
    """Choices of dictionaries stand in a file beside the definition, so items that offer them have none here."""
    if isinstance(model, dict):
        return {key: strip(part) for key, part in model.items() if key not in ("choices", "dictionary", "open_list")}
    return [strip(part) for part in model] if isinstance(model, list) else model
