"""What REDCap's functions on dates mean in our language. In `datediff` a year has 365.2425 days and a month 30.44."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax
from exchange.redcap.logic import FIELD
from exchange.rules.meaning import Meaning, Untranslatable, call, constant, doubts_of, operation
from exchange.rules.moments import constant_moment
from exchange.rules.translate import Builder, Translator

Args = Sequence[Syntax]

_ORDERS: Mapping[str, str] = {
    "ymd": r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})",
    "mdy": r"(?P<m>\d{1,2})[-/.](?P<d>\d{1,2})[-/.](?P<y>\d{4})",
    "dmy": r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>\d{4})",
}
_OF_SPREADSHEET = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?!\d)")
# Unit of datediff -> how many of it a day has: times, through.
_OF_A_DAY: Mapping[str, tuple[Decimal, Decimal]] = {
    "y": (Decimal(1), Decimal("365.2425")),
    "M": (Decimal(1), Decimal("30.44")),
    "d": (Decimal(1), Decimal(1)),
    "h": (Decimal(24), Decimal(1)),
    "m": (Decimal(1440), Decimal(1)),
    "s": (Decimal(86400), Decimal(1)),
}
_MIXED = "Between a date and a date with a time whole days are counted; REDCap may count parts of days."
_MINUTES = Decimal(1440)  # of a day
_UNITS: Mapping[str, str] = {"Y": "y", "D": "d", "H": "h", "S": "s", "years": "y", "days": "d", "months": "M"}


def day_constant(text: str, order: str = "ymd") -> Meaning | None:
    """A date that a text writes: `2020-01-31`, today, now."""
    word = text.strip().lower()
    if word in ("today", "now"):
        kind = Kind.DATE if word == "today" else Kind.DATETIME
        return Meaning(Call(word, (), 0), kind)
    found = re.match(_ORDERS["ymd"], word) or re.match(_ORDERS.get(order, _ORDERS["ymd"]), word)
    if found is None:
        return None
    parts = tuple(Decimal(found[part]) for part in "ymd")
    try:
        date(*map(int, parts))
    except ValueError:
        return None
    return Meaning(Call("make_date", tuple(Literal(part, 0) for part in parts), 0), Kind.DATE)


def spreadsheet_day(text: str) -> Meaning | None:
    """The date that a spreadsheet made of one: month/day/year, or day/month/year where there is no such month.

    Years of two digits are in this century up to 29, as spreadsheets have it.
    """
    found = _OF_SPREADSHEET.match(text.strip())
    if found is None:
        return None
    first, second, year = (int(part) for part in found.groups())
    whole = year if year > 99 else year + (2000 if year < 30 else 1900)
    return day_constant(f"{whole}-{first}-{second}") or day_constant(f"{whole}-{second}-{first}")


def _datediff(translator: Translator, args: Args) -> Meaning:
    """`datediff(from, to, unit, format, signed)`; the format may be left out."""
    first, second, unit, *options = args
    words = {str(option.value).lower() for option in options if isinstance(option, Literal)}
    order = next((word for word in words if word in _ORDERS), "ymd")
    start, end = (_moment(translator, part, order, times=True) for part in (first, second))
    name = str(unit.value) if isinstance(unit, Literal) else ""
    through = _OF_A_DAY.get(_UNITS.get(name, name))
    if through is None:
        raise Untranslatable(f"The unit {name or 'of datediff'} is none of y, M, d, h, m and s.")
    if start.kind is not end.kind:
        translator.reservations.append(_MIXED)
    found = _scaled(_elapsed(start, end), start.kind is end.kind is not Kind.DATE, *through)
    return found if words & {"true", "1"} else call("abs", Kind.NUMBER, found)


def _moment(translator: Translator, part: Syntax, order: str, *, times: bool = False) -> Meaning:
    if isinstance(part, Literal) and isinstance(part.value, str):
        if times and ":" in part.value and "-" not in part.value:
            return constant_moment(part.value, translator.reservations)
        day = day_constant(part.value, order)
        if day is None:
            raise Untranslatable(f"'{part.value}' is no date.")
        return day
    found = translator.meaning(part)
    if found.kind not in (Kind.DATE, Kind.DATETIME, *((Kind.TIME,) if times else ())):
        raise Untranslatable(f"datediff is asked for {_named(part)}, which is no date.")
    return found


def _named(part: Syntax) -> str:
    return str(part.parts[FIELD]) if isinstance(part, Path) else "a result"


def _elapsed(start: Meaning, end: Meaning) -> Meaning:
    """Minutes between two times, else days; where one side is a date, times of day are left out."""
    if start.kind is end.kind is Kind.TIME:
        return operation("-", Kind.NUMBER, _minutes_of(end), _minutes_of(start))
    if Kind.TIME in (start.kind, end.kind):
        raise Untranslatable("datediff is asked for a time of day and a date.")
    both = start.kind is end.kind is Kind.DATETIME
    return call("minutes" if both else "days", Kind.NUMBER, start, end)


def _minutes_of(time: Meaning) -> Meaning:
    """Since midnight."""
    hours = operation("*", Kind.NUMBER, call("hour", Kind.NUMBER, time), constant(60))
    return operation("+", Kind.NUMBER, hours, call("minute", Kind.NUMBER, time))


def _scaled(found: Meaning, in_minutes: bool, times: Decimal, through: Decimal) -> Meaning:
    divisor = through * (_MINUTES if in_minutes else 1)
    if times % divisor == 0:
        times, divisor = times / divisor, Decimal(1)
    elif divisor % times == 0:
        times, divisor = Decimal(1), divisor / times
    made = found
    if times != 1:
        made = operation("*", Kind.NUMBER, made, constant(times))
    if divisor != 1:
        made = operation("/", Kind.NUMBER, made, constant(divisor))
    return Meaning(made.node, Kind.NUMBER, found.doubts)


def _part_of_day(name: str) -> Builder:
    def build(translator: Translator, args: Args) -> Meaning:
        (arg,) = args
        return call(name, Kind.NUMBER, _moment(translator, arg, "ymd"))

    return build


def _of_clock(name: str) -> Builder:
    def build(translator: Translator, args: Args) -> Meaning:
        (arg,) = args
        found = translator.meaning(arg)
        if found.kind not in (Kind.TIME, Kind.DATETIME):
            raise Untranslatable(f"{name} is asked of {_named(arg)}, which has no time of day.")
        return call(name, Kind.NUMBER, found)

    return build


def _weekday(translator: Translator, args: Args) -> Meaning:
    """0 is Sunday there; 7 here."""
    (arg,) = args
    return call("mod", Kind.NUMBER, call("weekday", Kind.NUMBER, _moment(translator, arg, "ymd")), constant(7))


def _calculated_date(translator: Translator, args: Args) -> Meaning:
    """`@CALCDATE(date, offset, unit)`."""
    moment, offset, unit = args
    start, number = _moment(translator, moment, "ymd"), translator.number(offset)
    name = str(unit.value) if isinstance(unit, Literal) else ""
    match _UNITS.get(name, name):
        case "d":
            return _moved("add_days", start, number)
        case "M":
            return _moved("add_months", start, number)
        case "y":
            return _moved("add_months", start, operation("*", Kind.NUMBER, number, constant(12)))
        case "h" if start.kind is Kind.DATETIME:
            return call("add_hours", Kind.DATETIME, start, number)
        case "m" if start.kind is Kind.DATETIME:
            hours = operation("/", Kind.NUMBER, number, constant(60))
            return Meaning(
                call("add_hours", Kind.DATETIME, start, hours).node, Kind.DATETIME, doubts_of([start, number])
            )
    raise Untranslatable(f"A date cannot be moved by the unit '{name}'.")


def _moved(name: str, start: Meaning, number: Meaning) -> Meaning:
    if isinstance(number.node, Apply) and all(isinstance(part, Literal) for part in number.node.args):
        left, right = (part.value for part in number.node.args if isinstance(part, Literal))
        if isinstance(left, Decimal) and isinstance(right, Decimal):
            number = constant(left * right)
    return call(name, Kind.DATE, start, number)


DATES: Mapping[str, Builder] = {
    "datediff": _datediff,
    "today": lambda _translator, _args: Meaning(Call("today", (), 0), Kind.DATE),
    "now": lambda _translator, _args: Meaning(Call("now", (), 0), Kind.DATETIME),
    "calcdate": _calculated_date,
    "year": _part_of_day("year"),
    "month": _part_of_day("month"),
    "day": _part_of_day("day"),
    "weekday": _weekday,
    "hour": _of_clock("hour"),
    "minute": _of_clock("minute"),
}
