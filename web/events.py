"""What people decide about the schedule: that an event did not take place, and one more event on a day that they name."""

from __future__ import annotations

from datetime import date, datetime

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine.datatypes.local_time import to_local
from storage.errors import DecidedMeanwhile, NotFound
from storage.form_data import load_subject
from storage.schedule import Decision, Occasion, decide_event
from storage.subjects import add_occurrence, remove_occurrence
from web.added_events import days_allowed, is_added
from web.entry import subject_of
from web.news import News
from web.permissions import needs
from web.places import event_form_spot, read_occasion
from web.roles import Permission
from web.schedule_page import MAX_REASON
from web.typed import line_of
from web.workspace import version_of, visit, workspace

MOST_KEPT = 2000  # of a reason that is too long, to be shortened
events = Blueprint("events", __name__, url_prefix="/<registry>/patients/<who>/events/<occasion>")


@events.post("/missed")
@needs(Permission.ENTER)
def missed(registry: str, who: str, occasion: str) -> ResponseReturnValue:
    """Say that an event did not take place, and why."""
    reason = line_of("reason", MOST_KEPT)
    if not reason or len(reason) > MAX_REASON:
        wrong = "miss_long" if reason else "miss_needed"
        return _back(registry, who, News(wrong=wrong, event=occasion, typed=reason[:MOST_KEPT]))
    return _decide(registry, who, occasion, reason)


@events.post("/undo")
@needs(Permission.ENTER)
def undo(registry: str, who: str, occasion: str) -> ResponseReturnValue:
    """Take that back."""
    return _decide(registry, who, occasion, "")


def _decide(registry: str, who: str, occasion: str, reason: str) -> ResponseReturnValue:
    one, space, version = visit(), workspace(), version_of(registry)
    subject = subject_of(space.database, one.actor, who, one.now)
    decision = Decision(subject, _read(occasion), one.actor, one.now, reason, _shown())
    try:
        decide_event(space.database, version.registry, version.rules, decision)
    except NotFound:  # somebody filled it in, or the schedule moved
        return _back(registry, who, News(("event_changed",), event=occasion))
    except DecidedMeanwhile as other:
        return _back(registry, who, News(("event_decided",), event=occasion, who=other.who))
    return _back(registry, who, News(("event_is_missed" if reason else "event_is_expected",), event=occasion))


def _shown() -> datetime | None:
    """When the decision was made that stood on the page."""
    try:
        return datetime.fromisoformat(request.form.get("shown", ""))
    except ValueError:
        return None


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
    planned = version.rules.schedule(version.registry, record.tree, one.now, record.beside)
    first, last = days_allowed(version.registry.model, planned, instance, to_local(one.now).date())
    typed = request.form.get("day", "")
    day = _day(typed)
    if day is None or not first <= day <= last:
        return _back(registry, who, News(wrong="day_needed", event=occasion, typed=typed[:10]))
    there = next(
        (row for row in record.occurrences if (row.instance, row.event, row.number) == (instance, event, number)), None
    )
    if there is not None and there.day != day:
        return _back(registry, who, News(("event_there",), event=occasion))
    add_occurrence(space.database, one.actor, subject, instance, event, at=one.now, day=day, number=number)
    spot = event_form_spot(version.registry.model.forms[definition.forms[0]], instance, event, number)
    return redirect(url_for("forms.show", registry=registry, who=who, spot=str(spot)), 303)


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


@events.post("/remove")
@needs(Permission.ENTER)
def remove(registry: str, who: str, occasion: str) -> ResponseReturnValue:
    """Take an event back that somebody added and in which nothing was entered."""
    one, space, version = visit(), workspace(), version_of(registry)
    subject, (instance, event, number) = subject_of(space.database, one.actor, who, one.now), _read(occasion)
    definition = version.registry.model.events.get(event)
    if definition is None or not is_added(definition):
        abort(404)
    try:
        remove_occurrence(space.database, one.actor, subject, instance, event, number, at=one.now)
    except NotFound:
        return _back(registry, who, News(("event_filled",), event=occasion))
    return _back(registry, who, News(("event_is_not_added",), event=occasion))


def _read(occasion: str) -> Occasion:
    found = read_occasion(occasion)
    if found is None:
        abort(404)
    return found


def _back(registry: str, who: str, news: News) -> ResponseReturnValue:
    """To the patient's page, which tells it; no place in the address, so that the page may say where one goes on."""
    return redirect(url_for("patients.show", registry=registry, who=who, said=news.leave()), 303)


__all__ = ["events"]
