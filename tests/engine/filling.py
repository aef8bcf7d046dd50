"""A form under edit in Python and in Node, and what both must say: the differential test drives it."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from engine.compiler import compile_definition
from engine.datatypes.base import Control
from engine.datatypes.values import Missing, Unread
from engine.expressions.frames import Node
from engine.expressions.wire import wire_value
from engine.model.form import FormDef, GroupDef
from engine.model.item import ItemDef
from engine.records.browser import form_program
from engine.records.browser_state import subject_state
from engine.records.checking import path_of
from engine.records.form_data import Focus, FormData, Instance, RowData
from engine.records.json_answer import evaluation_json
from engine.records.json_data import Reading, read_values
from engine.records.offers import due
from engine.records.path import ItemPath, parse_path
from engine.records.program import ItemStep
from engine.records.quiet import concerns_of, is_quiet
from engine.records.session import Session
from tests.engine.rules_in_node import NOON, Interpreter

SCHEMAS = Path(__file__).parents[1] / "fixtures" / "expressions" / "schemas"

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
    "quantity": ("70 kg", "70000 g", "20 kg", "500 kg", "5 lb", "70"),
    "text": ("ala", "ola", "a very long name indeed", "ala", ""),
}
BEYOND = {"others_differ"}  # looks at other episodes: the browser shows what the server last told


DEFAULTS_READ = {"a", "b", "kind", "sym", "day_of", "start", "weight", "n"}  # so that much is offered

FORM = ItemPath()  # the path of the form itself


def walk(node: Node, part: FormDef | GroupDef, path: ItemPath = FORM) -> Iterator[tuple[Node, Any, ItemPath]]:
    yield node, part, path
    for group in part.groups:
        for number, row in enumerate(node.kids.get(group.id, ()), start=1):
            yield from walk(row, group, path.into(group.id, number))


def data_of(node: Node) -> RowData:
    groups = {name: tuple(map(data_of, kids)) for name, kids in node.kids.items()}
    return RowData(node.key, dict(node.entered), groups)


class Page:
    """What a page does with defaults, said once more: an offer follows its default until somebody touches it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.steps = session.program.defaults.get(session.form.id, ())
        self.said = {(node.key, step.id): self._due(step, node) for step, node in self._places()}
        self.standing: set[tuple[str, str]] = set()

    def _places(self) -> Iterator[tuple[ItemStep, Node]]:
        for step in self.steps:
            yield from ((step, node) for node in self.session.tree.of(step.scope) if node.is_within(self.session.focus))

    def _due(self, step: ItemStep, node: Node) -> Any:
        kept = node.values.pop(step.id, None)
        value = due(self.session, step, node)
        node.values[step.id] = kept
        return value

    def touch(self, path: ItemPath) -> None:
        self.standing.discard((self.session._node(path).key, str(path.item)))

    def offer(self) -> None:
        for step, node in self._places():
            key, value = (node.key, step.id), self._due(step, node)
            before, self.said[key] = self.said.get(key), value
            if value == before or not (key in self.standing or node.entered.get(step.id) is None):
                continue
            self.session.set(path_of(node).at(step.id), value)
            (self.standing.discard if value is None else self.standing.add)(key)

    def entered(self) -> dict[str, Any]:
        found = {str(path_of(node).at(step.id)): (step, node.entered.get(step.id)) for step, node in self._places()}
        return {path: self._wire(step, value) for path, (step, value) in found.items()}

    def _wire(self, step: ItemStep, value: Any) -> Any:
        if isinstance(value, Missing):
            return {"missing": value.reason}
        return None if value is None or isinstance(value, Unread) else wire_value(step.in_rules(value))


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
        self.page = Page(self.session)
        self.log: list[Any] = []
        self.touched = set[ItemPath]()
        state = subject_state(self.session, self.touched)
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
        concerns, found = concerns_of(self.registry, self.form.id), self.session.evaluation.violations
        named = [{"code": each.code, "item": each.item, "row": each.row} for each in found]
        quiet = [is_quiet(concerns, each, self.touched) for each in found]
        assert self.node.ask("quiet", violations=named) == quiet, f"quiet after {self.log[-6:]}"
        withheld = {path: frozenset(codes) for path, codes in self.node.ask("patch")["withheld"].items()}
        for path, codes in withheld.items():
            kept = self.session.withheld(path)
            assert kept <= codes, f"on offer at {path} after {self.log[-6:]}"
            assert len(codes - kept) <= self.chosen(path)
        offered = self.page.entered()
        in_node = self.node.ask("entered", items=list(offered))
        unread = {path for path, value in in_node.items() if isinstance(value, dict) and "unread" in value}
        assert {**in_node, **dict.fromkeys(unread)} == offered, f"offered after {self.log[-6:]}"

    def chosen(self, path: str) -> int:
        """How many codes an item holds."""
        place = parse_path(path)
        value = self.session._node(place).entered.get(str(place.item))
        return len(value) if isinstance(value, tuple) else isinstance(value, str)

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
                item
                for item in part.items
                if item.calculate is None and item.datatype.name in (*TYPED, "row_ref", "record_ref")
            ]
            weights = [1 if item.default else 8 if item.id in DEFAULTS_READ else 2 for item in items]
            if items:
                self.enter(self.random.choices(items, weights)[0], path)
        self.page.offer()

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
        self.page.touch(place)
        self.touched.add(place)
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
        if item.targets:
            scopes = (self.registry.scopes.targets[name] for name in item.targets)
            return (*(node.key for scope in scopes for node in self.session.tree.of(scope)), "nowhere", "")
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


NAMES = ("code", "severity", "item", "row", "message", "key", "where")


def told(session: Session, left_out: Collection[str] = BEYOND) -> Any:
    """An evaluation in the words of the interpreter."""
    evaluation = session.evaluation
    data = evaluation_json(evaluation)
    violations = [
        [
            v.code,
            str(v.severity),
            v.item,
            v.row,
            v.message,
            f"{v.code}-{v.rule[:16]}-{v.inputs[:16]}",
            str(v.home or ""),
        ]
        for v in evaluation.violations
        if v.code not in left_out
    ]
    kept = {name: data[name] for name in ("visible", "required", "calculated", "complete")}
    return {**kept, "groups": sorted(evaluation.groups), "violations": sorted(violations)}


def in_words(answer: Any, left_out: Collection[str] = BEYOND) -> Any:
    """What the interpreter answered, in the same order."""
    found = [[each.get(name, "") for name in NAMES] for each in answer["violations"] if each["code"] not in left_out]
    return {**answer, "violations": sorted(found)}
