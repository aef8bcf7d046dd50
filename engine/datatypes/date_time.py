"""Date and time in Warsaw's local time, with the offset that was valid at it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from engine.datatypes import local_time
from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.calendar_dates import typed_date, typed_time
from engine.datatypes.reading import is_blank, refuse
from engine.datatypes.values import Unread
from engine.datatypes.words import datetime_text, time_text

_TYPED = re.compile(
    r"(?P<day>[0-9./-]{8,10})(?:T|,? {1,3})(?P<clock>[0-9]{1,2}[0-9:.]{2,16})"
    r" {0,3}(?P<offset>Z|[+\-\u2212][0-9]{2}:?[0-9]{2})?"
)
_JSON_TEXT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
_JSON = re.compile(_JSON_TEXT)


class DateTimeType(DataType):
    """A minute of the years 1900 to 2199, such as `17.03.2025 09:10` or `2025-03-17T09:10+01:00`.

    An offset is converted to local time. An hour that the clock change skipped is refused; one that it
    repeated is refused with the message `ambiguous_time` until the text ends with an offset.
    """

    name = "datetime"
    odm = "datetime"
    kind = Kind.DATETIME
    slot = Slot.DATETIME
    control = Control.DATETIME
    options = frozenset({"range"})

    def parse(self, text: str, facets: Facets) -> datetime | Unread | None:
        return None if is_blank(text) else _read(text)

    def format(self, value: datetime, facets: Facets, language: str) -> str:
        return datetime_text(value, language)

    def read_json(self, data: Json, facets: Facets) -> datetime | Unread | None:
        if is_blank(data):
            return None
        if not isinstance(data, str) or not _JSON.fullmatch(data.strip()):
            return refuse(data, "json_datetime")
        return _read(data)

    def write_json(self, value: datetime) -> str:
        return f"{value.date().isoformat()}T{time_text(value.time())}{local_time.offset_text(value)}"

    def store(self, value: datetime) -> Stored:
        return Stored(value.astimezone(UTC), {"offset": local_time.offset_text(value)})

    def load(self, stored: Stored) -> datetime:
        instant: datetime = stored.value
        if instant.tzinfo is None:  # SQLite keeps no zone; the slot is UTC
            instant = instant.replace(tzinfo=UTC)
        offset = local_time.parse_offset((stored.extra or {}).get("offset", "Z"))
        # zero is kept as a plain offset too, so that a loaded value is the same object as a read one
        return instant.astimezone(timezone((offset or UTC).utcoffset(None) or timedelta()))

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        return {"type": ["string", "null"], "pattern": rf"^\s*({_JSON_TEXT})?\s*$"}


def _read(text: str) -> datetime | Unread:
    """Typed or JSON text -> the instant."""
    match = _TYPED.fullmatch(text.strip())
    if match is None:
        return refuse(text, "datetime_form")
    day, clock = typed_date(match["day"]), typed_time(match["clock"])
    if isinstance(day, Unread):
        return Unread(text, day.code, day.message, day.parts)
    if isinstance(clock, Unread):
        return Unread(text, clock.code, clock.message, clock.parts)
    wall = datetime.combine(day, clock)
    moment = _from_offset(wall, match["offset"], text) if match["offset"] else _from_wall(wall, text)
    if isinstance(moment, Unread):
        return moment
    if not local_time.FIRST_YEAR <= moment.year <= local_time.LAST_YEAR:
        return _refuse_year(text)
    return moment


def _from_offset(wall: datetime, offset: str, source: str) -> datetime | Unread:
    """The local time of a wall time elsewhere."""
    zone = local_time.parse_offset(offset)
    if zone is None:
        return refuse(source, "offset_form")
    return local_time.to_local(wall.replace(tzinfo=zone))


def _from_wall(wall: datetime, source: str) -> datetime | Unread:
    """The only instant at which clocks in Warsaw showed this, or the refusal."""
    if not local_time.FIRST_YEAR <= wall.year <= local_time.LAST_YEAR:
        return _refuse_year(source)
    instants = local_time.resolve(wall)
    if len(instants) == 1:
        return instants[0]
    if instants:
        first, second = map(local_time.offset_text, instants)
        return refuse(source, "ambiguous_time", first=first, second=second)
    start, end = local_time.skipped_span(wall)
    return refuse(source, "skipped_time", gap_from=time_text(start.time()), gap_to=time_text(end.time()))


def _refuse_year(source: str) -> Unread:
    return refuse(source, "date_year", first=str(local_time.FIRST_YEAR), last=str(local_time.LAST_YEAR))
