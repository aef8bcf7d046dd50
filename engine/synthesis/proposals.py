"""What might put a broken rule right: other values for what it reads, rows more or less.

Nothing is solved. A rule names the values that matter to it, as constants or in other items; trying those near them,
and some drawn anew, finds nearly every way out, whatever the rule looks like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from engine.compiler.rules import Rule
from engine.datatypes.base import Kind
from engine.datatypes.values import Entered, Missing, PartialDate, Reference
from engine.expressions.frames import Node
from engine.records.judging import is_required
from engine.records.program import GroupStep, ItemStep
from engine.synthesis.choosing import case_of, limits, offered, redrawn, signable_reasons, targets
from engine.synthesis.draft import Chooser, Draft
from engine.synthesis.faults import Fault
from engine.synthesis.plan import rules_in
from engine.synthesis.samples import at_local, day_of, fitted, rounded, shortened

_FAR = 3  # how far behind what a rule reads its causes are looked for
_MOST = 24  # values tried at one item
_DAYS = (0, 1, -1, 2, -7, 7, 30, -30, 200, -200, 1000, -1000, -4000)
_MINUTES = (0, 5, -5, 30, -30, 90, -90, 400, -400)
_SHIFTS = (Decimal(0), Decimal(1), Decimal(-1), Decimal("0.1"), Decimal("-0.1"), Decimal(5), Decimal(-5))
_REDRAWN = 4
_YEAR = re.compile(r"\b[0-9]{4}\b")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to try: a value at an item, or (without an item) a row more or less."""

    node: Node
    name: str
    value: Entered | None = None
    row: Node | None = None
    of_rows: bool = False

    def apply(self, draft: Draft, chooser: Chooser) -> None:
        """Do it, and settle what depends on it."""
        if not self.of_rows:
            draft.enter(self.node, self.name, self.value)
            draft.update(f"{self.node.scope.form_id}.{self.name}", self.node)
            return
        if self.row is not None:
            draft.remove(self.row)
        else:
            draft.add_row(self.node, self.node.scope.children[self.name])
        draft.decided.add((self.node.key, self.name))
        draft.fill(chooser)


@dataclass(slots=True)
class Causes:
    """What a rule depends on: items that people fill and groups, nearest first, and the values that rules name."""

    items: list[ItemStep]
    groups: list[GroupStep]
    named: list[Any]


def causes_of(draft: Draft, fault: Fault) -> Causes:
    """The causes of a broken rule."""
    program, found = draft.plan.program, Causes([], [], [])
    start = fault.check.rules if fault.check is not None else None
    waiting: list[tuple[str, int]] = []
    if start is not None:
        found.named += [value for rule in rules_in(start) for value in _named(rule)]
        waiting = [(key, 0) for key in sorted(start.reads)]
    elif fault.step is not None:
        reads = program.judges[fault.step.key].reads | {fault.step.key}
        waiting = [(key, 0) for key in sorted(reads, key=lambda key: (key != fault.step.key, key))]  # type: ignore[union-attr]
    seen: set[str] = set()
    while waiting:
        key, far = waiting.pop(0)
        place = program.places.get(key)
        if key in seen or place is None or far > _FAR:
            continue
        seen.add(key)
        step = program.steps[place]
        if far < _FAR:
            found.named += [value for rule in rules_in(step.rules) for value in _named(rule)] if far == 0 else []
        match step:
            case ItemStep() if step.calculate is None:
                found.items.append(step)
            case GroupStep():
                found.groups.append(step)
        waiting += [(read, far + 1) for read in sorted(step.reads)]
    return found


def _named(rule: Rule) -> Iterator[Any]:
    for term in rule.term.walk():
        if term.op == "const":
            yield term.args[0]
        elif term.op in ("in", "call"):
            for arg in term.args:
                if isinstance(arg, tuple | frozenset):
                    yield from sorted(arg, key=str)


def proposals(draft: Draft, fault: Fault) -> Iterator[Change]:
    """Changes to try, the likely ones first."""
    causes = causes_of(draft, fault)
    sites = [(step, node) for step in causes.items for node in _nodes(draft, fault, step) if step.id not in node.hidden]
    pool = [*causes.named, *(node.values.get(step.id) for step, node in sites)]
    lists = [_values(draft, step, node, pool) for step, node in sites]
    for kept in lists:
        draft.draw.shuffle(kept)
    for turn in range(_MOST):  # a value of each item before the next of any
        for (step, node), values in zip(sites, lists, strict=True):
            if turn < len(values):
                yield Change(node, step.id, values[turn])
        if turn == 3:
            yield from _row_changes(draft, fault, causes)
    for step, node in sites:
        yield from (Change(node, step.id, value) for value in _nothing(draft, step, node))


def _nodes(draft: Draft, fault: Fault, step: ItemStep | GroupStep) -> list[Node]:
    """Where an item stands that a rule reads: at the row that it is judged at and around it, else everywhere."""
    around = [node for node in fault.row.outwards() if node.scope is step.scope]
    return [node for node in around or draft.tree.of(step.scope) if not draft.is_fixed(node)]


def _row_changes(draft: Draft, fault: Fault, causes: Causes) -> Iterator[Change]:
    for step in causes.groups:
        group = step.rules.group
        for holder in _nodes(draft, fault, step):
            if step.id in holder.hidden:
                continue
            rows = tuple(holder.kids.get(step.id, ()))  # a change that is taken back puts other lists there
            if group.max_rows is None or len(rows) < group.max_rows:
                yield Change(holder, step.id, of_rows=True)
            if len(rows) > group.min_rows:
                yield from [Change(holder, step.id, row=row, of_rows=True) for row in reversed(rows)]


def _nothing(draft: Draft, step: ItemStep, node: Node) -> Iterator[Entered | None]:
    """To leave it open, or to say why."""
    if not is_required(case_of(draft, step, node)):
        yield None
    yield from (Missing(reason) for reason in signable_reasons(step.rules.item)[:1])


def _values(draft: Draft, step: ItemStep, node: Node, pool: list[Any]) -> list[Entered]:
    """Values that an item might have instead."""
    item = step.rules.item
    make = _NEAR.get(item.datatype.kind)
    near = list(make(draft, step, node, pool)) if make is not None else []
    draft.draw.shuffle(near)
    values = list(islice((value for found in near if (value := fitted(item, found)) is not None), _MOST))
    if item.datatype.kind not in (Kind.BOOLEAN, Kind.CODE, Kind.REFERENCE):
        clock = draft.clock
        values += [value for _ in range(_REDRAWN) if (value := redrawn(draft, step, node)) is not None]
        draft.clock = clock
    now = node.entered.get(step.id)
    return list({str(value): value for value in values if value != now}.values())


def _codes(draft: Draft, step: ItemStep, node: Node, pool: list[Any]) -> list[Any]:
    codes = list(offered(draft, step, node))
    draft.draw.shuffle(codes)
    named = [code for code in codes if code in pool]
    return [*named, *(code for code in codes if code not in named)][:_MOST]


def _several(draft: Draft, step: ItemStep, node: Node, pool: list[Any]) -> list[Any]:
    """With one code more, with one less, with one alone."""
    codes, chosen = _codes(draft, step, node, pool), node.values.get(step.id) or ()
    choices = step.rules.item.facets.choices
    open_ones = [code for code in chosen if code in choices and not choices[code].exclusive]
    more = [
        (*open_ones, code) for code in codes if code not in chosen and code in choices and not choices[code].exclusive
    ]
    less = [tuple(code for code in chosen if code != gone) for gone in chosen] if len(chosen) > 1 else []
    return [*more, *less, *((code,) for code in codes)]


def _numbers(draft: Draft, step: ItemStep, node: Node, pool: list[Any]) -> list[Any]:
    item = step.rules.item
    bases = {value for value in pool if isinstance(value, Decimal)} | {node.values.get(step.id) or Decimal(0)}
    bases |= {limit for limit in limits(draft, step, node) if isinstance(limit, Decimal)}
    factors = [base * factor for base in sorted(bases) for factor in (Decimal("0.5"), Decimal("0.1"), Decimal(2))]
    found = [base + shift for base in sorted(bases) for shift in _SHIFTS] + factors
    return [rounded(item, number) for number in found]


def _days(draft: Draft, pool: list[Any]) -> list[date]:
    days = {day for value in pool if (day := day_of(value)) is not None}
    days |= {day for value in pool if isinstance(value, PartialDate) and (day := day_of(value, late=True)) is not None}
    shifted = {base + timedelta(days=days_) for base in sorted(days) for days_ in _DAYS if 1850 < base.year < 2150}
    return [day for day in sorted(shifted) if day <= draft.tree.world.today]


def _dates(draft: Draft, step: ItemStep, node: Node, pool: list[Any]) -> list[Any]:
    return _days(draft, [*pool, node.values.get(step.id), *limits(draft, step, node)])


def _partials(draft: Draft, step: ItemStep, node: Node, pool: list[Any]) -> list[Any]:
    days = _dates(draft, step, node, pool)
    return [shortened(day, draft.draw.choice(("day", "month", "year"))) for day in days]


def _moments(draft: Draft, step: ItemStep, node: Node, pool: list[Any]) -> list[Any]:
    own = [*pool, node.values.get(step.id), *limits(draft, step, node)]
    moments = [value + timedelta(minutes=by) for value in own if isinstance(value, datetime) for by in _MINUTES]
    local = [at_local(moment.date(), moment.time()) for moment in moments]
    hour = draft.draw.randint(7, 17)
    days = [at_local(day, draft.clock.time().replace(hour=hour)) for day in _days(draft, own)]
    return [moment for moment in (*local, *days) if moment is not None and moment <= draft.now]


def _references(draft: Draft, step: ItemStep, node: Node, _pool: list[Any]) -> list[Any]:
    return [Reference(key) for key in targets(draft, step, node)][:_MOST]


def _texts(_draft: Draft, step: ItemStep, node: Node, pool: list[Any]) -> list[Any]:
    """Texts that rules name, and the present one with a year that is met elsewhere: `12/2024` becomes `12/2025`."""
    own = str(node.values.get(step.id) or "")
    years = sorted({day.year for value in pool if (day := day_of(value)) is not None})
    return [value for value in pool if isinstance(value, str) and value] + [_YEAR.sub(str(year), own) for year in years]


_NEAR: Mapping[Kind, Callable[..., list[Any]]] = {
    Kind.BOOLEAN: lambda *_: [True, False],
    Kind.CODE: _codes,
    Kind.CODES: _several,
    Kind.NUMBER: _numbers,
    Kind.DATE: _dates,
    Kind.PARTIAL_DATE: _partials,
    Kind.DATETIME: _moments,
    Kind.REFERENCE: _references,
    Kind.TEXT: _texts,
}

__all__ = ["Change", "proposals"]
