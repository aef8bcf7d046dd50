"""Aggregates over elements: rows, records, events, instances or codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from engine.expressions import arithmetic
from engine.expressions.frames import Frame, Node, Run
from engine.expressions.scopes import EVENT

Elements = Callable[[Frame], Iterable[Frame]]
Maker = Callable[[Elements, tuple[Run, ...], Run | None, tuple[Run, ...]], Run]

TOLERATED_GAP = timedelta(minutes=60)  # `covered`: a gap this short is a change of parts, not an interruption


def _kept(source: Elements, where: Run | None) -> Elements:
    if where is None:
        return source
    return lambda frame: [inner for inner in source(frame) if where(inner) is True]


def _any(source: Elements, values: tuple[Run, ...], where: Run | None, _by: tuple[Run, ...]) -> Run:
    kept, (test,) = _kept(source, where), values

    def run(frame: Frame) -> bool | None:
        result: bool | None = False
        for inner in kept(frame):
            truth = test(inner)
            if truth is True:
                return True
            if truth is None:
                result = None
        return result

    return run


def _all(source: Elements, values: tuple[Run, ...], where: Run | None, _by: tuple[Run, ...]) -> Run:
    kept, (test,) = _kept(source, where), values

    def run(frame: Frame) -> bool | None:
        result: bool | None = True
        for inner in kept(frame):
            truth = test(inner)
            if truth is False:
                return False
            if truth is None:
                result = None
        return result

    return run


def _count(source: Elements, _values: tuple[Run, ...], where: Run | None, _by: tuple[Run, ...]) -> Run:
    kept = _kept(source, where)
    return lambda frame: Decimal(len(list(kept(frame))))


def _values_of(fold: Callable[[list[Any]], Any]) -> Maker:
    """An aggregate of one value per element: missing when a kept one is."""

    def make(source: Elements, values: tuple[Run, ...], where: Run | None, _by: tuple[Run, ...]) -> Run:
        kept, (take,) = _kept(source, where), values

        def run(frame: Frame) -> Any:
            taken = [take(inner) for inner in kept(frame)]
            return None if any(value is None for value in taken) else fold(taken)

        return run

    return make


def _sum(values: list[Decimal]) -> Decimal | None:
    total: Decimal | None = arithmetic.ZERO
    for value in values:
        if total is None:
            return None
        total = arithmetic.add(total, value)
    return total


def _mean(values: list[Decimal]) -> Decimal | None:
    total = _sum(values)
    return None if total is None or not values else arithmetic.divide(total, Decimal(len(values)))


def _distinct(source: Elements, values: tuple[Run, ...], where: Run | None, _by: tuple[Run, ...]) -> Run:
    kept, (take,) = _kept(source, where), values

    def run(frame: Frame) -> tuple[Any, ...]:
        taken = (take(inner) for inner in kept(frame))
        return tuple(dict.fromkeys(value for value in taken if value is not None))

    return run


def ordered(frames: Iterable[Frame], by: tuple[Run, ...]) -> list[tuple[bool, Frame]]:
    """Frames in order of their keys, with whether all keys are there; the others stand apart, as they came."""
    keyed = [(tuple(key(inner) for key in by), inner) for inner in frames]
    whole = [pair for pair in keyed if None not in pair[0]]
    whole.sort(key=lambda pair: pair[0])
    return [(True, inner) for _, inner in whole] + [(False, inner) for key, inner in keyed if None in key]


def _end(last: bool) -> Maker:
    def make(source: Elements, values: tuple[Run, ...], where: Run | None, by: tuple[Run, ...]) -> Run:
        kept, (take,) = _kept(source, where), values

        def run(frame: Frame) -> Any:
            found = ordered(kept(frame), by)
            known = [inner for whole, inner in found if whole] or [inner for _, inner in found]
            return take(known[-1 if last else 0]) if known else None

        return run

    return make


def _unique(source: Elements, values: tuple[Run, ...], where: Run | None, _by: tuple[Run, ...]) -> Run:
    kept = _kept(source, where)

    def run(frame: Frame) -> bool:
        keys = [tuple(take(inner) for take in values) for inner in kept(frame)]
        complete = [key for key in keys if None not in key]
        return len(set(complete)) == len(complete)

    return run


def _no_overlap(source: Elements, values: tuple[Run, ...], where: Run | None, by: tuple[Run, ...]) -> Run:
    """An empty stop means still running; touching ends do not overlap; an unknown start makes it unknown."""
    kept, (start, stop) = _kept(source, where), values

    def run(frame: Frame) -> bool | None:
        groups: dict[tuple[Any, ...], list[tuple[Any, Any]]] = {}
        unknown = False
        for inner in kept(frame):
            key, begin = tuple(part(inner) for part in by), start(inner)
            if begin is None or None in key:
                unknown = True
                continue
            groups.setdefault(key, []).append((begin, stop(inner)))
        for spans in groups.values():
            spans.sort(key=lambda span: span[0])
            if _overlap(spans):
                return False
        return None if unknown else True

    return run


def _overlap(spans: list[tuple[Any, Any]]) -> bool:
    """Whether intervals in order of start overlap: some one starts before the latest end so far."""
    first, end = True, None
    for begin, finish in spans:
        if not first and (end is None or begin < end):
            return True
        end = finish if first or finish is None or (end is not None and finish > end) else end
        first = False
    return False


def _covered(source: Elements, values: tuple[Run, ...], where: Run | None, _by: tuple[Run, ...]) -> Run:
    """The intervals cover from … to; gaps up to 60 minutes are tolerated (dates: consecutive days touch)."""
    kept, (start, stop, since, until) = _kept(source, where), values

    def run(frame: Frame) -> bool | None:
        begin, finish = since(frame), until(frame)
        if begin is None or finish is None:
            return None
        spans = [(start(inner), stop(inner)) for inner in kept(frame)]
        if any(span[0] is None for span in spans):
            return None
        reached, gap = begin, timedelta(days=1) if type(begin) is date else TOLERATED_GAP
        for first, last in sorted(spans, key=lambda span: span[0]):
            if first - reached > gap:
                return False
            if last is None:
                return True
            reached = max(reached, last)
        return bool(finish - reached <= gap)

    return run


def _active(source: Elements, values: tuple[Run, ...], where: Run | None, _by: tuple[Run, ...]) -> Run:
    """The value of the element in use at a moment: the latest that started by then and has not stopped before."""
    kept, (start, stop, at, take) = _kept(source, where), values

    def run(frame: Frame) -> Any:
        moment = at(frame)
        if moment is None:
            return None
        running = []
        for inner in kept(frame):
            begin, finish = start(inner), stop(inner)
            if begin is not None and begin <= moment and (finish is None or moment <= finish):
                running.append((begin, inner))
        running.sort(key=lambda pair: pair[0])
        return take(running[-1][1]) if running else None

    return run


def _max_run(source: Elements, values: tuple[Run, ...], where: Run | None, by: tuple[Run, ...]) -> Run:
    """The longest series of consecutive days."""
    kept, (take,) = _kept(source, where), values

    def run(frame: Frame) -> Decimal | None:
        groups: dict[tuple[Any, ...], set[date]] = {}
        for inner in kept(frame):
            day = take(inner)
            if day is None:
                return None
            groups.setdefault(tuple(key(inner) for key in by), set()).add(day)
        return Decimal(max((_longest(sorted(days)) for days in groups.values()), default=0))

    return run


def _longest(days: list[date]) -> int:
    best = length = 1
    for before, after in pairwise(days):
        length = length + 1 if (after - before).days == 1 else 1
        best = max(best, length)
    return best


AGGREGATORS: Mapping[str, Maker] = {
    "any": _any,
    "all": _all,
    "count": _count,
    "sum": _values_of(_sum),
    "mean": _values_of(_mean),
    "min": _values_of(lambda values: min(values, default=None)),
    "max": _values_of(lambda values: max(values, default=None)),
    "first": _end(last=False),
    "last": _end(last=True),
    "distinct": _distinct,
    "unique": _unique,
    "no_overlap": _no_overlap,
    "covered": _covered,
    "active": _active,
    "max_run": _max_run,
}


def siblings(node: Node) -> list[Node]:
    """The rows of the same group, or the records of the same form in the container, in order."""
    parent = node.parent
    if parent is None:
        return [node]
    if parent.scope.kind == EVENT and parent.parent is not None:
        occurrences = parent.parent.kids.get(EVENT, [])
        return [record for occurrence in occurrences for record in occurrence.kids.get(node.scope.id, ())]
    return parent.kids.get(node.scope.id, [node])
