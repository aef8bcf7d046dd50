"""Slot -> typed column: a value as a Cell, which is what rows, the audit's JSON and comparisons are made of."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from engine.datatypes.base import DataType, Kind, Slot, Stored
from engine.datatypes.values import Entered, Missing, Unread, Value
from engine.model.item import ItemDef
from storage.tables.base import instant_text

MISSING = "missing"
WITHDRAWN = "withdrawn"
SEALED = "sealed"  # in the audit: an encrypted value

Packed = list[Any]  # a cell read from JSON
Key = tuple[str, str]  # row id ('' outside groups) and item


class Cell(NamedTuple):
    """What is stored for an item: a value in its slot, or the reason why there is none.

    The value is plain: canonical text, true or false, codes as a tuple always. So it needs no conversion for JSON.
    """

    slot: str
    value: Any
    extra: str | None = None


# In this order cells are written and read: the commonest first, since reading looks for the one that is filled.
# A file has no column: its name often tells whose it is, so what is known of it is always encrypted.
SLOTS = (Slot.CODE, Slot.NUMBER, Slot.DATE, Slot.BOOLEAN, Slot.TEXT, Slot.DATETIME, Slot.TIME, Slot.REFERENCE)
CELL_SLOTS = (*map(str, SLOTS), MISSING, WITHDRAWN)
_PLACES = {name: place for place, name in enumerate(CELL_SLOTS)}


def value_column(slot: str) -> str:
    """The column of a slot, or of a reason that stands in place of a value."""
    return slot if slot in {MISSING, WITHDRAWN} else f"{slot}_value"


def number_text(number: Decimal) -> str:
    """Canonical text of a number: no exponent, no trailing zeros after the point."""
    text = str(number)
    if "E" in text:
        text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if number else "0"


def clock_text(clock: time) -> str:
    """A time of day as PostgreSQL writes it: no zeros after the last digit of a second's fraction."""
    return clock.isoformat().rstrip("0") if clock.microsecond else clock.isoformat()


def code_texts(codes: str | Iterable[str]) -> tuple[str, ...]:
    """One code or several: several always."""
    return (codes,) if type(codes) is str else tuple(codes)


_AS_PLAIN: Mapping[Slot, Callable[[Any], Any]] = {
    Slot.NUMBER: number_text,
    Slot.DATE: date.isoformat,
    Slot.TIME: clock_text,
    Slot.DATETIME: instant_text,
    Slot.CODE: code_texts,
}
# An enum's own conversion to text takes longer than the rest of a cell.
_WAYS = {slot: (str(slot), _AS_PLAIN.get(slot)) for slot in Slot}
_FROM_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    Slot.NUMBER: Decimal,
    Slot.DATE: date.fromisoformat,
    Slot.TIME: time.fromisoformat,
    Slot.DATETIME: datetime.fromisoformat,
}
# The columns as plain text, in the words of storage.direct.
_TEXTS: Mapping[str, str] = {
    Slot.NUMBER: "plain_text({})",
    Slot.DATE: "date_text({})",
    Slot.TIME: "plain_text({})",
    Slot.DATETIME: "instant_text({})",
    Slot.BOOLEAN: "truth_text({})",
}


def cell_columns(alias: str, slots: Sequence[str] = CELL_SLOTS) -> str:
    """The columns of a query that `read_cell` takes."""
    return ", ".join(cell_parts(alias, slots))


def cell_parts(alias: str, slots: Sequence[str] = CELL_SLOTS) -> tuple[str, str, str]:
    """Each of them: place of the filled slot, its text, extra."""
    columns = {slot: f"{alias}.{value_column(slot)}" for slot in slots}
    filled = " ".join(f"WHEN {column} IS NOT NULL THEN {_PLACES[slot]}" for slot, column in columns.items())
    texts = ", ".join(_TEXTS.get(slot, "{}").format(column) for slot, column in columns.items())
    return f"CASE {filled} END", f"coalesce({texts})", f"{alias}.extra"


def read_cell(place: int | None, text: str | None, extra: str | None) -> Cell:
    """The cell of a row; a row without a value is a calculated value that is missing."""
    if place is None:
        return _NO_VALUE
    slot = CELL_SLOTS[place]
    if slot == "code":
        return Cell(slot, (text,), extra)
    return Cell(slot, text == "1" if slot == "boolean" else text, extra)


_NO_VALUE = Cell(MISSING, None)
Cells = dict[int, dict[Key, Cell]]  # by form
CELL_COLUMNS = f"d.form_id, d.row_id, d.item, d.position, {cell_columns('d')}"  # of a query whose rows `cells_in` takes


def cells_in(rows: Iterable[Sequence[Any]]) -> Cells:
    """Rows of CELL_COLUMNS by form and key; those of a multiple choice become one cell."""
    cells: Cells = defaultdict(dict)
    for form, row, item, position, *content in sorted(rows, key=_POSITION):
        cell, key = read_cell(*content), (row, item)
        if position:
            before = cells[form][key]
            cell = Cell(before.slot, before.value + cell.value, before.extra)
        cells[form][key] = cell
    return cells


_POSITION = itemgetter(3)


def cell_of(item: ItemDef, value: Entered | None) -> Cell | None:
    """An entered value as a cell; nothing for an empty one. Unread input has no cell: it is not to be passed."""
    if value is None or isinstance(value, Unread):
        return None
    if isinstance(value, Missing):
        return Cell(MISSING, value.reason)
    return stored_cell(item.datatype, value)


def stored_cell(datatype: DataType, value: Value) -> Cell | None:
    """A value of a data type as a cell; no chosen code is the same as no answer."""
    plain, extra = datatype.store(value)
    name, convert = _WAYS[datatype.slot]
    if convert is not None:
        plain = convert(plain)
    return Cell(name, plain, _extra_text(tuple(extra.items())) if extra else None) if plain != () else None


# Offsets and units are few and come back with nearly every value.
@lru_cache(maxsize=4096)
def _extra_text(extra: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(dict(extra), sort_keys=True, ensure_ascii=False)


@lru_cache(maxsize=4096)
def _read_extra(text: str) -> Mapping[str, str]:
    return MappingProxyType(json.loads(text))


def value_of(datatype: DataType, cell: Cell) -> Value | Missing | None:
    """What the cell holds, as the data type sees it; nothing for a withdrawn one."""
    slot, plain, extra = cell
    if slot == MISSING:
        return Missing(plain)
    if slot == WITHDRAWN or plain is None:
        return None
    if slot in _FROM_PLAIN:
        plain = _FROM_PLAIN[slot](plain)
    elif slot == "code" and datatype.kind is not Kind.CODES:
        plain = plain[0]
    return datatype.load(Stored(plain, _read_extra(extra) if extra else None))


def cell_rows(head: tuple[Any, ...], cell: Cell | None) -> list[tuple[Any, ...]]:
    """The rows of a cell, narrow: `head`, position, number of the slot, value as text, extra."""
    if cell is None:
        return [(*head, 0, None, None, None)]
    slot, value, extra = cell
    place = _PLACES[slot]
    if slot == "code":
        return [(*head, position, place, code, extra) for position, code in enumerate(value)]
    return [(*head, 0, place, ("1" if value else "0") if slot == "boolean" else value, extra)]


def unpack(packed: Packed | None) -> Cell | None:
    """A cell from JSON. An encrypted value stays encrypted."""
    if packed is None:
        return None
    slot, value, *extra = packed
    return Cell(slot, tuple(value) if slot == "code" else value, *extra)


def canonical(content: Any) -> str:
    """The one JSON text of a content: sorted keys, no spaces."""
    return _CANONICAL.encode(content)


# What is written is made here and never refers to itself: looking for that takes a third of the time.
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)


def utc(at: datetime) -> datetime:
    """The time in UTC; a naive one is a mistake of the caller."""
    if at.tzinfo is None:
        raise ValueError("a time needs its zone")
    return at.astimezone(UTC)


__all__ = [
    "CELL_COLUMNS",
    "CELL_SLOTS",
    "MISSING",
    "SEALED",
    "SLOTS",
    "WITHDRAWN",
    "Cell",
    "Cells",
    "Key",
    "Packed",
    "canonical",
    "cell_columns",
    "cell_of",
    "cell_parts",
    "cell_rows",
    "cells_in",
    "number_text",
    "read_cell",
    "stored_cell",
    "unpack",
    "utc",
    "value_column",
    "value_of",
]
