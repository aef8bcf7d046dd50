"""The lock on a subject that every change of its record takes first."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from storage.direct import send, tell
from storage.errors import NotVisible


class LockedSubject(NamedTuple):
    """The subject's row: whether it was erased, and its key, still wrapped."""

    id: int
    erased: bool
    wrapped: bytes | None


def lock_subject(connection: Connection, subject: int) -> LockedSubject:
    """Wait for other writers of the subject. SQLite has one writer at a time anyway (BEGIN IMMEDIATE).

    Whoever holds the lock works on the subject as a whole: rules of one episode read the others, and the audit is one chain.
    """
    if connection.dialect.name != "postgresql":
        return _row(connection, subject, _LOOK)
    found = _row(connection, subject, _LOCK)
    turn_to(connection, subject)
    return found


def turn_to(connection: Connection, subject: int) -> None:
    """Let PostgreSQL look once whether who acts may see anything of the subject: it is at hand until the end of the transaction."""
    tell(connection, "SELECT ecrf_turn_to($1)", (subject,))


def wait_for_subject(connection: Connection, subject: int) -> None:
    """The same lock alone, for whoever reads the subject in a statement of its own.

    It must not be one statement with that reading: PostgreSQL reads as of the statement's start, before the wait.
    """
    if connection.dialect.name == "postgresql":
        send(connection, "SELECT 1 FROM subject WHERE id = $1 FOR UPDATE", (subject,))


def look_at_subject(connection: Connection, subject: int) -> LockedSubject:
    """The same row without a lock, for readers."""
    return _row(connection, subject, _LOOK)


def _row(connection: Connection, subject: int, query: str) -> LockedSubject:
    row = connection.execute(text(query), {"subject": subject}).one_or_none()
    if row is None:
        raise NotVisible(subject)
    erased: datetime | str | None = row.erased_at
    return LockedSubject(row.id, erased is not None, row.wrapped)


_LOOK = (
    "SELECT s.id, s.erased_at, k.wrapped FROM subject s LEFT JOIN subject_key k ON k.subject_id = s.id "
    "WHERE s.id = :subject"
)
_LOCK = f"{_LOOK} FOR UPDATE OF s"

__all__ = ["LockedSubject", "lock_subject", "look_at_subject", "turn_to", "wait_for_subject"]
