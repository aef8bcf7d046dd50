"""prev and next: the value in the nearest row or record before or after the present one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from engine.expressions.folding import ordered, siblings
from engine.expressions.frames import Frame, Node, Run


class _Line(NamedTuple):
    """Rows in order, where each of them stands, and the places of those that count."""

    nodes: Sequence[Node]
    places: dict[int, int]  # by id() of the node
    counting: Sequence[int]


def neighbour(
    name: str, start: Callable[[Frame], Node], value: Run, where: Run | None, by: tuple[Run, ...], *, steady: bool
) -> Run:
    """The closure of prev or next.

    Args:
        steady: whether condition and keys say the same from whichever row they are asked: then the rows are put in order
            once for all of them, as long as the world remembers.
    """
    direct = _beside(name) if where is None and not by else None

    def run(frame: Frame) -> Any:
        node = start(frame)
        found = direct(node) if direct is not None else _nearest(name, _line_of(frame, node), node)
        return None if found is None else value(Frame(found, frame.world, frame))

    def _line_of(frame: Frame, node: Node) -> _Line:
        memory, key = frame.world.memory, (run, id(node.parent))
        if memory is None or not steady or node.parent is None:
            return _line(frame, node, where, by)
        if key not in memory:
            memory[key] = _line(frame, node, where, by)
        line: _Line = memory[key]
        return line

    return run


def _line(frame: Frame, node: Node, where: Run | None, by: tuple[Run, ...]) -> _Line:
    inner = [Frame(sibling, frame.world, frame) for sibling in siblings(node)]
    if by:
        inner = [each for _, each in ordered(inner, by)]
    counting = [place for place, each in enumerate(inner) if where is None or where(each) is True]
    return _Line([each.node for each in inner], {id(each.node): place for place, each in enumerate(inner)}, counting)


def _nearest(name: str, line: _Line, node: Node) -> Node | None:
    place = line.places.get(id(node))
    if place is None:
        return None  # a record that was never opened has no place among the others
    at = bisect_left(line.counting, place) - 1 if name == "prev" else bisect_right(line.counting, place)
    return line.nodes[line.counting[at]] if 0 <= at < len(line.counting) else None


def _beside(name: str) -> Callable[[Node], Node | None]:
    step = -1 if name == "prev" else 1

    def beside(node: Node) -> Node | None:
        around = siblings(node)
        place = _place(node, around)
        return around[place + step] if place is not None and 0 <= place + step < len(around) else None

    return beside


def _place(node: Node, around: Sequence[Node]) -> int | None:
    """Where a node stands in a list: mostly its own place, which need not be sought."""
    if node.place <= len(around) and around[node.place - 1] is node:
        return node.place - 1
    return next((number for number, other in enumerate(around) if other is node), None)


__all__ = ["neighbour"]
