"""Terms and values as JSON: what the browser's interpreter (rules.js) receives and gives back.

A term is a list, operator first. Values that JSON has no type for are marked: a number is `{"n": "1.5"}` (decimal
text, never a float), a date and time `{"m": "2025-03-17T09:10+01:00"}`; dates, times, codes and references are text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.datatypes.base import Json
from engine.datatypes.browser_patterns import browser_pattern
from engine.datatypes.local_time import offset_text
from engine.datatypes.values import FileValue, PartialDate, Reference
from engine.expressions.arithmetic import plain
from engine.expressions.terms import Term


def wire_value(value: Any) -> Json:
    """A value of a rule."""
    if value is None or isinstance(value, bool | str):
        return value
    return next(write for kind, write in _WRITERS if isinstance(value, kind))(value)


_WRITERS: tuple[tuple[type, Callable[[Any], Json]], ...] = (
    (Decimal, lambda number: {"n": plain(number)}),
    (datetime, lambda moment: {"m": moment.strftime("%Y-%m-%dT%H:%M") + offset_text(moment)}),  # before date: it is one
    (date, date.isoformat),
    (time, lambda clock: clock.strftime("%H:%M")),
    (PartialDate, str),
    (Reference, lambda reference: reference.target),
    (FileValue, lambda file: file.name),
    (tuple, lambda values: [wire_value(each) for each in values]),
)


def wire_term(term: Term) -> list[Json]:
    """A term."""
    if term.op == "const":
        return ["const", wire_value(term.args[0])]
    if term.op == "in":
        return ["in", wire_term(term.args[0]), wire_value(term.args[1])]
    if term.op == "call":
        name, *args = term.args
        return ["call", name, *(_argument(_ABROAD[name](arg) if name in _ABROAD else arg) for arg in args)]
    return [term.op, *(_part(arg) for arg in term.args)]


def _patterns(arg: Any) -> Any:
    """Regular expressions as browsers write them."""
    return tuple(map(browser_pattern, arg)) if isinstance(arg, tuple) else arg


_ABROAD: Mapping[str, Callable[[Any], Any]] = {
    "matches": _patterns
}  # functions with constants that browsers write otherwise


def _argument(arg: Any) -> Json:
    """An argument of a function: a term, or a tuple of constants."""
    return wire_term(arg) if isinstance(arg, Term) else ["const", wire_value(arg)]


def _part(arg: Any) -> Json:
    """What stands in a term: another term, a name or number, or several of them."""
    if isinstance(arg, Term):
        return wire_term(arg)
    return [_part(each) for each in arg] if isinstance(arg, tuple) else arg


__all__ = ["wire_term", "wire_value"]
