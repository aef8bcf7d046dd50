"""The words of queries, encrypted under the subject's key: erasure takes them away, in the audit as well."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from storage.bulk import upsert
from storage.database import Database
from storage.identity import SubjectKey, subject_key_of
from storage.keys import Keys, decrypt, encrypt
from storage.locking import LockedSubject
from storage.slots import utc
from storage.tables import query_message


def key_for(database: Database, locked: LockedSubject, text: str) -> SubjectKey | None:
    """What encrypts a text about a subject; nothing is needed where nothing is said. Raises Erased."""
    return subject_key_of(database.master, locked) if text and database.keys is not None else None


def sealed_words(key: SubjectKey | None, query: int, number: int, text: str) -> bytes | None:
    """A message's words for the database and the audit; None where they are plain, or none."""
    return encrypt(key.key, text.encode(), _place(key.subject, query, number)) if key is not None and text else None


def audit_words(ciphertext: bytes | None) -> dict[str, str]:
    """The same as the audit keeps it."""
    return {"words": base64.b64encode(ciphertext).decode()} if ciphertext is not None else {}


def message_row(  # noqa: PLR0913 -- a row has as many columns
    subject: int, query: int, number: int, step: str, *, text: str = "", who: str, at: datetime,
    ciphertext: bytes | None = None,
) -> tuple[Any, ...]:  # fmt: skip
    """A message as `WRITE_MESSAGES` takes it."""
    return query, number, subject, step, "" if ciphertext is not None else text, who, utc(at), ciphertext


def carried_message(
    old: SubjectKey | None, new: SubjectKey | None, subject: int, query: int, message: Row[Any]
) -> tuple[Any, ...]:
    """A message of one subject for the query of another one."""
    words, number = message.ciphertext, message.number
    if words is not None and old is not None:
        text = decrypt(old.key, words, _place(message.subject_id, message.query_id, number)).decode()
        words = sealed_words(new, query, number, text)
    return message_row(
        subject, query, number, message.step, text=message.text, who=message.who, at=message.at, ciphertext=words
    )


def read_words(
    keys: Keys | None, wrapped: bytes | None, subject: int, query: int, number: int, text: str, ciphertext: bytes | None
) -> str | None:
    """A message's words; None where they were erased with the subject."""
    if ciphertext is None:
        return text
    if wrapped is None or keys is None:
        return None
    return decrypt(keys.unwrap(wrapped, subject), ciphertext, _place(subject, query, number)).decode()


def _place(subject: int, query: int, number: int) -> str:
    return f"{subject}/query/{query}/{number}"


WRITE_MESSAGES = upsert(
    query_message, ("query_id", "number", "subject_id", "step", "text", "who", "at", "ciphertext"), ()
)

__all__ = ["WRITE_MESSAGES", "audit_words", "carried_message", "key_for", "message_row", "read_words", "sealed_words"]
