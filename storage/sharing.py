"""Which hospitals see a patient or an episode, from when to when; given to one more, and taken back. Each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, insert, or_, select, update

from storage.access import Actor, visible_instances
from storage.audit import AuditEntry, append_entry, subject_stream
from storage.database import Database
from storage.errors import NotFound, NotVisible
from storage.idempotency import answer_claim, claim, was_used
from storage.locking import lock_subject
from storage.slots import utc
from storage.tables import access, instance, site


@dataclass(frozen=True, slots=True)
class Grant:
    """What a hospital sees: the whole record (no part), or an episode; from when, and until when where that is known."""

    id: int
    site: int
    name: str
    part: int | None
    container: str
    number: int
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Share:
    """To whom what is given, why, and until when; `leaving`: the hospital that gives it does not see the record any more."""

    site: int
    part: int | None
    reason: str
    until: datetime | None = None
    leaving: bool = False
    key: str = ""  # under which it is done once; of the page


def grants_of(database: Database, actor: Actor, subject: int, *, at: datetime) -> tuple[Grant, ...]:
    """Who sees a subject now or later, in the actor's registry. Raises NotVisible unless the actor sees the whole record."""
    query = (
        select(
            access.c.id, access.c.site_id, site.c.name, access.c.instance_id, instance.c.container, instance.c.number,
            access.c.starts_at, access.c.ends_at,
        )
        .select_from(access.join(site, site.c.id == access.c.site_id).outerjoin(instance, instance.c.id == access.c.instance_id))
        .where(access.c.subject_id == subject, access.c.registry == actor.registry, access.c.unit_id.is_(None))
        .where(or_(access.c.ends_at.is_(None), access.c.ends_at > utc(at)))
        .order_by(access.c.starts_at, access.c.id)
    )  # fmt: skip
    with database.read() as connection:
        if visible_instances(connection, actor, subject, at) is not None:
            raise NotVisible(subject)
        return tuple(
            Grant(row[0], row[1], row[2], row[3], row[4] or "", row[5] or 0, *row[6:])
            for row in connection.execute(query)
        )


def share(database: Database, actor: Actor, subject: int, given: Share, *, at: datetime) -> None:
    """Let another hospital see a whole record or an episode.

    Raises NotVisible unless the actor sees the whole record, and NotFound where there is no such hospital or episode.
    """
    episode = (
        instance.c.id == given.part, instance.c.subject_id == subject, instance.c.registry == actor.registry,
        instance.c.parent_id.is_not(None), instance.c.part_id.is_(None),
    )  # fmt: skip
    with database.write() as connection:
        if given.key:
            if claim(connection, actor.account, _claimed(given.key), at) is not None:
                return
            answer_claim(connection, actor.account, _claimed(given.key), {})
        lock_subject(connection, subject)
        if visible_instances(connection, actor, subject, at) is not None:
            raise NotVisible(subject)
        if given.site == actor.site or connection.execute(select(site.c.id).filter_by(id=given.site)).first() is None:
            raise NotFound("hospital", given.site)
        if given.part is not None and connection.execute(select(instance.c.id).where(*episode)).first() is None:
            raise NotFound("episode", given.part)
        row = {
            "subject_id": subject, "instance_id": given.part, "site_id": given.site, "registry": actor.registry,
            "starts_at": utc(at), "ends_at": utc(given.until) if given.until is not None else None,
        }  # fmt: skip
        connection.execute(insert(access), row)
        body: dict[str, object] = {"grant": [given.site, actor.registry, given.part], "until": str(given.until or "")}
        leaving = given.leaving and given.part is None and actor.site is not None
        if leaving:
            body["end"] = [actor.site, actor.registry]
        append_entry(connection, _entry(actor, subject, body, given.reason, at))
        if leaving:  # last: from then on the hospital writes no more of the patient
            own = (access.c.subject_id == subject, access.c.site_id == actor.site, access.c.registry == actor.registry)
            lasting = or_(access.c.ends_at.is_(None), access.c.ends_at > utc(at))
            connection.execute(update(access).where(*own, lasting).values(ends_at=utc(at)))


def was_shared(database: Database, actor: Actor, key: str) -> bool:
    """Whether the actor gave something under a key before: who handed a record over sees no more of it."""
    with database.read() as connection:
        return was_used(connection, actor.account, _claimed(key))


def _claimed(key: str) -> str:
    return f"share:{key}"


def take_back(database: Database, actor: Actor, subject: int, grant: int, *, reason: str, at: datetime) -> None:
    """End what another hospital sees. Raises NotVisible unless the actor sees the whole record, and NotFound when it is over."""
    mine = and_(access.c.id == grant, access.c.subject_id == subject, access.c.registry == actor.registry)
    held = and_(mine, access.c.unit_id.is_(None), or_(access.c.ends_at.is_(None), access.c.ends_at > utc(at)))
    with database.write() as connection:
        lock_subject(connection, subject)
        if visible_instances(connection, actor, subject, at) is not None:
            raise NotVisible(subject)
        row = connection.execute(select(access).where(held)).one_or_none()
        if row is None or row.site_id == actor.site:
            raise NotFound("grant", grant)
        connection.execute(update(access).where(held).values(ends_at=utc(at)))
        body: dict[str, object] = {"end": [row.site_id, actor.registry, row.instance_id]}
        append_entry(connection, _entry(actor, subject, body, reason, at))


def _entry(actor: Actor, subject: int, body: dict[str, object], reason: str, at: datetime) -> AuditEntry:
    return AuditEntry(subject_stream(subject), "access", actor.name, at, actor.channel, body, reason, subject)


__all__ = ["Grant", "Share", "grants_of", "share", "take_back", "was_shared"]
