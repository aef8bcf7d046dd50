"""What a hospital calls a patient in its own books: one name a patient, found by it, seen by that hospital alone.

It is one number in whatever letters and with whatever blanks it is written; it is shown as it was written.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, and_, delete, exists, or_, select, union_all, update

from storage.access import Actor, require_access, visible_subjects
from storage.audit import AuditEntry, append_entry, subject_stream
from storage.bulk import upsert
from storage.database import Database
from storage.errors import NotFound, Taken
from storage.locking import lock_subject
from storage.tables import enrolment, local_number
from storage.together import Part, alone


def set_local_number(database: Database, actor: Actor, subject: int, name: str, *, at: datetime) -> bool:
    """Give a patient the hospital's own number, '' takes it away; whether that changes anything.

    Raises NotVisible, NotFound without a hospital, and Taken where another of its patients has that number.
    """
    if actor.site is None:
        raise NotFound("hospital", actor.site)
    own = and_(local_number.c.site_id == actor.site, local_number.c.registry == actor.registry)
    with database.write() as connection:
        lock_subject(connection, subject)
        require_access(connection, actor, subject, at)
        known = select(local_number.c.subject_id, local_number.c.name)
        mine = or_(local_number.c.subject_id == subject, local_number.c.folded == _folded(name))
        there = {row.subject_id: row.name for row in connection.execute(known.where(own, mine))}
        old = there.pop(subject, "")
        if old == name:
            return False
        if there and name:
            raise Taken("local number", name)
        if name:
            _WRITE.run(connection, [(actor.site, actor.registry, subject, name, _folded(name), 0)])
        else:
            connection.execute(delete(local_number).where(own, local_number.c.subject_id == subject))
        body = {"site": actor.site, "number": [old or None, name or None]}
        stream = subject_stream(subject)
        append_entry(
            connection, AuditEntry(stream, "local_number", actor.name, at, actor.channel, body, subject=subject)
        )
        return True


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def local_number_of(database: Database, actor: Actor, subject: int) -> str:
    """The own number of a patient that the actor was found to see; '' where there is none."""
    with database.read() as connection:
        return alone(connection, number_of(actor, subject))


def number_of(actor: Actor, subject: int) -> Part[str]:
    """The same as part of something larger."""
    query = select(local_number.c.name).where(
        local_number.c.site_id == actor.site,
        local_number.c.registry == actor.registry,
        local_number.c.subject_id == subject,
    )
    return Part(query, lambda rows: rows[0].name if rows else "")


def pass_numbers(
    connection: Connection, registry: str, subject: int, other: int, *, among: Collection[int] | None = None
) -> list[int]:
    """Give another record of the person the numbers of hospitals that have none for it; the hospitals."""
    own, theirs = local_number.c, local_number.alias("theirs")
    free = ~exists().where(theirs.c.site_id == own.site_id, theirs.c.registry == registry, theirs.c.subject_id == other)
    only = () if among is None else (own.site_id.in_(among),)
    passed = update(local_number).where(own.subject_id == subject, own.registry == registry, free, *only)
    return sorted(connection.execute(passed.values(subject_id=other).returning(own.site_id)).scalars())


def find_number(database: Database, actor: Actor, names: Collection[str], local: str, *, at: datetime) -> str | None:
    """The pseudonym of the patient with one of these pseudonyms or with that own number; None where there is none."""
    here = select(local_number.c.subject_id).where(
        local_number.c.site_id == actor.site, local_number.c.registry == actor.registry
    )
    own = here.where(local_number.c.folded == _folded(local), local_number.c.folded != "")
    as_written = enrolment.c.subject_id.in_(here.where(local_number.c.name == local))  # of twins the one that is meant
    named = select(enrolment.c.subject_id).where(enrolment.c.pseudonym.in_([name.upper() for name in names]))
    known = enrolment.c.subject_id.in_(union_all(named, own))  # few: the database begins with them
    query = select(enrolment.c.pseudonym).where(known, visible_subjects(actor, at)).order_by(as_written.desc())
    with database.read() as connection:
        found = list(connection.execute(query).scalars())
    exact = [name for name in found if name in {one.upper() for one in names}]
    return next(iter((*exact, *found)), None)


_WRITE = upsert(local_number, ("site_id", "registry", "subject_id", "name", "folded", "twin"))

__all__ = ["find_number", "local_number_of", "number_of", "pass_numbers", "set_local_number"]
