"""What of a draft may no longer be as it was settled: only that is settled again."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from engine.expressions.frames import Node
from engine.expressions.scopes import Scope
from engine.records.program import Step
from engine.records.tree import within
from engine.synthesis.plan import Plan, scope_key


@dataclass(slots=True)
class Unrest:
    """Noted since everything was filled."""

    moved: dict[str, dict[int, Node]] = field(default_factory=dict)  # key -> the nodes where it changed, by their id()
    keys: set[str] = field(default_factory=set)  # those of `moved`: each step of a registry asks for some of them
    reshaped: set[str] = field(default_factory=set)  # keys of scopes that have got or lost nodes, and of lost items

    def copy(self) -> Unrest:
        """The same, to be changed on its own."""
        return Unrest({key: dict(at) for key, at in self.moved.items()}, set(self.keys), set(self.reshaped))

    def note(self, key: str, node: Node) -> None:
        """An item, group or outcome has changed at a node."""
        self.moved.setdefault(key, {})[id(node)] = node
        self.keys.add(key)

    def settled(self) -> None:
        """All that changed was looked at."""
        self.moved.clear()
        self.keys.clear()

    def added(self, scope: Scope) -> None:
        """A node has come. What stands in it was never settled."""
        self.reshaped.add(scope_key(scope))

    def removed(self, scope: Scope) -> None:
        """A node has gone, with everything in it."""
        for place in scope.family():
            self.reshaped.update((scope_key(place), *(f"{place.form_id}.{name}" for name in place.fields)))

    def concerned(self, plan: Plan, step: Step, before: AbstractSet[str]) -> AbstractSet[int] | None:
        """The nodes (by their id()) at which a step may come out otherwise than the last time; None: all of them.

        Args:
            before: what had been reshaped when the filling began.
        """
        watched = plan.watched[step.key]
        if watched.isdisjoint(self.keys):
            lost = step.crosses and not (watched.isdisjoint(before) and watched.isdisjoint(self.reshaped))
            return None if lost else _NOWHERE
        if step.crosses:
            return None
        touched = watched & self.keys
        return {id(node) for key in touched for at in self.moved[key].values() for node in within(at, step.scope)}


_NOWHERE: AbstractSet[int] = frozenset()


__all__ = ["Unrest"]
