"""A subject while it is made: its tree of values, filled in order, put back where a change did not help."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import ChainMap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any

from engine.datatypes.values import Entered
from engine.expressions.frames import Frame, Node
from engine.expressions.scopes import EVENT, Scope
from engine.records.form_data import RowData
from engine.records.program import GroupStep, ItemStep, OutcomeStep, Step
from engine.records.settling import settle
from engine.records.tree import Tree, add_row, make_world, within
from engine.synthesis.distribution import INSTANCE, PLANNED, PREVIOUS, SLOT
from engine.synthesis.order import HiddenDraw, NumberDraw
from engine.synthesis.plan import Plan, followers, order_of
from engine.synthesis.samples import told_of
from engine.synthesis.unrest import Unrest


@dataclass(slots=True)
class Draft:
    """Nodes are settled as in an evaluation; `decided` says of which items and groups nothing more is drawn."""

    plan: Plan
    tree: Tree
    draw: Random
    clock: datetime  # what is drawn next happens about then
    given: dict[str, Any]  # what is the same for the whole subject, by slots
    fixed: Node | None = None  # the hospital with its records, which no subject changes
    hidden: dict[str, dict[str, Any]] = field(default_factory=dict)  # hidden draws by slots, by key of the instance
    wanted: dict[tuple[str, str], int] = field(default_factory=dict)  # key of what holds them, container -> how many
    waits: bool = True  # for forms that tell how many there are of something
    clocks: dict[str, datetime] = field(default_factory=dict)  # the same in an occurrence, by its key
    days: dict[str, date | None] = field(default_factory=dict)  # for which an occurrence is planned, by its key
    decided: set[tuple[str, str]] = field(default_factory=set)  # key of the node, item or group
    unrest: Unrest = field(default_factory=Unrest)  # what changed since all was filled
    _rows: int = 0

    @property
    def now(self) -> datetime:
        """The time at which the subject is looked at."""
        return self.tree.world.as_of

    def frame(self, node: Node) -> Frame:
        """A frame at a node in which hidden draws can be read."""
        found = Frame(node, self.tree.world)
        planned = {SLOT + PLANNED: self.days.get(_occurrence(node))}
        found.vars = ChainMap(planned, *self._drawn_around(node), self.given)  # type: ignore[assignment]
        return found

    def _drawn_around(self, node: Node) -> Iterator[dict[str, Any]]:
        """The hidden draws that hold at a node, the nearest first; the patient's are those of the first instance."""
        around = [self.hidden[outer.key] for outer in node.outwards() if outer.key in self.hidden]
        yield from around or list(self.hidden.values())[:1]

    def clock_at(self, node: Node) -> datetime:
        """About when it happens what is drawn at a node."""
        return self.clocks.get(_occurrence(node), self.clock)

    def move_clock(self, node: Node, to: datetime) -> None:
        """Let what is drawn next happen not before."""
        self.clock = max(self.clock, to)
        if (key := _occurrence(node)) in self.clocks:
            self.clocks[key] = max(self.clocks[key], to)

    def is_fixed(self, node: Node) -> bool:
        """Whether it stands in a record of the hospital, which is the same for all subjects."""
        return self.fixed is not None and node.is_within(self.fixed)

    def is_told(self, key: str, node: Node) -> bool:
        """Whether the forms are there that tell how many there are of something in a container instance."""
        scopes = self.plan.registry.scopes.forms
        return not self.waits or all(
            any(_holds(node, form) for form in self.tree.of(scopes[name])) for name in self.plan.waits.get(key, ())
        )

    # what is there ----------------------------------------------------------------------------------------------

    def open_instance(self, parent: Node, scope: Scope) -> Node:
        """A new instance of a container, with the forms that are there as soon as it is."""
        before = tuple(parent.kids.get(scope.id, ()))
        within = "" if parent.parent is None or parent.parent.parent is None else f"{parent.key}."
        node = self.add(Node(scope, parent, f"{within}{scope.id}[{len(before) + 1}]"))
        end = max(filter(None, map(self.latest, before[-1:])), default=None)
        drawn = dict.fromkeys(SLOT + name for name, home in self.plan.distribution.homes.items() if home is scope)
        outer = self.hidden.get(parent.key, {})
        self.hidden[node.key] = {**outer, **drawn, SLOT + INSTANCE: Decimal(node.place), SLOT + PREVIOUS: end}
        self.open_first(node)
        return node

    def open_first(self, holder: Node) -> None:
        """The forms that are there as soon as what holds them is; how many of one that repeats is drawn."""
        forms = self.plan.registry.model.forms
        for name, scope in holder.scope.children.items():
            if scope.kind == "form" and name in self.plan.first and not forms[name].repeats:
                self.open_form(holder, name)

    def latest(self, node: Node) -> datetime | None:
        """The last time that is told of in a node, as far as it is past."""
        told = [moment for value in node.entered.values() if (moment := told_of(value)) is not None]
        inner = [self.latest(kid) for kids in node.kids.values() for kid in kids]
        return max((moment for moment in (*told, *inner) if moment is not None and moment <= self.now), default=None)

    def open_form(self, holder: Node, form: str) -> Node:
        """A new record of a form in a container instance or occurrence."""
        records = holder.kids.get(form, [])
        key = f"{holder.key}.{form}[{len(records) + 1}]"
        node = self.add(Node(holder.scope.children[form], holder, key))
        self.tree.world.rows[key] = node
        return node

    def open_event(self, instance: Node, event: str, number: int) -> Node:
        """An occurrence of an event in a container instance."""
        node = Node(instance.scope.children[EVENT], instance, f"{instance.key}/{event}[{number}]")
        node.event, node.number = event, number
        return self.add(node)

    def add_row(self, holder: Node, scope: Scope) -> Node:
        """An empty row at the end of a group."""
        self._rows += 1
        self.unrest.added(scope)
        return add_row(self.tree, holder, scope, RowData(f"{holder.key}.{scope.id}#{self._rows}"))

    def add(self, node: Node) -> Node:
        """Hang a node under its parent."""
        self.unrest.added(node.scope)
        return self.tree.add(node)

    def remove(self, row: Node) -> None:
        """Take a row out, with everything in it."""
        self.unrest.removed(row.scope)
        self.tree.remove(row)

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
        node.values.pop(item, None)
        self.decided.add((node.key, item))

    def fill(self, chooser: Chooser) -> None:
        """Settle in order what may have changed; draw what is asked and not decided, take out what is not asked any more."""
        reshaped, self.unrest.reshaped = self.unrest.reshaped, set()
        for making in self.plan.order:
            if isinstance(making, NumberDraw):
                assert making.scope.parent is not None
                for holder in tuple(self.tree.of(making.scope.parent)):
                    self._fill_number(making, holder, chooser)
            elif isinstance(making, HiddenDraw):
                self._fill_all(making, self.tree.of(making.scope), chooser)
            elif nodes := self._concerned(making, reshaped):
                self._fill_all(making, nodes, chooser)
        self.unrest.settled()  # each step stands after what it reads; what was opened on the way is still noted

    def _concerned(self, step: Step, reshaped: set[str]) -> Sequence[Node]:
        """The nodes at which a step was never settled, or may come out otherwise than the last time."""
        nodes = self.tree.of(step.scope)
        if not nodes:
            return nodes
        near, name = self.unrest.concerned(self.plan, step, reshaped), step.id
        if near is None:
            return nodes
        if isinstance(step, GroupStep):
            return [node for node in nodes if (node.key, name) not in self.decided or id(node) in near]
        return [node for node in nodes if name not in node.values or id(node) in near]

    def _settle(self, step: Step, node: Node) -> bool:
        """Settle a step at a node, and note where something changed."""
        changed = settle(step, node, self.tree)
        if changed:
            self.unrest.note(step.key, node)
        return changed

    def fill_within(self, around: Node, chooser: Chooser) -> None:
        """The same for the forms of a node, of which nothing else depends that is to be drawn there."""
        for making in order_of(self.plan, frozenset(around.kids)):
            self._fill_all(making, within(around, making.scope), chooser)

    def _fill_all(self, making: Step | HiddenDraw, nodes: Sequence[Node], chooser: Chooser) -> None:
        if len(nodes) > 1 and not isinstance(making, HiddenDraw) and making.crosses:
            with self.tree.world.remembering():  # the rules of a step do not read what it settles
                for node in nodes:
                    self._fill(making, node, chooser)
        else:
            for node in nodes:
                self._fill(making, node, chooser)

    def _fill(self, making: Step | HiddenDraw, node: Node, chooser: Chooser) -> None:
        match making:
            case HiddenDraw(name):
                if (node.key, name) not in self.decided:
                    self.decided.add((node.key, name))
                    self.hidden[node.key][SLOT + name] = chooser.hidden(self, name, node)
            case ItemStep():
                self._fill_item(making, node, chooser)
            case GroupStep():
                self._fill_group(making, node, chooser)
            case OutcomeStep():
                self._settle(making, node)

    def _fill_number(self, making: NumberDraw, holder: Node, chooser: Chooser) -> None:
        """Draw how many there are in a holder. Of instances the first is opened: the others follow one by one."""
        scope, place = making.scope, (holder.key, making.key)
        if place in self.decided or self.is_fixed(holder) or not self.is_told(making.key, holder):
            return
        self.decided.add(place)
        if scope.kind != "form":
            self.wanted[holder.key, scope.id] = number = chooser.number(self, making, holder)
            if number:
                self.open_instance(holder, scope)
        elif scope.id in self.plan.first:
            for _ in range(chooser.number(self, making, holder)):
                self.open_form(holder, scope.id)

    def _fill_item(self, step: ItemStep, node: Node, chooser: Chooser) -> None:
        place = (node.key, step.id)
        if step.plain and step.id in node.values and place in self.decided:
            return
        self._settle(step, node)
        if step.calculate is not None or step.id not in node.scope.fields:
            return
        if step.id in node.hidden:
            if step.id in node.entered:
                self.enter(node, step.id, None)
                self._settle(step, node)
            self.decided.discard(place)
        elif place not in self.decided:
            with self.tree.world.forgetting():  # values are tried, and compared with those just entered
                value = chooser.value(self, step, node)
            self.decided.add(place)
            if value is not None:
                self.enter(node, step.id, value)
                self._settle(step, node)

    def _fill_group(self, step: GroupStep, node: Node, chooser: Chooser) -> None:
        self._settle(step, node)
        place = (node.key, step.id)
        if step.id in node.hidden:
            for row in tuple(node.kids.get(step.id, ())):
                self.remove(row)
            self.decided.discard(place)
        elif place not in self.decided:
            self.decided.add(place)
            with self.tree.world.forgetting():
                number = chooser.rows(self, step, node)
            for _ in range(number):
                self.add_row(node, node.scope.children[step.id])

    def update(self, key: str, at: Node) -> None:
        """Settle what depends on an item or group whose value changed at a node."""
        moved: dict[str, list[Node]] = {key: [at]}
        for step in followers(self.plan, key):
            touched = [read for read in moved if read in step.reads]
            nodes: Collection[Node] = [at] if step.key == key else ()
            if touched and step.crosses:
                nodes = self.tree.of(step.scope)
            elif touched:
                around = (within(node, step.scope) for read in touched for node in moved[read])
                nodes = {id(node): node for near in (nodes, *around) for node in near}.values()
            if nodes:
                with self.tree.world.remembering():  # the rules of a step do not read what it settles
                    changed = [node for node in nodes if self._settle(step, node)]
                if changed:
                    moved[step.key] = changed

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
            {key: dict(drawn) for key, drawn in self.hidden.items()},
            dict(self.wanted),
            self.clock,
            dict(self.clocks),
            self.unrest.copy(),
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
        self.hidden = {key: dict(drawn) for key, drawn in kept.hidden.items()}
        self.wanted = dict(kept.wanted)
        self.clock = kept.clock
        self.clocks = dict(kept.clocks)
        self.unrest = kept.unrest.copy()


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
    hidden: dict[str, dict[str, Any]]
    wanted: dict[tuple[str, str], int]
    clock: datetime
    clocks: dict[str, datetime]
    unrest: Unrest


class Chooser(ABC):
    """What decides about values; see `choosing`."""

    @abstractmethod
    def value(self, draft: Draft, step: ItemStep, node: Node) -> Entered | None:
        """What to enter at an item that is asked."""

    @abstractmethod
    def rows(self, draft: Draft, step: GroupStep, node: Node) -> int:
        """How many rows a group begins with."""

    @abstractmethod
    def number(self, draft: Draft, making: NumberDraw, holder: Node) -> int:
        """How many instances of a container, or records of a repeating form, a holder has."""

    @abstractmethod
    def hidden(self, draft: Draft, name: str, node: Node) -> Any:
        """A hidden draw at an instance."""


def begin_draft(plan: Plan, draw: Random, now: datetime, clock: datetime, given: Mapping[str, Any]) -> Draft:
    """A subject without any form, and its hospital. `given`: what every expression may read, by slots."""
    world = make_world(plan.registry, now, "en")
    root = Node(plan.registry.scopes.root, None, "registry")
    tree = Tree(plan.registry, root, world)
    tree.nodes[id(root.scope)] = [root]
    for scope in root.scope.children.values():
        tree.add(Node(scope, root, scope.id))
    unknown = dict.fromkeys((SLOT + INSTANCE, SLOT + PREVIOUS))
    return Draft(plan, tree, draw, clock, {**unknown, **given})


def _holds(instance: Node, form: Node) -> bool:
    """Whether a record stands in a container instance or in one that holds it."""
    home = home_of(form)
    return instance.is_within(home) or home.is_within(instance)


def home_of(node: Node) -> Node:
    """The container instance in which a node stands, or the hospital."""
    return next(outer for outer in node.outwards() if outer.scope.kind in ("container", "site"))


def outermost_of(node: Node) -> Node:
    """The episode in which a node stands, else the patient or the hospital."""
    holders = [outer for outer in node.outwards() if outer.scope.kind in ("container", "site")]
    return holders[-2] if len(holders) > 1 else holders[-1]


__all__ = ["Chooser", "Draft", "Snapshot", "Step", "begin_draft", "home_of", "outermost_of"]
