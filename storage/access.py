"""Who may see which subject: the one place that decides, by access rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    FromClause,
    and_,
    cast,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql import ColumnElement

from storage.database import Acting, Database
from storage.direct import Query
from storage.errors import NotVisible
from storage.slots import utc
from storage.tables import access, enrolment, site_subject
from storage.together import Part


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for which site and registry, through what. No site: the registry's keeper, who sees all sites."""

    account: int
    name: str  # as the audit shows it
    registry: str
    site: int | None
    role: str = ""
    channel: str = "web"
    identities: bool = True  # whether the role may know who somebody is; where not, nothing is decrypted for it
    unit: int | None = None  # the ward of the site whose episodes alone are seen; none: all of the site's


def on_behalf(database: Database, actor: Actor, at: datetime) -> Database:
    """The same database for one who acts: behind PostgreSQL's policies it shows what the actor may see."""
    return database.on_behalf(actor.site, actor.registry, at, actor.account, unit=actor.unit)


def acting_of(actor: Actor, at: datetime) -> Acting:
    """The same as PostgreSQL's policies know it."""
    return Acting(actor.site, actor.registry, at, actor.account, actor.unit)


def grants(actor: Actor, at: datetime) -> ColumnElement[bool]:
    """The condition on `access` rows that count for the actor at a time; a ward's count while its hospital has a right."""
    lasting = _lasting(access, actor, at)
    if actor.unit is None:
        return and_(lasting, access.c.unit_id.is_(None))
    of_site = access.alias("of_site")
    same = or_(
        of_site.c.instance_id.is_(None),
        access.c.instance_id.is_(None),
        of_site.c.instance_id == access.c.instance_id,
    )
    held = exists().where(
        of_site.c.subject_id == access.c.subject_id, of_site.c.unit_id.is_(None), same, _lasting(of_site, actor, at)
    )
    records = exists().where(
        site_subject.c.subject_id == access.c.subject_id
    )  # the hospital's own are for all its wards
    return and_(lasting, or_(access.c.unit_id == actor.unit, records.correlate(access)), held.correlate(access))


def whole_records(actor: Actor) -> ColumnElement[bool]:
    """The condition on the actor's `access` rows that show all episodes of a subject: a ward has none of them."""
    return access.c.instance_id.is_(None) if actor.unit is None else false()


def _lasting(rows: FromClause, actor: Actor, at: datetime) -> ColumnElement[bool]:
    moment = utc(at)
    return and_(
        rows.c.registry == actor.registry,
        rows.c.site_id == actor.site if actor.site is not None else true(),
        rows.c.starts_at <= moment,
        or_(rows.c.ends_at.is_(None), rows.c.ends_at > moment),
    )


def visible_subjects(actor: Actor, at: datetime) -> ColumnElement[bool]:
    """The condition on `enrolment` rows of the subjects that the actor may see."""
    enrolled = enrolment.c.registry == actor.registry
    if actor.site is None:
        return enrolled
    return and_(enrolled, exists().where(access.c.subject_id == enrolment.c.subject_id, grants(actor, at)))


def in_other_registry(database: Database, actor: Actor, subject: ColumnElement[int] | int) -> ColumnElement[bool]:
    """Whether a person is in another registry than the actor's as well. PostgreSQL's policies show no rows of those, so it is asked there."""
    if database.dialect == "postgresql" and database.acting is not None:
        return func.ecrf_elsewhere(cast(subject, BigInteger), type_=Boolean)
    return exists().where(enrolment.c.subject_id == subject, enrolment.c.registry != actor.registry)


def visible_instances(connection: Connection, actor: Actor, subject: int, at: datetime) -> frozenset[int] | None:
    """The episodes that the actor may see, None for all of them; raises NotVisible when there is no right at all."""
    return ask_visible_instances(connection, actor, subject, at)()


def ask_visible_instances(
    connection: Connection, actor: Actor, subject: int, at: datetime
) -> Callable[[], frozenset[int] | None]:
    """The same in two steps, as part of one trip; the answer raises NotVisible."""
    given = given_to(actor, subject, at)
    if actor.site is None:
        enrolled = _IS_ENROLLED.ask(connection, given)
        return lambda: seen_by(actor, subject, bool(enrolled()[0][0]), ())
    granted = _GRANTED_INSTANCES.ask(connection, given)
    return lambda: seen_by(actor, subject, enrolled=True, granted=[instance for (instance,) in granted()])


def seen_by(actor: Actor, subject: int, enrolled: bool, granted: Sequence[int | None]) -> frozenset[int] | None:
    """The same from what was read: a keeper sees who is enrolled, a site what access rows grant (None: all)."""
    if not (enrolled if actor.site is None else granted):
        raise NotVisible(subject)
    seen = frozenset(instance for instance in granted if instance is not None)
    whole = actor.site is None or (actor.unit is None and len(seen) < len(set(granted)))
    return None if whole else seen


def given_to(actor: Actor, subject: int, at: datetime) -> dict[str, Any]:
    """What ENROLLED, GRANTED and SEEN ask for."""
    return {
        "subject": subject, "actor_registry": actor.registry, "site": actor.site, "unit": actor.unit or 0, "at": utc(at),
    }  # fmt: skip


def seen_episodes(actor: Actor, subject: int, at: datetime) -> Part[frozenset[int] | None]:
    """What `visible_instances` gives, as part of something larger."""
    if actor.site is not None:
        mine = select(access.c.instance_id).where(access.c.subject_id == subject, grants(actor, at))
        return Part(mine, lambda rows: seen_by(actor, subject, True, [row.instance_id for row in rows]))
    known = [
        select(table.c.subject_id).where(table.c.subject_id == subject, table.c.registry == actor.registry)
        for table in (enrolment, site_subject)
    ]
    return Part(union_all(*known), lambda rows: seen_by(actor, subject, bool(rows), ()))


def require_access(
    connection: Connection, actor: Actor, subject: int, at: datetime, instance: int | None = None
) -> None:
    """Raise NotVisible unless the actor may see the subject, and the instance when one is named."""
    seen = visible_instances(connection, actor, subject, at)
    if seen is not None and instance is not None and instance not in seen:
        raise NotVisible(subject)


def add_access(
    connection: Connection, subject: int, site: int, registry: str, at: datetime, instance: int | None = None,
    *, unit: int | None = None,
) -> None:  # fmt: skip
    """Let a site see a subject from now on, or one episode of it; or let one of its wards."""
    row = {
        "subject_id": subject, "instance_id": instance, "site_id": site, "registry": registry, "starts_at": at,
        "unit_id": unit,
    }  # fmt: skip
    connection.execute(insert(access), row)


def may_see(database: Database, actor: Actor, subject: int, at: datetime) -> bool:
    """Whether the actor may see the subject."""
    with database.read() as connection:
        try:
            require_access(connection, actor, subject, at)
        except NotVisible:
            return False
        return True


# Parts of queries, for whoever reads more than the rights at once.
ENROLLED = (
    "(EXISTS (SELECT 1 FROM enrolment WHERE subject_id = :subject AND registry = :actor_registry) "
    "OR EXISTS (SELECT 1 FROM site_subject WHERE subject_id = :subject AND registry = :actor_registry))"
)
_LASTING = (
    "{0}.site_id = :site AND {0}.registry = :actor_registry AND {0}.starts_at <= :at "
    "AND ({0}.ends_at IS NULL OR {0}.ends_at > :at)"
)
_GRANTED = (
    "access a WHERE a.subject_id = {0} AND "  # noqa: S608 -- names alone
    f"{_LASTING.format('a')} AND (coalesce(a.unit_id, 0) = :unit "
    "OR EXISTS (SELECT 1 FROM site_subject h WHERE h.subject_id = a.subject_id)) AND (a.unit_id IS NULL OR EXISTS "
    f"(SELECT 1 FROM access b WHERE b.subject_id = a.subject_id AND {_LASTING.format('b')} AND b.unit_id IS NULL "
    "AND (b.instance_id IS NULL OR a.instance_id IS NULL OR b.instance_id = a.instance_id)))"
)  # a ward's rows count while its hospital has a right; the hospital's own records are for all its wards
GRANTED = _GRANTED.format(":subject")
SEEN = f"(CAST(:site AS bigint) IS NULL OR EXISTS (SELECT 1 FROM {_GRANTED.format('e.subject_id')}))"  # a row `e` of enrolment  # noqa: S608
_IS_ENROLLED = Query.of(f"SELECT {ENROLLED}")
_GRANTED_INSTANCES = Query.of(f"SELECT a.instance_id FROM {GRANTED}")  # noqa: S608 -- names of columns alone

__all__ = [
    "ENROLLED",
    "GRANTED",
    "SEEN",
    "Actor",
    "acting_of",
    "add_access",
    "ask_visible_instances",
    "given_to",
    "grants",
    "in_other_registry",
    "may_see",
    "on_behalf",
    "require_access",
    "seen_by",
    "seen_episodes",
    "visible_instances",
    "visible_subjects",
    "whole_records",
]
