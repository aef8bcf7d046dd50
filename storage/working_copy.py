"""Working copies: unsaved edits of one person in one form, files included; encrypted, and expiring."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, select

from engine.datatypes.base import Slot
from storage.access import Actor, require_access
from storage.attachments import Upload, carry_uploads, keep_uploads
from storage.bulk import deletion, upsert
from storage.database import Database
from storage.form_data import Place
from storage.idempotency import was_used
from storage.identity import SubjectKey, subject_key_of
from storage.keys import decrypt, encrypt
from storage.locking import LockedSubject, lock_subject
from storage.slots import canonical, utc
from storage.tables import subject as subject_table
from storage.tables import subject_key, working_copy
from storage.tables.base import Moment
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
        ciphertext = encrypt(key.key, canonical(content).encode(), _bound(actor.account, place, key))
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

    def read(rows: Rows) -> dict[Place, WorkingCopy]:
        return {named[row.place]: _opened(database, actor, named[row.place], row) for row in rows}

    given = {"copy_of": actor.account, "copy_at": list(named), "copy_about": subject, "copy_now": utc(at)}
    return Part(_COPIES_AT, read, given)


def _opened(database: Database, actor: Actor, place: Place, row: Row[Any]) -> WorkingCopy:
    key = subject_key_of(database.master, LockedSubject(row.subject_id, row.erased_at is not None, row.wrapped))
    content = json.loads(decrypt(key.key, row.ciphertext, _bound(actor.account, place, key)))
    return WorkingCopy(content, row.revision, row.saved_at, row.expires_at)


def drop_working_copy(database: Database, actor: Actor, place: Place) -> None:
    """Forget it with its files: the form was saved, or the edits were given up."""
    with database.write() as connection:
        mine = (working_copy.c.account_id == actor.account, working_copy.c.place == place.text)
        connection.execute(delete(working_copy).where(*mine))


def forget_copies(connection: Connection, copies: Iterable[tuple[Actor, Place]]) -> None:
    """The same of several, in the transaction that saves them: what is typed after it is kept anew."""
    _FORGET.run(connection, [(actor.account, place.text) for actor, place in copies])


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


class Begun(NamedTuple):
    """Whose unsaved edits, and in which form."""

    account: int
    place: Place


@dataclass(frozen=True, slots=True)
class Copies:
    """How unsaved edits come along with what is carried: where to, from which revision on, and what references are called there."""

    source: SubjectKey
    goal: SubjectKey
    place: Callable[[Begun], Place | None]  # none: they stay
    revision: Callable[[Begun, int], int]
    name: Callable[[str], str]


def carry_copies(connection: Connection, copies: Copies) -> dict[Begun, tuple[Place, int]]:
    """Unsaved edits of anybody, with their files: where each of them came to stand, and which revision it had before.

    Where somebody has others at the goal, both stay where they are.
    """
    copy, carried = working_copy.c, dict[Begun, tuple[Place, int]]()
    for row in connection.execute(select(working_copy).where(copy.subject_id == copies.source.subject)).all():
        here = Place(*json.loads(row.place))
        begun = Begun(row.account_id, here)
        there = copies.place(begun)
        taken = select(copy.place).where(copy.account_id == row.account_id, copy.place == (there or here).text)
        if there is None or connection.execute(taken).first() is not None:
            continue
        bound = (_bound(row.account_id, place, key) for place, key in ((here, copies.source), (there, copies.goal)))
        content = json.loads(decrypt(copies.source.key, bytes(row.ciphertext), next(bound)))
        renamed = canonical(_renamed(content, copies.name))
        ciphertext = encrypt(copies.goal.key, renamed.encode(), next(bound))
        revision = copies.revision(begun, row.revision)
        values = (row.account_id, there.text, copies.goal.subject, revision, ciphertext, row.saved_at, row.expires_at)
        _KEEP.run(connection, [values])
        carry_uploads(connection, copies.source, copies.goal, row.account_id, (here, there))
        connection.execute(delete(working_copy).where(copy.account_id == row.account_id, copy.place == here.text))
        carried[begun] = there, row.revision
    return carried


def _renamed(content: Any, name: Callable[[str], str]) -> Any:
    """The same, whatever its writer's shape, with what cells that hold references are called at the goal."""
    if isinstance(content, dict):
        return {key: _renamed(one, name) for key, one in content.items()}
    if not isinstance(content, list):
        return content
    if len(content) > 1 and content[0] == Slot.REFERENCE and isinstance(content[1], str):
        return [content[0], name(content[1]), *content[2:]]
    return [_renamed(one, name) for one in content]


def begun_in(connection: Connection, subject: int, at: datetime) -> list[Begun]:
    """The forms of a subject in which somebody left unsaved edits."""
    copy = working_copy.c
    query = select(copy.account_id, copy.place).where(copy.subject_id == subject, copy.expires_at > utc(at))
    return [Begun(account, Place(*json.loads(name))) for account, name in connection.execute(query)]


def purge_working_copies(database: Database, *, at: datetime) -> int:
    """Delete the expired ones with their files; returns how many."""
    with database.write() as connection:
        return connection.execute(delete(working_copy).where(working_copy.c.expires_at <= utc(at))).rowcount


def _bound(account: int, place: Place, key: SubjectKey) -> str:
    return f"working copy {account} {place.text} {key.subject}"


_COPIES_AT = (  # asked at each save: made once
    select(working_copy, subject_table.c.erased_at, subject_key.c.wrapped)
    .select_from(
        working_copy.join(subject_table, subject_table.c.id == working_copy.c.subject_id).outerjoin(
            subject_key, subject_key.c.subject_id == working_copy.c.subject_id
        )
    )
    .where(
        working_copy.c.account_id == bindparam("copy_of"),
        working_copy.c.place.in_(bindparam("copy_at", expanding=True)),
        working_copy.c.subject_id == bindparam("copy_about"),
        working_copy.c.expires_at > bindparam("copy_now", type_=Moment()),
    )
)
_FORGET = deletion(working_copy, ("account_id", "place"))
_KEEP = upsert(working_copy, ("account_id", "place", "subject_id", "revision", "ciphertext", "saved_at", "expires_at"))

__all__ = [
    "Begun",
    "Copies",
    "WorkingCopy",
    "begun_in",
    "carry_copies",
    "drop_working_copy",
    "forget_copies",
    "keep_working_copy",
    "purge_working_copies",
    "working_copies",
    "working_copy_of",
]
