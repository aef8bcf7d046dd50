"""Requests to unlock a form: somebody asks and says why, somebody who may lock decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, insert, or_, select, update

from storage.access import Actor, require_access
from storage.audit import append_entry
from storage.database import Database
from storage.desks import Desk
from storage.errors import NotFound, ReasonNeeded
from storage.form_index import Registry
from storage.my_day import enough, task
from storage.opened_forms import Deed, form_at, open_structure
from storage.slots import utc
from storage.states import State
from storage.structure import FormRow, Place
from storage.tables import enrolment, form_instance, occurrence, unlock_request
from storage.together import Part, alone
from storage.visible_forms import FORMS, visible_forms

WAITS, GRANTED, REFUSED = "waits", "granted", "refused"  # how a request stands
TOLD = timedelta(days=7)  # so long whoever asked is told of the decision


@dataclass(frozen=True, slots=True)
class UnlockRequest:
    """A request; nobody decided on it as long as `decided_at` is none."""

    id: int
    subject: int
    pseudonym: str  # '' of a hospital's own records
    form: int
    place: Place
    who: str
    at: datetime
    reason: str
    decided_at: datetime | None
    decided_by: str
    granted: bool
    answer: str


def ask_unlock(database: Database, registry: Registry, deed: Deed, place: Place) -> None:
    """Ask that a locked form be unlocked, with a reason; asked twice by one person it stays one request.

    Raises NotVisible, NotFound and ReasonNeeded.
    """
    with database.write() as connection:
        form = _locked(connection, registry, deed, place)
        mine = (unlock_request.c.form_id == form.id, unlock_request.c.account_id == deed.actor.account)
        asked = select(unlock_request.c.id).where(*mine, unlock_request.c.decided_at.is_(None))
        if connection.execute(asked).first() is not None:
            return
        actor = deed.actor
        row = {
            "form_id": form.id, "registry": actor.registry, "account_id": actor.account, "who": actor.name,
            "at": utc(deed.at), "reason": deed.reason,
        }  # fmt: skip
        connection.execute(insert(unlock_request), row)
        append_entry(connection, deed.entry("unlock_asked", form))


def refuse_unlock(database: Database, registry: Registry, deed: Deed, place: Place) -> None:
    """Leave a form locked, and say why; to grant a request is to unlock the form.

    Raises NotVisible, NotFound and ReasonNeeded.
    """
    with database.write() as connection:
        form = _locked(connection, registry, deed, place)
        if close_requests(connection, form.id, deed, granted=False):
            append_entry(connection, deed.entry("unlock_refused", form))


def close_requests(connection: Connection, form: int, deed: Deed, *, granted: bool) -> int:
    """Decide on the open requests for a form, whose subject is locked; returns how many there were."""
    decided = {"decided_at": utc(deed.at), "decided_by": deed.actor.name, "granted": granted, "answer": deed.reason}
    which = (unlock_request.c.form_id == form, unlock_request.c.decided_at.is_(None))
    return connection.execute(update(unlock_request).where(*which).values(decided)).rowcount


def unlocks_to_decide(desk: Desk) -> Select[Any]:
    """The open requests for forms that the actor may see, as tasks of whoever decides."""
    return _tasks(desk, unlock_request.c.decided_at.is_(None))


def own_unlocks(desk: Desk) -> Select[Any]:
    """The actor's own requests: those that wait, and for a week those that were decided."""
    asked = unlock_request.c
    fresh = or_(asked.decided_at.is_(None), asked.decided_at > utc(desk.at) - TOLD)
    return _tasks(desk, and_(asked.account_id == desk.actor.account, fresh))


def _tasks(desk: Desk, wanted: ColumnElement[bool]) -> Select[Any]:
    asked, form, held = unlock_request.c, form_instance.c, occurrence.c
    state = case((asked.decided_at.is_(None), WAITS), (asked.granted.is_(True), GRANTED), else_=REFUSED)
    found = task(
        form.subject_id, form.instance_id, func.coalesce(asked.decided_at, asked.at), form=form.form, event=held.event,
        number=held.number, record=form.record, state=state,
    )  # fmt: skip
    joined = FORMS.join(unlock_request, form.id == asked.form_id).outerjoin(occurrence, held.id == form.occurrence_id)
    mine = (asked.registry == desk.actor.registry, visible_forms(desk.actor, desk.at), wanted)
    return enough(found.select_from(joined).where(*mine), asked.id)


def requests_for(
    database: Database, actor: Actor, subject: int, form: int, *, at: datetime
) -> tuple[UnlockRequest, ...]:
    """All requests for one form, the newest first."""
    with database.read() as connection:
        require_access(connection, actor, subject, at)
        return alone(connection, requests_about(subject, form))


def requests_about(subject: int, form: int) -> Part[tuple[UnlockRequest, ...]]:
    """The same of a subject that the actor was found to see."""
    mine = (form_instance.c.subject_id == subject, unlock_request.c.form_id == form)
    query = _COLUMNS.where(*mine).order_by(unlock_request.c.id.desc())
    return Part(query, lambda rows: tuple(map(_request, rows)))


def _locked(connection: Connection, registry: Registry, deed: Deed, place: Place) -> FormRow:
    form = form_at(open_structure(connection, registry, deed), place)
    if form.state != State.LOCKED:
        raise NotFound("locked form", form.id)
    if not deed.reason.strip():
        raise ReasonNeeded(form.state)
    return form


def _request(row: Any) -> UnlockRequest:
    place = Place(row.instance_id, row.form, row.occurrence_id, row.record)
    return UnlockRequest(
        row.id, row.subject_id, row.pseudonym or "", row.form_id, place, row.who, row.at, row.reason, row.decided_at,
        row.decided_by or "", bool(row.granted), row.answer or "",
    )  # fmt: skip


_HERE = and_(enrolment.c.subject_id == form_instance.c.subject_id, enrolment.c.registry == unlock_request.c.registry)
_COLUMNS = select(
    unlock_request,
    form_instance.c.subject_id,
    form_instance.c.instance_id,
    form_instance.c.form,
    form_instance.c.occurrence_id,
    form_instance.c.record,
    enrolment.c.pseudonym,
).select_from(FORMS.join(unlock_request, form_instance.c.id == unlock_request.c.form_id).outerjoin(enrolment, _HERE))

__all__ = [
    "GRANTED", "REFUSED", "WAITS", "UnlockRequest", "ask_unlock", "close_requests", "own_unlocks", "refuse_unlock",
    "requests_about", "requests_for", "unlocks_to_decide",
]  # fmt: skip
