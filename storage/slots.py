"""Slot -> typed column: a stored value as a Cell, to and from database rows, the audit's JSON and the data types."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from engine.datatypes.base import DataType, Kind, Slot, Stored
from engine.datatypes.values import Entered, Missing, Unread, Value
from engine.model.item import ItemDef
from storage.tables.base import instant_text

MISSING = "missing"
WITHDRAWN = "withdrawn"
SEALED = "sealed"  # in the audit: an encrypted value

Packed = list[Any]  # a cell as JSON: [slot, value] or [slot, value, extra]
Key = tuple[str, str]  # row id ('' outside groups) and item


class Cell(NamedTuple):
    """What is stored for an item: a value in its slot, or the reason why there is none. Codes are a tuple always."""

    slot: str
    value: Any
    extra: str | None = None


# In this order cells are written and read: the commonest first, since reading looks for the one that is filled.
# A file has no column: its name often tells whose it is, so what is known of it is always encrypted.
SLOTS = (Slot.CODE, Slot.NUMBER, Slot.DATE, Slot.BOOLEAN, Slot.TEXT, Slot.DATETIME, Slot.TIME, Slot.REFERENCE)
VALUE_COLUMNS = tuple(f"{slot}_value" for slot in SLOTS)
CELL_SLOTS = (*map(str, SLOTS), MISSING, WITHDRAWN)
_NAMES = {slot: str(slot) for slot in Slot}  # an enum's own conversion takes longer than the rest of a cell
_PLACES = {name: place for place, name in enumerate(CELL_SLOTS)}


def value_column(slot: str) -> str:
    """The column of a slot, or of a reason that stands in place of a value."""
    return slot if slot in {MISSING, WITHDRAWN} else f"{slot}_value"


def number_text(number: Decimal) -> str:
    """Canonical text of a number: no exponent, no trailing zeros after the point."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if number else "0"


def _same(value: Any) -> Any:
    return value


_AS_TEXT: Mapping[str, Callable[[Any], Any]] = {
    Slot.NUMBER: number_text,
    Slot.DATE: date.isoformat,
    Slot.TIME: time.isoformat,
    Slot.DATETIME: instant_text,
}
_FROM_TEXT: Mapping[str, Callable[[Any], Any]] = {
    Slot.NUMBER: Decimal,
    Slot.DATE: date.fromisoformat,
    Slot.TIME: time.fromisoformat,
    Slot.DATETIME: datetime.fromisoformat,
    Slot.BOOLEAN: bool,
}
Readers = Sequence[tuple[str, Callable[[Any], Any] | None]]  # slot and how its column is read, unless it is native
_NATIVE: Readers = tuple((name, None) for name in CELL_SLOTS)
_TEXTUAL: Readers = tuple((name, _FROM_TEXT.get(name)) for name in CELL_SLOTS)
# psycopg gives native values; SQLite, asked without types, what was written.
READERS: Mapping[str, Readers] = {"postgresql": _NATIVE, "sqlite": _TEXTUAL}


def cell_of(item: ItemDef, value: Entered | None) -> Cell | None:
    """An entered value as a cell; nothing for an empty one. Unread input has no cell: it is not to be passed."""
    if value is None or isinstance(value, Unread):
        return None
    if isinstance(value, Missing):
        return Cell(MISSING, value.reason)
    return stored_cell(item.datatype, value)


def stored_cell(datatype: DataType, value: Value) -> Cell | None:
    """A value of a data type as a cell; no chosen code is the same as no answer."""
    stored = datatype.store(value)
    content = stored.value
    if datatype.slot is Slot.CODE:
        content = (content,) if isinstance(content, str) else tuple(content)
        if not content:
            return None
    return Cell(_NAMES[datatype.slot], content, _extra_text(tuple(stored.extra.items())) if stored.extra else None)


# Offsets and units are few and come back with nearly every value.
@lru_cache(maxsize=4096)
def _extra_text(extra: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(dict(extra), sort_keys=True, ensure_ascii=False)


@lru_cache(maxsize=4096)
def _read_extra(text: str) -> Mapping[str, str]:
    return MappingProxyType(json.loads(text))


def value_of(datatype: DataType, cell: Cell) -> Value | Missing | None:
    """What the cell holds, as the data type sees it; nothing for a withdrawn one."""
    if cell.slot == MISSING:
        return Missing(cell.value)
    if cell.slot == WITHDRAWN or cell.value is None:
        return None
    content = cell.value
    if cell.slot == Slot.CODE and datatype.kind is not Kind.CODES:
        content = content[0]
    return datatype.load(Stored(content, _read_extra(cell.extra) if cell.extra else None))


def read_cell(readers: Readers, columns: Sequence[Any], extra: str | None) -> Cell:
    """The one filled column of a row; a row without any is a calculated value that is missing."""
    for (slot, read), content in zip(readers, columns, strict=False):
        if content is not None:
            value = read(content) if read else content
            return Cell(slot, (value,) if slot == "code" else value, extra)
    return Cell(MISSING, None)


def cell_rows(head: tuple[Any, ...], packed: Packed | None) -> list[tuple[Any, ...]]:
    """The rows of a packed cell, narrow: `head`, position, number of the slot, value as text, extra."""
    if packed is None:
        return [(*head, 0, None, None, None)]
    slot, value, *more = packed
    place, extra = _PLACES[slot], more[0] if more else None
    if slot == Slot.CODE:
        return [(*head, position, place, code, extra) for position, code in enumerate(value)]
    return [(*head, 0, place, ("1" if value else "0") if slot == Slot.BOOLEAN else value, extra)]


def pack(cell: Cell) -> Packed:
    """A cell as JSON, for the audit and for its rows."""
    slot, value, extra = cell
    text = _AS_TEXT[slot](value) if slot in _AS_TEXT else value
    return [slot, text, extra] if extra else [slot, text]


def unpack(packed: Packed | None) -> Cell | None:
    """What `pack` got. An encrypted value stays encrypted."""
    if packed is None:
        return None
    slot, content = packed[0], packed[1]
    value = tuple(content) if slot == Slot.CODE else _FROM_TEXT.get(slot, _same)(content)
    return Cell(slot, value, packed[2] if len(packed) > 2 else None)


def canonical(content: Any) -> str:
    """The one JSON text of a content: sorted keys, no spaces."""
    return _CANONICAL.encode(content)


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def utc(at: datetime) -> datetime:
    """The time in UTC; a naive one is a mistake of the caller."""
    if at.tzinfo is None:
        raise ValueError("a time needs its zone")
    return at.astimezone(UTC)


__all__ = [
    "CELL_SLOTS",
    "MISSING",
    "READERS",
    "SEALED",
    "SLOTS",
    "VALUE_COLUMNS",
    "WITHDRAWN",
    "Cell",
    "Key",
    "Packed",
    "canonical",
    "cell_of",
    "cell_rows",
    "number_text",
    "pack",
    "read_cell",
    "stored_cell",
    "unpack",
    "utc",
    "value_column",
    "value_of",
]
