"""Dates in XPath: numbers of days since 1970, texts by a format, and parts of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Syntax, walk
from exchange.rules.meaning import Meaning, Untranslatable, call, constant, operation

if TYPE_CHECKING:
    from exchange.xlsform.rules import Rules

EPOCH = Call("make_date", (Literal(Decimal(1970), 0), Literal(Decimal(1), 0), Literal(Decimal(1), 0)), 0)
DAYS = frozenset({Kind.DATE, Kind.DATETIME})
_WRITTEN = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]).*"
_WHOLE_DAYS = "Between a day and a time of day there are whole days here, and parts of a day there."
_DIRECTIVE = re.compile(r"%(.)")


def day_number(found: Meaning) -> Meaning:
    """Whole days since 1970."""
    return Meaning(Call("days", (EPOCH, found.node), 0), Kind.NUMBER, found.doubts)


def behind(found: Meaning) -> Meaning | None:
    """The date whose number this is."""
    match found.node:
        case Call("days", (first, day), _) if first == EPOCH:
            return Meaning(day, Kind.DATE, found.doubts)
    return None


def date_of_number(found: Meaning) -> Meaning:
    """The date of a number of days."""
    known = behind(found)
    if known is not None:
        return known
    match found.node:
        case Apply("+", (Call("days", (first, day), _), more), _) if first == EPOCH:
            return Meaning(Call("add_days", (day, more), 0), Kind.DATE, found.doubts)
    return Meaning(Call("add_days", (EPOCH, Call("floor", (found.node,), 0)), 0), Kind.DATE, found.doubts)


def date_of_text(found: Meaning) -> Meaning:
    """The date that a text writes as 2026-01-31."""

    def part(start: int, length: int) -> Syntax:
        cut = Call("substring", (found.node, Literal(Decimal(start), 0), Literal(Decimal(length), 0)), 0)
        return Call("number_of", (cut,), 0)

    return Meaning(Call("make_date", (part(1, 4), part(6, 2), part(9, 2)), 0), Kind.DATE, found.doubts)


def guarded(text: Syntax) -> Syntax:
    """A text where it writes a date, else nothing: JavaRosa stops at `date()` of anything else, where ours is missing."""
    return Call("if", (Call("regex", (text, Literal(_WRITTEN, 0)), 0), text, Literal("", 0)), 0)


def unguarded(node: Syntax) -> Syntax:
    """The text behind such a guard."""
    match node:
        case Call("if", (Call("regex", (text, Literal(pattern)), _), _, _), _) if pattern == _WRITTEN:
            return text
    return node


def _told(day: Syntax, pattern: str) -> Syntax:
    return Call("number", (Call("format-date", (day, Literal(pattern, 0)), 0),), 0)


def years_between(first: Syntax, second: Syntax) -> Syntax:
    """Completed years in XPath: by numbers such as 20260131."""
    apart = Apply("-", (_told(second, "%Y%m%d"), _told(first, "%Y%m%d")), 0)
    return Call("int", (Apply("/", (apart, Literal(Decimal(10000), 0)), 0),), 0)


def months_between(first: Syntax, second: Syntax) -> Syntax:
    """Completed months in XPath: one less where the day of the month is not reached."""

    def months(day: Syntax) -> Syntax:
        years = Apply("*", (_told(day, "%Y"), Literal(Decimal(12), 0)), 0)
        return Apply("+", (years, _told(day, "%n")), 0)

    below = Apply("<", (_told(second, "%e"), _told(first, "%e")), 0)
    less = Call("if", (below, Literal(Decimal(1), 0), Literal(Decimal(0), 0)), 0)
    return Apply("-", (Apply("-", (months(second), months(first)), 0), less), 0)


_BETWEEN = {"completed_years": years_between, "completed_months": months_between}


def counted_between(rules: Rules, node: Syntax) -> Meaning | None:
    """Completed years or months, where XPath counts them in one of these ways."""
    days = [part.args[0] for part in walk(node) if isinstance(part, Call) and part.name == "format-date"]
    for name, build in _BETWEEN.items():
        if len(days) > 1 and node == build(*(ends := (days[-1], days[0]))):
            return call(name, Kind.NUMBER, *(as_day(rules, end) for end in ends))
    return None


def iso_text(found: Meaning) -> Meaning:
    """2026-01-31."""
    return formatted(found, "%Y-%m-%d", as_date=False)


def _text_of(node: Syntax) -> Syntax:
    return Call("text_of", (node,), 0)


def _two_digits(node: Syntax) -> Syntax:
    below = Apply("<", (node, Literal(Decimal(10), 0)), 0)
    return Call("concat", (Call("if", (below, Literal("0", 0), Literal("", 0)), 0), _text_of(node)), 0)


def _part(name: str, write: Callable[[Syntax], Syntax]) -> Callable[[Syntax], Syntax]:
    return lambda day: write(Call(name, (day,), 0))


def _short_name(names: str, part: str) -> Callable[[Syntax], Syntax]:
    """Three letters of English, as the number of the part says."""

    def write(day: Syntax) -> Syntax:
        after = Apply("*", (Literal(Decimal(3), 0), Call(part, (day,), 0)), 0)
        start = Apply("-", (after, Literal(Decimal(2), 0)), 0)
        return Call("substring", (Literal(names, 0), start, Literal(Decimal(3), 0)), 0)

    return write


WRITERS: Mapping[str, Callable[[Syntax], Syntax]] = {
    "Y": _part("year", _text_of),
    "m": _part("month", _two_digits),
    "n": _part("month", _text_of),
    "d": _part("day", _two_digits),
    "e": _part("day", _text_of),
    "H": _part("hour", _two_digits),
    "h": _part("hour", _text_of),
    "M": _part("minute", _two_digits),
    "S": lambda _day: Literal("00", 0),  # no seconds are kept
    "b": _short_name("JanFebMarAprMayJunJulAugSepOctNovDec", "month"),
    "a": _short_name("MonTueWedThuFriSatSun", "weekday"),
    "y": lambda day: Call("substring", (_text_of(Call("year", (day,), 0)), Literal(Decimal(3), 0)), 0),
}
_AT_MIDNIGHT: Mapping[str, str] = {"H": "00", "h": "0", "M": "00", "S": "00"}
_NUMBERS: Mapping[str, str] = {
    "Y": "year",
    "m": "month",
    "n": "month",
    "d": "day",
    "e": "day",
    "H": "hour",
    "h": "hour",
    "M": "minute",
}


def formatted(found: Meaning, pattern: str, *, as_date: bool = True) -> Meaning:
    """A date by a format. 2026-01-31 stays a date: it is a text only where a text is wanted."""
    if pattern == "%Y-%m-%d" and as_date:
        return call("date", Kind.DATE, found) if found.kind is Kind.DATETIME else found
    parts: list[Syntax] = []
    at = 0
    for match in _DIRECTIVE.finditer(pattern):
        parts.extend([Literal(pattern[at : match.start()], 0)] if match.start() > at else [])
        if match[1] not in WRITERS:
            raise Untranslatable(f"Dates cannot be written with %{match[1]} here.")
        midnight = found.kind is Kind.DATE and match[1] in _AT_MIDNIGHT
        parts.append(Literal(_AT_MIDNIGHT[match[1]], 0) if midnight else WRITERS[match[1]](found.node))
        at = match.end()
    parts.extend([Literal(pattern[at:], 0)] if at < len(pattern) else [])
    if len(parts) == 1:
        return Meaning(parts[0], Kind.TEXT, found.doubts)
    return Meaning(Call("concat", tuple(parts), 0), Kind.TEXT, found.doubts)


def told_by(rules: Rules, node: Syntax, pattern: str) -> Meaning:
    """What a format is about: a day, or a time where the format tells no more than that."""
    found = rules.meaning(node)
    if found.kind is Kind.TIME and all(letter in _AT_MIDNIGHT for letter in _DIRECTIVE.findall(pattern)):
        return found
    return as_day(rules, node)


def number_by_format(rules: Rules, node: Syntax) -> Meaning | None:
    """`format-date(x, '%m')` where a number is wanted."""
    match node:
        case Call("format-date" | "format-date-time", (day, Literal(str() as pattern)), _):
            if len(pattern) == 2 and pattern[0] == "%" and pattern[1] in _NUMBERS:
                return call(_NUMBERS[pattern[1]], Kind.NUMBER, told_by(rules, day, pattern))
        case Call("string" | "number" | "int", (inner,), _):
            return number_by_format(rules, inner)
    return None


def as_day(rules: Rules, node: Syntax) -> Meaning:
    """A part as a date, or date and time."""
    found = rules.meaning(node)
    return found if found.kind in DAYS else rules.cast(found, Kind.DATE)


def fraction_of_day(found: Meaning) -> Meaning:
    """0.5 at noon."""
    hours = operation("*", Kind.NUMBER, call("hour", Kind.NUMBER, found), constant(60))
    spent = operation("+", Kind.NUMBER, hours, call("minute", Kind.NUMBER, found))
    return operation("/", Kind.NUMBER, spent, constant(1440))


def _moment(found: Meaning) -> Meaning | None:
    """The date and time whose number this is."""
    match found.node:
        case Apply("+", (Call("days", (first, moment), _), _), _) if first == EPOCH:
            told = Meaning(moment, Kind.DATETIME, found.doubts)
            return told if found.node == _with_time(told).node else None
    return None


def _with_time(moment: Meaning) -> Meaning:
    return operation("+", Kind.NUMBER, day_number(moment), fraction_of_day(moment))


def decimal_date_time(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (node,) = args
    found = as_day(rules, node)
    if found.kind is Kind.DATE:
        return day_number(found)
    return _with_time(found)


def added(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    """`+`; a date and whole days are a date."""
    left, right = (rules.term(arg) for arg in args)
    if left.kind in DAYS and _whole(right):
        return call("add_days", Kind.DATE, left, right)
    if right.kind in DAYS and _whole(left):
        return call("add_days", Kind.DATE, right, left)
    return _with_sign("+", rules, left, right)


def subtracted(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    """`-`; between dates it counts days."""
    if (known := counted_between(rules, Apply("-", tuple(args), 0))) is not None:
        return known
    left, right = (rules.term(arg) for arg in args)
    last, first = (side if side.kind in DAYS else behind(side) or _moment(side) for side in (left, right))
    if last is not None and first is not None:
        if {last.kind, first.kind} == {Kind.DATETIME}:
            return operation("/", Kind.NUMBER, call("minutes", Kind.NUMBER, first, last), constant(1440))
        if last.kind is not first.kind:
            rules.reservations.append(_WHOLE_DAYS)
        return call("days", Kind.NUMBER, first, last)
    if left.kind in DAYS and _whole(right):
        less = (
            constant(-right.literal)
            if isinstance(right.literal, Decimal)
            else operation("negative", Kind.NUMBER, right)
        )
        return call("add_days", Kind.DATE, left, less)
    return _with_sign("-", rules, left, right)


def _with_sign(op: str, rules: Rules, left: Meaning, right: Meaning) -> Meaning:
    if op == "+" and isinstance(right.literal, Decimal) and right.literal < 0:
        op, right = "-", constant(-right.literal)
    return operation(op, Kind.NUMBER, rules.cast(left, Kind.NUMBER), rules.cast(right, Kind.NUMBER))


def _whole(found: Meaning) -> bool:
    """Whether a number of days is certainly whole."""
    match found.node:
        case Literal(Decimal() as number):
            return number == number.to_integral_value()
        case Call("floor" | "ceil" | "round" | "truncate" | "days" | "count" | "length", (_,) | (_, _), _):
            return len(found.node.args) == 1 or found.node.name == "days"
    return False
