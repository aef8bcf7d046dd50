"""The table of functions: what each takes and gives. The back ends own tables with the same names.

A signature lists the kinds of the parameters; `…` repeats the last one. A function is strict unless said otherwise:
with a missing argument its result is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.expressions.terms import BOOLEAN, DATE, DATETIME, NUMBER, TEXT, TIME, Type


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the language. `same` and `ordered`: all arguments and the result share one type."""

    takes: tuple[str, ...]
    gives: Type | None  # None: the type of the first argument
    about: str
    more: bool = False  # the last parameter may repeat
    strict: bool = True
    least: int | None = None  # fewest arguments, if fewer than listed are allowed


def _f(takes: str, gives: Type | None, about: str, *, strict: bool = True, least: int | None = None) -> Function:
    names = tuple(takes.split())
    more = bool(names) and names[-1] == "…"
    return Function(names[:-1] if more else names, gives, about, more, strict, least)


FUNCTIONS: Mapping[str, Function] = {
    # dates; a date and time met where a date is wanted counts as its local date
    "date": _f("day", DATE, "the local date of a date and time"),
    "time": _f("datetime", Type(TEXT.kind), "the local time of day, HH:MM"),
    "hour": _f("clock", NUMBER, "hour of a time of day or of a date and time, 0 to 23"),
    "minute": _f("clock", NUMBER, "minute of a time of day or of a date and time, 0 to 59"),
    "year": _f("partial", NUMBER, "calendar year"),
    "month": _f("day", NUMBER, "month, 1 to 12"),
    "day": _f("day", NUMBER, "day of the month"),
    "weekday": _f("day", NUMBER, "1 Monday to 7 Sunday"),
    "days": _f("day day", NUMBER, "whole days from the first to the second"),
    "years": _f("day day", NUMBER, "days / 365.25"),
    "months": _f("day day", NUMBER, "days / 30.4375"),
    "completed_years": _f("day day", NUMBER, "completed years; 29 February has its birthday on 1 March"),
    "completed_months": _f("day day", NUMBER, "completed months"),
    "minutes": _f("datetime datetime", NUMBER, "true elapsed minutes"),
    "hours": _f("datetime datetime", NUMBER, "true elapsed hours"),
    "add_days": _f("day number", DATE, "a date that many days later"),
    "add_months": _f("day number", DATE, "a date that many months later, at most the month's last day"),
    "add_hours": _f("datetime number", DATETIME, "a moment that many true hours later"),
    "earliest": _f("partial", DATE, "first possible day of a partial date"),
    "latest": _f("partial", DATE, "last possible day of a partial date"),
    "mid": _f("partial", DATE, "1 July of a year, the 15th of a month, else the day"),
    "precision": _f("partial", TEXT, "'day', 'month' or 'year'"),
    "make_date": _f("number number number", DATE, "the date of year, month, day; missing when there is none"),
    "make_time": _f("number number", TIME, "the time of day of hour and minute; missing when there is none"),
    "at_time": _f(
        "day time",
        DATETIME,
        "the moment of that day at that time: the first where clocks show it twice; missing where they never do",
    ),
    # numbers: decimals, 34 digits
    "abs": _f("number", NUMBER, "absolute value"),
    "round": _f("number number", NUMBER, "to n decimals, halves away from zero", least=1),
    "floor": _f("number number", NUMBER, "greatest number of n decimals not above; without n, whole number", least=1),
    "ceil": _f("number number", NUMBER, "least number of n decimals not below; without n, whole number", least=1),
    "truncate": _f("number number", NUMBER, "without the decimals after n; without n, without all", least=1),
    "sign": _f("number", NUMBER, "1 above 0, -1 below, 0 for 0"),
    "mod": _f("number number", NUMBER, "remainder with the sign of the divisor"),
    "sqrt": _f("number", NUMBER, "square root, 20 digits; missing below 0"),
    "exp": _f("number", NUMBER, "e to the power, 20 digits"),
    "ln": _f("number", NUMBER, "natural logarithm, 20 digits; missing at or below 0"),
    "log10": _f("number", NUMBER, "logarithm to base 10, 20 digits; missing at or below 0"),
    "number": _f("boolean", NUMBER, "1 for true, 0 for false"),
    "count_true": _f("boolean …", NUMBER, "how many are true; unknown is not", strict=False),
    "min": _f("ordered ordered …", None, "least; missing when one is missing"),
    "max": _f("ordered ordered …", None, "greatest; missing when one is missing"),
    "least": _f("ordered ordered …", None, "least of those that are there", strict=False),
    "greatest": _f("ordered ordered …", None, "greatest of those that are there", strict=False),
    "coalesce": _f("same same …", None, "first that is there", strict=False),
    # text
    "length": _f("text", NUMBER, "number of characters"),
    "lower": _f("text", TEXT, "in small letters"),
    "upper": _f("text", TEXT, "in capitals"),
    "concat": _f("text text …", TEXT, "one after the other; missing when longer than 10,000 characters"),
    "starts_with": _f("text texts", BOOLEAN, "begins with one of the texts"),
    "ends_with": _f("text texts", BOOLEAN, "ends with one of the texts"),
    "contains": _f("text texts", BOOLEAN, "holds one of the texts"),
    "sorts_before": _f(
        "text text", BOOLEAN, "the first text stands before the second, character by character as Unicode numbers them"
    ),
    "matches": _f("text patterns", BOOLEAN, "the whole text matches one of the regular expressions"),
    "position_of": _f(
        "text text", NUMBER, "place of the second text in the first, counted from 1; 0 when it is not there"
    ),
    "substring": _f(
        "text number number", TEXT, "from a place, counted from 1, so many characters or all that follow", least=2
    ),
    "trim": _f("text", TEXT, "without white space at both ends"),
    "replace": _f(
        "text text text",
        TEXT,
        "the third text for each second in the first; missing when longer than 10,000 characters",
    ),
    "number_of": _f("text", NUMBER, "the number that a text writes, such as -3.5; missing when it is none"),
    "has_any": _f("codes texts", BOOLEAN, "one of the codes is chosen; false when none is", strict=False),
    "text_of": _f("number", TEXT, "decimal text of a number"),
    # identifiers
    "valid_pesel": _f("text", BOOLEAN, "PESEL of right length, date and check digit"),
    "pesel_birthdate": _f("text", DATE, "birth date in a PESEL; missing when it is faulty"),
    "pesel_sex": _f("text", TEXT, "'f' or 'm' of a PESEL; missing when it is faulty"),
    "valid_npwz": _f("text", BOOLEAN, "physician's licence number with right check digit"),
    "book_year": _f("text", NUMBER, "year of a main book number 12/2025"),
    # time as input
    "today": _f("", DATE, "the evaluation's local date"),
    "now": _f("", DATETIME, "the evaluation's time"),
}

AGGREGATES = frozenset(
    [
        "any",
        "all",
        "count",
        "sum",
        "min",
        "max",
        "mean",
        "first",
        "last",
        "prev",
        "next",
        "distinct",
        "unique",
        "no_overlap",
        "covered",
        "active",
        "max_run",
    ]
)

KEYWORDS = frozenset(
    ["and", "or", "not", "in", "is", "let", "true", "false", "null", "unknown", "where", "by", "other", "outer"]
)
