"""The append-only audit: entries, hash-chained per stream."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from storage.bulk import Writes, addition
from storage.direct import Query
from storage.slots import canonical, utc
from storage.tables import audit_entry
from storage.tables.base import instant_text

SYSTEM = "system"
SAVES = ("open_form", "save", "withdraw_row", "restore_row")  # the kinds of entries that give a form a new revision
NO_HASH = bytes(32)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that happened: in which stream, by whom, when, through what, and why; `body` is old -> new."""

    stream: str
    kind: str
    who: str
    at: datetime
    channel: str
    body: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    subject: int | None = None
    form: int | None = None
    definition: str = ""
    revision: int = 0
    items: tuple[str, ...] = ()


def subject_stream(subject: int) -> str:
    """The stream of a subject: all that happens to its record."""
    return f"subject:{subject}"


def site_stream(site: int) -> str:
    """The stream of a site: access to lists and identities."""
    return f"site:{site}"


def registry_stream(registry: str) -> str:
    """The stream of a registry: definitions, rights."""
    return f"registry:{registry}"


def append_entry(connection: Connection, entry: AuditEntry) -> int:
    """Append to its stream and return the number there. A subject's stream is guarded by the subject's lock."""
    if entry.subject is None and connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:stream, 0))"), {"stream": entry.stream})
    writes = Writes()
    head = append_after(writes, entry, last_of(connection, entry.stream))
    writes.send(connection)
    return head.number


def last_of(connection: Connection, stream: str) -> Head | None:
    """The last entry of a stream, whose lock is held."""
    last = _LAST.rows(connection, {"stream": stream})
    return Head(*last[0]) if last else None


class Head(NamedTuple):
    """The last entry of a stream: its number, and its hash as hex."""

    number: int
    hash: str


def append_after(writes: Writes, entry: AuditEntry, last: Sequence[Any] | None) -> Head:
    """The same when the last entry of the stream (number, hash as hex) was read since the lock was taken."""
    number, previous = (last[0] + 1, bytes.fromhex(last[1])) if last else (1, NO_HASH)
    body = canonical(entry.body)
    own = entry_hash(entry, number, body, previous)
    row = (
        entry.stream, number, entry.subject, entry.form, entry.kind, entry.who, utc(entry.at), entry.channel,
        entry.reason, entry.definition, entry.revision, entry.items, body, previous, own,
    )  # fmt: skip
    writes.add(_APPEND, [row])
    return Head(number, own.hex())


def entry_hash(entry: AuditEntry, number: int, body: str, previous: bytes) -> bytes:
    """The hash of an entry over all its fields and the hash before it. Encrypted values are hashed as ciphertext."""
    fields = [
        entry.stream, number, entry.subject, entry.form, entry.kind, entry.who, instant_text(entry.at), entry.channel,
        entry.reason, entry.definition, entry.revision, list(entry.items), body, previous.hex(),
    ]  # fmt: skip
    return hashlib.sha256(canonical(fields).encode()).digest()


def read_texts(stored: Any) -> tuple[str, ...]:
    """The items of an entry as stored: an array on PostgreSQL, JSON on SQLite."""
    return tuple(json.loads(stored) if isinstance(stored, str) else stored)


_LAST = Query.of("SELECT number, hex(hash) FROM audit_entry WHERE stream = :stream ORDER BY number DESC LIMIT 1")
_APPEND = addition(audit_entry, tuple(column.name for column in audit_entry.columns))

__all__ = [
    "NO_HASH",
    "SAVES",
    "SYSTEM",
    "AuditEntry",
    "Head",
    "append_after",
    "append_entry",
    "entry_hash",
    "last_of",
    "read_texts",
    "registry_stream",
    "site_stream",
    "subject_stream",
]
