"""'My day': what waits for whoever fills in and coordinates, or looks after people, the most pressing first. One row of SOURCES a kind of task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from engine.datatypes.local_time import to_local
from engine.datatypes.words import date_text
from engine.model.metadata_version import MetaDataVersion
from storage.closing import closings_that_stand
from storage.desks import Desk
from storage.help_list import help_answers, help_questions, help_technical
from storage.my_day import (
    MOST,
    Source,
    Task,
    Waiting,
    drafts,
    due,
    hospital_days,
    open_queries,
    overdue,
    to_complete,
    warnings,
    what_waits,
)
from storage.people_tasks import access_requests, invitations, locked_out
from storage.states import Action
from storage.takeovers import requests
from storage.unlocking import GRANTED, REFUSED, WAITS, own_unlocks, unlocks_to_decide
from storage.waiting import waits_for
from storage.wardless import wardless
from web.discretion import unseen_by
from web.pages import render
from web.permissions import needs
from web.places import Spot, event_form_spot
from web.roles import Permission, allows
from web.shut import Shut
from web.titles import event_title, form_words
from web.workspace import Visit, has, version_of, visit, workspace

my_day = Blueprint("my_day", __name__, url_prefix="/<registry>/day")


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of task: who has it, where it is found, and how it is shown. Its words are `day_`, `day_verb_` and its key."""

    key: str
    permission: Permission
    source: Source
    sign: str  # of the status signs
    narrowed: str = ""  # the list of patients with all of them
    of_form: str = "forms.show"  # the page of a form where each of them is done
    address: Callable[[str, Task], str] | None = None  # where one is done in a registry, if not in its form
    doer: Permission | None = None  # who lacks it sees what waits, but is not told to do it
    listed: str = ""  # the page of their own where all of them are, and many are done at once
    saves: bool = False  # it is done by saving a form, which nobody does in a frozen registry
    unless: Permission | None = None  # whoever holds it has these among the tasks of another row


def _to_requests(registry: str, _task: Task) -> str:
    return url_for("known.requests", registry=registry)


def _to_wards(registry: str, _task: Task) -> str:
    return url_for("wardless.show", registry=registry)


def _to_people(registry: str, _task: Task) -> str:
    return url_for("people.listed", registry=registry)


def _to_person(registry: str, task: Task) -> str:
    return url_for("people.show", registry=registry, person=task.number)


def _to_own_request(_registry: str, task: Task) -> str:
    return url_for("help_requests.show", number=task.number)


def _to_request(registry: str, task: Task) -> str:
    return url_for("help_centre.show", registry=registry, number=task.number)


SOURCES = (
    Row("overdue", Permission.READ, overdue, "overdue", "overdue", doer=Permission.ENTER, saves=True),
    Row("due", Permission.READ, due, "due", "due", doer=Permission.ENTER, saves=True),
    Row("drafts", Permission.ENTER, drafts, "draft", saves=True),
    Row("warnings", Permission.ENTER, warnings, "warnings", saves=True),
    Row("to_complete", Permission.ENTER, to_complete, "missing", saves=True),
    Row("queries", Permission.ANSWER, open_queries, "query"),
    Row("requests", Permission.SHARE, requests, "query", address=_to_requests),
    Row("wardless", Permission.SHARE, wardless, "missing", address=_to_wards),
    Row("unlocks", Permission.LOCK, unlocks_to_decide, "query", of_form="form_states.show"),
    Row("own_unlocks", Permission.ENTER, own_unlocks, "query", of_form="form_states.show"),
    Row(
        "reviews",
        Permission.REVIEW,
        waits_for(Action.REVIEW),
        "complete",
        of_form="form_states.show",
        listed="waiting.show",
        unless=Permission.SIGN,
    ),
    Row(
        "signatures",
        Permission.SIGN,
        waits_for(Action.SIGN),
        "reviewed",
        of_form="form_states.show",
        listed="waiting.show",
    ),
    Row("access_requests", Permission.PEOPLE, access_requests, "query", address=_to_people),
    Row("locked_out", Permission.PEOPLE, locked_out, "warnings", address=_to_person),
    Row("help_technical", Permission.HELP_TECHNICAL, help_technical, "query", address=_to_request),
    Row("invitations", Permission.PEOPLE, invitations, "missing", address=_to_people),
    Row("help_answers", Permission.DAY, help_answers, "query", address=_to_own_request),
    Row("help_questions", Permission.HELP_SUBSTANTIVE, help_questions, "query", address=_to_request),
)
STATES = {
    WAITS: "query",
    GRANTED: "complete",
    REFUSED: "missing",
}  # of a task that tells how it stands: its status sign


def rows_for(role: str) -> tuple[Row, ...]:
    """The kinds of task that a role has."""
    return tuple(
        row for row in SOURCES if allows(role, row.permission) and not (row.unless and allows(role, row.unless))
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A task in words."""

    who: str
    what: str
    event: str
    sign: str
    when: str
    href: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The tasks of a kind: the first of them, and how many there are."""

    row: Row
    number: str
    verb: str  # of the link to each of them
    lines: tuple[Line, ...]
    more: str = ""  # where all of them are


@my_day.get("")
@needs(Permission.DAY)
def show(registry: str) -> ResponseReturnValue:
    """What waits today."""
    one, space, version = visit(), workspace(), version_of(registry)
    model = version.registry.model
    mine = {row.key: row for row in rows_for(one.actor.role)}
    desk = Desk(one.actor, one.now, space.database.dialect, unseen_by(version.registry, one.actor))
    found = what_waits(space.database, desk, {key: row.source for key, row in mine.items()})
    shut = Shut(closings_that_stand(space.database, registry))
    sheets = [_sheet(one, model, row, found[key], frozen=shut.frozen is not None) for key, row in mine.items()]
    held = [each for each in one.memberships if each.registry == registry and each.unit is None]
    sites = {each.site for each in held if each.site is not None and has(one, each, Permission.READ)}
    several = len(sites) > 1
    return render(
        "my_day.html", registry=registry, sheets=sheets, one=one, today=date_text(to_local(one.now).date(), one.language),
        title=model.title.get(one.language, version.name), may_register=allows(one.actor.role, Permission.REGISTER) and not shut.frozen,
        shut=shut.notices(one) if any(row.saves for row in mine.values()) else (), may_read=allows(one.actor.role, Permission.READ),
        hospitals=hospital_days(space.database, registry, sites, at=one.now) if several else (),
    )  # fmt: skip


def number_text(total: int) -> str:
    """How many tasks there are, as it is shown: they are counted so far."""
    return f"{MOST}+" if total > MOST else str(total)


def _sheet(one: Visit, model: MetaDataVersion, row: Row, waiting: Waiting, *, frozen: bool) -> Sheet:
    registry = one.actor.registry
    lines = tuple(_lines(one, model, row, waiting))
    narrowed = row.narrowed and waiting.total > len(lines)
    more = url_for("patients.listed", registry=registry, waiting=row.narrowed, order="due") if narrowed else ""
    more = url_for(row.listed, registry=registry) if row.listed else more
    does = row.doer is None or allows(one.actor.role, row.doer)
    verb = row.key if does and not (frozen and row.saves) else "see"
    return Sheet(row, number_text(waiting.total), one.words(f"day_verb_{verb}"), lines, more)


def _lines(one: Visit, model: MetaDataVersion, row: Row, waiting: Waiting) -> Iterator[Line]:
    for task in waiting.tasks:
        if row.address is not None:
            what = one.words(f"day_what_{row.key}", number=task.number, about=task.about)
            yield Line(task.pseudonym, what, "", row.sign, _when(one, row, task), row.address(one.actor.registry, task))
            continue
        spot = _spot(model, task)
        if spot is not None:
            known = task.event in model.events
            event = event_title(model, task.event, task.number, one.language) if known else ""
            form = form_words(model, spot.form, one.language) if task.form else ""
            href = url_for(row.of_form, registry=one.actor.registry, who=task.pseudonym, spot=str(spot))
            sign = STATES.get(task.state, row.sign)
            yield Line(task.pseudonym, form or event, event if form else "", sign, _when(one, row, task), href)


def _spot(model: MetaDataVersion, task: Task) -> Spot | None:
    """The form of a task: of an event its first; None where this version knows no such form."""
    event = model.events.get(task.event)
    form = task.form or (event.forms[0] if event is not None and event.forms else "")
    if form not in model.forms:
        return None
    if event is not None:
        return event_form_spot(model.forms[form], task.instance, task.event, task.number)
    return Spot(task.instance, form, task.record)


def _when(one: Visit, row: Row, task: Task) -> str:
    """Until when; of what has no end, since when."""
    if task.day is None:
        return ""
    if row.sign not in ("overdue", "due"):
        since = one.words("day_since", day=date_text(task.day, one.language))
        return one.words(f"day_state_{task.state}", when=since) if task.state else since
    late = (to_local(one.now).date() - task.day).days
    if late > 0:
        return one.tongue.words.count("days_late", late)
    return one.words("until", day=date_text(task.day, one.language)) if late else one.words("until_today")


__all__ = ["SOURCES", "Row", "my_day", "number_text", "rows_for"]
