"""The schedule: which occurrences of events a container instance is expected to have, and where each stands.

Nothing of it is stored but what people decide: it follows from the definition, what was entered, and today's date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from engine.compiler.compiled import CompiledRegistry
from engine.compiler.rules import EventRules
from engine.datatypes.dictionary import Dictionary
from engine.expressions.frames import Frame, Node
from engine.expressions.scopes import EVENT
from engine.records.evaluation import PlannedEvent
from engine.records.explaining import Explainer, Fact
from engine.records.form_data import Instance
from engine.records.program import Program, program_of
from engine.records.settling import settle_all
from engine.records.tree import Tree, build_tree, make_world

Window = tuple[date | None, date | None]


def plan(program: Program, tree: Tree, instance: Node) -> Iterator[PlannedEvent]:
    """All events of an instance: those that happened and those expected, in order of the definition."""
    for rules in program.registry.events.values():
        if rules.scope is instance.scope:
            yield from Calendar.of(program, tree, instance, rules).occurrences()


def plan_besides(program: Program, tree: Tree, instance: Node) -> Iterator[PlannedEvent]:
    """The events of the subject's other instances."""
    for node in instances(tree):
        if node is not instance:
            yield from plan(program, tree, node)


def whole_schedule(
    registry: CompiledRegistry,
    subject: Instance,
    *,
    as_of: datetime,
    others: tuple[Instance, ...] = (),
    dictionaries: Mapping[str, Dictionary] = MappingProxyType({}),
) -> tuple[PlannedEvent, ...]:
    """The events of all instances of a subject, whichever forms were opened."""
    program, world = program_of(registry), make_world(registry, as_of, registry.model.languages[0], dictionaries)
    tree = build_tree(registry, subject, others, None, world)
    settle_all(program, tree)
    return tuple(planned for node in instances(tree) for planned in plan(program, tree, node))


def why(program: Program, tree: Tree, planned: PlannedEvent, explainer: Explainer) -> Mapping[str, tuple[Fact, ...]]:
    """What an occurrence follows from, by the key of the definition that says so."""
    rules = program.registry.events[planned.event]
    instance = next(node for node in instances(tree) if node.key == planned.instance)
    occurrence = Calendar.of(program, tree, instance, rules).at(planned.number)
    by_form = planned.state == "missed" and not planned.reason
    asked = {
        "after": rules.after,
        "when": rules.when,
        "optional": rules.optional if planned.state == "optional" else None,
        "cancel": rules.cancel if planned.state == "cancelled" else None,
        "missed": rules.missed if by_form else None,
    }
    found = {
        key: explainer.value(rule.term, occurrence if key == "missed" else instance)
        for key, rule in asked.items()
        if rule is not None
    }
    return {key: facts for key, facts in found.items() if facts}


def instances(tree: Tree) -> Iterator[Node]:
    """The subject and all that is in it."""
    yield tree.subject
    yield from _below(tree.subject)


def _below(node: Node) -> Iterator[Node]:
    for kids in node.kids.values():
        for kid in kids:
            if kid.scope.kind == "container":
                yield kid
                yield from _below(kid)


@dataclass(frozen=True, slots=True)
class Calendar:
    """One event in one instance, with what is there of it."""

    program: Program
    tree: Tree
    instance: Node
    rules: EventRules
    there: dict[int, Node]  # the occurrences that exist, by number
    missed: dict[int, str]  # those of which somebody says that they did not take place

    @classmethod
    def of(cls, program: Program, tree: Tree, instance: Node, rules: EventRules) -> Calendar:
        """The calendar of an event."""
        event = rules.event.id
        there = {node.number: node for node in instance.kids.get(EVENT, ()) if node.event == event}
        missed = {n: reason for (at, of, n), reason in tree.missed.items() if (at, of) == (instance.key, event)}
        return cls(program, tree, instance, rules, there, missed)

    def occurrences(self) -> Iterator[PlannedEvent]:
        """Those that are there, and those expected besides."""
        for number, day, expected in self._days():
            node = self.there.get(number)
            filled = self._is_filled(number)
            window = self._window(day)
            state = self._state(number, window, filled=filled, expected=expected)
            stored = node.day if node is not None and node.day else None
            held = self.ask("held", self.at(number)) if filled else None
            yield PlannedEvent(
                self.rules.event.id, number, held or stored or day, window, state, self.instance.key,
                expected, "" if filled else self.missed.get(number, ""),
            )  # fmt: skip

    def ask(self, rule: str, node: Node | None = None) -> Any:
        """What one of the event's rules says, at the instance or an occurrence; None where it has no such rule."""
        run = self.program.events[self.rules.event.id].get(rule)
        return run(self.tree.frame(node or self.instance)) if run is not None else None

    def at(self, number: int) -> Node:
        """The occurrence; an empty one where it does not exist."""
        node = self.there.get(number)
        if node is None:
            node = Node(self.rules.occurrences, self.instance)
            node.event, node.number = self.rules.event.id, number
            node.frame = Frame(node, self.tree.world)
        return node

    def _is_filled(self, number: int) -> bool:
        """Whether something was entered in it, or in a form of the instance that this event alone collects."""
        node = self.there.get(number)
        forms = [kid for kids in node.kids.values() for kid in kids] if node is not None else []
        if number == 1:
            forms += [
                kid
                for form in self.rules.event.forms
                for kid in self.instance.kids.get(form, ())
                if kid.scope.events == (self.rules.event.id,)
            ]
        return any(form.entered or form.kids for form in forms)

    def _days(self) -> Iterator[tuple[int, date | None, bool]]:
        """Number, target day and whether it is expected, of each occurrence that is there or expected."""
        event, expected = self.rules.event, self.ask("when") is True or self.rules.when is None
        known = {*self.there, *self.missed} | ({1} if self._is_filled(1) else set())
        step, first, count = 0, None, 0 if event.repeats or not expected else 1
        if event.every is not None:
            step, first, stop = event.every.days, self.ask("start"), self.ask("stop")
            there = first is not None and stop is not None and stop >= first
            count = min((stop - first).days // step + 1, event.every.limit) if there and expected else 0
        elif (anchor := self.ask("after")) is not None:
            first = _later(anchor, event.day or 0)
        for number in range(1, max([count, *known]) + 1):
            if number <= count or number in known:
                day = first if number == 1 or step or not event.repeats else None
                day = _later(day, step * (number - 1)) if day is not None else None
                yield number, day, expected and (event.repeats or number <= count)

    def _window(self, day: date | None) -> Window:
        """The window in days from the anchor, or the target day alone."""
        event = self.rules.event
        if day is None:
            return None, None
        if event.window is None:
            return day, day
        low, high = (None if end is None else _later(day, end - (event.day or 0)) for end in event.window)
        return low, high

    def _state(self, number: int, window: Window, *, filled: bool, expected: bool) -> str:
        if filled:
            return "missed" if self.ask("missed", self.at(number)) is True else "done"
        if number in self.missed:
            return "missed"
        if self.ask("cancel") is True:
            return "cancelled"
        if not expected or self.ask("optional") is True:
            return "optional"
        node = self.there.get(number)
        low, high = (node.day, None) if window == (None, None) and node is not None else window
        today = self.tree.world.today
        if (low is None and high is None) or (low is not None and today < low):
            return "planned"
        return "overdue" if high is not None and today > high else "due"


def _later(day: date, days: int) -> date | None:
    """That many days later; None where the calendar ends."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


__all__ = ["Calendar", "Window", "instances", "plan", "plan_besides", "whole_schedule", "why"]
