"""From where a term reads: what has the same value for many rows can be told from what has not."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from engine.expressions.aggregates import ASKED_ONCE
from engine.expressions.terms import Term


class Beyond(Enum):
    """Dependences that are no place: on a value of `let` or of a quantifier, on all frames there are."""

    LOCAL = 1
    FRAMES = 2


Place = tuple[int, int]  # frames back from where the term stands, and levels up from the node of that frame


def places_of(term: Term) -> frozenset[Place | Beyond]:
    """Where a term starts to read. Two frames whose nodes are the same at all these places give the same value."""
    return frozenset(_places(term, 0, frozenset()))


def is_of_row(term: Term) -> bool:
    """Whether a term asked of each row depends on that row alone, not on the one from which all of them are looked at."""
    return all(not isinstance(place, Beyond) and place[0] == 0 for place in places_of(term))


def _places(term: Term, depth: int, bound: frozenset[str]) -> Iterator[Place | Beyond]:
    """The places of a part that stands inside that many aggregates, and in the reach of those local values."""
    match term.op:
        case "read" | "reason" | "exists":
            yield from _start(term.args[0], term.args[1], depth)
        case "event_is":
            yield from _start(term.args[0], 0, depth)
        case "in_window":  # the anchors of the windows start at what holds the occurrence
            yield from _start(term.args[0], 0, depth)
            yield from _places(term.args[1], depth, bound)
        case "row_index":
            yield from _start(0, 0, depth)
        case "var":
            if term.args[0] not in bound:
                yield Beyond.LOCAL
        case "let":
            slot, value, body = term.args
            yield from _places(value, depth, bound)
            yield from _places(body, depth, bound | {slot})
        case "neighbour":
            _, frames, up, *parts = term.args
            yield from _start(frames, up, depth)
            yield from _all(_terms(parts), depth + 1, bound)
        case "aggregate":
            yield from _of_aggregate(term, depth, bound)
        case _:
            yield from _all(term.parts(), depth, bound)


def _of_aggregate(term: Term, depth: int, bound: frozenset[str]) -> Iterator[Place | Beyond]:
    name, source, values, where, by = term.args
    inside = depth
    if source.op == "elements":
        slot, domain = source.args
        yield from _places(domain, depth, bound)
        bound |= {slot}
    else:
        frames, up, _, other = source.args
        yield from (Beyond.FRAMES,) if other else _start(frames, up, depth)
        inside = depth + 1
    once = ASKED_ONCE.get(name, ())
    for place, value in enumerate(values):
        yield from _places(value, depth if place in once else inside, bound)
    yield from _all(_terms((where, by)), inside, bound)


def _all(terms: Iterator[Term], depth: int, bound: frozenset[str]) -> Iterator[Place | Beyond]:
    for term in terms:
        yield from _places(term, depth, bound)


def _terms(parts: object) -> Iterator[Term]:
    if isinstance(parts, Term):
        yield parts
    elif isinstance(parts, tuple | list):
        for part in parts:
            yield from _terms(part)


def _start(frames: int, up: int, depth: int) -> Iterator[Place]:
    """A place outside the aggregates that the part stands in; what they run over follows from where they start."""
    if frames >= depth:
        yield frames - depth, up


__all__ = ["Beyond", "Place", "is_of_row", "places_of"]
