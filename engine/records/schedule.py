"""The schedule: which occurrences of events a container instance is expected to have, and where each stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from engine.compiler.rules import EventRules
from engine.expressions.frames import Node
from engine.expressions.scopes import EVENT
from engine.records.evaluation import PlannedEvent
from engine.records.program import Program
from engine.records.tree import Tree

Window = tuple[date | None, date | None]


def plan(program: Program, tree: Tree, instance: Node) -> Iterator[PlannedEvent]:
    """All events of an instance: those that happened and those expected, in order of the definition."""
    for rules in program.registry.events.values():
        if rules.scope is instance.scope:
            yield from _plan_event(program, tree, instance, rules)


def _plan_event(program: Program, tree: Tree, instance: Node, rules: EventRules) -> Iterator[PlannedEvent]:
    event, runs, frame = rules.event, program.events[rules.event.id], tree.frame(instance)
    there = {node.number: node for node in instance.kids.get(EVENT, ()) if node.event == event.id}
    expected = "when" not in runs or runs["when"](frame) is True
    for number, day in _days(program, tree, instance, rules, expected, max(there, default=0)):
        node = there.get(number)
        window = _window(rules, day)
        done = (node is not None and any(kid.entered or kid.kids for kids in node.kids.values() for kid in kids)) or (
            node is None and number == 1 and _own_forms_done(instance, rules)
        )
        state = "done" if done else _state(program, tree, instance, rules, window)
        yield PlannedEvent(event.id, number, node.day if node and node.day else day, window, state)


def _own_forms_done(instance: Node, rules: EventRules) -> bool:
    """Whether a form of the container that this event alone collects was entered."""
    return any(
        node.entered or node.kids
        for form in rules.event.forms
        for node in instance.kids.get(form, ())
        if node.scope.events == (rules.event.id,)
    )


def _days(
    program: Program, tree: Tree, instance: Node, rules: EventRules, expected: bool, held: int
) -> Iterator[tuple[int, date | None]]:
    """Numbers and target days of the occurrences: those held, and those expected besides."""
    runs, frame, event = program.events[rules.event.id], tree.frame(instance), rules.event
    if event.every is not None and expected:
        start, stop = runs["start"](frame), runs["stop"](frame)
        count = 0
        if start is not None and stop is not None and stop >= start:
            count = min((stop - start).days // event.every.days + 1, event.every.limit)
        for number in range(1, max(count, held) + 1):
            yield number, start + timedelta(days=event.every.days * (number - 1)) if start is not None else None
        return
    anchor = runs["after"](frame) if "after" in runs else None
    day = anchor + timedelta(days=event.day or 0) if anchor is not None else None
    planned = 1 if expected and not event.repeats else 0
    for number in range(1, max(planned, held) + 1):
        yield number, day if number == 1 or not event.repeats else None


def _window(rules: EventRules, day: date | None) -> Window:
    """The window in days from the anchor, or the target day alone."""
    event = rules.event
    if day is None:
        return None, None
    if event.window is None:
        return day, day
    anchor = day - timedelta(days=event.day or 0)
    low, high = event.window
    return (
        None if low is None else anchor + timedelta(days=low),
        None if high is None else anchor + timedelta(days=high),
    )


def _state(program: Program, tree: Tree, instance: Node, rules: EventRules, window: Window) -> str:
    runs, frame, today = program.events[rules.event.id], tree.frame(instance), tree.world.today
    if "cancel" in runs and runs["cancel"](frame) is True:
        return "cancelled"
    if "optional" in runs and runs["optional"](frame) is True:
        return "optional"
    low, high = window
    if low is not None and today < low:
        return "planned"
    if high is not None and today > high:
        return "overdue"
    return "due" if low is not None or high is not None else "planned"
