"""Python and the browser's interpreter agree: random expressions over random records, random edits of a form.

Seeds are fixed, so a failure comes again; a differing expression and record are made as small as they get.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.compiler import compile_definition
from engine.datatypes.base import Control
from engine.datatypes.values import Missing
from engine.errors import DefinitionError, Problems
from engine.expressions.evaluator import OPERATORS
from engine.expressions.folding import AGGREGATORS
from engine.expressions.frames import Node
from engine.expressions.functions import FUNCTIONS
from engine.expressions.library import LIBRARY
from engine.expressions.terms import Term
from engine.expressions.wire import wire_value
from engine.model.form import FormDef, GroupDef
from engine.model.item import ItemDef
from engine.records.browser import form_program, subject_state
from engine.records.examples import read_examples
from engine.records.form_data import Focus, FormData, Instance, RowData
from engine.records.json_answer import evaluation_json
from engine.records.json_data import Reading, read_values
from engine.records.path import ItemPath
from engine.records.session import Session
from tests.engine.random_terms import Generator, Tree
from tests.engine.rules_in_node import NOON, Interpreter, Laboratory, Record, job, running_interpreter

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


@pytest.mark.parametrize("half", [1, 2])
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

SUBJECT = {
    "forms": {
        "person": {"born": "1980-05-10", "surname": "Nowak"},
        "f": {
            "a": "4",
            "b": True,
            "kind": "red",
            "g": [{"nm": "ala", "n": "2", "h": [{"q": "1"}]}, {"nm": "ola", "n": "3"}],
        },
    },
    "events": {"visit": [{"w": {"w_n": "1", "w_d": "2025-06-10"}}, {"w": {"w_n": "5"}}]},
    "episodes": [{"forms": {"f": {"day_of": "2025-05-10"}}}],
}
TYPED: dict[str, tuple[str, ...]] = {
    "integer": ("0", "1", "2", "4", "5", "6", "9", "11", "x", ""),
    "decimal": ("0", "1", "1,5", "2", "3.25", "7", "-1", "9", "a"),
    "boolean": ("true", "false", ""),
    "code": ("red", "orange", "blue", "green", ""),
    "codes": ("none", "fever, pain", "none, fever", "pain", ""),
    "date": ("2025-05-10", "2025-06-14", "2025-07-01", "1970-01-01", "31.02.2025", ""),
    "datetime": ("2025-06-15 11:00", "2025-03-30 02:30", "2025-10-26 02:30", "2025-06-15 13:00", "2025-05-10 10:00"),
    "partial_date": ("2025", "2025-05", "1980", "1950-06", "2026"),
    "time": ("09:10", "25:00"),
    "quantity": ("70", "70000 g", "20", "500 kg", "5 lb"),
    "text": ("ala", "ola", "a very long name indeed", "ala", ""),
}
BEYOND = {"others_differ"}  # looks at other episodes: the browser shows what the server last told


FORM = ItemPath()  # the path of the form itself


def walk(node: Node, part: FormDef | GroupDef, path: ItemPath = FORM) -> Iterator[tuple[Node, Any, ItemPath]]:
    yield node, part, path
    for group in part.groups:
        for number, row in enumerate(node.kids.get(group.id, ()), start=1):
            yield from walk(row, group, path.into(group.id, number))


def data_of(node: Node) -> RowData:
    groups = {name: tuple(map(data_of, kids)) for name, kids in node.kids.items()}
    return RowData(node.key, dict(node.entered), groups)


class Filling:
    """One form under edit: in Python, in Node, and anew after each edit."""

    def __init__(self, node: Interpreter, form: str, seed: int) -> None:
        self.node = node
        self.random = Random(seed)  # noqa: S311 - not a secret
        self.registry = compile_definition(SCHEMAS / "filling.yaml")
        self.form = self.registry.model.forms[form]
        self.read: Reading = read_values(self.registry, form, "visit[2]" if form == "w" else None, SUBJECT)
        self.at = self.random.choice(("save", "signing"))
        self.session = self.begin(self.read.subject)
        self.log: list[Any] = []
        state = subject_state(self.session)
        self.in_node = node.ask("open", program=form_program(self.registry, form, "pl"), state=state)

    def begin(self, subject: Instance) -> Session:
        return Session(self.registry, subject, self.read.focus, as_of=NOON, at=self.at, others=self.read.others)

    def anew(self) -> Session:
        """A session that starts from what the edited one holds."""
        row = data_of(self.session.focus)
        return self.begin(put(self.read.subject, self.read.focus, FormData(row.items, row.groups)))

    def check(self) -> None:
        fresh = told(self.anew())
        assert told(self.session) == fresh, f"incremental in Python, after {self.log[-6:]}"
        assert in_words(self.in_node) == fresh, f"in Node, after {self.log[-6:]}"

    def edit(self) -> None:
        places = list(walk(self.session.focus, self.form))
        draw = self.random.random()
        if draw < 0.12:
            self.add([place for place in places if place[1].groups])
        elif draw < 0.2 and len(places) > 1:
            path = self.random.choice(places[1:])[2]
            self.log.append(f"remove {path}")
            self.session.remove_row(path)
            self.in_node = self.node.ask("remove", at=str(path))
        else:
            _, part, path = self.random.choice(places)
            items = [
                item for item in part.items if item.calculate is None and item.datatype.name in (*TYPED, "row_ref")
            ]
            if items:
                self.enter(self.random.choice(items), path)

    def add(self, places: list[tuple[Node, Any, ItemPath]]) -> None:
        if not places:
            return
        _, part, path = self.random.choice(places)
        group = self.random.choice(part.groups)
        items: dict[str, Any] = {"nm": "ola", "n": Decimal(2)} if group.id == "g" else {"q": Decimal(3)}
        row = RowData(f"new{len(self.log)}", items)
        self.log.append(f"add {path}.{group.id}")
        self.session.add_row(path, group.id, row)
        wire = {"id": row.id, "items": {name: wire_value(value) for name, value in items.items()}}
        self.in_node = self.node.ask("add", at=str(path), group=group.id, row=wire)

    def enter(self, item: ItemDef, path: ItemPath) -> None:
        place = path.at(item.id)
        if item.missing.reasons and self.random.random() < 0.25:
            reason = self.random.choice(list(item.missing.reasons))
            self.session.set(place, Missing(reason))
            raw = {"text": "", "codes": [], "parts": {"mr": reason}, "missing": reason}
            text = reason
        else:
            text = self.random.choice(self.texts(item))
            self.session.set(place, item.datatype.parse(text, item.facets))
            raw = as_page(item, text)
        self.log.append(f"{place} = {text!r}")
        self.in_node = self.node.ask("set", at=str(place), value=raw)

    def texts(self, item: ItemDef) -> tuple[str, ...]:
        if item.datatype.name == "row_ref":
            rows = self.session.tree.of(self.registry.scopes.groups["f.g"])
            return (*(row.key for row in rows), "nowhere", "")
        return TYPED[item.datatype.name]


def put(instance: Instance, focus: Focus, form: FormData) -> Instance:
    """The subject with the form in focus replaced."""
    if instance.id != focus.instance:
        return replace(instance, children=tuple(put(child, focus, form) for child in instance.children))
    if focus.occurrence is None:
        return replace(instance, forms={**instance.forms, focus.form: (form,)})
    occurrences = (
        replace(each, forms={**each.forms, focus.form: form}) if each.id == focus.occurrence else each
        for each in instance.occurrences
    )
    return replace(instance, occurrences=tuple(occurrences))


def as_page(item: ItemDef, text: str) -> dict[str, Any]:
    """What stands in the parts of the item's control, as form.js reads it."""
    parts: dict[str, str] = {}
    control = item.datatype.control
    if control is Control.DATE:
        text, parts = "", {"d": text}
    elif control is Control.PARTIAL_DATE:
        text, parts = "", {"y": text}
    elif control is Control.DATETIME:
        text, parts = "", dict(zip("dt", text.split(" "), strict=True))
    return {"text": text, "codes": text.split(", ") if text else [], "parts": parts, "missing": None}


NAMES = ("code", "severity", "item", "row", "message", "key")


def told(session: Session, left_out: Collection[str] = BEYOND) -> Any:
    """An evaluation in the words of the interpreter."""
    evaluation = session.evaluation
    data = evaluation_json(evaluation)
    violations = [
        [v.code, str(v.severity), v.item, v.row, v.message, f"{v.code}-{v.rule[:16]}-{v.inputs[:16]}"]
        for v in evaluation.violations
        if v.code not in left_out
    ]
    kept = {name: data[name] for name in ("visible", "required", "calculated", "complete")}
    return {**kept, "groups": sorted(evaluation.groups), "violations": sorted(violations)}


def in_words(answer: Any, left_out: Collection[str] = BEYOND) -> Any:
    """What the interpreter answered, in the same order."""
    found = [[each[name] for name in NAMES] for each in answer["violations"] if each["code"] not in left_out]
    return {**answer, "violations": sorted(found)}


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


@pytest.mark.parametrize("name", sorted(path.stem for path in DEFINITIONS.glob("*.yaml")))
def test_examples_of_shipped_definitions_agree(node, name):
    """Every example in both languages; the results of what looks beyond the episode are told by the server."""
    registry = compile_definition(DEFINITIONS / f"{name}.yaml")
    examples = list(read_examples(DEFINITIONS / "examples" / f"{name}.yaml", Problems()))
    assert examples
    programs = cache(lambda form, language: form_program(registry, form, language))
    for example in examples:
        read = read_values(registry, example.form, example.event, example.values)
        for language in registry.model.languages:
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
