"""Opens forms in the order of time: those that are sure first, then event by event what the schedule expects by now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time

from engine.expressions.frames import Node
from engine.expressions.scopes import EVENT, Scope
from engine.model.metadata_version import StudyEventDef
from engine.records.evaluation import PlannedEvent
from engine.records.schedule import Calendar
from engine.synthesis.draft import Chooser, Draft
from engine.synthesis.plan import event_key, is_sure
from engine.synthesis.samples import at_local

_ROUNDS = 6  # an event may bring about another one that stands before it


def make_forms(draft: Draft, chooser: Chooser) -> None:
    """Open and fill all forms that are due, in all instances of containers that there are to be."""
    patient = draft.tree.of(draft.plan.registry.scopes.containers["patient"])[0]
    draft.open_first(patient)
    draft.fill(chooser)
    for _ in range(_ROUNDS):
        if not _complete(draft, patient, chooser):
            if not draft.waits:
                return
            draft.waits = False  # what was waited for does not come
            draft.fill(chooser)


def _complete(draft: Draft, instance: Node, chooser: Chooser) -> int:
    """Complete what stands in an instance, one after the other, then its own events; how much was opened."""
    opened = 0
    for scope in instance.scope.children.values():
        if scope.kind == "container":
            wanted = draft.wanted.get((instance.key, scope.id), 0)
            for number in range(wanted):
                if number:
                    opened += _open_next(draft, instance, scope, number, chooser)
                opened += _complete(draft, instance.kids[scope.id][number], chooser)
    return opened + open_due(draft, chooser, instance=instance)


def _open_next(draft: Draft, parent: Node, scope: Scope, number: int, chooser: Chooser) -> int:
    """The next instance, if it is not there yet: the one before tells when it begins."""
    if len(parent.kids[scope.id]) > number:
        return 0
    draft.open_instance(parent, scope)
    draft.fill(chooser)
    return 1


def open_due(draft: Draft, chooser: Chooser, most: int | None = None, *, instance: Node | None = None) -> int:
    """Open what is due now, event by event; how many occurrences there were. Beyond `most` nothing more is filled.

    Args:
        instance: of which alone events are looked at.
    """
    opened = 0
    for rules in draft.plan.registry.events.values():
        for node in tuple(draft.tree.of(rules.scope)):
            if instance is not None and node is not instance:
                continue
            found = 0
            for planned in list(_due(draft, node, rules.event)):
                found += _open(draft, node, rules.event, planned, chooser)
                if most is not None and opened + found > most:
                    return opened + found
            opened += found
            if found:
                draft.fill(chooser)
    return opened


def _due(draft: Draft, instance: Node, event: StudyEventDef) -> Iterator[PlannedEvent]:
    """The occurrences of an event that take place and are not there yet."""
    held = {node.number for node in instance.kids.get(EVENT, ()) if node.event == event.id}
    place = (instance.key, f"/{event.id}")
    drawn = draft.plan.distribution.events.get(event.id)
    if (event.repeats or event.every is not None) and not draft.is_told(event_key(event.id), instance):
        return
    if event.repeats:
        if place in draft.decided:
            return
        draft.decided.add(place)
        count = drawn(draft.frame(instance), draft.draw) if drawn is not None else draft.draw.randint(0, 1)
        for number in range(len(held) + 1, int(count or 0) + 1):
            yield PlannedEvent(event.id, number, None, (None, None), "due")
        return
    rules = draft.plan.registry.events[event.id]
    for planned in list(Calendar.of(draft.plan.program, draft.tree, instance, rules).occurrences()):
        if planned.number in held or planned.state == "cancelled" or _is_later(draft, planned):
            continue
        if drawn is not None:
            place = (instance.key, f"/{event.id}/{planned.number}")
            if place in draft.decided or not drawn(draft.frame(instance), draft.draw):
                draft.decided.add(place)
                continue
        elif planned.state == "optional":
            continue
        yield planned


def _is_later(draft: Draft, planned: PlannedEvent) -> bool:
    """Whether it is only to come."""
    day = planned.date or planned.window[0]
    return planned.state != "done" and day is not None and day > draft.tree.world.today


def _open(draft: Draft, instance: Node, event: StudyEventDef, planned: PlannedEvent, chooser: Chooser) -> bool:
    """Open the forms of an occurrence, and fill its own: the next one follows it. Whether one was not there yet."""
    forms = draft.plan.registry.model.forms
    per_event = [form for form in event.forms if forms[form].per_event]
    shared = [form for form in event.forms if not forms[form].per_event]
    missing = [form for form in shared if not _home(draft, instance, form).kids.get(form)]
    if not per_event and not missing and not event.repeats:
        return False
    clock = draft.clock
    if planned.date is not None and not is_sure(event):
        clock = draft.clock = at_local(min(planned.date, draft.tree.world.today), time(10, 0)) or clock
    for form in missing:
        draft.open_form(_home(draft, instance, form), form)
    if per_event or event.repeats:
        occurrence = draft.open_event(instance, event.id, planned.number)
        draft.clocks[occurrence.key], draft.days[occurrence.key] = clock, planned.date
        for form in per_event:
            draft.open_form(occurrence, form)
        if per_event and (event.repeats or event.every is not None):
            draft.fill_within(occurrence, chooser)
    return True


def _home(draft: Draft, instance: Node, form: str) -> Node:
    """The container instance that holds a form, seen from one that has its event."""
    wanted = draft.plan.registry.scopes.forms[form].parent
    return next((node for node in instance.outwards() if node.scope is wanted), instance)


__all__ = ["make_forms", "open_due"]
