"""Seals the audit and verifies it: every hash, gap, order and seal, and the stored values against the entries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text

from storage.audit import NO_HASH, AuditEntry, entry_hash, read_texts
from storage.database import Database
from storage.form_data import Cells, RowState, cells_in, cells_query
from storage.history import RebuiltForm, replay
from storage.identity import sealed
from storage.keys import Keys
from storage.slots import SEALED, Cell, Key, canonical, unpack, utc
from storage.tables import attachment, audit_entry, audit_seal, form_instance, identity, row_data, subject
from storage.tables.base import instant_text

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that is not as it was written."""

    stream: str
    number: int  # of the entry; of the form for a difference of values
    what: str


def seal(database: Database, at: datetime) -> int:
    """Seal the heads of all streams that grew since the last seal; returns its number. To be done at least hourly."""
    with database.write() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("LOCK TABLE audit_seal IN EXCLUSIVE MODE"))
        last = connection.execute(select(audit_seal).order_by(audit_seal.c.number.desc()).limit(1)).one_or_none()
        known = _sealed_heads(connection)
        newest = select(audit_entry.c.stream, func.max(audit_entry.c.number).label("number")).group_by(
            audit_entry.c.stream
        )
        top = newest.subquery()
        same = (audit_entry.c.stream == top.c.stream) & (audit_entry.c.number == top.c.number)
        heads = {
            row.stream: [row.number, bytes(row.hash).hex()]
            for row in connection.execute(
                select(audit_entry.c.stream, audit_entry.c.number, audit_entry.c.hash).join(top, same)
            )
            if known.get(row.stream, (0, ""))[0] != row.number
        }
        number, previous = (last.number + 1, bytes(last.mac)) if last else (1, NO_HASH)
        content = canonical(heads)
        row = {
            "number": number,
            "at": utc(at),
            "heads": content,
            "previous": previous,
            "mac": _mac(database.keys, number, at, content, previous),
        }
        connection.execute(insert(audit_seal), row)
        return number


def verify(database: Database, *, values: bool = True) -> tuple[Finding, ...]:
    """All that is wrong: changed, missing and reordered entries, broken seals, values that differ from the audit.

    What was appended after the last seal can be cut off at its end unnoticed: that is why seals are frequent.
    """
    with database.read() as connection:
        findings = [*_check_seals(connection, database.keys), *_check_entries(connection)]
        if values:
            findings += _check_values(connection)
    return tuple(sorted(findings))


def _check_entries(connection: Connection) -> Iterator[Finding]:
    heads, seen = _sealed_heads(connection), set[str]()
    query = select(audit_entry).order_by(audit_entry.c.stream, audit_entry.c.number)
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(query)
    for stream, entries in groupby(rows, key=lambda row: str(row.stream)):
        seen.add(stream)
        yield from _check_stream(stream, entries, heads.get(stream))
    for stream in heads.keys() - seen:
        yield Finding(stream, 0, "the whole stream was removed after it was sealed")


def _check_stream(
    stream: str, entries: Iterable[Row[tuple[Any, ...]]], head: tuple[int, str] | None
) -> Iterator[Finding]:
    number, previous, at_seal = 0, NO_HASH, ""
    for row in entries:
        if row.number != number + 1:
            yield Finding(stream, row.number, f"entries {number + 1} to {row.number - 1} are missing")
        if bytes(row.previous) != previous:
            yield Finding(stream, row.number, "does not follow the entry before it")
        if bytes(row.hash) != entry_hash(_entry(row), row.number, row.body, bytes(row.previous)):
            yield Finding(stream, row.number, "was changed")
        number, previous = row.number, bytes(row.hash)
        if head and number == head[0]:
            at_seal = previous.hex()
    if head and at_seal != head[1]:
        what = "was changed after it was sealed" if at_seal else "was removed after it was sealed"
        yield Finding(stream, head[0], what)


def _check_seals(connection: Connection, keys: Keys | None) -> Iterator[Finding]:
    number, previous = 0, NO_HASH
    for row in connection.execute(select(audit_seal).order_by(audit_seal.c.number)):
        if row.number != number + 1 or bytes(row.previous) != previous:
            yield Finding("seals", row.number, "does not follow the seal before it")
        if bytes(row.mac) != _mac(keys, row.number, row.at, row.heads, bytes(row.previous)):
            yield Finding("seals", row.number, "was changed, or sealed with another key")
        number, previous = row.number, bytes(row.mac)


def _check_values(connection: Connection) -> Iterator[Finding]:
    """Compare the stored forms with the ones that the audit tells; identities as ciphertext, without any key."""
    erased = set(connection.execute(select(subject.c.id).where(subject.c.erased_at.is_not(None))).scalars())
    told = select(audit_entry.c.form_id).where(audit_entry.c.form_id.is_not(None))
    forms = sorted(connection.execute(told.union(select(form_instance.c.id))).scalars())
    for start in range(0, len(forms), _AT_ONCE):
        yield from _check_forms(connection, forms[start : start + _AT_ONCE], erased)


def _check_forms(connection: Connection, forms: Sequence[int], erased: Collection[int]) -> Iterator[Finding]:
    """The same for some forms, whose ids follow one another."""
    span = {"first": forms[0], "last": forms[-1]}
    stored, rows, cells = _stored_heads(connection, span), _stored_rows(connection, span), _cells(connection, span)
    files = _attached(connection, span)
    query = select(audit_entry).where(audit_entry.c.form_id.between(span["first"], span["last"]))
    entries = connection.execute(query.order_by(audit_entry.c.form_id, audit_entry.c.number))
    for form, group in groupby(entries, key=lambda entry: int(entry.form_id)):
        rebuilt, head = replay(group), stored.pop(form, None)
        if rebuilt is not None and head is not None:
            gone = head[0] in erased
            yield from _compare(form, head, rebuilt, rows.get(form, {}), cells.get(form, {}), gone=gone)
            told = frozenset() if gone else rebuilt.files
            for digest in sorted(told ^ files.get(form, set())):
                yield Finding(
                    "values", form, f"the file {digest} {'is missing' if digest in told else 'is in no entry'}"
                )
        elif rebuilt is not None:
            yield Finding("values", form, "the form was removed")
    for form in stored:
        yield Finding("values", form, "the form is in no audit entry")


def _compare(
    form: int, head: tuple[int, int, str], rebuilt: RebuiltForm, rows: Mapping[str, RowState],
    cells: Mapping[Key, Cell], *, gone: bool,
) -> Iterator[Finding]:  # fmt: skip
    if head[1:] != (rebuilt.revision, rebuilt.state):
        yield Finding("values", form, f"revision or state differ: {head[1:]}, audit {rebuilt.revision, rebuilt.state}")
    if dict(rows) != rebuilt.rows:
        yield Finding("values", form, "the rows differ")
    told = {key: unpack(packed) for key, packed in rebuilt.packed.items() if not (gone and packed[0] == SEALED)}
    for row, item in sorted(told.keys() | cells.keys()):
        if told.get((row, item)) != cells.get((row, item)):
            yield Finding("values", form, f"the value of {item!r} in row {row!r} differs")


def _stored_heads(connection: Connection, span: Mapping[str, int]) -> dict[int, tuple[int, int, str]]:
    form = form_instance.c
    query = select(form.id, form.subject_id, form.revision, form.state)
    rows = connection.execute(query.where(form.id.between(span["first"], span["last"])))
    return {row.id: (row.subject_id, row.revision, row.state) for row in rows}


def _stored_rows(connection: Connection, span: Mapping[str, int]) -> dict[int, dict[str, RowState]]:
    rows: dict[int, dict[str, RowState]] = {}
    query = select(row_data).where(row_data.c.form_id.between(span["first"], span["last"]))
    for row in connection.execute(query):
        state = RowState(row.row_id, row.grp, row.parent, row.position, bool(row.removed))
        rows.setdefault(row.form_id, {})[row.row_id] = state
    return rows


def _attached(connection: Connection, span: Mapping[str, int]) -> dict[int, set[str]]:
    """The digests of the files that forms ever held."""
    files: dict[int, set[str]] = {}
    query = select(attachment.c.form_id, attachment.c.digest)
    for row in connection.execute(query.where(attachment.c.form_id.between(span["first"], span["last"]))):
        files.setdefault(row.form_id, set()).add(row.digest)
    return files


def _cells(connection: Connection, span: Mapping[str, int]) -> Cells:
    """The stored values as the audit keeps them: identities encrypted."""
    cells = cells_in(_CELLS.rows(connection, span))
    query = select(identity).where(identity.c.form_id.between(span["first"], span["last"]))
    for row in connection.execute(query.where(identity.c.ciphertext.is_not(None))):
        cells[row.form_id][row.row_id, row.item] = sealed(bytes(row.ciphertext))
    return cells


def _sealed_heads(connection: Connection) -> dict[str, tuple[int, str]]:
    heads: dict[str, tuple[int, str]] = {}
    for row in connection.execute(select(audit_seal.c.heads).order_by(audit_seal.c.number)):
        heads |= {stream: (number, digest) for stream, (number, digest) in json.loads(row.heads).items()}
    return heads


def _entry(row: Row[tuple[Any, ...]]) -> AuditEntry:
    return AuditEntry(
        row.stream, row.kind, row.who, row.at, row.channel, {}, row.reason, row.subject_id, row.form_id,
        row.definition, row.revision, read_texts(row.items),
    )  # fmt: skip


def _mac(keys: Keys | None, number: int, at: datetime, heads: str, previous: bytes) -> bytes:
    content = canonical([number, instant_text(at), heads, previous.hex()]).encode()
    return keys.seal(content) if keys else hashlib.sha256(content).digest()


_CELLS = cells_query("item_data d WHERE d.form_id BETWEEN :first AND :last")

__all__ = ["Finding", "seal", "verify"]
