"""What the browser starts from: of the form all that is entered, of other forms the values that its rules read.

Rules that look beyond the episode stay on the server: the browser gets what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.datatypes.base import Json
from engine.datatypes.messages import explain
from engine.datatypes.values import Missing, Reference, Unread
from engine.expressions.frames import Node
from engine.expressions.wire import wire_value
from engine.model.item import Privacy
from engine.records.browser_parts import Reach, reach_of
from engine.records.checking import elsewhere, home_nodes, lasting_name
from engine.records.evaluation import Elsewhere, Violation
from engine.records.judging import Case, is_required
from engine.records.naming import Naming
from engine.records.path import ItemPath
from engine.records.session import Session


@dataclass(frozen=True, slots=True)
class Sheet:
    """A record that the page shows, where something was entered in it if it was never saved, and what rules say."""

    focus: Node
    touched: Collection[ItemPath] | None = None
    violations: Sequence[Violation] = ()
    waiting: tuple[
        Node, ...
    ] = ()  # it does not exist: its occurrence, if it stands in one, and itself; they hang nowhere


class _Shipment:
    """The nodes that are sent, in order, each after what holds it. A detached one is known by its key alone."""

    def __init__(self) -> None:
        self.nodes: list[tuple[Node, bool]] = []
        self.places: dict[int, int] = {}  # by id() of the node

    def add(self, node: Node, *, detached: bool) -> None:
        """Send a node, and what holds it, once."""
        if node.parent is not None and id(node.parent) not in self.places:
            self.add(node.parent, detached=detached)
        if id(node) not in self.places:
            self.places[id(node)] = len(self.nodes)
            self.nodes.append((node, detached))


def subject_state(
    session: Session, touched: Collection[ItemPath] | None = None, where: Callable[[Elsewhere], Json] = str
) -> dict[str, Json]:
    """What the browser starts from: the rows of the form, and of other forms the values that its rules read.

    Args:
        touched: in a form that was never saved, the places of what was entered so far; see `quiet`.
        where: what the page shows of another record that a check is about.
    """
    sheet = Sheet(session.focus, touched, session.without_schedule.violations)
    return sheets_state(session, session.form.id, [sheet], where)


def sheets_state(
    session: Session, form: str, sheets: Sequence[Sheet], where: Callable[[Elsewhere], Json] = str
) -> dict[str, Json]:
    """The same for several records of a form, in one container instance, that a page shows side by side.

    Args:
        session: looks at whatever is there of the subject.
    """
    reach, tree, first = reach_of(session.registry, form), session.tree, sheets[0].focus
    shipment = _Shipment()
    for node in _shipped(reach, tree.root, first):
        shipment.add(node, detached=False)
    for target in _far_targets(reach, session, first):
        shipment.add(target, detached=True)
    for node in (node for sheet in sheets for node in sheet.waiting):
        shipment.add(node, detached=False)
    homes = [[home_nodes(tree, run.rules.scope, sheet.focus) for run in reach.checks] for sheet in sheets]
    for home in _flat(homes):
        shipment.add(home, detached=True)
    places = shipment.places
    foci = {id(sheet.focus) for sheet in sheets}
    nodes = [_node_json(reach, session, node, places, foci, detached=detached) for node, detached in shipment.nodes]
    for number, sheet in enumerate(sheets, start=1):
        for node in sheet.waiting:
            rank = _follows(sheet.waiting[0], places) + number / (len(sheets) + 1)
            nodes[places[id(node)]] |= {"waits": True, "rank": rank}
    for sheet, its in zip(sheets, homes, strict=True):
        for home in _flat([its]):
            at = elsewhere(home, sheet.focus)
            if at is not None:
                nodes[places[id(home)]]["where"] = where(at)
    return {
        "as_of": wire_value(tree.world.as_of),
        "at": session.at,
        "nodes": nodes,
        "pages": [
            {
                "focus": places[id(sheet.focus)],
                "homes": [[places[id(home)] for home in nodes] for nodes in its],
                "told": list(_told(reach, sheet.violations, where)),
                "touched": None if sheet.touched is None else sorted(map(str, sheet.touched)),
                "waiting": [places[id(node)] for node in sheet.waiting],
            }
            for sheet, its in zip(sheets, homes, strict=True)
        ],
    }


def _flat(homes: Iterable[Iterable[Sequence[Node]]]) -> list[Node]:
    return [node for its in homes for nodes in its for node in nodes]


def _follows(node: Node, places: Mapping[int, int]) -> int:
    """The place of the last one that stands before a record or occurrence which does not exist yet, as storage orders them."""
    assert node.parent is not None
    before = [kid for kid in node.parent.kids.get(node.scope.id, ()) if kid.day or kid.number <= node.number]
    return places[id(before[-1] if before else node.parent)]


def _told(reach: Reach, violations: Iterable[Violation], where: Callable[[Elsewhere], Json]) -> Iterator[Json]:
    """What only the server can find wrong."""
    for v in violations:
        if v.code in reach.beyond or v.code == "unknown_item" or v.item.rpartition(".")[2] in reach.remote:
            key = f"{v.code}-{v.rule[:16]}-{v.inputs[:16]}"
            parts = {"code": v.code, "severity": str(v.severity), "item": v.item, "row": v.row}
            at = {"where": where(v.home)} if v.home is not None else {}
            yield {**parts, "message": v.message, "blocks": v.blocks, "key": key, **at}


def _far_targets(reach: Reach, session: Session, focus: Node) -> Iterator[Node]:
    """Rows and records of other episodes that the form points to: that they exist may be known."""
    for scope in reach.family:
        for node in session.tree.of(scope):
            for value in node.entered.values() if node.is_within(focus) else ():
                target = session.tree.world.rows.get(value.target) if isinstance(value, Reference) else None
                if target is not None and target.scope in reach.scopes and not reach.is_open(target, focus):
                    yield target


def _shipped(reach: Reach, node: Node, focus: Node) -> Iterator[Node]:
    """The nodes that rules of the form may look at, depth first, in order."""
    if node.scope in reach.scopes and (reach.is_open(node, focus) or focus.is_within(node)):
        yield node
    for kids in node.kids.values():
        for kid in kids:
            yield from _shipped(reach, kid, focus)


def _node_json(
    reach: Reach, session: Session, node: Node, places: Mapping[int, int], foci: Collection[int], *, detached: bool
) -> Json:
    found: dict[str, Any] = {"scope": reach.scopes[node.scope], "key": node.key}
    if node.parent is not None:
        found["parent"] = places[id(node.parent)]
    if (name := lasting_name(node)) != node.key:
        found["name"] = name
    if detached:
        return {**found, "event": node.event, "detached": True}
    if node.event is not None:
        found["event"] = node.event
    own = any(id(outer) in foci for outer in node.outwards())
    entered = dict(_entered(reach, session, node, own))
    fixed = reach.fixed.get(node.scope, frozenset())
    values = {name: wire_value(node.values[name]) for name in sorted(fixed) if node.values.get(name) is not None}
    hidden = sorted(name for name in node.hidden if f"{node.scope.form_id}.{name}" not in reach.settled)
    required = [name for name in reach.asked.get(node.scope, ()) if own and _is_required(session, node, name)]
    parts = {"entered": entered, "values": values, "hidden": hidden, "required": required}
    return {**found, **{name: part for name, part in parts.items() if part}}


def _is_required(session: Session, node: Node, item: str) -> bool:
    judge = session.program.judges[f"{session.form.id}.{item}"]
    return is_required(Case(session.tree, node, judge, ItemPath(), session.language))


def _entered(reach: Reach, session: Session, node: Node, own: bool) -> Iterator[tuple[str, Json]]:
    """Entered values: all of this form, of others what the browser settles again, and reasons that rules may ask for."""
    for name, value in node.entered.items():
        key = f"{node.scope.form_id}.{name}"
        item = session.registry.items.get(key)
        if item is None or name not in node.scope.fields:
            continue
        if isinstance(value, Missing):
            if own or key in reach.settled or (key in reach.needed and name not in node.hidden):
                yield name, {"missing": value.reason}
        elif not own and key not in reach.settled:
            continue
        elif isinstance(value, Unread):
            hint = Naming(session.tree, session.language).said(key, "hint", node, item.item.hint)
            told = explain(value, session.language, hint)
            yield name, {"unread": value.code, "told": told, "message": value.message}
        elif item.item.privacy is Privacy.IDENTIFYING and key not in reach.valued:
            yield name, "\u2026"  # that it is filled in is all that is asked
        else:
            yield name, wire_value(item.item.datatype.in_rules(value))


__all__ = ["Sheet", "sheets_state", "subject_state"]
