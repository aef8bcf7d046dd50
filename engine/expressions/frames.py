"""What rules run on: nodes of the value tree, frames that stand at a node, and the world around them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.datatypes.dictionary import Dictionary
from engine.datatypes.values import Entered, Missing, Unread
from engine.expressions.scopes import EVENT, Scope, Step

_ODD = frozenset({Missing, Unread})


class Node:
    """A row, record, occurrence or container instance. `values` are effective: what rules may see.

    Mutable on purpose: an evaluation fills it in order of dependency, a session keeps it between changes.
    """

    __slots__ = (
        *("day", "entered", "event", "frame", "hidden", "key", "kids", "number", "odd", "parent", "place", "scope"),
        *("unknown", "values"),
    )

    def __init__(self, scope: Scope, parent: Node | None, key: str = "") -> None:
        self.scope = scope
        self.parent = parent
        self.key = key  # stable id of the row, record or instance
        self.values: dict[str, Any] = {}
        self.entered: Mapping[str, Entered] = {}
        self.odd: Sequence[str] = ()  # the items whose input is a reason or cannot be read: rules see no value
        self.kids: dict[str, list[Node]] = {}
        self.hidden: set[str] = set()  # items and groups that are not shown
        self.unknown: set[str] = set()  # those of them whose condition is unknown
        self.event: str | None = None  # of an occurrence: the event's id
        self.number = 1  # of an occurrence: its number among those of the event
        self.day: date | None = None
        self.place = 1  # among its siblings, from 1
        self.frame: Frame | None = None  # in which its rules run; see Tree.frame

    def enter(self, entered: Mapping[str, Entered]) -> None:
        """Let these be the entered values."""
        self.entered = entered
        some = not _ODD.isdisjoint(map(type, entered.values()))
        self.odd = [name for name, given in entered.items() if type(given) in _ODD] if some else ()

    def up(self, levels: int) -> Node:
        """The node that many levels further out."""
        node = self
        for _ in range(levels):
            assert node.parent is not None
            node = node.parent
        return node

    def outwards(self) -> Iterator[Node]:
        """The node, what holds it, and so on to the registry."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def is_within(self, other: Node) -> bool:
        """Whether the node is `other` or stands in it."""
        node: Node | None = self
        while node is not None:
            if node is other:
                return True
            node = node.parent
        return False


class World:
    """What is the same for all rules of one evaluation."""

    __slots__ = ("as_of", "attributes", "dictionaries", "labels", "memory", "parameters", "positions", "rows", "today")

    def __init__(self, as_of: datetime) -> None:
        self.as_of = as_of  # aware, local
        self.today = as_of.date()
        self.rows: dict[str, Node] = {}  # rows and records that references may point to, by key
        self.attributes: Mapping[tuple[str, str], tuple[Mapping[str, Any], Any]] = {}
        self.positions: Mapping[str, Mapping[str, Decimal]] = {}
        self.labels: Mapping[str, Mapping[str, str]] = {}
        self.dictionaries: Mapping[str, Dictionary] = {}  # those that others keep, as far as they are loaded
        self.parameters: Mapping[str, Sequence[tuple[date | None, Decimal | str]]] = {}
        self.memory: dict[Hashable, Any] | None = None  # what rules found out while nothing changes that they read

    def remembering(self) -> AbstractContextManager[None]:
        """While many rows are asked the same rule: what holds for all of them is found out once."""
        return self._with_memory({})

    def forgetting(self) -> AbstractContextManager[None]:
        """While what rules read changes in between."""
        return self._with_memory(None)

    @contextmanager
    def _with_memory(self, memory: dict[Hashable, Any] | None) -> Iterator[None]:
        before, self.memory = self.memory, memory
        try:
            yield
        finally:
            self.memory = before


class Frame:
    """Stands at a node while a rule runs; aggregates put a new one on top for each element."""

    __slots__ = ("node", "outer", "vars", "world")

    def __init__(self, node: Node, world: World, outer: Frame | None = None) -> None:
        self.node = node
        self.outer = outer
        self.world = world
        self.vars: dict[str, Any] = outer.vars if outer is not None else {}

    def back(self, frames: int) -> Frame:
        """The frame that many further out."""
        frame = self
        for _ in range(frames):
            assert frame.outer is not None
            frame = frame.outer
        return frame


Run = Callable[[Frame], Any]  # a compiled expression


def reach(node: Node, steps: tuple[Step, ...]) -> Node | None:
    """The single node that the steps lead down to, or None when it is absent or hidden."""
    for child, event in steps:
        if child in node.hidden:
            return None
        kids = node.kids.get(child)
        if not kids:
            return None
        if child == EVENT and event is not None:
            kids = [kid for kid in kids if kid.event == event]
            if not kids:
                return None
        node = kids[0]
    return node


def gather(node: Node, steps: tuple[Step, ...]) -> list[Node]:
    """All nodes that the steps lead down to, in order; hidden groups have none."""
    nodes = [node]
    for child, event in steps:
        nodes = [
            kid
            for parent in nodes
            if child not in parent.hidden
            for kid in parent.kids.get(child, ())
            if event is None or child != EVENT or kid.event == event
        ]
    return nodes
