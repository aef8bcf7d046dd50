"""The append-only audit: entries, hash-chained per stream."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text

from storage.bulk import Row, Writes, addition, addition_in_turn
from storage.direct import Query
from storage.slots import canonical, utc
from storage.tables import audit_entry
from storage.tables.base import instant_text
from storage.together import Part

SYSTEM = "system"
SAVES = ("open_form", "save", "withdraw_row", "restore_row")  # the kinds of entries that give a form a new revision
LINKS = ("link", "unlink")  # of two episodes
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


def desk_stream(site: int | None, registry: str) -> str:
    """The stream that tells what somebody looked at: of the own site, or of the registry whose keeper it is."""
    return site_stream(site) if site is not None else registry_stream(registry)


def append_entry(connection: Connection, entry: AuditEntry) -> int:
    """Append to its stream and return the number there. A subject's stream is guarded by the subject's lock."""
    if entry.subject is None and connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:stream, 0))"), {"stream": entry.stream})
    writes = Writes()
    head = append_after(writes, entry, last_of(connection, entry.stream))
    writes.send(connection)
    return head.number


def append_expected(connection: Connection, entry: AuditEntry, last: Head) -> int:
    """The same for a stream of no subject, whose last entry was read before the lock: one statement, unless another came since."""
    head, row = _after(entry, last)
    return head.number if _APPEND_IN_TURN.changed_by(connection, row) else append_entry(connection, entry)


def last_entry(stream: str) -> Part[Head | None]:
    """The last entry of a stream as part of something larger."""
    found = select(audit_entry.c.number, audit_entry.c.hash).where(audit_entry.c.stream == stream)
    query = found.order_by(audit_entry.c.number.desc()).limit(1)
    return Part(query, lambda rows: next((Head(row.number, row.hash.hex()) for row in rows), None))


def last_of(connection: Connection, stream: str) -> Head | None:
    """The last entry of a stream, whose lock is held."""
    return ask_last(connection, stream)()


def ask_last(connection: Connection, stream: str) -> Callable[[], Head | None]:
    """The same in two steps, as part of one trip."""
    fetch = _LAST.ask(connection, {"stream": stream})
    return lambda: next((Head(*found) for found in fetch()), None)


class Head(NamedTuple):
    """The last entry of a stream: its number, and its hash as hex."""

    number: int
    hash: str


def append_after(writes: Writes, entry: AuditEntry, last: Sequence[Any] | None) -> Head:
    """The same when the last entry of the stream (number, hash as hex) was read since the lock was taken."""
    head, row = _after(entry, last)
    writes.add(_APPEND, [row])
    return head


def _after(entry: AuditEntry, last: Sequence[Any] | None) -> tuple[Head, Row]:
    """The entry as a row."""
    number, previous = (last[0] + 1, bytes.fromhex(last[1])) if last else (1, NO_HASH)
    body = canonical(entry.body)
    own = entry_hash(entry, number, body, previous)
    row = (
        entry.stream, number, entry.subject, entry.form, entry.kind, entry.who, utc(entry.at), entry.channel,
        entry.reason, entry.definition, entry.revision, entry.items, body, previous, own,
    )  # fmt: skip
    return Head(number, own.hex()), row


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
_COLUMNS = tuple(column.name for column in audit_entry.columns)
_APPEND, _APPEND_IN_TURN = addition(audit_entry, _COLUMNS), addition_in_turn(audit_entry, _COLUMNS)

__all__ = [
    "NO_HASH",
    "SAVES",
    "SYSTEM",
    "AuditEntry",
    "Head",
    "append_after",
    "append_entry",
    "append_expected",
    "ask_last",
    "desk_stream",
    "entry_hash",
    "last_entry",
    "last_of",
    "read_texts",
    "registry_stream",
    "site_stream",
    "subject_stream",
]
