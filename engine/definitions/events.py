"""Builds containers and events: the tree of records, and what is filled in when."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal

from engine.definitions.annotations import build_annotations
from engine.definitions.context import CONTAINERS, Context
from engine.definitions.tree import Node
from engine.model.item import ExpressionText
from engine.model.metadata_version import ContainerDef, Generator, Parameter, StudyEventDef

MAX_INSTANCES = 100  # of a container in one parent, where a definition says nothing else
MAX_OCCURRENCES = 1000  # of an event
MAX_TOGETHER = 5000

_CONSTANT_DAY = re.compile(r"make_date\(\s*(\d{1,4})\s*,\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)")


def build_containers(context: Context, nodes: Mapping[str, Node]) -> dict[str, ContainerDef]:
    """The registry's own containers. A parent must exist, and no container holds itself."""
    known = list(dict.fromkeys([*CONTAINERS, *nodes]))
    for id_, node in nodes.items():
        context.identifier(id_, node.key_mark)
        if id_ in CONTAINERS:
            context.error(node.key_mark, "reserved-word", f"{id_!r} is a built-in container. Choose another id.")
        parent = node.get("of")
        if parent is not None and parent.text is not None:
            context.known(parent, parent.raw, known, "unknown-container", "container")
    for id_, node in nodes.items():
        if id_ in _above(id_, nodes):
            context.error(
                node.key_mark,
                "container-cycle",
                f"The container {id_!r} stands within itself. Start the tree at `patient` or `site`.",
            )
    episode = next((id_ for id_, node in nodes.items() if _parent(node) == "patient" and node.flag("repeats")), None)
    return {id_: _container(context, id_, node, first=id_ == episode) for id_, node in nodes.items()}


def _parent(node: Node) -> str:
    return node.text_of("of") or "patient"


def _container(context: Context, id_: str, node: Node, *, first: bool) -> ContainerDef:
    """One container. What does not repeat is there with its parent, as is a patient's first episode (`first`)."""
    repeats, low, high = node.flag("repeats"), node.integer("min"), node.integer("max")
    if not repeats and not low is high is None:
        text = f"There is one {id_} in each {_parent(node)}, since it does not repeat. Add `repeats: true`, or take min and max out."
        context.error(node.key_mark, "container-bounds", text)
    at_once = low if low is not None else int(first or not repeats)
    most = high if high is not None else MAX_INSTANCES if repeats else 1
    if repeats and at_once > most:
        text = f"{at_once} of {id_} would be opened, where there may be {most}. Lower `min` or raise `max`."
        context.error(node.key_mark, "container-bounds", text)
    return ContainerDef(id_, _parent(node), repeats, context.text(node.get("title")), at_once, most, node.key_mark)


def _above(id_: str, nodes: Mapping[str, Node]) -> set[str]:
    """The containers above one, as far as they are declared."""
    found: set[str] = set()
    parent = nodes[id_].text_of("of")
    while parent is not None and parent in nodes and parent not in found:
        found.add(parent)
        parent = nodes[parent].text_of("of")
    return found


def build_events(
    context: Context,
    nodes: Mapping[str, Node],
    forms: Collection[str],
    containers: Collection[str],
    parameters: Mapping[str, Parameter],
) -> dict[str, StudyEventDef]:
    """The events, checked against the forms, containers and parameters that exist."""
    events = {id_: _event(context, id_, node, forms, containers, parameters) for id_, node in nodes.items()}
    left = MAX_TOGETHER
    for event in events.values():
        before, left = left, left - (event.every.limit if event.every is not None else 0)
        if left < 0 <= before:
            context.error(
                event.mark,
                "generator-limit",
                f"With this event there could be more than {MAX_TOGETHER} occurrences of all that are created at an interval. Lower `max`.",
            )
    return events


def _event(
    context: Context,
    id_: str,
    node: Node,
    forms: Collection[str],
    containers: Collection[str],
    parameters: Mapping[str, Parameter],
) -> StudyEventDef:
    context.identifier(id_, node.key_mark)
    container = node.get("in")
    if container is not None and container.text is not None:
        context.known(container, container.raw, [*CONTAINERS, *containers], "unknown-container", "container")
    after = context.expression(node.get("after"))
    for key in ("day", "window"):
        if key in node.entries and "after" not in node.entries and "every" not in node.entries:
            context.error(
                node.entries[key].key_mark,
                "after-missing",
                f"`{key}` counts days from a date, and there is none. Add `after:` with an expression of a date.",
            )
    return StudyEventDef(
        id_,
        context.text(node.get("title")),
        node.text_of("in") or "patient",
        _forms(context, id_, node, forms),
        oid=node.text_of("oid"),
        after=after,
        day=_days(context, node.get("day"), parameters),
        window=_window(context, node.get("window"), parameters),
        when=context.expression(node.get("when")),
        optional=context.expression(node.get("optional")),
        cancel=context.expression(node.get("cancel")),
        held=context.expression(node.get("held")),
        missed=context.expression(node.get("missed")),
        every=_generator(context, node.get("every")),
        repeats=node.flag("repeats"),
        mark=node.key_mark,
        annotations=build_annotations(node),
    )


def _forms(context: Context, id_: str, node: Node, forms: Collection[str]) -> tuple[str, ...]:
    collected: list[str] = []
    listed = node.get("forms")
    if (listed is None and "forms" not in node.entries) or (listed is not None and listed.value == []):
        context.error(
            node.key_mark,
            "event-without-forms",
            f"The event {id_!r} collects no forms, so nobody could fill it in. List their ids under `forms`.",
        )
    for part in node.list_of("forms"):
        if part.text is None:
            continue
        if part.raw in collected:
            context.error(
                part.mark, "duplicate-id", f"The form {part.raw!r} is listed twice in this event. Delete one."
            )
        context.known(part, part.raw, forms, "unknown-form", "form")
        collected.append(part.raw)
    return tuple(collected)


def _days(context: Context, node: Node | None, parameters: Mapping[str, Parameter]) -> int | None:
    """A number of days, written out or named. The schedule knows no date to choose a value by, so there must be one."""
    if node is None or node.text is None or type(node.value) is int:
        return node.value if node is not None and type(node.value) is int else None
    if not context.known(node, node.raw, parameters, "unknown-parameter", "parameter"):
        return None
    values = {value for _, value in parameters[node.raw].values}
    value = values.pop() if len(values) == 1 else None
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    context.error(
        node.mark,
        "window-parameter",
        f"The parameter {node.raw!r} cannot be a number of days: it needs exactly one value, and that a whole number.",
    )
    return None


def _window(
    context: Context, node: Node | None, parameters: Mapping[str, Parameter]
) -> tuple[int | None, int | None] | None:
    if node is None or len(node.elements) != 2:
        return None
    first, last = (_days(context, part, parameters) for part in node.elements)
    if first is not None and last is not None and first > last:
        context.error(
            node.mark,
            "window-order",
            f"The window opens on day {first} and closes on day {last}, before it opens. Swap the two numbers.",
        )
    return first, last


def _generator(context: Context, node: Node | None) -> Generator | None:
    """An event that is created at an interval; how many there can be must be known and sane."""
    if node is None:
        return None
    days, limit = node.integer("days") or 1, node.integer("max")
    start, stop = context.expression(node.get("from")), context.expression(node.get("to"))
    if not isinstance(node.value, dict) or start is None or stop is None:
        return None
    first, last = _constant_day(start), _constant_day(stop)
    possible = (last - first).days // max(days, 1) + 1 if first and last else None
    if limit is None and possible is None and "max" not in node.entries:
        context.error(
            node.key_mark,
            "generator-limit",
            f"Nothing limits how many occurrences there can be. Add `max:` with at most {MAX_OCCURRENCES}.",
        )
    most = min(number for number in (limit, possible, MAX_OCCURRENCES + 1) if number is not None)
    if most > MAX_OCCURRENCES and (limit is not None or possible is not None):
        context.error(
            node.key_mark,
            "generator-limit",
            f"There could be {limit or possible} occurrences; at most {MAX_OCCURRENCES} are allowed. Lower `max`, or take a longer interval.",
        )
    return Generator(days, start, stop, min(most, MAX_OCCURRENCES))


def _constant_day(expression: ExpressionText) -> date | None:
    match = _CONSTANT_DAY.fullmatch(expression.text.strip())
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None
