"""What people decide about the schedule: that an event did not take place, and one more event on a day that they name."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from storage.errors import NotFound
from storage.form_data import load_subject
from storage.schedule import Decision, Occasion, decide_event
from storage.subjects import add_occurrence
from web.entry import subject_of
from web.permissions import Permission, needs
from web.places import event_form_spot
from web.workspace import version_of, visit, workspace

events = Blueprint("events", __name__, url_prefix="/<registry>/patients/<who>/events/<occasion>")
MAX_REASON = 250
_OCCASION = re.compile(r"([1-9][0-9]{0,17})\.([a-z][a-z0-9_]*)\.([1-9][0-9]{0,3})")


@events.post("/missed")
@needs(Permission.ENTER)
def missed(registry: str, who: str, occasion: str) -> ResponseReturnValue:
    """Say that an event did not take place, and why."""
    reason = " ".join(request.form.get("reason", "").split())[:MAX_REASON]
    if not reason:
        return _back(registry, who, ask=occasion)
    return _decide(registry, who, occasion, reason)


@events.post("/undo")
@needs(Permission.ENTER)
def undo(registry: str, who: str, occasion: str) -> ResponseReturnValue:
    """Take that back."""
    return _decide(registry, who, occasion, "")


def _decide(registry: str, who: str, occasion: str, reason: str) -> ResponseReturnValue:
    one, space, version = visit(), workspace(), version_of(registry)
    subject = subject_of(space.database, one.actor, who, one.now)
    decision = Decision(subject, _read(occasion), one.actor, one.now, reason)
    try:
        decide_event(space.database, version.registry, version.rules, decision)
    except NotFound:
        return _back(registry, who, changed="1")  # somebody filled it in, or the schedule moved
    return _back(registry, who)


@events.post("/add")
@needs(Permission.ENTER)
def add(registry: str, who: str, occasion: str) -> ResponseReturnValue:
    """One more time of an event that may happen at any time, on a day; on to its first form."""
    one, space, version = visit(), workspace(), version_of(registry)
    subject, (instance, event, number) = subject_of(space.database, one.actor, who, one.now), _read(occasion)
    definition = version.registry.model.events.get(event)
    record = load_subject(space.database, version.registry, one.actor, subject, one.now)
    homes = {row.id: row.container for row in record.instances}
    if definition is None or not definition.repeats or homes.get(instance) != definition.container:
        abort(404)
    try:
        day = date.fromisoformat(request.form.get("day", ""))
    except ValueError:
        return _back(registry, who, ask=occasion)
    add_occurrence(space.database, one.actor, subject, instance, event, at=one.now, day=day, number=number)
    spot = event_form_spot(version.registry.model.forms[definition.forms[0]], instance, event, number)
    return redirect(url_for("forms.show", registry=registry, who=who, spot=str(spot)), 303)


def _read(occasion: str) -> Occasion:
    match = _OCCASION.fullmatch(occasion)
    if match is None:
        abort(404)
    return Occasion(int(match[1]), match[2], int(match[3]))


def _back(registry: str, who: str, **said: str) -> ResponseReturnValue:
    return redirect(f"{url_for('patients.show', registry=registry, who=who)}?{urlencode(said)}#schedule", 303)


__all__ = ["events"]
