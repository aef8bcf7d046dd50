"""Requests to unlock a form: somebody asks and says why, somebody who may lock decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, insert, select, update

from storage.access import Actor, require_access
from storage.audit import append_entry
from storage.database import Database
from storage.errors import NotFound, ReasonNeeded
from storage.form_index import Registry
from storage.opened_forms import Deed, form_at, open_structure
from storage.slots import utc
from storage.states import State
from storage.structure import FormRow, Place
from storage.tables import enrolment, form_instance, unlock_request
from storage.visible_forms import FORMS, visible_forms


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


def unlock_requests(
    database: Database, actor: Actor, *, at: datetime, first: int = 0, size: int = 25
) -> tuple[UnlockRequest, ...]:
    """The open requests for forms that the actor may see, the oldest first, in one statement."""
    open_ = (
        unlock_request.c.registry == actor.registry,
        unlock_request.c.decided_at.is_(None),
        form_instance.c.withdrawal_id.is_(None),
    )
    query = _COLUMNS.where(*open_, visible_forms(actor, at)).order_by(unlock_request.c.id).limit(size).offset(first)
    with database.read() as connection:
        return tuple(map(_request, connection.execute(query)))


def requests_for(
    database: Database, actor: Actor, subject: int, form: int, *, at: datetime
) -> tuple[UnlockRequest, ...]:
    """All requests for one form, the newest first."""
    mine = (form_instance.c.subject_id == subject, unlock_request.c.form_id == form)
    with database.read() as connection:
        require_access(connection, actor, subject, at)
        return tuple(map(_request, connection.execute(_COLUMNS.where(*mine).order_by(unlock_request.c.id.desc()))))


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

__all__ = ["UnlockRequest", "ask_unlock", "close_requests", "refuse_unlock", "requests_for", "unlock_requests"]
