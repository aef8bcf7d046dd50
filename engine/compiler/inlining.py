"""What is written out where it is named: the defines, and the dates from which events' windows are counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.compiler.scoping import Scopes
from engine.errors import Problems
from engine.expressions.extent import Extent, extent_of, together
from engine.expressions.functions import AGGREGATES, FUNCTIONS
from engine.expressions.names import Definition, Window
from engine.expressions.nodes import Call, Literal, Syntax, walk
from engine.expressions.order_of_use import in_order_of_use
from engine.expressions.parser import ExpressionFault, parse
from engine.expressions.special import SPECIAL
from engine.model.item import ExpressionText
from engine.model.metadata_version import Define, MetaDataVersion

_NOTHING = Literal(None, 0)  # stands for the body of a faulty define, so that its uses are no faults of their own


def parse_text(text: ExpressionText, problems: Problems) -> Syntax | None:
    """The syntax tree of an expression; a fault is reported at its place."""
    try:
        return parse(text.text)
    except ExpressionFault as fault:
        problems.error(text.at(fault.at), "bad-expression", fault.message)
        return None


def read_defines(model: MetaDataVersion, problems: Problems) -> tuple[dict[str, Definition], dict[str, Extent]]:
    """The defines by name, and how large each is with those that it uses. Circles and what is too large are reported."""
    taken = {*FUNCTIONS, *AGGREGATES, *SPECIAL}
    bodies: dict[str, Syntax] = {}
    for define in model.defines.values():
        if define.name in taken:
            problems.error(
                define.mark,
                "reserved-name",
                f"{define.name} is a function of the language; give the define another name.",
            )
        bodies[define.name] = parse_text(define.body, problems) or _NOTHING
    calls = {name: {part.name: part for part in walk(body) if isinstance(part, Call)} for name, body in bodies.items()}
    order, circles = in_order_of_use(calls)
    for circle in circles:
        way = " > ".join((*circle, circle[0]))
        place = model.defines[circle[-1]].body.at(calls[circle[-1]][circle[0]].at)
        message = f"{circle[0]} uses itself: {way}. A define cannot be recursive."
        problems.error(place, "recursive-define", message)
    extents = dict(_extents(order, model.defines, bodies, calls, problems))
    return {
        name: Definition(
            model.defines[name].parameters, body if name in extents else _NOTHING, model.defines[name].body
        )
        for name, body in bodies.items()
    }, extents


def _extents(
    order: list[str],
    defines: Mapping[str, Define],
    bodies: Mapping[str, Syntax],
    calls: Mapping[str, Mapping[str, Call]],
    problems: Problems,
) -> Iterator[tuple[str, Extent]]:
    """The extent of each define that is not too large, its parameters counted, after those that it uses."""
    known: dict[str, Extent] = {}
    for name in order:
        if any(used in defines and used not in known for used in calls[name]):
            continue  # one that it uses is too large
        define, body = defines[name], extent_of(bodies[name], known)
        if body.fault:
            problems.error(define.body.mark, "expression-too-large", body.fault)
            continue
        count = len(define.parameters)
        known[name] = Extent(body.terms + count, body.brought, body.depth + count, body.loops)
        yield name, known[name]


def read_windows(model: MetaDataVersion, scopes: Scopes) -> Iterator[tuple[str, Window]]:
    """The events that have a window, each with the date from which it is counted."""
    for event in model.events.values():
        scope = scopes.containers.get(event.container)
        if event.window is None or event.after is None or scope is None:
            continue
        anchor = parse_text(event.after, Problems())  # its faults are reported where the event is compiled
        if anchor is not None:
            yield event.id, Window(anchor, scope, event.after, *event.window)


def extent_of_windows(windows: Mapping[str, Window], defines: Mapping[str, Extent]) -> Extent:
    """What a call of in_window brings at most: the dates of all events."""
    return together(extent_of(window.anchor, defines) for window in windows.values())


__all__ = ["extent_of_windows", "parse_text", "read_defines", "read_windows"]
