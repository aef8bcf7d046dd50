"""The statements that write a save: one for each table, whatever the number of values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from storage.bulk import change, deletion, upsert
from storage.cell_tables import ALTER_CELLS, INSERT_CELLS, WRITE_CALCULATED
from storage.changes import Changes
from storage.derived import Issue
from storage.direct import Query
from storage.errors import Erased, NoKeys
from storage.form_data import FormRecord, Place
from storage.identity import SubjectKey, sealed
from storage.slots import Cell, Key, Packed, cell_rows, pack, utc
from storage.tables import form_instance, identity, issue, item_data, row_data

_CELL_KEY = ("form_id", "row_id", "item")
_DELETE_CELLS = deletion(item_data, _CELL_KEY)
_WRITE_ROWS = upsert(row_data, ("form_id", "row_id", "grp", "parent", "position", "removed"))
_WRITE_IDENTITIES = upsert(identity, (*_CELL_KEY, "subject_id", "ciphertext"))
_WRITE_ISSUES = upsert(issue, tuple(column.name for column in issue.columns))
_NEW_FORM = tuple(column.name for column in form_instance.columns if column.name != "id")
_OPEN_FORM = Query.of(
    f"INSERT INTO form_instance ({', '.join(_NEW_FORM)}) VALUES (:{', :'.join(_NEW_FORM)}) RETURNING id"  # noqa: S608 -- names of columns alone
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


def insert_form(connection: Connection, subject: int, home: str, place: Place, head: FormHead) -> int:
    """A form that is opened; returns its id."""
    row = {
        "subject_id": subject,
        "instance_id": place.instance,
        "occurrence_id": place.occurrence,
        "home": home,
        "form": place.form,
        "record": place.record,
        "definition": head.definition,
        "revision": head.revision,
        "state": head.state,
        "status": head.status,
        "opened_at": utc(head.saved_at),
        "saved_at": utc(head.saved_at),
    }
    return int(_OPEN_FORM.rows(connection, row)[0][0])


def change_forms(connection: Connection, heads: Iterable[FormHead]) -> None:
    """Bring the rows of forms up to date."""
    rows = [(head.definition, head.revision, head.state, head.status, utc(head.saved_at), head.id) for head in heads]
    _CHANGE_FORMS.run(connection, rows)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Keeps the ciphertexts of a form: those stored, and new ones for new values."""

    subject: int
    form: int
    identifying: frozenset[str]
    key: SubjectKey | None
    keyless: bool  # the database was opened without a master key
    stored: Mapping[Key, bytes] = field(default_factory=dict)

    def is_sealed(self, key: Key) -> bool:
        """Whether the value identifies a person, so that it never enters the ordinary tables."""
        return key[1] in self.identifying or key in self.stored

    def seal(self, key: Key, cell: Cell) -> bytes:
        """A new ciphertext. Raises NoKeys without a master key, Erased when the subject's key was destroyed."""
        if self.key is None:
            raise NoKeys if self.keyless else Erased(self.subject)
        return self.key.seal(self.form, key, cell)


def write_changes(
    connection: Connection, sealer: Sealer, changes: Changes, packed: Mapping[Key, Packed]
) -> list[list[Any]]:
    """Write rows and values (the new ones `packed`); returns the values as the audit keeps them: row, item, old, new."""
    form = sealer.form
    gone: list[tuple[Any, ...]] = []
    altered: list[tuple[Any, ...]] = []
    added: list[tuple[Any, ...]] = []
    secrets: list[tuple[Any, ...]] = []
    noted: list[list[Any]] = []
    for key, (old, new) in changes.cells.items():
        if sealer.is_sealed(key):
            secret = sealer.seal(key, new) if new is not None else None
            secrets.append((form, *key, sealer.subject, secret))
            noted.append([*key, _sealed_or_none(sealer.stored.get(key)), _sealed_or_none(secret)])
            continue
        in_place = old is not None and new is not None and _positions(old) == _positions(new)
        if old is not None and not in_place:
            gone.append((form, *key))
        if new is not None:
            (altered if in_place else added).extend(cell_rows((form, *key), packed[key]))
        noted.append([*key, pack(old) if old else None, packed[key] if new else None])
    _DELETE_CELLS.run(connection, gone)
    ALTER_CELLS.run(connection, altered)
    INSERT_CELLS.run(connection, added)
    _WRITE_IDENTITIES.run(connection, secrets)
    _WRITE_ROWS.run(connection, [(form, *state) for _, state in changes.rows.values()])
    return noted


def write_calculated(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """Write calculated values."""
    WRITE_CALCULATED.run(connection, rows)


def write_issues(connection: Connection, rows: list[Issue]) -> None:
    """Write issues."""
    _WRITE_ISSUES.run(connection, rows)


def noted_rows(changes: Changes) -> list[list[Any]]:
    """Changed rows as the audit keeps them: row, old, new state."""
    return [[row, list(old[1:]) if old else None, list(new[1:])] for row, (old, new) in changes.rows.items()]


def head_of(record: FormRecord, status: str) -> FormHead:
    """The row of a form that another form's save touches: revision and state stay."""
    return FormHead(record.id, record.definition, record.revision, record.state, status, record.saved_at)


def _positions(cell: Cell) -> int:
    return len(cell.value) if isinstance(cell.value, tuple) else 1


def _sealed_or_none(ciphertext: bytes | None) -> Packed | None:
    return sealed(ciphertext) if ciphertext is not None else None


__all__ = [
    "FormHead",
    "Sealer",
    "change_forms",
    "head_of",
    "insert_form",
    "noted_rows",
    "write_calculated",
    "write_changes",
    "write_issues",
]
