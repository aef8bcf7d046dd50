"""Local time: the rules of Europe/Warsaw from the tzdata package, hours that occur twice or never.

Wall times are naive datetimes, instants are aware ones. The browser gets the same rules as a list of changes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from zoneinfo import ZoneInfo

ZONE_NAME = "Europe/Warsaw"
FIRST_YEAR, LAST_YEAR = 1900, 2199
_HOUR, _LARGEST_OFFSET = 60, 14 * 60  # minutes
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=5)  # shorter than the time between any two changes of the zone (a test looks daily)


def _load_zone() -> ZoneInfo:
    """The zone of the installed tzdata package: the system's own files may be older, or differ between servers."""
    with files("tzdata").joinpath("zoneinfo", *ZONE_NAME.split("/")).open("rb") as source:
        return ZoneInfo.from_file(source, key=ZONE_NAME)


_ZONE = _load_zone()


def resolve(wall: datetime) -> tuple[datetime, ...]:
    """The instants at which clocks show this wall time: none in a skipped hour, two in a repeated one, in order.

    Each carries the fixed offset that is valid at it (PEP 495 tells the two apart by `fold`).
    """
    before, after = _offset(wall.replace(fold=0)), _offset(wall.replace(fold=1))
    if before < after:
        return ()
    instants = [wall.replace(tzinfo=timezone(offset)) for offset in (before, after)]
    return tuple(instants[:1] if before == after else instants)


def to_local(instant: datetime) -> datetime:
    """The same instant with the offset that is valid at it in Warsaw."""
    local = instant.astimezone(_ZONE)
    return local.replace(tzinfo=timezone(_offset(local)), fold=0)


def skipped_span(wall: datetime) -> tuple[datetime, datetime]:
    """The gap in which a skipped wall time lies: what clocks showed when they were put forward, and then."""
    before, after = _offset(wall.replace(fold=0)), _offset(wall.replace(fold=1))
    low = (wall - after).replace(tzinfo=UTC) - timedelta(days=1)
    change = _change_between(low, low + timedelta(days=2)).replace(tzinfo=None)
    return change + before, change + after


def offset_text(moment: datetime) -> str:
    """The offset of an aware datetime: `+01:00`."""
    offset = moment.utcoffset() or timedelta()
    sign, minutes = ("-" if offset < timedelta() else "+"), abs(offset) // timedelta(minutes=1)
    return f"{sign}{minutes // _HOUR:02d}:{minutes % _HOUR:02d}"


def parse_offset(text: str) -> timezone | None:
    """`Z`, `+01:00` or `+0100` -> offset; None beyond 14 hours, the largest in use (ISO 8601, tz database)."""
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if minutes >= _HOUR or hours * _HOUR + minutes > _LARGEST_OFFSET:
        return None
    return timezone(timedelta(hours=hours, minutes=minutes) * (-1 if text[0] in "-\u2212" else 1))


def transitions() -> tuple[tuple[int, int], ...]:
    """All changes from 1900 to 2199 for the browser: (seconds since 1970 in UTC, minutes east of UTC from then on).

    The first pair is the offset with which 1900 begins.
    """
    low, end = datetime(FIRST_YEAR - 1, 12, 31, tzinfo=UTC), datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
    found = [_pair(low)]
    while low < end:
        high = min(low + _STEP, end)
        if _offset_at(low) != _offset_at(high):
            found.append(_pair(_change_between(low, high)))
        low = high
    return tuple(found)


def _change_between(low: datetime, high: datetime) -> datetime:
    """The first second of the new offset, where the offset changes once between two instants."""
    old, second = _offset_at(low), timedelta(seconds=1)
    while high - low > second:
        middle = low + (high - low) // second // 2 * second
        low, high = (middle, high) if _offset_at(middle) == old else (low, middle)
    return high


def _pair(instant: datetime) -> tuple[int, int]:
    return (instant - _EPOCH) // timedelta(seconds=1), _offset_at(instant) // timedelta(minutes=1)


def _offset_at(instant: datetime) -> timedelta:
    return _offset(instant.astimezone(_ZONE))


def _offset(wall: datetime) -> timedelta:
    return wall.replace(tzinfo=_ZONE).utcoffset() or timedelta()
