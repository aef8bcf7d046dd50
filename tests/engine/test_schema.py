from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engine.definitions import definition_schema
from engine.definitions.codes import CODES
from engine.definitions.schema import MAX_FAULTS, check_shape
from engine.definitions.source import read_source
from engine.errors import Problems


def faults(text: str) -> list[tuple[int, int, str, str]]:
    problems = Problems()
    root = read_source(text.encode(), "f", problems)
    assert root is not None
    check_shape(root, problems)
    return [(problem.mark.line, problem.mark.column, problem.code, problem.message) for problem in problems.found]


def keys(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of the language with its schema."""
    if isinstance(schema, dict):
        for name, part in schema.get("properties", {}).items():
            yield f"{path}/{name}", part
        for name, part in schema.items():
            yield from keys(part, f"{path}/{name}")


def test_no_more_faults_are_worded_than_are_listed():
    found = faults("".join(f"unknown{number}: 1\n" for number in range(MAX_FAULTS + 100)))
    assert len(found) == MAX_FAULTS + 1
    assert "more faults" in found[-1][-1]


def test_schema_is_one():
    Draft202012Validator.check_schema(definition_schema())


def test_every_key_is_described():
    silent = [path for path, part in keys(definition_schema()) if len(part.get("description", "")) < 10]
    assert silent == []


def test_every_definition_of_the_schema_is_used():
    text = str(definition_schema())
    assert [name for name in definition_schema()["$defs"] if f"#/$defs/{name}'" not in text] == []


def test_each_keyword_is_worded():
    used = {key for _, part in keys(definition_schema()) for key in part} - {"description", "properties", "items"}
    assert used <= {
        *("$ref", "type", "enum", "additionalProperties", "required"),
        *("minItems", "maxItems", "minProperties", "maxProperties", "minimum", "maximum", "exclusiveMinimum"),
    }


@pytest.mark.parametrize("form", ["{id: a, type: text, lable: {pl: x, en: x}}", "{'lable': 1, id: a}"])
def test_unknown_key_names_the_nearest(form):
    (fault,) = faults(f"version: 1.0.0\nblocks: {{b: [{form}]}}")
    assert fault[2] == "unknown-key"
    assert "Did you mean 'label'?" in fault[3]


def test_each_fault_is_reported_once_at_its_place():
    text = "version: 1.0.0\nblocks:\n  b:\n    - {id: a, decimals: x, see: y, range: {hard: [[], 2]}}\n    - 3\nforms: []\n"
    assert [fault[:3] for fault in sorted(faults(text))] == [
        (4, 25, "wrong-shape"),
        (4, 33, "wrong-shape"),
        (4, 51, "wrong-shape"),
        (5, 7, "wrong-shape"),
        (6, 8, "wrong-shape"),
    ]


def test_quick_paths_agree_with_jsonschema(tree_of_faults):
    """Our short cuts must find what the library finds without them."""
    root, count = tree_of_faults
    problems = Problems()
    check_shape(root, problems)
    plain = list(Draft202012Validator(definition_schema()).iter_errors(root.plain()))
    assert len(plain) == count
    assert len(problems.found) == count


@pytest.fixture
def tree_of_faults():
    text = """
version: 1.0.0
title: {pl: 1, en: x}
keeper: {}
surprise: 1
languages: [pl, 1]
parameters: {a: 1, b: x, c: true, d: {values: []}, e: {value: 1}}
missing: {none: {}, std: {nk: {pl: x, signing: 'no'}}}
codelists: {a: {codes: {x: {pl: {}, exclusive: 1, standard: {S: [1]}}}}, b: {attributes: {q: {type: wood, default: {}}}}}
events: {v: {window: [1], day: 1.5, every: {days: 0, from: 1}}}
blocks:
  b:
    - {group: g, rows: {min: -1, title: 1}, items: [{id: a, range: {hard: [{above: 1}, {}]}, unit: {also: {kg: {}}}}]}
forms: {f: {sections: [{id: s}], checks: [{id: c, assert: [], severity: bad, message: x}]}}
derived: {d: {cases: [{}]}}
"""
    problems = Problems()
    root = read_source(text.encode(), "f", problems)
    assert root is not None
    return root, len(list(Draft202012Validator(definition_schema()).iter_errors(root.plain())))


def test_codes_are_worded_alike():
    assert all(code == code.lower() and "_" not in code and " " not in code for code in CODES)
    assert all(text and not text.endswith(".") for text in CODES.values())
