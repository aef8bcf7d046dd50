"""Episodes of a hospital that belong to none of its wards: which they are, and many of them given to one ward at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, exists, false, func, or_, select
from sqlalchemy.sql import ColumnElement

from storage.access import Actor
from storage.casebook import NEVER, NO_END, on_day, seen_part
from storage.database import Database
from storage.desks import Desk
from storage.errors import NotFound, NotVisible
from storage.held_roles import lasts
from storage.locking import lock_subject
from storage.my_day import enough, task
from storage.tables import access, enrolment, instance, latest_event, membership, unit
from storage.together import Part, Rows, together
from storage.wards import ToWard, is_ward, of_wards, put_into_ward, wards_part

SHOWN = 100  # of those that were found
MOST = 500  # are given at once; the rest at the next go
_COUNTED = 10_000  # are counted so far


@dataclass(frozen=True, slots=True)
class Sought:
    """Which episodes; nothing: all without a ward."""

    since: date | None = None  # their latest event
    until: date | None = None
    known: int | None = None  # of patients whom this ward sees already


@dataclass(frozen=True, slots=True)
class Wardless:
    """An episode without a ward."""

    id: int
    pseudonym: str
    container: str
    number: int
    day: date | None  # of its latest event
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """The first of the episodes that were found, those opened first; how many there are, and the hospital's wards."""

    episodes: tuple[Wardless, ...]
    total: int
    wards: tuple[tuple[int, str], ...]


def without_ward(database: Database, actor: Actor, sought: Sought, *, at: datetime) -> Found:
    """What a hospital has given to no ward. Raises NotVisible unless the actor acts for the whole of one."""
    _require_hospital(actor)
    found = _sought(actor, sought, at)
    first = found.order_by(instance.c.opened_at, instance.c.id).limit(SHOWN)
    counted = select(func.count()).select_from(found.with_only_columns(instance.c.id).limit(_COUNTED).subquery())
    with database.read() as connection, together(connection) as asking:
        episodes = asking.ask(Part(first, _read))
        total = asking.ask(Part(counted, lambda rows: int(rows[0][0])))
        wards = asking.ask(wards_part(actor))
    return Found(episodes(), total(), wards())


def give_many(
    database: Database, actor: Actor, sought: Sought, parts: Collection[int] | None, ward: int, *, reason: str, at: datetime
) -> int:  # fmt: skip
    """Give a ward those that are found, or these of them (None: all, MOST at once); how many it was given.

    Each patient's audit tells of it. Raises NotVisible as `without_ward` does, and NotFound without such a ward.
    """
    _require_hospital(actor)
    found = _sought(actor, sought, at).with_only_columns(instance.c.subject_id, instance.c.id)
    if parts is not None:
        found = found.where(instance.c.id.in_(sorted(parts)))
    first = found.order_by(instance.c.opened_at, instance.c.id).limit(MOST)
    with database.write() as connection:
        if connection.execute(is_ward(actor, ward)).first() is None:
            raise NotFound("ward", ward)
        wanted = connection.execute(first).all()
        given = 0
        for subject in sorted({row.subject_id for row in wanted}):  # in order: two who give wait, and block nobody
            lock_subject(connection, subject)
            own = [row.id for row in wanted if row.subject_id == subject]
            for row in connection.execute(found.where(instance.c.id.in_(own))).all():  # as it is under the lock
                put_into_ward(connection, actor, subject, ToWard(ward, row.id, reason), at)
                given += 1
        return given


def wardless(desk: Desk) -> Select[Any]:
    """The same as tasks of whoever gives them, where anybody works for one ward alone."""
    actor = desk.actor
    narrow = exists().where(
        membership.c.site_id == actor.site, membership.c.registry == actor.registry, membership.c.unit_id.is_not(None),
        lasts(desk.at),
    )  # fmt: skip
    found = task(instance.c.subject_id, instance.c.id, instance.c.opened_at).select_from(_OF_WHOM)
    of_hospital = actor.site is not None and actor.unit is None
    wanted = and_(narrow, _free(actor, desk.at)) if of_hospital else false()
    return enough(found.where(wanted), instance.c.opened_at)


_OF_WHOM = instance.join(
    enrolment, and_(enrolment.c.subject_id == instance.c.subject_id, enrolment.c.registry == instance.c.registry)
)
_INSIDE = instance.alias("inside")
_DAY = (
    select(func.max(latest_event.c.day))
    .select_from(latest_event.join(_INSIDE, _INSIDE.c.id == latest_event.c.instance_id))
    .where(or_(_INSIDE.c.id == instance.c.id, _INSIDE.c.part_id == instance.c.id))
    .where(_INSIDE.c.subject_id == instance.c.subject_id, latest_event.c.registry == instance.c.registry)
    .correlate(instance)
    .scalar_subquery()
)


def _free(actor: Actor, at: datetime) -> ColumnElement[bool]:
    """The condition on `instance` rows joined with `enrolment`: an episode that the actor sees, and none of the wards does."""
    lasting = and_(of_wards(actor, at), access.c.subject_id == instance.c.subject_id)
    there = unit.c.ended_at.is_(None)
    given = (
        select(access.c.id)
        .select_from(access.join(unit, unit.c.id == access.c.unit_id))
        .where(lasting, there, access.c.instance_id == instance.c.id)
    )
    return and_(
        instance.c.registry == actor.registry, instance.c.parent_id.is_not(None), instance.c.part_id.is_(None),
        enrolment.c.withdrawal_id.is_(None), seen_part(actor, at), ~given.correlate(instance).exists(),
    )  # fmt: skip


def _sought(actor: Actor, sought: Sought, at: datetime) -> Select[Any]:
    columns = (
        instance.c.id, enrolment.c.pseudonym, instance.c.container, instance.c.number, _DAY.label("day"),
        instance.c.opened_at,
    )  # fmt: skip
    found = select(*columns).select_from(_OF_WHOM).where(_free(actor, at))
    if sought.since is not None or sought.until is not None:
        found = found.where(_DAY.between(on_day(sought.since or NEVER), on_day(sought.until or NO_END)))
    if sought.known is not None:
        seen = select(access.c.subject_id).where(of_wards(actor, at), access.c.unit_id == sought.known)
        found = found.where(instance.c.subject_id.in_(seen))
    return found


def _read(rows: Rows) -> tuple[Wardless, ...]:
    return tuple(
        Wardless(row.id, row.pseudonym, row.container, row.number, _day(row.day), row.opened_at) for row in rows
    )


def _day(stored: date | str | None) -> date | None:
    return date.fromisoformat(stored) if isinstance(stored, str) else stored


def _require_hospital(actor: Actor) -> None:
    if actor.site is None or actor.unit is not None:
        raise NotVisible(0)


__all__ = ["MOST", "Found", "Sought", "Wardless", "give_many", "wardless", "without_ward"]
