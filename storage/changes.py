"""What a save changes: submitted rows and cells against the stored ones, and the paths of both."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from engine.datatypes.base import Slot
from engine.datatypes.values import Entered, Unread
from engine.records.form_data import FormData, RowData
from engine.records.path import ItemPath
from storage.errors import NotEntitled, RowClash, UnknownItem
from storage.form_data import FormRecord, RowState
from storage.form_index import FormIndex
from storage.slots import WITHDRAWN, Cell, Key, cell_of, value_of

ROW_ID_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submitted form, flat. `kept` are the keys of unreadable input: what is stored there stays."""

    rows: Mapping[str, RowState]
    cells: Mapping[Key, Cell]
    kept: frozenset[Key]


Pairs = Mapping[Key, tuple[Cell | None, Cell | None]]  # old and new


@dataclass(frozen=True, slots=True)
class Changes:
    """Old and new of everything that differs."""

    rows: Mapping[str, tuple[RowState | None, RowState]] = field(default_factory=dict)
    cells: Pairs = field(default_factory=dict)
    files: Pairs = field(default_factory=dict)  # those of the cells that hold files
    items: tuple[str, ...] = ()  # the ids of the changed items, sorted

    def __bool__(self) -> bool:
        return bool(self.rows or self.cells)


def flatten(index: FormIndex, data: FormData, withdrawn: Mapping[Key, str]) -> Submitted:
    """A submitted form as rows and cells; raises UnknownItem and RowClash."""
    rows: dict[str, RowState] = {}
    cells: dict[Key, Cell] = {}
    kept: set[Key] = set()

    def take(items: Mapping[str, Entered], row: str) -> None:
        for name, value in items.items():
            item = index.items.get(name)
            if item is None:
                raise UnknownItem(index.form.id, name)
            if item.calculate is not None:
                continue
            if isinstance(value, Unread):
                kept.add((row, name))
            elif (cell := cell_of(item, value)) is not None:
                cells[row, name] = cell

    take(data.items, "")
    for group, parent, position, row in walk_rows(data):
        if index.parents.get(group) is None:
            raise UnknownItem(index.form.id, group)
        if not row.id or len(row.id) > ROW_ID_LENGTH or row.id in rows:
            raise RowClash(row.id, "an id has 1 to 40 characters and stands once in a form")
        rows[row.id] = RowState(row.id, group, parent, position)
        take(row.items, row.id)
    cells.update({key: Cell(WITHDRAWN, reason) for key, reason in withdrawn.items()})
    return Submitted(rows, cells, frozenset(kept))


def compare(index: FormIndex, stored: FormRecord | None, submitted: Submitted, taken: Collection[str]) -> Changes:
    """What must be written. `taken` are the row ids of the subject's other forms."""
    old_rows = stored.rows if stored else {}
    old_cells = stored.cells if stored else {}
    rows: dict[str, tuple[RowState | None, RowState]] = {}
    for name, state in submitted.rows.items():
        before = old_rows.get(name)
        if before is None and name in taken:
            raise RowClash(name, "another form of the subject has it")
        if before is not None and (before.removed or before.group != state.group):
            raise RowClash(name, "a removed row had it")
        if before != state:
            rows[name] = (before, state)
    for name, before in old_rows.items():
        if name not in submitted.rows and not before.removed and before.group in index.parents:
            rows[name] = (before, before._replace(removed=True))
    cells: dict[Key, tuple[Cell | None, Cell | None]] = {}
    for key, cell in submitted.cells.items():
        if (found := old_cells.get(key)) != cell:
            cells[key] = (found, cell)
    for key, cell in old_cells.items():
        if _is_gone(key, cell, index, submitted):
            cells[key] = (cell, None)
    sealed = {key: both for key, both in cells.items() if key[1] in index.sealed} if index.sealed else {}
    files = {key: both for key, both in sealed.items() if any(cell and cell.slot == Slot.FILE for cell in both)}
    return Changes(rows, cells, files, tuple(sorted({item for _, item in cells})))


def _is_gone(key: Key, cell: Cell, index: FormIndex, submitted: Submitted) -> bool:
    """Stored, no longer submitted; but what this version does not know, withdrawn and unreadable items stay."""
    row, item = key
    if key in submitted.cells or item not in index.items:
        return False
    if row and row not in submitted.rows:
        return True  # its row was removed
    return key not in submitted.kept and cell.slot != WITHDRAWN


def walk_rows(data: FormData) -> Iterator[tuple[str, str, int, RowData]]:
    """Group, parent row ('' for the form), position and row of all rows, outer ones first."""
    stack: list[tuple[str, FormData | RowData]] = [("", data)]
    while stack:
        parent, part = stack.pop()
        for group, rows in part.groups.items():
            for position, row in enumerate(rows):
                yield group, parent, position, row
                stack.append((row.id, row))


@dataclass(frozen=True, slots=True)
class Paths:
    """The printed paths of a form's rows and the keys that storage uses instead."""

    ids: Mapping[str, str]  # printed path of a row -> row id
    texts: Mapping[str, str]  # row id -> printed path

    def key(self, path: str) -> Key:
        """The key of a printed path; of a row's own path, its id and no item."""
        if path in self.ids:
            return self.ids[path], ""
        row, _, item = path.rpartition(".")  # an item's id has no point, so the last one ends the row
        return self.ids.get(row, ""), item

    def path(self, key: Key) -> str:
        """The printed path of a key; the bare item when its row is gone."""
        row, item = key
        text = self.texts.get(row, "")
        return f"{text}.{item}" if text and item else text or item


def paths_of(data: FormData) -> Paths:
    """The paths of the rows of a form as they stand."""
    at: dict[str, ItemPath] = {"": ItemPath()}
    for group, parent, position, row in walk_rows(data):
        at[row.id] = at[parent].into(group, position + 1)
    texts = {row: str(path) for row, path in at.items()}
    return Paths({text: row for row, text in texts.items()}, texts)


def without(data: FormData, keys: Collection[Key]) -> FormData:
    """The form without some values."""
    return with_values(data, dict.fromkeys(keys))


def with_values(data: FormData, values: Mapping[Key, Entered | None]) -> FormData:
    """The form with some values replaced, or taken out where there is none; those of rows that it lacks are ignored."""

    def items(part: FormData | RowData, row: str) -> dict[str, Entered]:
        changed = {item: value for (place, item), value in values.items() if place == row}
        return {name: value for name, value in {**part.items, **changed}.items() if value is not None}

    def groups(part: FormData | RowData) -> dict[str, tuple[RowData, ...]]:
        return {
            group: tuple(RowData(row.id, items(row, row.id), groups(row)) for row in rows)
            for group, rows in part.groups.items()
        }

    return FormData(items(data, ""), groups(data))


def value_at(data: FormData, key: Key) -> Entered | None:
    """The value of a key."""
    if not key[0]:
        return data.items.get(key[1])
    return next((row.items.get(key[1]) for _, _, _, row in walk_rows(data) if row.id == key[0]), None)


def entitled(
    index: FormIndex, fixed: Collection[str], stored: Mapping[Key, Cell], data: FormData, *, stale: bool = False
) -> FormData:
    """What somebody submits, with what is stored in the items that they may not fill.

    Args:
        stale: others saved the form meanwhile: what differs in those items need not be what was asked for.

    Raises:
        NotEntitled: it asks for another value in one of them, or takes a row away that holds one.
    """
    asked = {("", name) for name in data.items} | {(row.id, name) for *_, row in walk_rows(data) for name in row.items}
    changed = {key for key in asked if key[1] in fixed and not _same(index, key, value_at(data, key), stored.get(key))}
    kept = {key: cell for key, cell in stored.items() if key[1] in fixed}
    rows = {"", *(row.id for *_, row in walk_rows(data))}
    changed |= {key for key in kept if key[0] not in rows}
    if changed and not stale:
        raise NotEntitled(tuple(sorted({item for _, item in changed})))
    values = {key: value_of(index.items[key[1]].datatype, cell) for key, cell in kept.items()}
    return with_values(data, {**dict.fromkeys(changed), **values})


def _same(index: FormIndex, key: Key, value: Entered | None, cell: Cell | None) -> bool:
    item = index.items[key[1]]
    return item.calculate is not None or (value is not None and cell_of(item, value) == cell)


__all__ = [
    "Changes",
    "Paths",
    "Submitted",
    "compare",
    "entitled",
    "flatten",
    "paths_of",
    "value_at",
    "walk_rows",
    "with_values",
    "without",
]
