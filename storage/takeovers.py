"""Requests of a hospital to see a patient of another one: asked without knowing of whom, decided by whoever has the patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, exists, insert, or_, select, update
from sqlalchemy.sql import ColumnElement

from storage.access import Actor, add_access, grants, visible_subjects, whole_records
from storage.audit import AuditEntry, append_entry, site_stream, subject_stream
from storage.database import Acting, Database
from storage.desks import Desk
from storage.errors import DecidedMeanwhile, NotFound
from storage.locking import lock_subject
from storage.my_day import enough, task
from storage.slots import utc
from storage.subjects import enrol_in
from storage.tables import access, enrolment, instance, site, takeover_request

GRANTED, REFUSED = "granted", "refused"
_MOST = 100  # requests that a page shows


@dataclass(frozen=True, slots=True)
class Takeover:
    """A request. Whoever asked sees the pseudonym once it is granted; whoever decides sees the own one, and who asks."""

    id: int
    pseudonym: str
    site: str
    asked_by: str
    asked_at: datetime
    reason: str
    decision: str
    decided_at: datetime | None
    answer: str


def ask_takeover(database: Database, actor: Actor, subject: int, *, prefix: str, reason: str, at: datetime) -> bool:
    """Ask whoever has a person's record to let the actor's hospital see it; False where it asked already.

    Raises NotFound without a hospital.
    """
    if actor.site is None:
        raise NotFound("hospital", actor.site)
    own = (takeover_request.c.subject_id == subject, takeover_request.c.site_id == actor.site)
    waiting = select(takeover_request.c.id).where(
        *own, takeover_request.c.registry == actor.registry, takeover_request.c.decision.is_(None)
    )
    with database.write() as connection:
        if connection.execute(waiting).first() is not None:
            return False
        row = {
            "subject_id": subject, "site_id": actor.site, "registry": actor.registry, "prefix": prefix,
            "asked_by": actor.name, "asked_at": utc(at), "reason": reason, "answer": "",
        }  # fmt: skip
        connection.execute(insert(takeover_request), row)
        # In the stream of the hospital that asks: the patient's is not its to read or to go on with; the decision stands there.
        body = {"site": actor.site, "registry": actor.registry, "takeover": subject}
        stream = site_stream(actor.site)
        append_entry(connection, AuditEntry(stream, "takeover_asked", actor.name, at, actor.channel, body, reason))
        return True


def decide_takeover(database: Database, actor: Actor, request: int, *, grant: bool, answer: str, at: datetime) -> None:
    """Grant a request or refuse it.

    Raises:
        NotFound: it is none that the actor decides.
        DecidedMeanwhile: somebody has decided.
    """
    with database.write() as connection:
        row = connection.execute(_to_decide(actor, at).where(takeover_request.c.id == request)).one_or_none()
        if row is None:
            raise NotFound("take-over request", request)
        lock_subject(connection, row.subject_id)
        decided = update(takeover_request).where(
            takeover_request.c.id == request, takeover_request.c.decision.is_(None)
        )
        values = {
            "decision": GRANTED if grant else REFUSED, "decided_by": actor.name, "decided_at": utc(at), "answer": answer,
        }  # fmt: skip
        if connection.execute(decided.values(values)).rowcount != 1:
            known = select(takeover_request.c.decided_by, takeover_request.c.decision)
            before = connection.execute(known.where(takeover_request.c.id == request)).one_or_none()
            raise DecidedMeanwhile(*(each or "" for each in before or ("",)))
        body: dict[str, Any] = {"site": row.site_id, "registry": row.registry, "asked_by": row.asked_by}
        if grant:
            known = select(enrolment.c.number).filter_by(subject_id=row.subject_id, registry=row.registry)
            if connection.execute(known).first() is not None:
                add_access(connection, row.subject_id, row.site_id, row.registry, utc(at))
            else:  # a person of another registry alone
                asker = Actor(actor.account, row.asked_by, row.registry, row.site_id)
                with database.meanwhile(connection, Acting(row.site_id, row.registry, at)):
                    body["pseudonym"] = enrol_in(connection, asker, row.subject_id, row.prefix, at)
        append_entry(connection, _entry(actor, row.subject_id, f"takeover_{values['decision']}", body, answer, at))


def takeovers_to_decide(database: Database, actor: Actor, *, at: datetime) -> tuple[Takeover, ...]:
    """The open requests for patients of the actor's hospital, the oldest first; of a registry's keeper all."""
    query = _open(actor, at).add_columns(enrolment.c.pseudonym, site.c.name)
    query = query.join(site, site.c.id == takeover_request.c.site_id)
    with database.read() as connection:
        rows = connection.execute(query.order_by(takeover_request.c.asked_at).limit(_MOST))
        return tuple(_read(row, row.pseudonym) for row in rows)


def own_takeovers(database: Database, actor: Actor, *, at: datetime) -> tuple[Takeover, ...]:
    """What the actor's hospital asked for, the newest first."""
    seen = and_(
        enrolment.c.subject_id == takeover_request.c.subject_id,
        enrolment.c.registry == takeover_request.c.registry,
        takeover_request.c.decision == GRANTED,
        visible_subjects(actor, at),
    )
    query = (
        select(takeover_request, enrolment.c.pseudonym, site.c.name)
        .select_from(takeover_request.join(site, site.c.id == takeover_request.c.site_id).outerjoin(enrolment, seen))
        .where(takeover_request.c.site_id == actor.site, takeover_request.c.registry == actor.registry)
        .order_by(takeover_request.c.asked_at.desc())
        .limit(_MOST)
    )
    with database.read() as connection:
        return tuple(_read(row, row.pseudonym or "") for row in connection.execute(query))


def requests(desk: Desk) -> Select[Any]:
    """The open requests, as tasks of whoever decides."""
    asked = takeover_request.c
    patient = and_(instance.c.subject_id == asked.subject_id, instance.c.parent_id.is_(None))
    found = task(asked.subject_id, instance.c.id, asked.asked_at)
    wanted = asked.id.in_(_open(desk.actor, desk.at).with_only_columns(asked.id))
    return enough(found.select_from(takeover_request.join(instance, patient)).where(wanted), asked.asked_at)


def _open(actor: Actor, at: datetime) -> Select[Any]:
    """Requests that nobody has decided, of those that the actor decides."""
    return _to_decide(actor, at).where(takeover_request.c.decision.is_(None))


def _to_decide(actor: Actor, at: datetime) -> Select[Any]:
    """Requests of other hospitals, decided or not, for patients whose whole record the actor sees here.

    Those from another registry as long as nobody there has the person: then it is for them to decide. Of one that is
    decided, nobody had the person then: to grant it is to enrol the person.
    """
    asked, there = takeover_request.c, enrolment.alias("there")
    enrolled = and_(enrolment.c.subject_id == asked.subject_id, enrolment.c.registry == actor.registry)
    holds: ColumnElement[bool] = asked.registry == actor.registry
    if actor.site is not None:
        whole = exists().where(access.c.subject_id == asked.subject_id, whole_records(actor), grants(actor, at))
        before = or_(asked.decided_at.is_(None), there.c.enrolled_at < asked.decided_at)
        taken = exists().where(there.c.subject_id == asked.subject_id, there.c.registry == asked.registry, before)
        here = and_(asked.registry == actor.registry, asked.site_id != actor.site)
        holds = and_(or_(here, and_(asked.registry != actor.registry, ~taken)), whole)
    joined = takeover_request.join(enrolment, enrolled)
    return select(takeover_request).select_from(joined).where(holds)


def _read(row: Row[Any], pseudonym: str) -> Takeover:
    return Takeover(
        row.id,
        pseudonym,
        row.name,
        row.asked_by,
        row.asked_at,
        row.reason,
        row.decision or "",
        row.decided_at,
        row.answer,
    )


def _entry(actor: Actor, subject: int, kind: str, body: dict[str, Any], reason: str, at: datetime) -> AuditEntry:
    return AuditEntry(subject_stream(subject), kind, actor.name, at, actor.channel, body, reason, subject)


__all__ = [
    "GRANTED", "REFUSED", "Takeover", "ask_takeover", "decide_takeover", "own_takeovers", "requests", "takeovers_to_decide",
]  # fmt: skip
