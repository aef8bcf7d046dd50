"""Working copies: unsaved edits of one person in one form, files included; encrypted, and expiring."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from storage.access import Actor, require_access
from storage.attachments import Upload, keep_uploads
from storage.bulk import upsert
from storage.database import Database
from storage.form_data import Place
from storage.idempotency import was_used
from storage.identity import SubjectKey, subject_key_of
from storage.keys import decrypt, encrypt
from storage.locking import lock_subject, look_at_subject
from storage.slots import canonical, utc
from storage.tables import working_copy

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
    mine = (working_copy.c.account_id == actor.account, working_copy.c.place == place.text)
    query = select(working_copy).where(*mine, working_copy.c.subject_id == subject, working_copy.c.expires_at > utc(at))
    with database.read() as connection:
        require_access(connection, actor, subject, at)
        row = connection.execute(query).one_or_none()
        if row is None:
            return None
        key = subject_key_of(database.master, look_at_subject(connection, subject))
    content = json.loads(decrypt(key.key, row.ciphertext, _bound(actor, place, key)))
    return WorkingCopy(content, row.revision, row.saved_at, row.expires_at)


def drop_working_copy(database: Database, actor: Actor, place: Place) -> None:
    """Forget it with its files: the form was saved, or the edits were given up."""
    with database.write() as connection:
        mine = (working_copy.c.account_id == actor.account, working_copy.c.place == place.text)
        connection.execute(delete(working_copy).where(*mine))


def working_copies(database: Database, actor: Actor, subject: int, *, at: datetime) -> tuple[Place, ...]:
    """The forms of a subject in which the actor left unsaved edits."""
    query = select(working_copy.c.place).where(
        working_copy.c.account_id == actor.account,
        working_copy.c.subject_id == subject,
        working_copy.c.expires_at > utc(at),
    )
    with database.read() as connection:
        return tuple(Place(*json.loads(name)) for name in connection.execute(query).scalars())


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
