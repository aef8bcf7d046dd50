"""Reads the audit back: a form as of any time, the history of a field, and values against what the audit says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Row, Text, and_, cast, literal, not_, or_, select

from engine.records.form_data import FormData
from storage.access import Actor, in_other_registry, require_access, visible_instances
from storage.audit import LINKS, SAVES, read_texts, subject_stream
from storage.database import Database
from storage.form_data import FormRecord, RowState, SubjectRecord, build_form
from storage.form_index import Registry
from storage.identity import SubjectKey
from storage.rights import kept_items
from storage.slots import SEALED, Cell, Key, Packed, unpack, utc
from storage.tables import audit_entry, form_instance, instance, issue


@dataclass(frozen=True, slots=True)
class RebuiltForm:
    """A form from the audit alone; encrypted values stay packed where there is no key."""

    revision: int
    state: str
    rows: dict[str, RowState]
    packed: dict[Key, Packed]
    files: frozenset[str]  # digests of all that was ever attached


@dataclass(frozen=True, slots=True)
class FormThen:
    """A form as it stood at a time, and the entry that made it so."""

    data: FormData
    revision: int
    state: str
    definition: str
    who: str
    at: datetime
    rows: Mapping[str, RowState] = field(default_factory=dict)
    packed: Mapping[Key, Packed] = field(default_factory=dict)  # the values as the audit keeps them


@dataclass(frozen=True, slots=True)
class IssueThen:
    """A broken rule of which is known that it was open at a time."""

    code: str
    severity: str
    row: str  # row id
    item: str
    message: str


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A value before and after, as cells; one that may not or cannot be read any more has the slot SEALED."""

    key: Key
    old: Cell | None
    new: Cell | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the audit as a reader sees it, with the values that it changed."""

    number: int
    kind: str
    who: str
    at: datetime
    channel: str
    reason: str
    form: int | None
    definition: str
    revision: int
    values: tuple[ValueChange, ...] = ()
    state: tuple[str, str] | None = None  # of the form, before and after
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)


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


def form_then(
    database: Database, registry: Registry, actor: Actor, record: SubjectRecord, form: FormRecord, until: datetime,
    *, at: datetime,
) -> FormThen | None:  # fmt: skip
    """A form as it stood at the time `until`, with the rules' version of that time; None before it was opened.

    `registry`: a version that knows the items of the form; what it does not know stays out.
    """
    query = select(audit_entry).where(audit_entry.c.form_id == form.id, audit_entry.c.at <= utc(until))
    with database.read() as connection:
        require_access(connection, actor, record.subject, at)
        entries = connection.execute(query.order_by(audit_entry.c.number)).all()
    rebuilt = replay(entries)
    if rebuilt is None:
        return None
    last = next(entry for entry in entries if entry.revision == rebuilt.revision)  # others may follow, of another kind
    index = database.indexes.of(registry, form.place.form)
    kept = kept_items(actor, index)
    packed = {key: value for key, value in rebuilt.packed.items() if key[1] not in kept}
    data = build_form(index, rebuilt.rows, opened_cells(_key(record, actor), form.id, packed))
    return FormThen(data, rebuilt.revision, rebuilt.state, last.definition, last.who, last.at, rebuilt.rows, packed)


def issues_then(
    database: Database, actor: Actor, record: SubjectRecord, form: FormRecord, until: datetime, *, at: datetime
) -> tuple[IssueThen, ...]:
    """The broken rules of a form that were open at a time, as far as they are kept.

    Of one that was closed and opened again only the last time is.
    """
    columns, moment = issue.c, utc(until)
    query = select(columns.code, columns.severity, columns.row_id, columns.item, columns.message).where(
        columns.form_id == form.id, columns.raised_at <= moment,
        or_(columns.closed_at.is_(None), columns.closed_at > moment),
    )  # fmt: skip
    with database.read() as connection:
        require_access(connection, actor, record.subject, at)
        return tuple(IssueThen(*row) for row in connection.execute(query.order_by(columns.code, columns.row_id)))


def readable(record: SubjectRecord, form: FormRecord, key: Key, packed: Packed | None, actor: Actor) -> Cell | None:
    """A value as the audit keeps it, for a reader who may know who the person is, or may not."""
    return _readable(_key(record, actor), form.id, key, packed)


def form_history(
    database: Database, registry: Registry, actor: Actor, record: SubjectRecord, form: FormRecord, *, at: datetime
) -> tuple[LogEntry, ...]:
    """All entries of a form, the newest first, without what is hidden from the actor."""
    query = select(audit_entry).where(audit_entry.c.form_id == form.id).order_by(audit_entry.c.number.desc())
    with database.read() as connection:
        require_access(connection, actor, record.subject, at)
        rows = connection.execute(query).all()
    return _read_entries(rows, _key(record, actor), _kept(database, registry, actor, record))


def subject_history(
    database: Database, registry: Registry, actor: Actor, record: SubjectRecord, *, at: datetime, before: int = 0,
    size: int = 25,
) -> tuple[LogEntry, ...]:  # fmt: skip
    """A page of what happened to what one may see of a subject, the newest first: the entries before a number.

    What belongs to other registries, and to episodes that are not seen, is left out.
    """
    entry = audit_entry.c
    with database.read() as connection:
        seen = visible_instances(connection, actor, record.subject, at)
        some = None if seen is None else [row.id for row in record.instances]
        query = select(audit_entry).where(
            entry.stream == subject_stream(record.subject), _of_registry(database, actor, record, some)
        )
        if before:
            query = query.where(entry.number < before)
        rows = connection.execute(query.order_by(entry.number.desc()).limit(size)).all()
    return _read_entries(rows, _key(record, actor), _kept(database, registry, actor, record))


def _kept(database: Database, registry: Registry, actor: Actor, record: SubjectRecord) -> dict[int, frozenset[str]]:
    """Form -> its items of which the actor is told nothing."""
    indexes = database.indexes
    return {form.id: kept_items(actor, indexes.of(registry, place.form)) for place, form in record.forms.items()}


def _key(record: SubjectRecord, actor: Actor) -> SubjectKey | None:
    """The key to who the person is, for those who may know."""
    return record.key if actor.identities else None


def _of_registry(
    database: Database, actor: Actor, record: SubjectRecord, some: Sequence[int] | None
) -> ColumnElement[bool]:
    """Whether an entry belongs here: to a form or an instance of this registry, or to a person of this registry alone.

    What was withdrawn stays. `some`: the instances that are seen, where these are not all.
    """
    entry, form, part = audit_entry.c, form_instance.c, instance.c
    forms = select(form.id).where(form.subject_id == record.subject, form.home.in_(("", actor.registry)))
    parts = select(part.id).where(part.subject_id == record.subject, part.registry == actor.registry)
    if some is not None:
        forms, parts = forms.where(form.instance_id.in_(some)), parts.where(part.id.in_(some))
    whole = and_(not_(in_other_registry(database, actor, record.subject)), literal(some is None))
    parts_told: ColumnElement[bool] = instance_in_body().in_(parts)
    if some is not None:  # links are told to those who see both ends
        parts_told = and_(parts_told, entry.kind.not_in(LINKS))
    return or_(entry.form_id.in_(forms), and_(entry.form_id.is_(None), or_(parts_told, whole)))


def instance_in_body() -> ColumnElement[int]:
    """The container instance that an entry is about, as its body names it."""
    found: ColumnElement[int] = body_of_entry()["instance"].as_integer()
    return found


def body_of_entry() -> Any:
    """The body of an entry, to look into."""
    return cast(audit_entry.c.body, JSON().with_variant(Text(), "sqlite"))


def _read_entries(
    rows: Iterable[Row[tuple[Any, ...]]], key: SubjectKey | None, kept: Mapping[int, frozenset[str]]
) -> tuple[LogEntry, ...]:
    return tuple(_read_entry(row, key, kept.get(row.form_id)) for row in rows)


def _read_entry(row: Row[tuple[Any, ...]], key: SubjectKey | None, kept: frozenset[str] | None) -> LogEntry:
    """An entry without the values that are kept from the reader: all, where the form is not at hand."""
    body = json.loads(row.body)
    values = body.get("values", ()) if kept is not None else ()
    return LogEntry(
        row.number, row.kind, row.who, row.at, row.channel, row.reason, row.form_id, row.definition, row.revision,
        tuple(
            ValueChange((line, item), *(_readable(key, row.form_id, (line, item), packed) for packed in (old, new)))
            for line, item, old, new in values
            if kept is None or item not in kept
        ),
        (body["state"][0] or "", body["state"][1]) if row.form_id is not None and "state" in body else None,
        body,
    )  # fmt: skip


def _readable(key: SubjectKey | None, form: int, place: Key, packed: Packed | None) -> Cell | None:
    """A value of the audit; what stays encrypted without its content."""
    if packed is not None and packed[0] == SEALED and key is None:
        return Cell(SEALED, None)
    return _open(key, form, place, packed)


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


__all__ = [
    "FormThen",
    "IssueThen",
    "LogEntry",
    "LogLine",
    "RebuiltForm",
    "ValueChange",
    "body_of_entry",
    "form_history",
    "form_then",
    "instance_in_body",
    "issues_then",
    "opened_cells",
    "readable",
    "rebuild_form",
    "replay",
    "subject_history",
    "subject_log",
]
