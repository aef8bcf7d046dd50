"""The contract that every field type keeps: one fixture a type holds its examples, properties hold for any input.

Shape of a fixture: `facets` (an example may have its own); `cases` with `raw` (typed) or `json` (a JSON text), the
JSON `value` that is written back, and where given `stored`, `extra`, `shown` by language and `rule` (what an
expression sees); `empty` and `empty_json`: nothing entered; `refused` with `code`, `message` key and its words.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from engine.datatypes import DATATYPES, Choice, Control, DataType, Facets, Kind, Slot, Unread, explain

FIXTURES = Path(__file__).parents[1] / "fixtures" / "datatypes"
LANGUAGES = ("pl", "en")
LABELLED = {Control.CHOICE, Control.CHOICES, Control.FILE}  # shown as a label, so what is shown is not what is typed


@dataclass(frozen=True)
class Example:
    """One line of a fixture."""

    datatype: DataType
    facets: Facets
    line: dict[str, Any]

    def read(self) -> Any:
        if "raw" in self.line:
            return self.datatype.parse(self.line["raw"], self.facets)
        return self.datatype.read_json(read_json(self.line["json"]), self.facets)


def read_json(text: str) -> Any:
    """As the application reads JSON: decimals never pass through a float."""
    return json.loads(text, parse_float=Decimal)


def build_facets(given_facets: dict[str, Any]) -> Facets:
    facets = dict(given_facets)
    for key, build in (
        ("units", lambda units: {unit: Decimal(factor) for unit, factor in units.items()}),
        (
            "choices",
            lambda choices: {
                code: Choice(code, label, also=tuple(label.get("also", ()))) for code, label in choices.items()
            },
        ),
        ("media_types", tuple),
    ):
        if key in facets:
            facets[key] = build(facets[key])
    return Facets(**facets)


FOUND: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FIXTURES.glob("*.yaml")
}


def examples(part: str) -> Iterator[Any]:
    """All lines of one part of all fixtures, as parameters."""
    for name, datatype in DATATYPES.items():
        fixture = FOUND.get(name, {})
        for line in fixture.get(part, ()):
            facets = build_facets(line.get("facets", fixture.get("facets", {})))
            yield pytest.param(Example(datatype, facets, line), id=f"{name}-{line.get('raw', line.get('json'))!a}")


def same(one: Any, other: Any) -> bool:
    """Equal in kind and writing too: 1.5 and 1.50, or two offsets of one instant, are not the same."""
    return bool(one == other) and repr(one) == repr(other)


def test_each_type_has_a_fixture_and_each_fixture_a_type():
    assert set(DATATYPES) == set(FOUND)


@pytest.mark.parametrize("name", DATATYPES)
def test_row_is_complete(name):
    datatype = DATATYPES[name]
    assert datatype.name == name
    assert isinstance(datatype.kind, Kind)
    assert isinstance(datatype.slot, Slot)
    assert isinstance(datatype.control, Control)
    assert (datatype.odm == "") == (datatype.kind is Kind.NOTHING)
    assert not hasattr(datatype, "__dict__") or vars(datatype) == {}, "a type has no state"
    assert datatype.kind is Kind.NOTHING or FOUND[name]["cases"], "a fixture shows what is accepted"


@pytest.mark.parametrize("example", list(examples("cases")))
def test_accepted(example):
    value, datatype, line = example.read(), example.datatype, example.line
    assert not isinstance(value, Unread), explain(value, "en")
    assert datatype.write_json(value) == line["value"]
    stored = datatype.store(value)
    if "stored" in line:
        assert str(stored.value) == line["stored"]
    if "extra" in line:
        assert stored.extra == line["extra"]
    for language, text in line.get("shown", {}).items():
        assert datatype.format(value, example.facets, language) == text
    if "rule" in line:
        assert str(datatype.in_rules(value)) == line["rule"]
    check_round_trips(datatype, value, example.facets)


@pytest.mark.parametrize("example", list(examples("refused")))
def test_refused(example):
    refusal, line = example.read(), example.line
    assert isinstance(refusal, Unread)
    assert (refusal.code, refusal.message) == (line["code"], line["message"])
    assert "raw" not in line or refusal.text == line["raw"].replace("\0", "␀"), "what was typed is kept"
    told = {language: explain(refusal, language) for language in LANGUAGES}
    assert told["pl"] == line.get("says", told["pl"])
    assert told["en"] == line.get("says_en", told["en"])


@pytest.mark.parametrize("name", DATATYPES)
def test_nothing_entered(name):
    fixture, datatype = FOUND[name], DATATYPES[name]
    facets = build_facets(fixture.get("facets", {}))
    assert [datatype.parse(raw, facets) for raw in fixture["empty"]] == [None] * len(fixture["empty"])
    for text in fixture.get("empty_json", ["null"]):
        assert datatype.read_json(read_json(text), facets) is None


@pytest.mark.parametrize("example", list(examples("cases")))
def test_json_schema_admits_what_is_read_and_written(example):
    schema = example.datatype.json_schema(example.facets)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    validator.validate(example.datatype.write_json(example.read()))
    validator.validate(None)
    if "json" in example.line:
        validator.validate(json.loads(example.line["json"]))


@pytest.mark.parametrize("name", [name for name, row in DATATYPES.items() if row.kind is Kind.NUMBER])
def test_python_float_is_refused(name):
    refusal = DATATYPES[name].read_json(0.1, Facets())
    assert isinstance(refusal, Unread)
    assert refusal.message == "json_float"


@pytest.mark.parametrize("name", DATATYPES)
def test_enormous_number_is_refused(name):
    """Its text is longer than Python converts at once (4300 digits)."""
    for number in (10**5000, Decimal("1e5000"), Decimal("1e999999")):
        refusal = DATATYPES[name].read_json(number, Facets())
        assert isinstance(refusal, Unread)
        check_refusal(refusal)


def check_round_trips(datatype: DataType, value: Any, facets: Facets) -> None:
    assert same(datatype.read_json(datatype.write_json(value), facets), value)
    assert same(datatype.load(datatype.store(value)), value)
    json.dumps(datatype.write_json(value)).encode()
    for language in LANGUAGES:
        shown = datatype.format(value, facets, language)
        if datatype.control not in LABELLED:
            assert same(datatype.parse(shown, facets), value)


def check_refusal(refusal: Unread) -> None:
    """Every refusal can be told in both languages and kept in a database."""
    assert "\0" not in refusal.text + repr(refusal.parts)
    for text in (refusal.text, explain(refusal, "pl"), explain(refusal, "en")):
        text.encode()


def all_facets(fixture: dict[str, Any]) -> st.SearchStrategy[Facets]:
    lines = [fixture, *fixture.get("cases", ()), *fixture.get("refused", ())]
    return st.sampled_from([build_facets(line["facets"]) for line in lines if "facets" in line] or [Facets()])


def texts(fixture: dict[str, Any]) -> st.SearchStrategy[str]:
    """Any text, and texts made of the pieces of the fixture's own: most of the former no type accepts."""
    raws = [line["raw"] for line in [*fixture["cases"], *fixture["refused"]] if "raw" in line]
    alphabet = st.sampled_from(sorted(set("".join(raws))))
    cut = st.tuples(st.sampled_from(raws), st.integers(0, 40), st.integers(0, 2), st.text(alphabet, max_size=2))
    edited = cut.map(lambda edit: edit[0][: edit[1]] + edit[3] + edit[0][edit[1] + edit[2] :])
    anything = st.text(st.characters(), max_size=40)  # surrogates and controls among them
    return st.one_of(st.sampled_from(raws), edited, st.text(alphabet, max_size=30), anything)


def json_values(fixture: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Any JSON, with the keys and texts of the fixture's own."""
    samples = [read_json(line["json"]) for part in ("cases", "refused") for line in fixture[part] if "json" in line]
    keys = sorted({key for sample in samples if isinstance(sample, dict) for key in sample}) or ["value"]
    numbers = st.one_of(st.integers(), st.decimals(), st.floats())
    leaf = st.one_of(st.none(), st.booleans(), numbers, texts(fixture), st.sampled_from(samples))
    anything = st.recursive(
        leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(keys), inner, max_size=4)
    )
    return st.one_of(st.sampled_from(samples), anything)


@cache
def typed_inputs(name: str) -> st.SearchStrategy[tuple[Facets, str]]:
    return st.tuples(all_facets(FOUND[name]), texts(FOUND[name]))


@cache
def json_inputs(name: str) -> st.SearchStrategy[tuple[Facets, Any]]:
    return st.tuples(all_facets(FOUND[name]), json_values(FOUND[name]))


@pytest.mark.parametrize("name", DATATYPES)
@given(data=st.data())
def test_any_text(name, data):
    """Parsing never raises; what it accepts survives screen, JSON and storage."""
    facets, text = data.draw(typed_inputs(name))
    check_answer(DATATYPES[name], DATATYPES[name].parse(text, facets), facets)


@pytest.mark.parametrize("name", DATATYPES)
@given(data=st.data())
def test_any_json(name, data):
    """The same for JSON."""
    facets, value = data.draw(json_inputs(name))
    check_answer(DATATYPES[name], DATATYPES[name].read_json(value, facets), facets)


def check_answer(datatype: DataType, answer: Any, facets: Facets) -> None:
    if isinstance(answer, Unread):
        check_refusal(answer)
    elif answer is not None:
        check_round_trips(datatype, answer, facets)
