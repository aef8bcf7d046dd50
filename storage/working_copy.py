"""Working copies: unsaved edits of one person in one form, files included; encrypted, and expiring."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select

from storage.access import Actor, require_access
from storage.attachments import Upload, keep_uploads
from storage.bulk import upsert
from storage.database import Database
from storage.form_data import Place
from storage.idempotency import was_used
from storage.identity import SubjectKey, subject_key_of
from storage.keys import decrypt, encrypt
from storage.locking import LockedSubject, lock_subject
from storage.slots import canonical, utc
from storage.tables import subject as subject_table
from storage.tables import subject_key, working_copy
from storage.together import Part, Rows, alone

KEPT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """What was typed (JSON, as its writer shaped it), and the form's revision when the edits began."""

    content: Any
    revision: int
    saved_at: datetime
    expires_at: datetime


def keep_working_copy(  # noqa: PLR0913 -- one thing is kept, and each part of it has a name
    database: Database, actor: Actor, subject: int, place: Place, content: Any, *, revision: int, at: datetime,
    uploads: Collection[Upload] = (), page: str = "",
) -> bool:  # fmt: skip
    """Keep what the actor typed so far, in place of what was kept before, and files besides those kept before.

    Args:
        page: the idempotency key of the page that it comes from. What a saved page sends late, or sent while it was
            being saved, is older than what was saved: it is not kept, and the answer is False.
    """
    with database.write() as connection:
        require_access(connection, actor, subject, at)
        key = subject_key_of(database.master, lock_subject(connection, subject))  # a save under way ends first
        if page and was_used(connection, actor.account, page):
            return False
        ciphertext = encrypt(key.key, canonical(content).encode(), _bound(actor, place, key))
        row = (actor.account, place.text, subject, revision, ciphertext, utc(at), utc(at) + KEPT)
        _KEEP.run(connection, [row])
        if uploads:
            keep_uploads(connection, key, actor.account, place, uploads, at)
        return True


def working_copy_of(
    database: Database, actor: Actor, subject: int, place: Place, *, at: datetime
) -> WorkingCopy | None:
    """What the actor typed in this form and did not save."""
    with database.read() as connection:
        require_access(connection, actor, subject, at)
        return alone(connection, copies_at(database, actor, subject, [place], at=at)).get(place)


def copies_at(
    database: Database, actor: Actor, subject: int, places: Collection[Place], *, at: datetime
) -> Part[dict[Place, WorkingCopy]]:
    """The same in several forms of a subject that the actor was found to see."""
    named = {place.text: place for place in places}
    copy, held = working_copy.c, working_copy.join(subject_table, subject_table.c.id == working_copy.c.subject_id)
    query = (
        select(working_copy, subject_table.c.erased_at, subject_key.c.wrapped)
        .select_from(held.outerjoin(subject_key, subject_key.c.subject_id == copy.subject_id))
        .where(copy.account_id == actor.account, copy.place.in_(named), copy.subject_id == subject)
        .where(copy.expires_at > utc(at))
    )

    def read(rows: Rows) -> dict[Place, WorkingCopy]:
        return {named[row.place]: _opened(database, actor, named[row.place], row) for row in rows}

    return Part(query, read)


def _opened(database: Database, actor: Actor, place: Place, row: Row[Any]) -> WorkingCopy:
    key = subject_key_of(database.master, LockedSubject(row.subject_id, row.erased_at is not None, row.wrapped))
    content = json.loads(decrypt(key.key, row.ciphertext, _bound(actor, place, key)))
    return WorkingCopy(content, row.revision, row.saved_at, row.expires_at)


def drop_working_copy(database: Database, actor: Actor, place: Place) -> None:
    """Forget it with its files: the form was saved, or the edits were given up."""
    with database.write() as connection:
        mine = (working_copy.c.account_id == actor.account, working_copy.c.place == place.text)
        connection.execute(delete(working_copy).where(*mine))


def working_copies(database: Database, actor: Actor, subject: int, *, at: datetime) -> tuple[Place, ...]:
    """The forms of a subject in which the actor left unsaved edits."""
    with database.read() as connection:
        return alone(connection, copies_of(actor, subject, at=at))


def copies_of(actor: Actor, subject: int, *, at: datetime) -> Part[tuple[Place, ...]]:
    """The same as part of something larger."""
    query = select(working_copy.c.place).where(
        working_copy.c.account_id == actor.account,
        working_copy.c.subject_id == subject,
        working_copy.c.expires_at > utc(at),
    )
    return Part(query, lambda rows: tuple(Place(*json.loads(name)) for (name,) in rows))


def purge_working_copies(database: Database, *, at: datetime) -> int:
    """Delete the expired ones with their files; returns how many."""
    with database.write() as connection:
        return connection.execute(delete(working_copy).where(working_copy.c.expires_at <= utc(at))).rowcount


def _bound(actor: Actor, place: Place, key: SubjectKey) -> str:
    return f"working copy {actor.account} {place.text} {key.subject}"


_KEEP = upsert(working_copy, ("account_id", "place", "subject_id", "revision", "ciphertext", "saved_at", "expires_at"))

__all__ = [
    "WorkingCopy",
    "drop_working_copy",
    "keep_working_copy",
    "purge_working_copies",
    "working_copies",
    "working_copy_of",
]
