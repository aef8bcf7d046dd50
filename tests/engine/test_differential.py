"""Python and the browser's interpreter agree: random expressions over random records, random edits of a form.

Seeds are fixed, so a failure comes again; a differing expression and record are made as small as they get.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine.compiler import compile_definition
from engine.errors import DefinitionError, Problems
from engine.expressions.evaluator import OPERATORS
from engine.expressions.folding import AGGREGATORS
from engine.expressions.frames import Node
from engine.expressions.functions import FUNCTIONS
from engine.expressions.library import LIBRARY
from engine.expressions.terms import Term
from engine.records.browser import form_program
from engine.records.browser_state import subject_state
from engine.records.examples import read_examples
from engine.records.json_data import read_values
from engine.records.session import Session
from tests.engine.filling import Filling, in_words, told
from tests.engine.random_terms import Generator, Tree
from tests.engine.rules_in_node import Interpreter, Laboratory, Record, job, running_interpreter

SCHEMAS = Path(__file__).parents[1] / "fixtures" / "expressions" / "schemas"
KINDS = ("num", "bool", "text", "date", "partial", "moment", "time", "code", "codes", *("num", "bool") * 3)
BATCHES, TERMS, RECORDS = 24, 80, 20
LEAST = 50_000  # evaluations of each half


@pytest.fixture(scope="module")
def node() -> Iterator[Interpreter]:
    with running_interpreter() as interpreter:
        yield interpreter


def test_both_back_ends_have_the_same_rows(node):
    tables = node.ask("tables")
    assert set(tables["OPERATORS"]) == set(OPERATORS)
    assert set(tables["AGGREGATORS"]) == set(AGGREGATORS)
    assert set(tables["LIBRARY"]) == set(LIBRARY) == set(FUNCTIONS) - {"today", "now"}
    assert set(tables["LOOSE"]) == {name for name, function in FUNCTIONS.items() if not function.strict}


# expressions ----------------------------------------------------------------------------------------------------------


@cache
def everything() -> Laboratory:
    return Laboratory.of(SCHEMAS / "everything.yaml")


def scope_of(place: str) -> Any:
    scopes = everything().registry.scopes
    return scopes.groups["f.g"] if place == "g" else scopes.forms[place]


def bound(tree: Tree, place: str) -> Term | None:
    """The term; None for the few random expressions that are not legal."""
    try:
        return everything().bind(str(tree), scope_of(place))
    except (AssertionError, DefinitionError):
        return None


@dataclass(frozen=True)
class Question:
    tree: Tree
    term: Term
    place: str
    record: int
    node: Node


def questions(generator: Generator, records: list[Record]) -> Iterator[Question]:
    """Random expressions at the form, at rows and at visits of each record."""
    missed = 0
    for _ in range(TERMS):
        place = generator.random.choice("ffffgv")
        tree = generator.tree(generator.random.choice(KINDS), place, generator.random.randint(1, 4))
        term = bound(tree, place)
        missed += term is None
        if term is None:
            continue
        for number, record in enumerate(records):
            for at in (record.node(scope_of(place), 0), record.node(scope_of(place), 1)):
                if at is not None:
                    yield Question(tree, term, place, number, at)
    assert missed < TERMS / 10, "hardly any random expression should be illegal"


@pytest.mark.parametrize("half", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_random_expressions_agree(node, half):
    done = 0
    for batch in range(BATCHES):
        generator = Generator(half * 1000 + batch)
        subjects = [generator.subject() for _ in range(RECORDS)]
        records = [everything().record("f", subject) for subject in subjects]
        asked = list(questions(generator, records))
        states = [everything().state(record) for record in records]
        jobs = [job(records, each.record, each.node, each.term) for each in asked]
        answers = node.ask("terms", program=everything().program, records=states, jobs=jobs)
        for each, answer in zip(asked, answers, strict=True):
            expected = everything().in_python(records[each.record], each.node, each.term)
            if answer != expected:
                pytest.fail(smallest(node, each.tree, each.place, subjects[each.record]))
        done += len(asked)
    assert done >= LEAST


def differing(node: Interpreter, tree: Tree, place: str, subject: Any) -> tuple[Any, Any] | None:
    """What Python and Node say, where they differ at some row."""
    term, record = bound(tree, place), everything().record("f", subject)
    for at in record.session.tree.of(scope_of(place)) if term is not None else ():
        assert term is not None
        jobs = [job([record], 0, at, term)]
        answer = node.ask("terms", program=everything().program, records=[everything().state(record)], jobs=jobs)[0]
        expected = everything().in_python(record, at, term)
        if answer != expected:
            return expected, answer
    return None


def smallest(node: Interpreter, tree: Tree, place: str, subject: Any) -> str:
    """The report of a difference, with the expression and the record as small as they get."""

    def shrunk(one: Any, smaller: Callable[[Any], Iterator[Any]], differs: Callable[[Any], Any]) -> Any:
        following = next((other for other in smaller(one) if differs(other)), None)
        return one if following is None else shrunk(following, smaller, differs)

    tree = shrunk(tree, Tree.smaller, lambda other: differing(node, other, place, subject))
    subject = shrunk(subject, less, lambda other: differing(node, tree, place, other))
    found = differing(node, tree, place, subject)
    assert found is not None
    return f"at {place}: {tree}\nterm: {bound(tree, place)}\nrecord: {subject}\nPython: {found[0]}\nNode: {found[1]}"


def less(data: Any) -> Iterator[Any]:
    """A tree of values with one thing left out."""
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, part in parts:
        if isinstance(data, dict):
            yield {name: other for name, other in data.items() if name != key}
            yield from ({**data, key: other} for other in less(part))
        else:
            yield data[:key] + data[key + 1 :]
            yield from ([*data[:key], other, *data[key + 1 :]] for other in less(part))


# forms ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["f", "w"])
@pytest.mark.parametrize("seed", range(8))
def test_random_edits_agree(node, form, seed):
    filling = Filling(node, form, seed)
    filling.check()
    for _ in range(40):
        filling.edit()
        filling.check()


# shipped definitions --------------------------------------------------------------------------------------------------

DEFINITIONS = Path(__file__).parents[2] / "form_definitions"


LINKED = Path(__file__).parents[1] / "fixtures/definitions/linked/infections.yaml"


@pytest.mark.parametrize("file", [*sorted(DEFINITIONS.glob("*.yaml")), LINKED], ids=lambda file: file.stem)
@pytest.mark.parametrize("which", ["every other", pytest.param("all", marks=pytest.mark.slow)])
def test_examples_agree(node, file, which):
    """Every example in each language, or every other one in one language or another; the results of what looks beyond the episode are told by the server."""
    registry = compile_definition(file)
    examples = list(read_examples(file.parent / "examples" / file.name, Problems()))
    assert examples
    programs = cache(lambda form, language: form_program(registry, form, language))
    languages = list(registry.model.languages)
    for place, example in enumerate(examples if which == "all" else examples[::2]):
        read = read_values(registry, example.form, example.event, example.values)
        for language in languages if which == "all" else [languages[place % len(languages)]]:
            session = Session(
                registry,
                read.subject,
                read.focus,
                as_of=example.now,
                at=example.at,
                language=language,
                others=read.others,
            )
            state = subject_state(session)
            answer = node.ask("open", program=programs(read.focus.form, language), state=state)
            assert in_words(answer, set()) == told(session, set()), f"{example.id} in {language}"
