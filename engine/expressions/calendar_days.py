"""Days, months, years and moments in rules. Dates outside years 1 to 9999 are missing."""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from engine.datatypes.local_time import FIRST_YEAR, LAST_YEAR, resolve, to_local
from engine.datatypes.values import PartialDate
from engine.expressions import arithmetic

YEAR = Decimal("365.25")
MONTH = Decimal("30.4375")


def day_of(x: date | datetime) -> date:
    """The local date of a date or moment."""
    return x.date() if isinstance(x, datetime) else x


def span(x: date | datetime | PartialDate) -> tuple[date, date]:
    """First and last day that complete a date."""
    if isinstance(x, PartialDate):
        return x.earliest(), x.latest()
    day = day_of(x)
    return day, day


def earliest(x: date | datetime | PartialDate) -> date:
    """First possible day."""
    return span(x)[0]


def latest(x: date | datetime | PartialDate) -> date:
    """Last possible day."""
    return span(x)[1]


def mid(x: date | datetime | PartialDate) -> date:
    """1 July of a year, the 15th of a month, else the day."""
    return x.mid() if isinstance(x, PartialDate) else day_of(x)


def precision(x: date | datetime | PartialDate) -> str:
    """'day', 'month' or 'year'."""
    return x.precision if isinstance(x, PartialDate) else "day"


def year(x: date | datetime | PartialDate) -> Decimal:
    """Calendar year."""
    return Decimal(x.year)


def days(a: date, b: date) -> Decimal:
    """Whole days from a to b, negative when b is earlier."""
    return Decimal((b - a).days)


def years(a: date, b: date) -> Decimal | None:
    """Days / 365.25."""
    return arithmetic.divide(days(a, b), YEAR)


def months(a: date, b: date) -> Decimal | None:
    """Days / 30.4375."""
    return arithmetic.divide(days(a, b), MONTH)


def completed_months(a: date, b: date) -> Decimal:
    """Completed months from a to b; negative when b is earlier. A day that a month lacks comes on the next 1st."""
    if b < a:
        return -completed_months(b, a)
    whole = (b.year - a.year) * 12 + b.month - a.month
    return Decimal(whole - (b.day < a.day))


def completed_years(a: date, b: date) -> Decimal:
    """Completed years; who is born on 29 February has the birthday on 1 March in common years."""
    if b < a:
        return -completed_years(b, a)
    return Decimal(b.year - a.year - ((b.month, b.day) < (a.month, a.day)))


def minutes(a: datetime, b: datetime) -> Decimal | None:
    """True elapsed minutes, also on the nights of clock change."""
    return arithmetic.divide(_seconds(a, b), Decimal(60))


def hours(a: datetime, b: datetime) -> Decimal | None:
    """True elapsed hours."""
    return arithmetic.divide(_seconds(a, b), Decimal(3600))


def _seconds(a: datetime, b: datetime) -> Decimal:
    elapsed = b - a
    return Decimal(elapsed.days * 86_400 + elapsed.seconds)


def add_days(a: date, n: Decimal) -> date | None:
    """n days later; a fraction is cut off."""
    try:
        return a + timedelta(days=int(n))
    except OverflowError:
        return None


def add_months(a: date, n: Decimal) -> date | None:
    """n months later, at most the last day of that month; a fraction is cut off."""
    if abs(n) > 120_000:
        return None
    place = a.year * 12 + a.month - 1 + int(n)
    if not 12 <= place < 120_000:
        return None
    later, month = place // 12, place % 12 + 1
    return date(later, month, min(a.day, calendar.monthrange(later, month)[1]))


def add_hours(a: datetime, n: Decimal) -> datetime | None:
    """n true hours later (whole minutes; a fraction of one is cut off), with the offset valid then; within 1900 to 2199."""
    whole = arithmetic.multiply(n, Decimal(60))
    if whole is None or abs(whole) > 1_000_000_000:
        return None
    try:
        later = to_local(a + timedelta(minutes=int(whole)))
    except OverflowError:
        return None
    return later if FIRST_YEAR <= later.year <= LAST_YEAR else None


def make_date(y: Decimal, m: Decimal, d: Decimal) -> date | None:
    """The date of year, month and day; missing when there is none."""
    if any(part != part.to_integral_value() or not 0 < part < 10_000 for part in (y, m, d)):
        return None
    try:
        return date(int(y), int(m), int(d))
    except ValueError:
        return None


def make_time(h: Decimal, m: Decimal) -> time | None:
    """The time of day of hour and minute; missing when there is none."""
    if any(part != part.to_integral_value() or not 0 <= part < end for part, end in ((h, 24), (m, 60))):
        return None
    return time(int(h), int(m))


def at_time(day: date, clock: time) -> datetime | None:
    """The first moment at which clocks show that time on that day; none in a skipped hour, and outside 1900 to 2199."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        return None
    return next(iter(resolve(datetime.combine(day, clock))), None)


def compare_partial(op: str, a: date | datetime | PartialDate, b: date | datetime | PartialDate) -> bool | None:
    """A comparison over all completions: true or false only if it is so for every one of them."""
    (a_low, a_high), (b_low, b_high) = span(a), span(b)
    if op in ("=", "!="):
        same: bool | None = None
        if a_low == a_high == b_low == b_high:
            same = True
        elif a_high < b_low or b_high < a_low:
            same = False
        return same if same is None or op == "=" else not same
    if op in (">", ">="):
        return compare_partial("<" if op == ">" else "<=", b, a)
    if op == "<":
        return True if a_high < b_low else False if a_low >= b_high else None
    return True if a_high <= b_low else False if a_low > b_high else None
