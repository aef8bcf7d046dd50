"""Draws values by their kind alone: between limits, from a list, to a pattern. What an item accepts, its type decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from random import Random
from typing import Any

from engine.datatypes.base import Kind
from engine.datatypes.codes import SYSTEMS
from engine.datatypes.identifiers import CHECKS
from engine.datatypes.local_time import resolve
from engine.datatypes.values import FileValue, PartialDate, Reference, Unread, Value
from engine.model.item import ItemDef
from engine.synthesis.texts import made_up_text, text_like

_TRIES = 12
_DAY = timedelta(days=1)
_EVENING = time(18, 0)
PRECISIONS = ("day", "month", "year")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a value: its limits as rules see them, the codes on offer, and about when it happens."""

    item: ItemDef
    draw: Random
    clock: datetime  # things happen about then
    last: datetime  # and not later than this
    low: Any = None
    high: Any = None
    codes: tuple[str, ...] = ()
    check: str | None = None  # a named check of an identifier that rules ask for


def sample(wish: Wish) -> Value | None:
    """A value for an item; None where nothing could be drawn."""
    make = _MAKERS.get(wish.item.datatype.kind)
    for _ in range(_TRIES if make is not None else 0):
        assert make is not None
        found = make(wish)
        value = fitted(wish.item, found) if found is not None else None
        if value is not None:
            return value
    return None


def fitted(item: ItemDef, found: Any) -> Value | None:
    """What rules would see, as a value of the item; None where the item cannot hold it."""
    if isinstance(found, FileValue | Reference):
        return found
    read = item.datatype.from_rule(found, item.facets)
    return None if isinstance(read, Unread) else read


def rounded(item: ItemDef, number: Decimal | float) -> Decimal:
    """A number with as many decimals as the item holds."""
    places = 0 if item.datatype.name == "integer" else item.facets.decimals or 0
    return Decimal(f"{number:.{places}f}")


def at_local(day: date, clock: time) -> datetime | None:
    """A local time as an instant; None where clocks never show it, or show it twice."""
    instants = resolve(datetime.combine(day, clock.replace(second=0, microsecond=0, tzinfo=None)))
    return instants[0] if len(instants) == 1 else None


def day_of(value: Any, *, late: bool = False) -> date | None:
    """The day of a date, date and time or partial date."""
    if isinstance(value, PartialDate):
        return value.latest() if late else value.earliest()
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None


def shortened(day: date, precision: str) -> PartialDate:
    """A date of which only so much is known."""
    return PartialDate(day.year, day.month if precision != "year" else None, day.day if precision == "day" else None)


def told_of(value: Any) -> datetime | None:
    """When something was, of which a value tells; a day is over in the evening."""
    if isinstance(value, datetime):
        return value
    day = day_of(value)
    return at_local(day, _EVENING) if day is not None else None


# one maker a kind ---------------------------------------------------------------------------------------------------


def _number(wish: Wish) -> Decimal:
    low = wish.low if isinstance(wish.low, Decimal) else None
    high = wish.high if isinstance(wish.high, Decimal) else None
    if low is None:
        low = Decimal(0) if high is None or high > 0 else high - 10
    if high is None or high < low:
        high = low + 10
    share = Decimal(wish.draw.triangular(0, 1))
    found = rounded(wish.item, low + (high - low) * share)
    return min(max(found, low), high)


def _span(wish: Wish) -> tuple[date, date]:
    """From when to when a day may be drawn: near the clock, unless both limits say otherwise."""
    low, high = day_of(wish.low), day_of(wish.high, late=True)
    last, near = wish.last.date(), wish.clock.date()
    if low is not None and high is not None and low <= high:
        first, end = low, min(high, last) if low <= last else high
        inside = first <= near <= end
        return (near, min(end, near + 3 * _DAY)) if inside and (end - first).days < 20_000 else (first, end)
    if high is not None:
        end = min(high, last)
        return (near, min(end, near + 3 * _DAY)) if near <= end else (end - 30 * _DAY, end)
    if low is not None:
        start = max(low, near)
        return start, max(start, min(last, start + 3 * _DAY))
    return min(near, last), max(min(near, last), min(last, near + 3 * _DAY))


def _date(wish: Wish) -> date:
    low, high = _span(wish)
    return low + wish.draw.randint(0, max(0, (high - low).days)) * _DAY


def _datetime(wish: Wish) -> datetime | None:
    day = _date(wish)
    found = at_local(day, time(wish.draw.randint(7, 17), wish.draw.randrange(0, 60, 5)))
    for limit in (wish.low, wish.high, wish.last):
        if found is not None and isinstance(limit, datetime) and limit.date() == day:
            beyond = found < limit if limit is wish.low else found > limit
            found = limit if beyond else found
    return found


def _partial(wish: Wish) -> PartialDate:
    return shortened(_date(wish), wish.draw.choice(PRECISIONS))


def _time(wish: Wish) -> time:
    return time(wish.draw.randrange(24), wish.draw.randrange(0, 60, 5))


def _text(wish: Wish) -> str | None:
    check = wish.item.facets.check or wish.check
    if check is not None and check in CHECKS:
        return CHECKS[check].sample(wish.draw)
    if wish.item.facets.pattern is not None:
        return text_like(wish.item.facets.pattern, wish.draw)
    return made_up_text(wish.draw, wish.item.facets.max_length or 60)


def _code(wish: Wish) -> str | None:
    if not wish.codes and wish.item.facets.open_list:  # a dictionary that is not at hand
        if wish.item.facets.system is not None:
            return text_like(SYSTEMS[wish.item.facets.system].pattern, wish.draw)
        return f"SYN{wish.draw.randrange(100):02d}"
    return wish.draw.choice(wish.codes) if wish.codes else None


def _codes(wish: Wish) -> tuple[str, ...] | None:
    choices = wish.item.facets.choices
    alone = [code for code in wish.codes if code in choices and choices[code].exclusive]
    several = [code for code in wish.codes if code not in alone]
    if alone and (not several or wish.draw.random() < 0.3):
        return (wish.draw.choice(alone),)
    return tuple(wish.draw.sample(several, wish.draw.randint(1, min(3, len(several))))) if several else None


def _file(wish: Wish) -> FileValue:
    media = (wish.item.facets.media_types or ("application/pdf",))[0]
    content = f"synthetic {wish.draw.random()}".encode()
    return FileValue(f"synthetic.{media.rpartition('/')[2]}", media, len(content), sha256(content).hexdigest())


_MAKERS: Mapping[Kind, Callable[[Wish], Any]] = {
    Kind.BOOLEAN: lambda wish: wish.draw.random() < 0.5,
    Kind.NUMBER: _number,
    Kind.TEXT: _text,
    Kind.DATE: _date,
    Kind.PARTIAL_DATE: _partial,
    Kind.TIME: _time,
    Kind.DATETIME: _datetime,
    Kind.CODE: _code,
    Kind.CODES: _codes,
    Kind.FILE: _file,
}

__all__ = ["PRECISIONS", "Wish", "at_local", "day_of", "fitted", "rounded", "sample", "shortened", "told_of"]
