"""A value's parts on screen: what each input of a control holds, which options are on, how it reads as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType

from engine.datatypes import local_time
from engine.datatypes.base import Control, Kind
from engine.datatypes.codes import code_text
from engine.datatypes.file import typed
from engine.datatypes.values import Entered, FileValue, Missing, PartialDate, Quantity, Reference, Unread, Value
from engine.datatypes.words import number_text, quantity_text, size_text, time_text
from engine.model.item import ItemDef
from engine.model.text import in_language
from renderers.html.faces import control_of, units_of

Parts = Mapping[str, str]  # hole -> plain text, not yet escaped
Shown = tuple[Parts, tuple[str, ...]]  # and the flags
Show = Callable[[ItemDef, Value, str], Shown]  # item, value, language

_NUMBER = re.compile(r"[0-9\s.,+\-\u2212]+")
_NOTHING: Shown = (MappingProxyType({}), ())


def shown(item: ItemDef, entered: Entered | None, language: str) -> Shown:
    """What the inputs of the item's control hold."""
    return shown_in(control_of(item), item, entered, language)


def shown_in(control: Control, item: ItemDef, entered: Entered | None, language: str) -> Shown:
    """The same for those who know the control."""
    if entered is None or isinstance(entered, Missing):
        return _NOTHING
    if isinstance(entered, Unread):
        return _UNREAD.get(control, _plain)(item, entered)
    return SHOW[control](item, entered, language)


def display(item: ItemDef, value: Value, language: str, labels: Mapping[str, str]) -> str:
    """The value as text for reading; `labels` gives words for references and codes of open dictionaries."""
    if isinstance(value, Decimal):
        quantity = item.datatype.control is Control.QUANTITY  # a calculated one
        return quantity_text(value, item.facets.unit or "", language) if quantity else number_text(value, language)
    if isinstance(value, Reference):
        return labels.get(value.target, value.target)
    if item.datatype.kind is Kind.CODE and isinstance(value, str) and value in labels:
        return f"{labels[value]} ({value})"
    if item.datatype.kind is Kind.CODES and isinstance(value, tuple) and not labels.keys().isdisjoint(value):
        return ", ".join(display_code(item, code, language, labels) for code in value)
    return item.datatype.format(value, item.facets, language)


def display_code(item: ItemDef, code: str, language: str, labels: Mapping[str, str]) -> str:
    """One of several codes."""
    return f"{labels[code]} ({code})" if code in labels else code_text(code, item.facets, language)


def _plain(_: ItemDef, unread: Unread) -> Shown:
    return {"value": unread.text}, ()


def _unread_choice(_: ItemDef, unread: Unread) -> Shown:
    return {"unread": unread.text}, ()


def _unread_quantity(item: ItemDef, unread: Unread) -> Shown:
    """The number box keeps a unit that cannot be chosen: dropped, the number would be read in another unit."""
    number, _, unit = unread.text.strip().rpartition(" ")
    if _NUMBER.fullmatch(number) and unit in units_of(item) and len(units_of(item)) > 1:
        return {"value": number}, (f"unit={unit}",)
    return {"value": unread.text}, ()


def join_quantity(number: str, unit: str) -> str:
    """The number with the chosen unit; text that is more than a number stays as typed."""
    return f"{number} {unit}" if unit and _NUMBER.fullmatch(number) else number


def split_date(text: str) -> tuple[str, str, str]:
    """Day, month, year of what `join_date` joined, also when parts are empty or wrong."""
    parts = text.split(".")
    if len(parts) == 3:
        return parts[0], parts[1], parts[2]
    if len(parts) == 2:
        return "", parts[0], parts[1]
    iso = text.split("-")
    if len(iso) <= 3 and iso[0].isdigit() and len(iso[0]) == 4:
        year, month, day = (*iso, "", "")[:3]
        return day, month, year
    return "", "", text


def join_date(day: str, month: str, year: str) -> str:
    """The parts of a date as one text: `17.03.2025`, `06.2008`, `14..2008`; '' when all are empty."""
    if not (month or year):
        return day if "." in day or "-" in day else f"{day}.." if day else ""  # a whole date pasted into the first part
    if not day and year:
        return f"{month}.{year}" if month else year
    return f"{day}.{month}.{year}"


def _unread_date(_: ItemDef, unread: Unread) -> Shown:
    day, month, year = split_date(unread.text)
    return {"d": day, "m": month, "y": year}, ()


def _unread_datetime(_item: ItemDef, unread: Unread) -> Shown:
    day_text, _, clock = unread.text.partition(" ")
    day, month, year = split_date(day_text)
    flags = ("twice",) if unread.message == "ambiguous_time" else ()
    return {"d": day, "m": month, "y": year, "t": clock}, flags


def _unread_file(_item: ItemDef, _unread: Unread) -> Shown:
    """Nothing is kept of a file that was refused; only the message stands."""
    return _NOTHING


_UNREAD: Mapping[Control, Callable[[ItemDef, Unread], Shown]] = MappingProxyType(
    {
        Control.QUANTITY: _unread_quantity,
        Control.DATE: _unread_date,
        Control.PARTIAL_DATE: _unread_date,
        Control.DATETIME: _unread_datetime,
        Control.CHOICE: _unread_choice,
        Control.CHOICES: _unread_choice,
        Control.FILE: _unread_file,
    }
)


def _text(item: ItemDef, value: Value, language: str) -> Shown:
    return {"value": item.datatype.format(value, item.facets, language)}, ()


def _number(_: ItemDef, value: Value, language: str) -> Shown:
    return {"value": number_text(value, language)}, ()  # type: ignore[arg-type]  # the control of numbers


def _quantity(_: ItemDef, value: Value, language: str) -> Shown:
    if not isinstance(value, Quantity):
        raise TypeError(f"a quantity is expected, not {value!r}")
    return {"value": number_text(value.entered, language)}, (f"unit={value.unit}",)


def _date(_: ItemDef, value: Value, language: str) -> Shown:  # noqa: ARG001 - parts are the same in all languages
    if isinstance(value, PartialDate):
        month = f"{value.month:02d}" if value.month else ""
        return {"d": f"{value.day:02d}" if value.day else "", "m": month, "y": f"{value.year:04d}"}, ()
    if not isinstance(value, date):
        raise TypeError(f"a date is expected, not {value!r}")
    text = value.isoformat()
    return {"d": text[8:10], "m": text[5:7], "y": text[:4]}, ()


def _datetime(item: ItemDef, value: Value, language: str) -> Shown:
    if not isinstance(value, datetime):
        raise TypeError(f"a date and time is expected, not {value!r}")
    parts, _ = _date(item, value, language)
    twice = len(local_time.resolve(value.replace(tzinfo=None))) > 1
    flags = ("twice", f"offset={local_time.offset_text(value)}") if twice else ()
    return {**parts, "t": time_text(value.time())}, flags


def _choice(_: ItemDef, value: Value, language: str) -> Shown:  # noqa: ARG001 - a code, not its words
    code = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    return {}, (f"is={code}",)


def _choices(_: ItemDef, value: Value, language: str) -> Shown:  # noqa: ARG001
    if not isinstance(value, tuple):
        raise TypeError(f"several codes are expected, not {value!r}")
    return {}, tuple(f"is={code}" for code in value)


def _lookup(_: ItemDef, value: Value, language: str) -> Shown:  # noqa: ARG001
    return {"value": ", ".join(value) if isinstance(value, tuple) else str(value)}, ()


def _reference(_: ItemDef, value: Value, language: str) -> Shown:  # noqa: ARG001
    return {"target": value.target if isinstance(value, Reference) else str(value)}, ()


def _file(_: ItemDef, value: Value, language: str) -> Shown:
    if not isinstance(value, FileValue):
        raise TypeError(f"a file is expected, not {value!r}")
    return {"value": typed(value), "file": value.name, "size": size_text(value.size, language)}, ("held",)


def _note(_item: ItemDef, _value: Value, _language: str) -> Shown:
    return _NOTHING


SHOW: Mapping[Control, Show] = MappingProxyType(
    {
        Control.TEXT: _text,
        Control.LONG_TEXT: _text,
        Control.NUMBER: _number,
        Control.QUANTITY: _quantity,
        Control.DATE: _date,
        Control.PARTIAL_DATE: _date,
        Control.TIME: _text,
        Control.DATETIME: _datetime,
        Control.CHOICE: _choice,
        Control.CHOICES: _choices,
        Control.LOOKUP: _lookup,
        Control.REFERENCE: _reference,
        Control.FILE: _file,
        Control.NOTE: _note,
    }
)


@dataclass(frozen=True, slots=True)
class Reason:
    """A coded missing value in words."""

    words: str
    code: str


def reason_of(item: ItemDef, missing: Missing, language: str) -> Reason:
    text = item.missing.reasons.get(missing.reason, {})
    return Reason(in_language(text, language) or missing.reason, missing.reason)
