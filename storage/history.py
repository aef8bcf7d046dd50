"""Reads the audit back: a form as of any time, the history of a field, and values against what the audit says."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from engine.datatypes.values import Entered
from engine.records.form_data import FormData
from storage.access import Actor, require_access
from storage.audit import SAVES, read_texts, subject_stream
from storage.database import Database
from storage.form_data import FormRecord, RowState, SubjectRecord, build_form
from storage.form_index import FormIndex, Registry
from storage.identity import SubjectKey, subject_key_of
from storage.locking import look_at_subject
from storage.slots import SEALED, Cell, Key, Packed, unpack, utc, value_of
from storage.tables import audit_entry


@dataclass(frozen=True, slots=True)
class RebuiltForm:
    """A form from the audit alone; encrypted values stay packed where there is no key."""

    revision: int
    state: str
    rows: dict[str, RowState]
    packed: dict[Key, Packed]
    files: frozenset[str]  # digests of all that was ever attached


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One change of a field, with the values before and after (None: empty, or not readable any more)."""

    at: datetime
    who: str
    channel: str
    reason: str
    revision: int
    old: Entered | None
    new: Entered | None


def rebuild_form(connection: Connection, form: int, until: datetime | None = None) -> RebuiltForm | None:
    """A form as the audit tells it, at a time or now; None before it was opened."""
    query = select(audit_entry).where(audit_entry.c.form_id == form).order_by(audit_entry.c.number)
    if until is not None:
        query = query.where(audit_entry.c.at <= utc(until))
    return replay(connection.execute(query))


def replay(entries: Iterable[Row[tuple[Any, ...]]]) -> RebuiltForm | None:
    """Apply the entries of one form in order."""
    revision, state = 0, ""
    rows: dict[str, RowState] = {}
    packed: dict[Key, Packed] = {}
    files: set[str] = set()
    for entry in entries:
        body = json.loads(entry.body)
        revision = entry.revision
        state = body["state"][1] if "state" in body else state
        for row, _old, new in body.get("rows", ()):
            rows[row] = RowState(row, *new)
        for row, item, _old, new in body.get("values", ()):
            if new is None:
                packed.pop((row, item), None)
            else:
                packed[row, item] = new
        files.update(new for *_, new in body.get("files", ()) if new is not None)
    return RebuiltForm(revision, state, rows, packed, frozenset(files)) if revision else None


def form_as_of(
    database: Database, registry: Registry, actor: Actor, record: SubjectRecord, form: FormRecord, at: datetime
) -> FormData | None:
    """The values of a form as they stood at a time; None before it was opened."""
    with database.read() as connection:
        require_access(connection, actor, record.subject, at)
        rebuilt = rebuild_form(connection, form.id, at)
    if rebuilt is None:
        return None
    index = database.indexes.of(registry, form.place.form)
    return build_form(index, rebuilt.rows, opened_cells(record.key, form.id, rebuilt.packed))


def field_history(
    database: Database, registry: Registry, actor: Actor, subject: int, form: FormRecord, key: Key, *, at: datetime
) -> tuple[FieldChange, ...]:
    """Every change of one field (row id and item), the oldest first."""
    query = select(audit_entry).where(audit_entry.c.form_id == form.id).order_by(audit_entry.c.number)
    with database.read() as connection:
        require_access(connection, actor, subject, at)
        locked = look_at_subject(connection, subject)
        entries = connection.execute(query).all()
    secret = subject_key_of(database.master, locked) if database.keys and locked.wrapped else None
    index = database.indexes.of(registry, form.place.form)
    return tuple(
        FieldChange(
            entry.at, entry.who, entry.channel, entry.reason, entry.revision,
            *(_value(index, key, secret, form.id, packed) for packed in (old, new)),
        )
        for entry in entries
        for row, item, old, new in json.loads(entry.body).get("values", ())
        if (row, item) == key
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Save:
    """Who made a form what it is, and when."""

    who: str
    at: datetime


def last_save(database: Database, actor: Actor, subject: int, form: FormRecord, *, at: datetime) -> Save | None:
    """The save that gave a form its present revision."""
    query = select(audit_entry.c.who, audit_entry.c.at).where(
        audit_entry.c.form_id == form.id, audit_entry.c.revision == form.revision, audit_entry.c.kind.in_(SAVES)
    )
    with database.read() as connection:
        require_access(connection, actor, subject, at)
        found = connection.execute(query.order_by(audit_entry.c.number.desc()).limit(1)).first()
    return Save(found.who, found.at) if found is not None else None


@dataclass(frozen=True, slots=True)
class LogLine:
    """One entry of a subject's stream, as a reader sees it."""

    number: int
    kind: str
    who: str
    at: datetime
    channel: str
    reason: str
    form: int | None
    items: tuple[str, ...]


def subject_log(database: Database, actor: Actor, subject: int, *, at: datetime) -> tuple[LogLine, ...]:
    """All that happened to a subject's record, the newest first."""
    query = select(audit_entry).where(audit_entry.c.stream == subject_stream(subject))
    with database.read() as connection:
        require_access(connection, actor, subject, at)
        rows = connection.execute(query.order_by(audit_entry.c.number.desc())).all()
    return tuple(
        LogLine(r.number, r.kind, r.who, r.at, r.channel, r.reason, r.form_id, read_texts(r.items)) for r in rows
    )


def opened_cells(key: SubjectKey | None, form: int, packed: dict[Key, Packed]) -> dict[Key, Cell]:
    """Packed values as cells; encrypted ones only with the subject's key."""
    cells: dict[Key, Cell] = {}
    for place, content in packed.items():
        cell = _open(key, form, place, content)
        if cell is not None:
            cells[place] = cell
    return cells


def _open(key: SubjectKey | None, form: int, place: Key, packed: Packed | None) -> Cell | None:
    if packed is None or (packed[0] == SEALED and key is None):
        return None
    return key.open_packed(form, place, packed) if key else unpack(packed)


def _value(index: FormIndex, place: Key, key: SubjectKey | None, form: int, packed: Packed | None) -> Entered | None:
    cell, item = _open(key, form, place, packed), index.items.get(place[1])
    return value_of(item.datatype, cell) if cell and item else None


__all__ = [
    "FieldChange",
    "LogLine",
    "RebuiltForm",
    "field_history",
    "form_as_of",
    "opened_cells",
    "rebuild_form",
    "replay",
    "subject_log",
]
