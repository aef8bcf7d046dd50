"""JSON Schema 2020-12 of a form's values, as the command line and the API take them."""

from __future__ import annotations

from typing import Any, Protocol

from engine.datatypes.base import Control, Json
from engine.model.form import FormDef, GroupDef
from engine.model.item import ItemDef
from engine.model.metadata_version import MetaDataVersion
from engine.model.text import in_language

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Registry(Protocol):
    """What is needed of a compiled registry."""

    @property
    def model(self) -> MetaDataVersion: ...


def form_schema(registry: Registry, form_id: str, language: str) -> dict[str, Json]:
    """The schema of a form's values: what may be sent, not what must be filled in, which rules decide.

    `x-unit` is the stored unit (UCUM), `x-codes` the words of the codes, `x-missing` those of the missing reasons.
    """
    form = registry.model.forms[form_id]
    version = f"{registry.model.registry}:{registry.model.version}:{form.id}"
    return {
        "$schema": DIALECT,
        "$id": f"urn:ecrf:{version}",
        "title": in_language(form.title, language) or form.id,
        **_values(form, language),
    }


def _values(part: FormDef | GroupDef, language: str) -> dict[str, Json]:
    items = {item.id: item_schema(item, language) for item in part.items if _is_sent(item)}
    groups = {group.id: _rows(group, language) for group in part.groups}
    return {"type": "object", "properties": {**items, **groups}, "additionalProperties": False}


def _rows(group: GroupDef, language: str) -> dict[str, Json]:
    """A group is a list of rows; how many there must be is a rule, how many there may be is its shape."""
    schema: dict[str, Json] = {"type": ["array", "null"], "items": _values(group, language)}
    if title := in_language(group.title, language):
        schema = {"title": title, **schema}
    if group.max_rows is not None:
        schema["maxItems"] = group.max_rows
    return schema


def _is_sent(item: ItemDef) -> bool:
    """Calculated values are never sent, and notes hold none."""
    return item.calculate is None and item.datatype.control is not Control.NOTE


def item_schema(item: ItemDef, language: str) -> dict[str, Json]:
    """One item: a value of its type, null, or a coded missing reason where the item knows any."""
    schema: dict[str, Json] = {"title": in_language(item.label, language) or item.id}
    if hint := in_language(item.hint, language):
        schema["description"] = hint
    if item.facets.unit:
        schema["x-unit"] = item.facets.unit
    choices = item.facets.choices.values()
    if choices:
        schema["x-codes"] = {choice.code: in_language(choice.label, language) or choice.code for choice in choices}
    schema["anyOf"] = [item.datatype.json_schema(item.facets), {"type": "null"}]
    reasons = item.missing.reasons
    if reasons:
        schema["x-missing"] = {code: in_language(words, language) or code for code, words in reasons.items()}
        schema["anyOf"].append(_missing(list(reasons)))
    return schema


def _missing(reasons: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"missing": {"enum": reasons}},
        "required": ["missing"],
        "additionalProperties": False,
    }


__all__ = ["DIALECT", "form_schema", "item_schema"]
