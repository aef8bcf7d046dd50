"""Links that people set between two episodes of a patient, in one registry or two: what the one is to the other, and why.

A link names its ends by what they were at first, so it stays with episodes that are merged or moved. It is told to those alone
who see both ends.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, insert, literal, or_, select, union_all, update

from storage.access import Actor
from storage.audit import AuditEntry, append_entry, subject_stream
from storage.closing import refuse_frozen
from storage.database import Database
from storage.errors import NotFound, ReasonNeeded
from storage.instances import require_instance, visible_rows
from storage.locking import lock_subject
from storage.slots import utc
from storage.tables import episode_link, instance
from storage.together import Part, alone

KINDS = ("reoperation", "continued", "same_illness", "related")
_LASTING = func.coalesce(instance.c.origin_id, instance.c.id)


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """A link as it is seen from an episode: what that is to the other one, which is named by what it was at first."""

    number: int
    kind: str
    instance: int
    outgoing: bool  # set here; else the other episode is what the kind says to this one
    other: int
    registry: str  # of the other
    who: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """An episode, and in which role it is seen there."""

    database: Database  # on behalf of the actor
    actor: Actor
    subject: int
    instance: int


def links_of(database: Database, actor: Actor, subject: int) -> tuple[LinkEnd, ...]:
    """The links of all episodes of a subject in the actor's registry.

    Whoever tells of them leaves out those of which one does not see both ends.
    """
    with database.read() as connection:
        return alone(connection, ask_links(actor, subject))


def ask_links(actor: Actor, subject: int) -> Part[tuple[LinkEnd, ...]]:
    """The same, as part of something larger."""
    link = episode_link.c
    sides = [
        select(
            link.id, link.kind, instance.c.id.label("instance"), literal(outgoing).label("outgoing"), other.label("other"),
            registry.label("registry"), link.who, link.at, link.reason,
        )
        .join_from(instance, episode_link, own == _LASTING)
        .where(instance.c.subject_id == subject, instance.c.registry == actor.registry)
        .where(instance.c.withdrawal_id.is_(None), link.ended_at.is_(None))
        for outgoing, own, other, registry in (
            (True, link.source_id, link.target_id, link.target_registry),
            (False, link.target_id, link.source_id, link.source_registry),
        )
    ]  # fmt: skip
    return Part(
        union_all(*sides), lambda rows: tuple(sorted((LinkEnd(*row) for row in rows), key=lambda one: one.number))
    )


def episodes_named(database: Database, actor: Actor, subject: int, names: Collection[int]) -> dict[int, int]:
    """Which episodes of a subject stand for some that links name: name -> instance."""
    mine = (instance.c.subject_id == subject, instance.c.registry == actor.registry, instance.c.withdrawal_id.is_(None))
    with database.read() as connection:
        found = connection.execute(select(_LASTING, instance.c.id).where(*mine, _LASTING.in_(names))).all()
        return {name: number for name, number in found}  # noqa: C416 -- rows are no pairs to the type checker


def linked_parts(connection: Connection, subject: int) -> set[int]:
    """The episodes of a subject that a link names, of which the other end may be anybody's."""
    link = episode_link.c
    named = select(instance.c.id).join_from(
        instance, episode_link, or_(link.source_id == _LASTING, link.target_id == _LASTING)
    )
    mine = (instance.c.subject_id == subject, instance.c.withdrawal_id.is_(None), link.ended_at.is_(None))
    return set(connection.execute(named.where(*mine)).scalars())


def link_episodes(kind: str, here: End, there: End, *, reason: str, at: datetime) -> None:
    """Say what an episode is to another one of the same patient; said twice it stands once.

    Raises ReasonNeeded, Closed while the registry is frozen, NotVisible, and NotFound where one of them is no episode that the
    actor sees, or both are the same.
    """
    if not reason.strip():
        raise ReasonNeeded("linked")
    source, target = (_name(end, at) for end in (here, there))
    if kind not in KINDS or source == target:
        raise NotFound("other episode", there.instance)
    link, pair = episode_link.c, (source, target)
    same = or_(
        and_(link.source_id == pair[0], link.target_id == pair[1]),
        and_(link.source_id == pair[1], link.target_id == pair[0]),
    )
    values = {
        "source_id": source, "source_registry": here.actor.registry, "target_id": target, "kind": kind,
        "target_registry": there.actor.registry, "who": here.actor.name, "at": utc(at), "reason": reason,
    }  # fmt: skip
    with here.database.write() as connection:
        refuse_frozen(connection, here.actor.registry)
        lock_subject(connection, here.subject)
        if connection.execute(select(link.id).where(same, link.kind == kind, link.ended_at.is_(None))).first():
            return
        number = int(connection.execute(insert(episode_link).values(values).returning(link.id)).scalar_one())
        append_entry(connection, _entry("link", number, kind, here, there, reason, at))
    _note_there("link", number, kind, here, there, reason, at)


def unlink_episodes(number: int, here: End, there: End, *, reason: str, at: datetime) -> None:
    """Take a link back. Raises as `link_episodes` does, and NotFound where it was taken back before, or links others."""
    if not reason.strip():
        raise ReasonNeeded("linked")
    link, names = episode_link.c, {_name(end, at) for end in (here, there)}
    with here.database.write() as connection:
        refuse_frozen(connection, here.actor.registry)
        lock_subject(connection, here.subject)
        which = (link.id == number, link.ended_at.is_(None), link.source_id.in_(names), link.target_id.in_(names))
        ended = {"ended_at": utc(at), "ended_by": here.actor.name, "ended_why": reason}
        kind = connection.execute(
            update(episode_link).where(*which).values(ended).returning(link.kind)
        ).scalar_one_or_none()
        if kind is None:
            raise NotFound("link", number)
        append_entry(connection, _entry("unlink", number, kind, here, there, reason, at))
    _note_there("unlink", number, kind, here, there, reason, at)


def _name(end: End, at: datetime) -> int:
    """What an episode was at first. Raises NotVisible, and NotFound where it is none."""
    with end.database.read() as connection:
        rows, seen = visible_rows(connection, end.actor, end.subject, at)
        row = require_instance(rows, seen, end.subject, end.instance)
        if row.parent is None or any(each.id == row.parent and each.parent is not None for each in rows):
            raise NotFound("episode", end.instance)
        return int(connection.execute(select(_LASTING).where(instance.c.id == end.instance)).scalar_one())


def _note_there(kind: str, number: int, link: str, here: End, there: End, reason: str, at: datetime) -> None:
    """The history of the other registry tells of it too; its rows are behind another wall, so in a transaction of their own."""
    if there.actor.registry != here.actor.registry:
        with there.database.write() as connection:
            lock_subject(connection, there.subject)
            append_entry(connection, _entry(kind, number, link, there, here, reason, at))


def _entry(kind: str, number: int, link: str, here: End, there: End, reason: str, at: datetime) -> AuditEntry:
    actor = here.actor
    body = {"link": number, "kind": link, "instance": here.instance, "other": [there.actor.registry, there.instance]}
    return AuditEntry(
        subject_stream(here.subject), kind, actor.name, at, actor.channel, body, reason, here.subject
    )  # fmt: skip


__all__ = [
    "KINDS",
    "End",
    "LinkEnd",
    "ask_links",
    "episodes_named",
    "link_episodes",
    "linked_parts",
    "links_of",
    "unlink_episodes",
]
