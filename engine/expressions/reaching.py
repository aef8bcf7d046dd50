"""Operators that reach for values: reads, references, presence, events, and the sources of aggregates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from engine.datatypes.values import Missing
from engine.expressions.frames import Frame, Node, Run, gather, reach
from engine.expressions.terms import Term

Build = Callable[[Term], Run]
Nodes = Callable[[Frame], list[Node]]


def start_of(frames: int, up: int) -> Callable[[Frame], Node]:
    """How to get from a frame to the node where a path starts."""
    if frames == 0:
        if up == 0:
            return lambda frame: frame.node
        return lambda frame: frame.node.up(up)
    return lambda frame: frame.back(frames).node.up(up)


def own_item(term: Term) -> str | None:
    """The item, if a term reads one of the very row or record that the rule stands at."""
    if term.op != "read" or term.args[0] or term.args[1] or term.args[2]:
        return None
    return str(term.args[3])


def read(term: Term, _build: Build) -> Run:
    """A value reached from a frame."""
    frames, up, steps, item = term.args
    if own_item(term) is not None:
        return lambda frame: frame.node.values.get(item)
    start = start_of(frames, up)
    if not steps:
        return lambda frame: start(frame).values.get(item)

    def run(frame: Frame) -> Any:
        node = reach(start(frame), steps)
        return None if node is None else node.values.get(item)

    return run


def deref(term: Term, build: Build) -> Run:
    """A value reached through a reference."""
    reference, up, steps, item = build(term.args[0]), *term.args[1:]
    wanted = term.args[0].type.scope  # a reference that was made up may point to something else

    def run(frame: Frame) -> Any:
        target = reference(frame)
        row = None if target is None else frame.world.rows.get(target.target)
        node = None if row is None or row.scope.id != wanted else reach(row.up(up), steps)
        return None if node is None else node.values.get(item)

    return run


def reason(term: Term, _build: Build) -> Run:
    """The reason why a value is missing."""
    frames, up, steps, item = term.args
    start = start_of(frames, up)

    def run(frame: Frame) -> str | None:
        node = reach(start(frame), steps)
        if node is None or item in node.hidden:
            return None
        value = node.entered.get(item)
        return value.reason if isinstance(value, Missing) else None

    return run


def exists(term: Term, _build: Build) -> Run:
    """Whether a form, event or row is there."""
    frames, up, steps = term.args
    start = start_of(frames, up)
    return lambda frame: bool(gather(start(frame), steps))


def exists_ref(term: Term, build: Build) -> Run:
    """Whether a reference points to something that is there."""
    reference = build(term.args[0])

    def run(frame: Frame) -> bool:
        target = reference(frame)
        return target is not None and target.target in frame.world.rows

    return run


def is_a(term: Term, build: Build) -> Run:
    """Whether a reference points to a row of that group or a record of that form; unknown when it is empty."""
    reference, form, kind = build(term.args[0]), *term.args[1:]

    def run(frame: Frame) -> bool | None:
        target = reference(frame)
        if target is None:
            return None
        row = frame.world.rows.get(target.target)
        return row is not None and row.scope.id == kind and row.scope.form_id == form

    return run


def _occurrence(node: Node) -> Node | None:
    here: Node | None = node
    while here is not None and here.event is None:
        here = here.parent
    return here


def event_is(term: Term, _build: Build) -> Run:
    """Whether the form stands in that event."""
    frames, event = term.args

    def run(frame: Frame) -> bool | None:
        occurrence = _occurrence(frame.back(frames).node)
        return None if occurrence is None else occurrence.event == event

    return run


def in_window(term: Term, build: Build) -> Run:
    """Whether a day lies in the window of the occurrence the form stands in."""
    frames, day = term.args[0], build(term.args[1])
    windows = {event: (low, high, build(anchor)) for event, low, high, anchor in term.args[2]}

    def run(frame: Frame) -> bool | None:
        occurrence, value = _occurrence(frame.back(frames).node), day(frame)
        window = windows.get(occurrence.event or "") if occurrence is not None else None
        if occurrence is None or occurrence.parent is None or window is None or value is None:
            return None
        low, high, anchor = window
        start = anchor(Frame(occurrence.parent, frame.world))
        if start is None:
            return None
        passed = (value - start).days
        return (low is None or low <= passed) and (high is None or passed <= high)

    return run


def row_index(_term: Term, _build: Build) -> Run:
    """The place of the row among its siblings, from 1."""
    return lambda frame: Decimal(frame.node.place)


def source(term: Term, build: Build) -> Callable[[Frame], list[Frame]]:
    """What an aggregate runs over: a frame for each row, record or code."""
    if term.op == "elements":
        slot, group = term.args[0], build(term.args[1])

        def elements(frame: Frame) -> list[Frame]:
            frames = []
            for value in group(frame) or ():
                inner = Frame(frame.node, frame.world, frame.outer)
                inner.vars = {**frame.vars, slot: value}
                frames.append(inner)
            return frames

        return elements
    nodes, frames = nodes_of(term), frames_of(term)
    return lambda frame: list(frames(frame, nodes(frame)))


def nodes_of(source: Term) -> Nodes:
    """The rows or records that an aggregate runs over, as seen from a frame."""
    frames, up, steps, other = source.args
    start = start_of(frames, up)
    if other and not steps:  # `other episode`: the instances beside this one
        return lambda frame: siblings_of(start(frame))
    return lambda frame: gather(start(frame), steps)


def frames_of(source: Term) -> Callable[[Frame, Iterable[Node]], Iterator[Frame]]:
    """Puts a frame on top for each row or record; for `other` without those in which one stands already."""
    if source.args[3]:
        return lambda frame, nodes: (Frame(kid, frame.world, frame) for kid in nodes if not _stands_in(frame, kid))
    return lambda frame, nodes: (Frame(kid, frame.world, frame) for kid in nodes)


def siblings_of(node: Node) -> list[Node]:
    """The instances of the same container in the same parent, the node itself included."""
    return node.parent.kids.get(node.scope.id, []) if node.parent is not None else []


def _stands_in(frame: Frame, node: Node) -> bool:
    here: Frame | None = frame
    while here is not None:
        if here.node.is_within(node):
            return True
        here = here.outer
    return False
