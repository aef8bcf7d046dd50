"""The vector files of tests/fixtures/expressions: what each expression gives, in Python and in the browser's interpreter.

A case has `values` of the form f (or a whole `subject`), the time `now`, the `place` it is asked at (f, a row of g, a
visit) with its number, and `gives`: expression -> value. Numbers are written as decimal text, as the JSON contract does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.expressions.evaluator import OPERATORS
from engine.expressions.folding import AGGREGATORS
from engine.expressions.frames import Node
from engine.expressions.functions import FUNCTIONS
from engine.expressions.terms import Term
from tests.engine.rules_in_node import NOON, Laboratory, Record, job, running_interpreter

FOLDER = Path(__file__).parents[1] / "fixtures" / "expressions"
FILES = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}


@cache
def laboratory() -> Laboratory:
    return Laboratory.of(FOLDER / "schemas" / "everything.yaml")


@dataclass(frozen=True)
class Vector:
    """One expression of one case."""

    name: str
    case: dict[str, Any]
    text: str
    expected: Any
    term: Term

    def record(self) -> Record:
        as_of = datetime.fromisoformat(self.case["now"]) if "now" in self.case else NOON
        values = as_json(self.case.get("subject") or {"forms": {"f": self.case.get("values", {})}})
        return laboratory().record("f", values, as_of=as_of)

    def node(self, record: Record) -> Node:
        found = record.node(scope_of(self.case), self.case.get("row", 1) - 1)
        assert found is not None
        return found


def as_json(data: Any) -> Any:
    """YAML's own dates as the text that they are in JSON."""
    if isinstance(data, dict):
        return {key: as_json(part) for key, part in data.items()}
    return (
        [as_json(part) for part in data]
        if isinstance(data, list)
        else data.isoformat()
        if isinstance(data, date)
        else data
    )


def scope_of(case: dict[str, Any]) -> Any:
    scopes = laboratory().registry.scopes
    place = case.get("place", "f")
    return scopes.groups["f.g"] if place == "g" else scopes.forms[place]


@cache
def vectors() -> tuple[Vector, ...]:
    def read(name: str, path: Path) -> Iterator[Vector]:
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]:
            for text, expected in case["gives"].items():
                yield Vector(name, case, text, expected, laboratory().bind(text, scope_of(case)))

    return tuple(vector for name, path in FILES.items() for vector in read(name, path))


def plain(wire: Any) -> Any:
    """A result as a file writes it."""
    if isinstance(wire, dict):
        return wire.get("n", wire.get("m"))
    return [plain(part) for part in wire] if isinstance(wire, list) else wire


def same(found: Any, expected: Any) -> bool:
    """Equal in type too: true is not 1. A number may be written with trailing zeros."""
    if isinstance(found, str) and isinstance(expected, str) and "." in expected:
        return found.rstrip("0") == expected.rstrip("0")
    return type(found) is type(expected) and bool(found == expected)


def wrong(answers: dict[int, Any], name: str) -> list[str]:
    chosen = [(number, vector) for number, vector in enumerate(vectors()) if vector.name == name]
    return [
        f"{vector.text} with {vector.case.get('values', vector.case.get('subject'))}: {plain(answers[number])!r}, not {vector.expected!r}"
        for number, vector in chosen
        if not same(plain(answers[number]), vector.expected)
    ]


@cache
def in_python() -> dict[int, Any]:
    answers = {}
    for number, vector in enumerate(vectors()):
        record = vector.record()
        answers[number] = laboratory().in_python(record, vector.node(record), vector.term)
    return answers


@cache
def in_node() -> dict[int, Any]:
    records = [vector.record() for vector in vectors()]
    jobs = [job(records, number, vector.node(records[number]), vector.term) for number, vector in enumerate(vectors())]
    states = [laboratory().state(record) for record in records]
    with running_interpreter() as node:
        return dict(enumerate(node.ask("terms", program=laboratory().program, records=states, jobs=jobs)))


@pytest.mark.parametrize("name", FILES)
def test_python_gives_what_the_file_says(name):
    assert wrong(in_python(), name) == []


@pytest.mark.parametrize("name", FILES)
def test_the_browser_gives_what_the_file_says(name):
    assert wrong(in_node(), name) == []


def test_every_row_of_every_table_has_a_vector():
    terms = [part for vector in vectors() for part in vector.term.walk()]
    assert set(OPERATORS) <= {term.op for term in terms}
    assert set(AGGREGATORS) <= {term.args[0] for term in terms if term.op == "aggregate"}
    assert {term.args[0] for term in terms if term.op == "neighbour"} == {"prev", "next"}
    assert set(FUNCTIONS) <= {term.args[0] for term in terms if term.op == "call"}
