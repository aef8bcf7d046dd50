"""Dates and times of day as people type them and as JSON carries them."""

from __future__ import annotations

import calendar
import re
from datetime import date, time

from engine.datatypes.base import Json
from engine.datatypes.reading import refuse
from engine.datatypes.values import Unread

MONTHS = 12
FIRST_YEAR, LAST_YEAR = 1800, 2199  # the centuries that a PESEL can tell, but the last (see identifiers)
_HOURS, _MINUTES = 24, 60
_YEAR_FIRST = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})")
_SHORT_YEAR = re.compile(r"[0-9]{1,2}([./-])[0-9]{1,2}\1[0-9]{2}")
_INCOMPLETE = re.compile(r"[0-9]{0,2}([./-])[0-9]{0,2}\1[0-9]{0,4}|[0-9]{4}(-[0-9]{1,2})?|[0-9]{1,2}[./-][0-9]{4}")
_CLOCK = re.compile(r"([0-9]{1,2})[:.]?([0-9]{2})((?::[0-9]{2}(?:\.[0-9]+)?)?)")


def typed_date(text: str) -> date | Unread:
    """`2025-03-17`, `17.03.2025`, `17-03-2025`, `17/03/2025`; day and month may have one digit."""
    plain = text.strip()
    if match := _YEAR_FIRST.fullmatch(plain):
        return build_date(int(match[1]), int(match[2]), int(match[3]), text)
    if match := _DAY_FIRST.fullmatch(plain):
        return build_date(int(match[4]), int(match[3]), int(match[1]), text)
    if _SHORT_YEAR.fullmatch(plain):
        return refuse(text, "date_short_year")
    return refuse(text, "date_incomplete" if _INCOMPLETE.fullmatch(plain) else "date_form")


def build_date(year: int, month: int, day: int, source: Json) -> date | Unread:
    """The date, or the refusal that names the part that is wrong."""
    fault = refuse_month(year, month, source)
    if fault is not None:
        return fault
    days = calendar.monthrange(year, month)[1]
    if not 1 <= day <= days:
        return refuse(source, "date_day", year=str(year), month=str(month), days=str(days))
    return date(year, month, day)


def refuse_month(year: int, month: int | None, source: Json) -> Unread | None:
    """The refusal of a year outside 1800–2199 or of a month that does not exist."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return refuse(source, "date_year", first=str(FIRST_YEAR), last=str(LAST_YEAR))
    if month is not None and not 1 <= month <= MONTHS:
        return refuse(source, "date_month", month=str(month))
    return None


def typed_time(text: str) -> time | Unread:
    """`09:10`, `9:10`, `9.10`, `0910` or `910`; seconds are refused unless they are zero, since they would be lost."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return refuse(text, "time_form")
    hour, minute = int(match[1]), int(match[2])
    if hour >= _HOURS or minute >= _MINUTES:
        return refuse(text, "time_range")
    return refuse(text, "time_seconds") if match[3].strip(":.0") else time(hour, minute)
