"""What rules of many rows have in common is worked out once: aggregates that do not depend on the row, rows by their key.

Without this a rule that looks at all rows from each of them would take time that grows with the square of their number.
Results stand in `World.memory`, which is there only while nothing changes that the rules read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from engine.expressions.folding import Elements
from engine.expressions.frames import Frame, Node, Run
from engine.expressions.places import Beyond, Place, is_of_row, places_of
from engine.expressions.reaching import Build, Nodes, frames_of, nodes_of, start_of
from engine.expressions.terms import BOOLEAN, Term

_HERE = (0, 0)
_NOTHING = object()


def shared(run: Run, term: Term, build: Build) -> Run:
    """The closure of an aggregate, but run once for all frames at which it must give the same."""
    places, wanted = places_of(term), []
    pairs = _equations(term)
    if pairs and not _are_outside(places):
        places, wanted = places_of(_without_values(term)), [build(value) for _, value in pairs]
    if not _are_outside(places):
        return run
    starts = [start_of(*place) for place in places if not isinstance(place, Beyond)]

    def once(frame: Frame) -> Any:
        memory = frame.world.memory
        if memory is None:
            return run(frame)
        around = Frame(frame.node, frame.world, frame) if wanted else frame
        place = (run, *[start(frame) for start in starts], *[value(around) for value in wanted])
        found = memory.get(place, _NOTHING)
        if found is _NOTHING:
            found = memory[place] = run(frame)
        return found

    return once


def _are_outside(places: frozenset[Place | Beyond]) -> bool:
    """Whether nothing depends on the very row at which a rule stands."""
    return _HERE not in places and not any(isinstance(place, Beyond) for place in places)


@dataclass(slots=True)
class _Index:
    """Rows by the values of their key; those that lack one stand apart."""

    rows: list[Node]
    by_key: dict[tuple[Any, ...], list[Node]] = field(default_factory=dict)
    unknown: list[Node] = field(default_factory=list)


def rows_by_key(term: Term, build: Build) -> Elements | None:
    """The elements of an aggregate at which its test may be true; where it is no mere filter, also those where it is unknown.

    None where the test names no key: no equation in it between a value of the row and one from around it.
    """
    pairs = _equations(term)
    if not pairs:
        return None
    source, strict = term.args[1], term.args[3] is not None
    alone = len(pairs) == len(list(_conjuncts(_test_of(term))))  # then only the key decides
    keys, wanted = [build(key) for key, _ in pairs], [build(value) for _, value in pairs]
    start, nodes, frames = start_of(*source.args[:2]), nodes_of(source), frames_of(source)

    def indexed(frame: Frame) -> _Index | None:
        """None at the first time: a single look at all rows is faster without an index."""
        memory = frame.world.memory
        place = (nodes, start(frame))
        if memory is None or place not in memory:
            if memory is not None:
                memory[place] = None
            return None
        if memory[place] is None:
            memory[place] = _index(nodes, keys, frame)
        index: _Index = memory[place]
        return index

    def elements(frame: Frame) -> Iterable[Frame]:
        index = indexed(frame)
        if index is None:
            return frames(frame, nodes(frame))
        around = Frame(frame.node, frame.world, frame)
        values = tuple(value(around) for value in wanted)
        if None not in values:
            found = index.by_key.get(values, ())
            return frames(frame, found if strict else chain(found, index.unknown))
        if strict:
            return ()
        if alone and not any(value is not None for value in values):  # unknown for each row: one will do
            return islice(frames(frame, index.rows), 1)
        return frames(frame, index.rows)

    return elements


def _index(nodes: Nodes, keys: list[Run], frame: Frame) -> _Index:
    index = _Index(nodes(frame))
    for node in index.rows:
        inner = Frame(node, frame.world, frame)
        values = tuple(key(inner) for key in keys)
        place = index.unknown if None in values else index.by_key.setdefault(values, [])
        place.append(node)
    return index


def _test_of(term: Term) -> Term | None:
    """The test that decides which elements count."""
    name, _, values, where, _ = term.args
    return values[0] if where is None and name == "any" else where  # type: ignore[no-any-return]  # arguments of terms


def _conjuncts(test: Term | None) -> Iterator[Term]:
    if test is not None and test.op == "and":
        for part in test.args:
            yield from _conjuncts(part)
    elif test is not None:
        yield test


def _equations(term: Term) -> list[tuple[Term, Term]]:
    """The equations of an aggregate's test: what depends on the row alone, and what it must be equal to."""
    if term.args[1].op != "rows":
        return []
    return [pair for part in _conjuncts(_test_of(term)) if (pair := _equation(part)) is not None]


def _equation(test: Term) -> tuple[Term, Term] | None:
    if test.op != "cmp" or test.args[0] != "=" or test.args[1] == "partial":
        return None
    left, right = test.args[2:]
    return next((pair for pair in ((left, right), (right, left)) if is_of_row(pair[0]) and _is_around(pair[1])), None)


def _without_values(term: Term) -> Term:
    """An aggregate without what its keys must be equal to: what else it depends on."""
    name, source, values, where, by = term.args
    parts = [(part, _equation(part)) for part in _conjuncts(_test_of(term))]
    test = Term("and", tuple(part if pair is None else pair[0] for part, pair in parts), BOOLEAN)
    return Term("aggregate", (name, source, (test,) if where is None else values, where and test, by), term.type)


def _is_around(term: Term) -> bool:
    """Whether a term depends on something, but not on the row."""
    places = places_of(term)
    return bool(places) and all(
        place is Beyond.LOCAL if isinstance(place, Beyond) else place[0] > 0 for place in places
    )


__all__ = ["rows_by_key", "shared"]
