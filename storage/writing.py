"""The statements that write a save: one for each table, whatever the number of values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.datatypes.base import Slot
from storage.bulk import Row, Writes, addition, change, deletion, upsert
from storage.cell_tables import ALTER_CELLS, INSERT_CELLS, WRITE_CALCULATED
from storage.changes import Changes
from storage.derived import Issue
from storage.direct import send
from storage.errors import Erased, NoKeys
from storage.form_data import FormRecord, Place
from storage.identity import SubjectKey, sealed
from storage.slots import Cell, Key, cell_rows, utc
from storage.tables import form_instance, identity, issue, item_data, row_data

_DELETE_CELLS = deletion(item_data, ("form_id", "row_id", "item", "position"))
_WRITE_ROWS = upsert(row_data, ("form_id", "row_id", "grp", "parent", "position", "removed"))
_WRITE_IDENTITIES = upsert(identity, ("form_id", "row_id", "item", "subject_id", "ciphertext"))
_WRITE_ISSUES = upsert(issue, tuple(column.name for column in issue.columns))
_MORE_IDS = "SELECT nextval('form_instance_id_seq') FROM generate_series(1, $1)"
_OPEN_FORM = addition(
    form_instance,
    tuple(column.name for column in form_instance.columns if column.name not in ("withdrawal_id", "origin_id")),
    first=True,
)
_CHANGE_FORMS = change(form_instance, ("id",), ("definition", "revision", "state", "status", "saved_at"))


@dataclass(frozen=True, slots=True)
class FormHead:
    """The row of a form that is saved."""

    id: int
    definition: str
    revision: int
    state: str
    status: str
    saved_at: datetime


def ask_form_ids(connection: Connection, number: int) -> Callable[[int], list[int]]:
    """So many more ids of forms that are to be opened, after a first one that is known; asked without waiting."""
    if number < 1:
        return lambda _first: []
    if connection.dialect.name != "postgresql":  # one writer at a time
        return lambda first: list(range(first + 1, first + 1 + number))
    fetch = send(connection, _MORE_IDS, (number,)).fetchall
    return lambda _first: [found for (found,) in fetch()]


def open_form(writes: Writes, subject: int, home: str, place: Place, head: FormHead) -> None:
    """Write the row of a form that is opened."""
    saved_at = utc(head.saved_at)
    row = (
        head.id, subject, place.instance, place.occurrence, home, place.form, place.record, head.definition,
        head.revision, head.state, head.status, saved_at, saved_at,
    )  # fmt: skip
    writes.add(_OPEN_FORM, [row])


def change_forms(writes: Writes, heads: Iterable[FormHead]) -> None:
    """Bring the rows of forms up to date."""
    rows = [(head.definition, head.revision, head.state, head.status, utc(head.saved_at), head.id) for head in heads]
    writes.add(_CHANGE_FORMS, rows)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Keeps the ciphertexts of a form: those stored, and new ones for new values."""

    subject: int
    form: int
    sealed: frozenset[str]  # items
    key: SubjectKey | None
    keyless: bool  # the database was opened without a master key
    stored: Mapping[Key, bytes] = field(default_factory=dict)

    def is_sealed(self, key: Key) -> bool:
        """Whether the value may identify a person, so that it never enters the ordinary tables."""
        return key[1] in self.sealed or key in self.stored

    def seal(self, key: Key, cell: Cell) -> bytes:
        """A new ciphertext. Raises NoKeys without a master key, Erased when the subject's key was destroyed."""
        if self.key is None:
            raise NoKeys if self.keyless else Erased(self.subject)
        return self.key.seal(self.form, key, cell)


def write_changes(writes: Writes, sealer: Sealer, changes: Changes) -> list[tuple[Any, ...]]:
    """Write rows and values; returns the values as the audit keeps them: row, item, old, new."""
    form = sealer.form
    gone: list[Row] = []
    altered: list[Row] = []
    added: list[Row] = []
    secrets: list[Row] = []
    noted: list[tuple[Any, ...]] = []
    for key, (old, new) in changes.cells.items():
        if sealer.is_sealed(key):
            secret = sealer.seal(key, new) if new is not None else None
            secrets.append((form, *key, sealer.subject, secret))
            noted.append((*key, _sealed_or_none(sealer.stored.get(key)), _sealed_or_none(secret)))
            continue
        noted.append((*key, old, new))
        rows = cell_rows((form, *key), new) if new is not None else []
        if old is None:
            added += rows
        else:
            width = len(old.value) if isinstance(old.value, tuple) else 1
            altered += rows[:width]
            added += rows[width:]
            gone += [(form, *key, position) for position in range(len(rows), width)]
    writes.add(_DELETE_CELLS, gone)
    writes.add(ALTER_CELLS, altered)
    writes.add(INSERT_CELLS, added)
    writes.add(_WRITE_IDENTITIES, secrets)
    writes.add(_WRITE_ROWS, [(form, *state) for _, state in changes.rows.values()])
    return noted


def write_calculated(writes: Writes, rows: list[Row]) -> None:
    """Write calculated values."""
    writes.add(WRITE_CALCULATED, rows)


def write_issues(writes: Writes, rows: list[Issue]) -> None:
    """Write issues."""
    writes.add(_WRITE_ISSUES, rows)


def noted_rows(changes: Changes) -> list[list[Any]]:
    """Changed rows as the audit keeps them: row, old, new state."""
    return [[row, list(old[1:]) if old else None, list(new[1:])] for row, (old, new) in changes.rows.items()]


def noted_files(changes: Changes) -> list[list[Any]]:
    """Changed files as the audit keeps them beside their ciphertexts: row, item, old and new digest."""
    return [
        [*key, *(cell.value if cell and cell.slot == Slot.FILE else None for cell in both)]
        for key, both in changes.files.items()
    ]


def head_of(record: FormRecord, status: str) -> FormHead:
    """The row of a form that another form's save touches: revision and state stay."""
    return FormHead(record.id, record.definition, record.revision, record.state, status, record.saved_at)


def _sealed_or_none(ciphertext: bytes | None) -> Cell | None:
    return sealed(ciphertext) if ciphertext is not None else None


__all__ = [
    "FormHead",
    "Sealer",
    "ask_form_ids",
    "change_forms",
    "head_of",
    "noted_files",
    "noted_rows",
    "open_form",
    "write_calculated",
    "write_changes",
    "write_issues",
]
