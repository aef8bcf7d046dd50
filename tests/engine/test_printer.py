"""What is printed of an expression is read back as the same tree, and nothing is left to print otherwise."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.definitions import read_definition
from engine.errors import DefinitionError
from engine.expressions.nodes import Syntax
from engine.expressions.parser import parse
from engine.expressions.printer import expression_text
from engine.model.item import ExpressionText
from tests.engine.random_terms import Generator
from tests.engine.test_expression_vectors import vectors

ROOT = Path(__file__).parents[2]
DEFINITIONS = (
    *sorted((ROOT / "form_definitions").glob("*.yaml")),
    *sorted((ROOT / "tests" / "fixtures").glob("definitions/**/*.yaml")),
    *sorted((ROOT / "tests" / "fixtures").glob("expressions/schemas/*.yaml")),
)
WRITTEN = {
    "((a))": "a",
    "a  and(b or c)": "a and (b or c)",
    "a and b or c": "a and b or c",
    "(a or b) or c": "(a or b) or c",
    "not (a and b)": "not (a and b)",
    "not (a in (1, 2))": "a not in (1, 2)",
    "not (a is true)": "a is not true",
    "not not a": "not not a",
    "(not a) is true": "(not a) is true",
    "(a = b) = c": "(a = b) = c",
    "a - (b - c) - d": "a - (b - c) - d",
    "(a - b) - c": "a - b - c",
    "a * (b / c)": "a * (b / c)",
    "-(a + b)": "-(a + b)",
    "- -a": "--a",
    "-(-2)": "2",
    "a - -2": "a - -2",
    "-2 ^ 2": "-2 ^ 2",
    "(-2) ^ 2": "(-2) ^ 2",
    "2 ^ -1 ^ 2": "2 ^ -1 ^ 2",
    "(2 ^ 3) ^ 2": "(2 ^ 3) ^ 2",
    "(let x = a or b, y = 1: x) + 2": "(let x = a or b, y = 1: x) + 2",
    "'it''s'": "'it''s'",
    "1.50": "1.5",
    "x in ('a')": "x in 'a'",
    "count(other e where a by b, c)": "count(other e where a by b, c)",
    "no_overlap(g: a, b where c by d)": "no_overlap(g: a, b where c by d)",
}


def without_places(node: Any) -> Any:
    """A tree whose nodes all stand at 0."""
    if isinstance(node, tuple):
        return tuple(map(without_places, node))
    if not is_dataclass(node) or isinstance(node, type):
        return node
    parts = {each.name: without_places(getattr(node, each.name)) for each in fields(node)}
    return replace(node, **(parts | {"at": 0}))


def fault_of(text: str) -> str:
    """What is wrong with how a text is printed; nothing when it comes back."""
    tree: Syntax = parse(text)
    printed = expression_text(tree)
    if without_places(parse(printed)) != without_places(tree):
        return f"{text!r} is printed as {printed!r}, which is another expression"
    again = expression_text(parse(printed))
    return "" if again == printed else f"{printed!r} is printed as {again!r}"


def expressions_in(part: Any) -> Iterator[str]:
    """The expressions of a model, wherever they stand."""
    if isinstance(part, ExpressionText):
        yield part.text
    elif is_dataclass(part):
        for each in fields(part):
            yield from expressions_in(getattr(part, each.name))
    elif isinstance(part, dict):
        yield from expressions_in(tuple(part.values()))
    elif isinstance(part, tuple | list):
        for each in part:
            yield from expressions_in(each)


@cache
def of_definition(path: Path) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(expressions_in(read_definition(path).model)))
    except DefinitionError:
        return ()


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_expressions_of_definitions_come_back(path):
    assert [fault for text in of_definition(path) if (fault := fault_of(text))] == []


def test_definitions_have_expressions():
    assert sum(len(of_definition(path)) for path in DEFINITIONS) > 1000


def test_expressions_of_the_vectors_come_back():
    assert [fault for vector in vectors() if (fault := fault_of(vector.text))] == []


@pytest.mark.parametrize(("text", "printed"), WRITTEN.items())
def test_brackets_stand_where_they_are_needed(text, printed):
    assert expression_text(parse(text)) == printed
    assert fault_of(text) == ""


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(("num", "bool", "text", "date", "code", "codes", "moment")))
def test_random_expressions_come_back(seed, kind):
    assert fault_of(str(Generator(seed).tree(kind, "f", 4))) == ""
