"""Dates of which the day, or the day and the month, may be unknown."""

from __future__ import annotations

import re

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Own, Slot, Stored
from engine.datatypes.calendar_dates import build_date, refuse_month, typed_date
from engine.datatypes.reading import is_blank, refuse
from engine.datatypes.values import PartialDate, Unread
from engine.datatypes.words import partial_text

_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{1,2}))?")
_MONTH_FIRST = re.compile(r"(?P<month>[0-9]{1,2})[./-](?P<year>[0-9]{4})")
_PARTS = re.compile(r"(?P<day>[0-9]{0,2})\.(?P<month>[0-9]{0,2})\.(?P<year>[0-9]{4})?")
_NO_MONTH = re.compile(r"(?P<year>[0-9]{4})--(?P<day>[0-9]{1,2})")
_JSON = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


class PartialDateType(DataType):
    """`2008`, `2008-06`, `06.2008` or a full date.

    The three boxes of the control arrive as `day.month.year`; an empty box means that the part is unknown.
    """

    name = "partial_date"
    odm = "partialDate"
    kind = Kind.PARTIAL_DATE
    slot = Slot.DATE
    control = Control.PARTIAL_DATE
    options = frozenset({"range"})

    def parse(self, text: str, facets: Facets) -> PartialDate | Unread | None:
        return None if is_blank(text) or text.strip() == ".." else _read(text)

    def format(self, value: PartialDate, facets: Facets, language: str) -> str:
        return partial_text(value, language)

    def read_json(self, data: Json, facets: Facets) -> PartialDate | Unread | None:
        if is_blank(data):
            return None
        if not isinstance(data, str) or not _JSON.fullmatch(data.strip()):
            return refuse(data, "json_partial")
        return _read(data)

    def write_json(self, value: PartialDate) -> str:
        return str(value)

    def store(self, value: PartialDate) -> Stored:
        return Stored(value.earliest(), {"precision": value.precision})

    def load(self, stored: Stored) -> PartialDate:
        day: Own = stored.value
        precision = (stored.extra or {}).get("precision", "day")
        return PartialDate(
            day.year, None if precision == "year" else day.month, day.day if precision == "day" else None
        )

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        return {"type": ["string", "null"], "pattern": r"^\s*([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?\s*$"}


def _read(text: str) -> PartialDate | Unread:
    plain = text.strip()
    for shape in (_YEAR_FIRST, _MONTH_FIRST, _PARTS, _NO_MONTH):
        if match := shape.fullmatch(plain):
            found = match.groupdict()
            return _build(found["year"], found.get("month"), found.get("day"), text)
    full = typed_date(text)
    if isinstance(full, Unread):
        return refuse(text, "partial_form") if full.message in ("date_form", "date_incomplete") else full
    return PartialDate(full.year, full.month, full.day)


def _build(year: str | None, month: str | None, day: str | None, source: str) -> PartialDate | Unread:
    """The date of the parts as typed; a part that is absent or empty is unknown."""
    if not year:
        return refuse(source, "partial_without_year")
    if day and not month:
        return refuse(source, "partial_day_without_month")
    if day and month:
        full = build_date(int(year), int(month), int(day), source)
        return full if isinstance(full, Unread) else PartialDate(full.year, full.month, full.day)
    number = int(month) if month else None
    return refuse_month(int(year), number, source) or PartialDate(int(year), number)
