"""Who may see which subject: the one place that decides, by access rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, exists, insert, or_, select, true, union_all
from sqlalchemy.sql import ColumnElement

from storage.database import Database
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


def grants(actor: Actor, at: datetime) -> ColumnElement[bool]:
    """The condition on `access` rows that count for the actor at a time."""
    moment = utc(at)
    return and_(
        access.c.registry == actor.registry,
        access.c.site_id == actor.site if actor.site is not None else true(),
        access.c.starts_at <= moment,
        or_(access.c.ends_at.is_(None), access.c.ends_at > moment),
    )


def visible_subjects(actor: Actor, at: datetime) -> ColumnElement[bool]:
    """The condition on `enrolment` rows of the subjects that the actor may see."""
    enrolled = enrolment.c.registry == actor.registry
    if actor.site is None:
        return enrolled
    return and_(enrolled, exists().where(access.c.subject_id == enrolment.c.subject_id, grants(actor, at)))


def visible_instances(connection: Connection, actor: Actor, subject: int, at: datetime) -> frozenset[int] | None:
    """The episodes that the actor may see, None for all of them; raises NotVisible when there is no right at all."""
    given = {"subject": subject, "actor_registry": actor.registry, "site": actor.site, "at": utc(at)}
    if actor.site is None:
        return seen_by(actor, subject, bool(_IS_ENROLLED.rows(connection, given)[0][0]), ())
    granted = _GRANTED_INSTANCES.rows(connection, given)
    return seen_by(actor, subject, enrolled=True, granted=[instance for (instance,) in granted])


def seen_by(actor: Actor, subject: int, enrolled: bool, granted: Sequence[int | None]) -> frozenset[int] | None:
    """The same from what was read: a keeper sees who is enrolled, a site what access rows grant (None: all)."""
    if not (enrolled if actor.site is None else granted):
        raise NotVisible(subject)
    seen = frozenset(instance for instance in granted if instance is not None)
    return None if actor.site is None or len(seen) < len(set(granted)) else seen


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
    connection: Connection, subject: int, site: int, registry: str, at: datetime, instance: int | None = None
) -> None:
    """Let a site see a subject from now on, or one episode of it."""
    row = {"subject_id": subject, "instance_id": instance, "site_id": site, "registry": registry, "starts_at": at}
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
GRANTED = (
    "access WHERE subject_id = :subject AND site_id = :site AND registry = :actor_registry "
    "AND starts_at <= :at AND (ends_at IS NULL OR ends_at > :at)"
)
_IS_ENROLLED = Query.of(f"SELECT {ENROLLED}")
_GRANTED_INSTANCES = Query.of(f"SELECT instance_id FROM {GRANTED}")  # noqa: S608 -- names of columns alone

__all__ = [
    "ENROLLED",
    "GRANTED",
    "Actor",
    "add_access",
    "grants",
    "may_see",
    "require_access",
    "seen_by",
    "seen_episodes",
    "visible_instances",
    "visible_subjects",
]
