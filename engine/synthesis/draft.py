"""A subject while it is made: its tree of values, filled in order, put back where a change did not help."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from engine.datatypes.values import Entered
from engine.expressions.frames import Frame, Node
from engine.expressions.scopes import EVENT, Scope
from engine.records.form_data import RowData
from engine.records.program import GroupStep, ItemStep, Step
from engine.records.settling import settle
from engine.records.tree import Tree, add_row, make_world
from engine.synthesis.distribution import SLOT
from engine.synthesis.order import HiddenDraw
from engine.synthesis.plan import Plan


@dataclass(slots=True)
class Draft:
    """Nodes are settled as in an evaluation; `decided` says of which items and groups nothing more is drawn."""

    plan: Plan
    tree: Tree
    draw: Random
    clock: datetime  # what is drawn next happens about then
    hidden: dict[str, Any]  # hidden draws, by their slots
    clocks: dict[str, datetime] = field(default_factory=dict)  # the same in an occurrence, by its key
    decided: set[tuple[str, str]] = field(default_factory=set)  # key of the node, item or group
    _rows: int = 0

    @property
    def now(self) -> datetime:
        """The time at which the subject is looked at."""
        return self.tree.world.as_of

    def frame(self, node: Node) -> Frame:
        """A frame at a node in which hidden draws can be read."""
        found = Frame(node, self.tree.world)
        found.vars = self.hidden
        return found

    def clock_at(self, node: Node) -> datetime:
        """About when it happens what is drawn at a node."""
        return self.clocks.get(_occurrence(node), self.clock)

    def move_clock(self, node: Node, to: datetime) -> None:
        """Let what is drawn next happen not before."""
        self.clock = max(self.clock, to)
        if (key := _occurrence(node)) in self.clocks:
            self.clocks[key] = max(self.clocks[key], to)

    # what is there ----------------------------------------------------------------------------------------------

    def open_form(self, holder: Node, form: str) -> Node:
        """A new record of a form in a container instance or occurrence."""
        records = holder.kids.get(form, [])
        key = f"{holder.key}.{form}[{len(records) + 1}]"
        node = self.tree.add(Node(holder.scope.children[form], holder, key))
        self.tree.world.rows[key] = node
        return node

    def open_event(self, instance: Node, event: str, number: int) -> Node:
        """An occurrence of an event in a container instance."""
        node = Node(instance.scope.children[EVENT], instance, f"{instance.key}/{event}[{number}]")
        node.event, node.number = event, number
        return self.tree.add(node)

    def add_row(self, holder: Node, scope: Scope) -> Node:
        """An empty row at the end of a group."""
        self._rows += 1
        return add_row(self.tree, holder, scope, RowData(f"{holder.key}.{scope.id}#{self._rows}"))

    def forms(self) -> Iterator[Node]:
        """All records, in order of the definition."""
        for scope in self.plan.registry.scopes.forms.values():
            yield from self.tree.of(scope)

    # filling ----------------------------------------------------------------------------------------------------

    def enter(self, node: Node, item: str, value: Entered | None) -> None:
        """Let this be what was entered; nothing is settled yet."""
        entered = dict(node.entered)
        if value is None:
            entered.pop(item, None)
        else:
            entered[item] = value
        node.enter(entered)
        self.decided.add((node.key, item))

    def fill(self, chooser: Chooser) -> None:
        """Settle everything in order; draw what is asked and not decided, take out what is not asked any more."""
        for making in self.plan.order:
            match making:
                case HiddenDraw(name):
                    if SLOT + name not in self.hidden:
                        self.hidden[SLOT + name] = chooser.hidden(self, name)
                case ItemStep():
                    for node in self.tree.of(making.scope):
                        self._fill_item(making, node, chooser)
                case GroupStep():
                    for node in self.tree.of(making.scope):
                        self._fill_group(making, node, chooser)
                case _:
                    for node in self.tree.of(making.scope):
                        settle(making, node, self.tree)

    def _fill_item(self, step: ItemStep, node: Node, chooser: Chooser) -> None:
        settle(step, node, self.tree)
        if step.calculate is not None or step.id not in node.scope.fields:
            return
        place = (node.key, step.id)
        if step.id in node.hidden:
            if step.id in node.entered:
                self.enter(node, step.id, None)
                settle(step, node, self.tree)
            self.decided.discard(place)
        elif place not in self.decided:
            value = chooser.value(self, step, node)
            self.decided.add(place)
            if value is not None:
                self.enter(node, step.id, value)
                settle(step, node, self.tree)

    def _fill_group(self, step: GroupStep, node: Node, chooser: Chooser) -> None:
        settle(step, node, self.tree)
        place = (node.key, step.id)
        if step.id in node.hidden:
            for row in tuple(node.kids.get(step.id, ())):
                self.tree.remove(row)
            self.decided.discard(place)
        elif place not in self.decided:
            self.decided.add(place)
            for _ in range(chooser.rows(self, step, node)):
                self.add_row(node, node.scope.children[step.id])

    def update(self, key: str) -> None:
        """Settle what depends on an item or group whose value changed."""
        dirty = {key}
        for step in self.plan.program.steps:
            if step.key == key or not step.reads.isdisjoint(dirty):
                for node in self.tree.of(step.scope):
                    if settle(step, node, self.tree):
                        dirty.add(step.key)

    # taking back ------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """All that may change, to put it back with `restore`."""
        nodes = [node for found in self.tree.nodes.values() for node in found]
        kept = [
            (node, node.entered, dict(node.values), set(node.hidden), set(node.unknown), _kids(node), node.place)
            for node in nodes
        ]
        places = {scope: list(found) for scope, found in self.tree.nodes.items()}
        return Snapshot(
            kept,
            places,
            dict(self.tree.world.rows),
            set(self.decided),
            dict(self.hidden),
            self.clock,
            dict(self.clocks),
        )

    def restore(self, kept: Snapshot) -> None:
        """Put everything back as it was."""
        for node, entered, values, hidden, unknown, kids, place in kept.nodes:
            node.enter(entered)
            node.values, node.hidden, node.unknown = dict(values), set(hidden), set(unknown)
            node.kids = {name: list(rows) for name, rows in kids.items()}
            node.place = place
        self.tree.nodes = {scope: list(found) for scope, found in kept.places.items()}
        self.tree.world.rows = dict(kept.rows)
        self.decided = set(kept.decided)
        self.hidden.clear()
        self.hidden.update(kept.hidden)
        self.clock = kept.clock
        self.clocks = dict(kept.clocks)


def _occurrence(node: Node) -> str:
    """The key of the occurrence in which a node stands; none has an empty key."""
    return next((outer.key for outer in node.outwards() if outer.scope.kind == EVENT), "")


def _kids(node: Node) -> dict[str, list[Node]]:
    return {name: list(rows) for name, rows in node.kids.items()}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a draft was like."""

    nodes: list[tuple[Any, ...]]
    places: dict[int, list[Node]]
    rows: dict[str, Node]
    decided: set[tuple[str, str]]
    hidden: dict[str, Any]
    clock: datetime
    clocks: dict[str, datetime]


class Chooser(ABC):
    """What decides about values; see `choosing`."""

    @abstractmethod
    def value(self, draft: Draft, step: ItemStep, node: Node) -> Entered | None:
        """What to enter at an item that is asked."""

    @abstractmethod
    def rows(self, draft: Draft, step: GroupStep, node: Node) -> int:
        """How many rows a group begins with."""

    @abstractmethod
    def hidden(self, draft: Draft, name: str) -> Any:
        """A hidden draw."""


def begin_draft(plan: Plan, draw: Random, now: datetime, clock: datetime, given: Mapping[str, Any]) -> Draft:
    """A subject with one instance of each container, without any form. `given`: what hidden draws begin with."""
    world = make_world(plan.registry, now, "en")
    root = Node(plan.registry.scopes.root, None, "registry")
    tree = Tree(plan.registry, root, world)
    tree.nodes[id(root.scope)] = [root]
    _containers(tree, root)
    return Draft(plan, tree, draw, clock, dict(given))


def _containers(tree: Tree, parent: Node) -> None:
    for scope in parent.scope.children.values():
        if scope.kind in ("container", "site"):
            node = tree.add(Node(scope, parent, scope.id))
            _containers(tree, node)


__all__ = ["Chooser", "Draft", "Snapshot", "Step", "begin_draft"]
