"""Which wards of a hospital see a patient or an episode: given by whoever sees the whole hospital's, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Select, and_, exists, false, or_, select, true, update
from sqlalchemy.sql import ColumnElement

from storage.access import Actor, add_access, grants, require_access
from storage.audit import AuditEntry, append_entry, subject_stream
from storage.database import Database
from storage.errors import NotFound, NotVisible
from storage.locking import lock_subject
from storage.slots import utc
from storage.tables import access, instance, unit
from storage.together import Part, alone


@dataclass(frozen=True, slots=True)
class WardGrant:
    """What a ward sees: an episode, or (no part) who the patient is; since when."""

    id: int
    unit: int
    name: str
    part: int | None
    container: str
    number: int
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class ToWard:
    """To which ward what is given, and why; `moved`: the other wards do not see the episode any more."""

    unit: int
    part: int
    reason: str
    moved: bool = False


def wards_of(database: Database, actor: Actor, subject: int, *, at: datetime) -> tuple[WardGrant, ...]:
    """Which wards of the actor's hospital see a subject. Raises NotVisible unless the actor sees the hospital's whole part of it."""
    query = (
        select(
            access.c.id, access.c.unit_id, unit.c.name, access.c.instance_id, instance.c.container, instance.c.number,
            access.c.starts_at,
        )
        .select_from(access.join(unit, unit.c.id == access.c.unit_id).outerjoin(instance, instance.c.id == access.c.instance_id))
        .where(_lasting(actor, subject, at))
        .order_by(access.c.starts_at, access.c.id)
    )  # fmt: skip
    with database.read() as connection:
        _require_hospital(actor, subject)
        require_access(connection, actor, subject, at)
        return tuple(
            WardGrant(row[0], row[1], row[2], row[3], row[4] or "", row[5] or 0, row[6])
            for row in connection.execute(query)
        )


def give_to_ward(database: Database, actor: Actor, subject: int, given: ToWard, *, at: datetime) -> None:
    """Let a ward see an episode. Raises NotVisible as `wards_of` does, and NotFound without such a ward or episode."""
    episode = select(instance.c.id).where(
        instance.c.id == given.part, instance.c.subject_id == subject, instance.c.registry == actor.registry,
        instance.c.parent_id.is_not(None), instance.c.part_id.is_(None),
    )  # fmt: skip
    with database.write() as connection:
        _require_hospital(actor, subject)
        lock_subject(connection, subject)
        require_access(connection, actor, subject, at, given.part)
        for what, found in (("ward", is_ward(actor, given.unit)), ("episode", episode)):
            if connection.execute(found).first() is None:
                raise NotFound(what, given)
        same = access.c.unit_id == given.unit
        ended = and_(access.c.instance_id == given.part, or_(same, true() if given.moved else false()))
        connection.execute(update(access).where(_lasting(actor, subject, at), ended).values(ends_at=utc(at)))
        put_into_ward(connection, actor, subject, given, at)


def put_into_ward(connection: Connection, actor: Actor, subject: int, given: ToWard, at: datetime) -> None:
    """The row of access and the audit's entry, for a subject whose lock is held; the caller has looked after the right to it."""
    add_access(connection, subject, actor.site or 0, actor.registry, utc(at), given.part, unit=given.unit)
    body = {"ward": [actor.site, given.unit, given.part], "moved": given.moved}
    append_entry(connection, _entry(actor, subject, body, given.reason, at))


def take_from_ward(database: Database, actor: Actor, subject: int, grant: int, *, reason: str, at: datetime) -> None:
    """End what a ward sees. Raises NotVisible as `wards_of` does, and NotFound when it is over."""
    with database.write() as connection:
        _require_hospital(actor, subject)
        lock_subject(connection, subject)
        require_access(connection, actor, subject, at)
        ended = update(access).where(_lasting(actor, subject, at), access.c.id == grant).values(ends_at=utc(at))
        row = connection.execute(ended.returning(access.c.unit_id, access.c.instance_id)).one_or_none()
        if row is None:
            raise NotFound("grant", grant)
        body = {"ward_end": [actor.site, row.unit_id, row.instance_id]}
        append_entry(connection, _entry(actor, subject, body, reason, at))


def join_ward(database: Database, actor: Actor, subject: int, *, reason: str, at: datetime) -> bool:
    """Take a patient whom one's hospital has into one's ward, without any episode; False where the hospital has no right."""
    hospital = and_(access.c.subject_id == subject, grants(_whole(actor), at))
    with database.write() as connection:
        if actor.unit is None or connection.execute(select(exists().where(hospital))).scalar_one() is not True:
            return False
        add_access(connection, subject, actor.site or 0, actor.registry, utc(at), unit=actor.unit)
        lock_subject(connection, subject)
        append_entry(connection, _entry(actor, subject, {"ward": [actor.site, actor.unit, None]}, reason, at))
        return True


def wards(database: Database, actor: Actor) -> tuple[tuple[int, str], ...]:
    """The wards of the actor's hospital, by name."""
    with database.read() as connection:
        return alone(connection, wards_part(actor))


def wards_part(actor: Actor) -> Part[tuple[tuple[int, str], ...]]:
    """The same, as part of something larger."""
    own = select(unit.c.id, unit.c.name).where(unit.c.site_id == actor.site, unit.c.ended_at.is_(None))
    return Part(own.order_by(unit.c.name), lambda rows: tuple((row.id, row.name) for row in rows))


def is_ward(actor: Actor, ward: int) -> Select[tuple[int]]:
    """A row where it is a ward of the actor's hospital."""
    return select(unit.c.id).where(unit.c.id == ward, unit.c.site_id == actor.site, unit.c.ended_at.is_(None))


def _require_hospital(actor: Actor, subject: int) -> None:
    """Of wards decides whoever acts for the whole hospital."""
    if actor.site is None or actor.unit is not None:
        raise NotVisible(subject)


def _whole(actor: Actor) -> Actor:
    """The same person for the whole hospital."""
    return replace(actor, unit=None)


def _lasting(actor: Actor, subject: int, at: datetime) -> ColumnElement[bool]:
    return and_(access.c.subject_id == subject, of_wards(actor, at))


def of_wards(actor: Actor, at: datetime) -> ColumnElement[bool]:
    """The condition on `access` rows of the wards of the actor's hospital that count now."""
    return and_(
        access.c.site_id == actor.site, access.c.registry == actor.registry, access.c.unit_id.is_not(None),
        or_(access.c.ends_at.is_(None), access.c.ends_at > utc(at)),
    )  # fmt: skip


def _entry(actor: Actor, subject: int, body: Mapping[str, object], reason: str, at: datetime) -> AuditEntry:
    return AuditEntry(subject_stream(subject), "access", actor.name, at, actor.channel, body, reason, subject)


__all__ = [
    "ToWard", "WardGrant", "give_to_ward", "is_ward", "join_ward", "of_wards", "put_into_ward", "take_from_ward", "wards",
    "wards_of", "wards_part",
]  # fmt: skip
