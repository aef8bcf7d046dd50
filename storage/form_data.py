"""Loads a subject with all its forms as an Instance tree, in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, TextClause, text

from engine.datatypes.values import Entered
from engine.records.form_data import FormData, Instance, Occurrence, RowData
from storage.access import Actor, visible_instances
from storage.database import Database
from storage.form_index import FormIndex, Registry
from storage.identity import SubjectKey, subject_key_of
from storage.locking import LockedSubject, look_at_subject
from storage.slots import MISSING, READERS, VALUE_COLUMNS, WITHDRAWN, Cell, Key, read_cell, value_of


class Place(NamedTuple):
    """Where a form stands: its container instance, or the event occurrence in it when the form is per event."""

    instance: int
    form: str
    occurrence: int | None = None
    record: int = 0


class RowState(NamedTuple):
    """A row without its values."""

    row: str
    group: str
    parent: str  # '' for the form
    position: int
    removed: bool = False


@dataclass(frozen=True, slots=True)
class FormRecord:
    """A form as stored: values, and what changes are compared with."""

    id: int
    place: Place
    definition: str
    revision: int
    state: str
    status: str
    opened_at: datetime
    saved_at: datetime
    data: FormData = field(default_factory=FormData)
    rows: Mapping[str, RowState] = field(default_factory=dict)
    cells: Mapping[Key, Cell] = field(default_factory=dict)
    ciphertexts: Mapping[Key, bytes] = field(default_factory=dict)

    @property
    def withdrawn(self) -> dict[Key, str]:
        """The retracted values, with the reason."""
        return {key: cell.value for key, cell in self.cells.items() if cell.slot == WITHDRAWN}


class InstanceRow(NamedTuple):
    """A container instance."""

    id: int
    parent: int | None
    container: str
    number: int


class OccurrenceRow(NamedTuple):
    """An occurrence of an event."""

    id: int
    instance: int
    event: str
    number: int
    day: date | None


@dataclass(frozen=True, slots=True)
class SubjectRecord:
    """A subject in one registry: the tree that rules see, and each form with its revision and state."""

    subject: int
    erased: bool
    instances: tuple[InstanceRow, ...]
    occurrences: tuple[OccurrenceRow, ...]
    forms: Mapping[Place, FormRecord]
    key: SubjectKey | None = field(default=None, repr=False)

    @property
    def tree(self) -> Instance:
        """The subject as rules see it."""
        return self.tree_with({})

    def tree_with(self, changed: Mapping[Place, FormData]) -> Instance:
        """The same with some forms replaced or added."""
        data = {place: record.data for place, record in self.forms.items()} | dict(changed)
        return build_tree(self.instances, self.occurrences, data)

    @property
    def patient(self) -> int:
        """The id of the patient's own instance."""
        return next(row.id for row in self.instances if row.parent is None)


def load_subject(database: Database, registry: Registry, actor: Actor, subject: int, at: datetime) -> SubjectRecord:
    """A subject with all forms that the actor may see; raises NotVisible."""
    with database.read() as connection:
        seen = visible_instances(connection, actor, subject, at)
        record = read_subject(connection, database, registry, look_at_subject(connection, subject))
    return record if seen is None else _only(record, seen)


def read_subject(
    connection: Connection, database: Database, registry: Registry, locked: LockedSubject, besides: Place | None = None
) -> SubjectRecord:
    """The whole subject, without asking who looks: rules across sites need it.

    The values of the form `besides` stay cells: they are about to be replaced.
    """
    scope = {"subject": locked.id, "registry": registry.model.registry}
    instances = tuple(InstanceRow(*row) for row in connection.execute(_INSTANCES, scope))
    occurrences = tuple(
        OccurrenceRow(row.id, row.instance_id, row.event, row.number, _day(row.day))
        for row in connection.execute(_OCCURRENCES, scope)
    )
    forms = connection.execute(_FORMS, scope).all()
    rows: dict[int, dict[str, RowState]] = defaultdict(dict)
    for form, row, group, parent, position, removed in connection.execute(_ROWS, scope):
        rows[form][row] = RowState(row, group, parent, position, bool(removed))
    cells = read_cells(connection, _CELLS, scope)
    key = subject_key_of(database.master, locked) if database.keys and locked.wrapped else None
    ciphertexts = _read_identities(connection, scope, cells, key)
    records: dict[Place, FormRecord] = {}
    known = registry.model.forms
    for row in forms:
        place = Place(row.instance_id, row.form, row.occurrence_id, row.record)
        own_rows, own_cells = rows[row.id], cells[row.id]
        index = database.indexes.of(registry, row.form) if row.form in known and place != besides else None
        records[place] = FormRecord(
            row.id,
            place,
            row.definition,
            row.revision,
            row.state,
            row.status,
            _moment(row.opened_at),
            _moment(row.saved_at),
            build_form(index, own_rows, own_cells) if index else FormData(),
            own_rows,
            own_cells,
            ciphertexts[row.id],
        )
    return SubjectRecord(locked.id, locked.erased, instances, occurrences, records, key)


def build_form(index: FormIndex, rows: Mapping[str, RowState], cells: Mapping[Key, Cell]) -> FormData:
    """Stored rows and cells -> FormData; what this version of the form does not know stays out of it."""
    items: dict[str, dict[str, Entered]] = defaultdict(dict)
    for (row, name), cell in cells.items():
        item = index.items.get(name)
        if item is not None and (value := value_of(item.datatype, cell)) is not None:
            items[row][name] = value
    children: dict[str, dict[str, list[RowState]]] = defaultdict(lambda: defaultdict(list))
    for state in sorted(rows.values(), key=lambda state: state.position):
        if not state.removed and state.group in index.parents:
            children[state.parent][state.group].append(state)

    def groups_in(parent: str) -> dict[str, tuple[RowData, ...]]:
        return {
            group: tuple(RowData(state.row, items.get(state.row, {}), groups_in(state.row)) for state in states)
            for group, states in children.get(parent, {}).items()
        }

    return FormData(items.get("", {}), groups_in(""))


def build_tree(
    instances: Sequence[InstanceRow], occurrences: Sequence[OccurrenceRow], forms: Mapping[Place, FormData]
) -> Instance:
    """Instances, occurrences and forms -> one tree."""
    own: dict[int, dict[str, list[FormData]]] = defaultdict(lambda: defaultdict(list))
    of_event: dict[int, dict[str, FormData]] = defaultdict(dict)
    for place in sorted(forms, key=lambda place: place.record):
        if place.occurrence is None:
            own[place.instance][place.form].append(forms[place])
        else:
            of_event[place.occurrence][place.form] = forms[place]
    events: dict[int, list[Occurrence]] = defaultdict(list)
    ordered = sorted(occurrences, key=lambda row: (row.day or date.max, row.number, row.id))
    for row in ordered:
        events[row.instance].append(Occurrence(row.event, str(row.id), of_event.get(row.id, {}), row.day))

    def build(row: InstanceRow) -> Instance:
        children = tuple(build(child) for child in instances if child.parent == row.id)
        held = {form: tuple(records) for form, records in own.get(row.id, {}).items()}
        return Instance(row.container, str(row.id), held, tuple(events.get(row.id, ())), children)

    return build(next(row for row in instances if row.parent is None))


def cells_query(source: str, condition: str) -> TextClause:
    """The query of entered values; asked without types, or SQLAlchemy would convert each of the many empty columns."""
    columns = ", ".join(f"d.{name}" for name in (*VALUE_COLUMNS, MISSING, WITHDRAWN))
    return text(
        f"SELECT d.form_id, d.row_id, d.item, d.position, d.extra, {columns} FROM {source} WHERE {condition} "  # noqa: S608 -- texts of this package alone
        "ORDER BY d.form_id, d.row_id, d.item, d.position"
    )


def read_cells(connection: Connection, query: TextClause, scope: Mapping[str, Any]) -> dict[int, dict[Key, Cell]]:
    """Form -> key -> cell; the rows of a multiple choice become one cell."""
    cells: dict[int, dict[Key, Cell]] = defaultdict(dict)
    readers = READERS[connection.dialect.name]
    for form, row, item, position, extra, *columns in connection.execute(query, scope):
        cell, key = read_cell(readers, columns, extra), (row, item)
        if position:
            before = cells[form][key]
            cell = Cell(before.slot, before.value + cell.value, before.extra)
        cells[form][key] = cell
    return cells


def _read_identities(
    connection: Connection, scope: Mapping[str, Any], cells: dict[int, dict[Key, Cell]], key: SubjectKey | None
) -> dict[int, dict[Key, bytes]]:
    ciphertexts: dict[int, dict[Key, bytes]] = defaultdict(dict)
    if key is not None:
        for form, row, item, ciphertext in connection.execute(_IDENTITIES, scope):
            ciphertexts[form][row, item] = ciphertext
            cells[form][row, item] = key.open(form, (row, item), ciphertext)
    return ciphertexts


def seen_instances(record: SubjectRecord, seen: frozenset[int]) -> frozenset[int]:
    """The visible episodes, all that is below them, and the patient."""
    parents = {row.id: row.parent for row in record.instances}

    def visible(instance: int | None) -> bool:
        return instance is not None and (instance in seen or visible(parents[instance]))

    return frozenset(row.id for row in record.instances if row.parent is None or visible(row.id))


def _only(record: SubjectRecord, seen: frozenset[int]) -> SubjectRecord:
    """The record without the episodes that may not be seen."""
    kept = seen_instances(record, seen)
    return replace(
        record,
        instances=tuple(row for row in record.instances if row.id in kept),
        occurrences=tuple(row for row in record.occurrences if row.instance in kept),
        forms={place: form for place, form in record.forms.items() if place.instance in kept},
    )


def _day(stored: date | str | None) -> date | None:
    return date.fromisoformat(stored) if isinstance(stored, str) else stored


def _moment(stored: datetime | str) -> datetime:
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored


_MINE = "f.subject_id = :subject AND f.home IN ('', :registry)"
_INSTANCES = text(
    "SELECT id, parent_id, container, number FROM instance "
    "WHERE subject_id = :subject AND registry IN ('', :registry) ORDER BY number, id"
)
_OCCURRENCES = text(
    "SELECT o.id, o.instance_id, o.event, o.number, o.day FROM occurrence o JOIN instance i ON i.id = o.instance_id "
    "WHERE o.subject_id = :subject AND i.registry IN ('', :registry)"
)
_FORMS = text(
    "SELECT id, instance_id, occurrence_id, form, record, definition, revision, state, status, opened_at, saved_at "  # noqa: S608 -- names of columns alone
    f"FROM form_instance f WHERE {_MINE}"
)
_ROWS = text(
    "SELECT r.form_id, r.row_id, r.grp, r.parent, r.position, r.removed FROM form_instance f "  # noqa: S608 -- names of columns alone
    f"JOIN row_data r ON r.form_id = f.id WHERE {_MINE}"
)
_CELLS = cells_query("form_instance f JOIN item_data d ON d.form_id = f.id", _MINE)
_IDENTITIES = text(
    "SELECT i.form_id, i.row_id, i.item, i.ciphertext FROM form_instance f JOIN identity i ON i.form_id = f.id "  # noqa: S608 -- names of columns alone
    f"WHERE {_MINE} AND i.ciphertext IS NOT NULL"
)

__all__ = [
    "FormRecord",
    "InstanceRow",
    "OccurrenceRow",
    "Place",
    "RowState",
    "SubjectRecord",
    "build_form",
    "build_tree",
    "cells_query",
    "load_subject",
    "read_cells",
    "read_subject",
    "seen_instances",
]
