"""Runs the example cases beside a definition: what each check must do is written down as data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from engine.compiler.compiled import CompiledRegistry
from engine.datatypes.base import Json
from engine.datatypes.local_time import resolve
from engine.definitions.source import read_source
from engine.definitions.tree import Node
from engine.errors import DefinitionProblem, Problems, nearest
from engine.records.evaluation import Evaluation
from engine.records.json_answer import evaluation_json
from engine.records.json_data import WrongUse, read_values
from engine.records.offers import evaluate_with_offers
from engine.records.session import Session

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
DEFAULT_NOW = "2026-01-01T12:00"


@dataclass(frozen=True, slots=True)
class Example:
    """One case: values, the form to evaluate, and what must come out."""

    id: str
    node: Node
    form: str
    event: str | None
    at: str
    now: datetime
    values: Json
    expect: Mapping[str, Node]


def run_examples(registry: CompiledRegistry, file: Path) -> list[DefinitionProblem]:
    """Run all cases beside a definition; a missing file has none. Each failure is a problem at its place."""
    problems = Problems()
    for example in read_examples(file, problems):
        _run(registry, example, problems)
    return problems.found


def read_examples(file: Path, problems: Problems) -> Iterator[Example]:
    """The cases of a file and of the folder of its name, one by one. What stands under `base` in the file serves all."""
    bases: dict[str, Node] = {}
    for part in (file, *sorted(file.with_suffix("").glob("*.yaml"))):
        root = read_source(part.read_bytes(), str(part), problems, part.parent) if part.is_file() else None
        if root is None:
            continue
        bases |= root.map_of("base")
        for node in root.list_of("cases"):
            example = _example(node, bases, problems)
            if example is not None:
                yield example


def read_stated(file: Path, problems: Problems) -> Mapping[str, Json]:
    """What stands under `data_set` in a file of cases: the counts that the data set of the registry states."""
    root = read_source(file.read_bytes(), str(file), problems, file.parent) if file.is_file() else None
    return {name: _plain(node) for name, node in root.map_of("data_set").items()} if root is not None else {}


def _example(node: Node, bases: Mapping[str, Node], problems: Problems) -> Example | None:
    base = node.text_of("base")
    if base is not None and base not in bases:
        problems.error(node.mark, "unknown-example", f"There is no base {base!r}.{nearest(base, bases)}")
        return None
    given = node.get("values") or (bases[base] if base is not None else None)
    values = _plain(given) if given is not None else {}
    for path, change in node.map_of("set").items():
        try:
            assign(values, path, _plain(change))
        except (LookupError, TypeError, AttributeError) as fault:
            problems.error(change.key_mark, "unknown-example", f"{path} cannot be set: {fault}.")
            return None
    now = datetime.fromisoformat(node.text_of("now") or DEFAULT_NOW)
    moment = now if now.tzinfo else (resolve(now) or (now.replace(tzinfo=UTC),))[0]
    id_, form = node.text_of("id") or "?", node.text_of("form") or ""
    return Example(
        id_, node, form, node.text_of("event"), node.text_of("at") or "save", moment, values, node.map_of("expect")
    )


def _plain(node: Node) -> Json:
    """Plain data with numbers as written (a code such as 07 stays text only when quoted)."""
    return node.plain()


def assign(values: Json, path: str, value: Json) -> None:
    """Set a value by a path such as `forms.procedure.leads[2].result`; None removes it."""
    steps = [int(index) - 1 if index else name for name, index in _STEP.findall(path)]
    here = values
    for step, following in pairwise(steps):
        if isinstance(step, int):
            while len(here) <= step:
                here.append({})
        elif here.get(step) is None:
            here[step] = [] if isinstance(following, int) else {}
        here = here[step]
    last = steps[-1]
    if value is None:
        if isinstance(last, int) or last in here:
            del here[last]
    elif isinstance(last, int) and last == len(here):
        here.append(value)
    else:
        here[last] = value


def _run(registry: CompiledRegistry, example: Example, problems: Problems) -> None:
    try:
        reading = read_values(registry, example.form, example.event, example.values)
        session = Session(
            registry,
            reading.subject,
            reading.focus,
            as_of=example.now,
            at=example.at,
            language="en",
            others=reading.others,
            explain=False,
        )
    except (WrongUse, LookupError) as fault:
        problems.error(example.node.mark, "unknown-example", f"{example.id}: {fault}.")
        return
    found = evaluate_with_offers(session)
    for name, node in example.expect.items():
        expectation = EXPECTATIONS.get(name)
        if expectation is None:
            problems.error(
                node.key_mark,
                "unknown-example",
                f"{example.id}: nothing can be expected of {name!r}.{nearest(name, EXPECTATIONS)}",
            )
            continue
        for fault_text in expectation(found, node):
            problems.error(node.mark, "example-failed", f"{example.id}: {fault_text}")


def _fired(found: Evaluation) -> set[str]:
    names = {v.code for v in found.violations}
    return (
        names
        | {f"{v.code}@{v.item}" for v in found.violations}
        | {f"{v.code}@{v.row}" for v in found.violations if v.row}
    )


def _violations(found: Evaluation, node: Node) -> Iterator[str]:
    fired = _fired(found)
    if not node.elements and fired:
        yield f"nothing should fire, but {', '.join(sorted({f'{v.code}@{v.item}' for v in found.violations}))} does."
    for wanted in node.elements:
        if str(wanted.value) not in fired:
            shown = ", ".join(sorted({f"{v.code}@{v.item}" for v in found.violations})) or "nothing"
            yield f"{wanted.value} should fire but does not. What fires: {shown}."


def _silent(found: Evaluation, node: Node) -> Iterator[str]:
    fired = _fired(found)
    for unwanted in node.elements:
        if str(unwanted.value) in fired:
            places = ", ".join(v.item for v in found.violations if v.code == str(unwanted.value).partition("@")[0])
            yield f"{unwanted.value} should be silent but fires at {places}."


def _only(found: Evaluation, node: Node) -> Iterator[str]:
    wanted = {str(element.value).partition("@")[0] for element in node.elements}
    extra = sorted({f"{v.code}@{v.item}" for v in found.violations if v.code not in wanted})
    if extra:
        yield f"nothing else should fire, but {', '.join(extra)} does."
    yield from _violations(found, node)


def _values(part: str, absent: Json = "(absent)") -> Callable[[Evaluation, Node], Iterator[str]]:
    def compare(found: Evaluation, node: Node) -> Iterator[str]:
        values = evaluation_json(found)[part]
        for path, wanted in node.entries.items():
            value = values.get(path, absent)
            if isinstance(value, dict):
                value = value["value"]
            if not _same(value, wanted.plain()):
                yield f"{path} should be {_in_words(wanted.plain())} but is {_in_words(value)}."

    return compare


def _in_words(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, int | Decimal) and not isinstance(wanted, bool):
        return isinstance(found, str) and _decimal(found) == wanted
    return bool(found == wanted)


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except ArithmeticError:
        return None


def _visible(found: Evaluation, node: Node) -> Iterator[str]:
    yield from (f"{path.value} should be shown." for path in node.elements if path.value not in found.visible)


def _hidden(found: Evaluation, node: Node) -> Iterator[str]:
    yield from (f"{path.value} should be hidden." for path in node.elements if path.value in found.visible)


def _required(found: Evaluation, node: Node) -> Iterator[str]:
    yield from (f"{path.value} should be required." for path in node.elements if path.value not in found.required)


def _complete(found: Evaluation, node: Node) -> Iterator[str]:
    if found.complete is not node.value:
        errors = ", ".join(f"{v.code}@{v.item}" for v in found.violations if v.severity == "error") or "no error"
        yield f"complete should be {node.value} ({errors})."


def _events(found: Evaluation, node: Node) -> Iterator[str]:
    states = {f"{event.event}[{event.number}]": event.state for event in found.events}
    states |= {event.event: event.state for event in found.events if event.number == 1}
    for name, wanted in node.entries.items():
        if states.get(name) != wanted.value:
            yield f"the event {name} should be {wanted.value} but is {states.get(name)}."


EXPECTATIONS: Mapping[str, Callable[[Evaluation, Node], Iterator[str]]] = {
    "violations": _violations,
    "silent": _silent,
    "only": _only,
    "calculated": _values("calculated"),
    "derived": _values("derived"),
    "offered": _values("offered", None),
    "visible": _visible,
    "hidden": _hidden,
    "required": _required,
    "complete": _complete,
    "events": _events,
}
