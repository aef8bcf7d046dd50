"""Full dates."""

from __future__ import annotations

import re
from datetime import date

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.calendar_dates import typed_date
from engine.datatypes.reading import is_blank, refuse
from engine.datatypes.values import Unread
from engine.datatypes.words import date_text

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class DateType(DataType):
    """A day of the years 1800 to 2199. Empty parts of a date control arrive as `..` and mean nothing entered."""

    name = "date"
    odm = "date"
    kind = Kind.DATE
    slot = Slot.DATE
    control = Control.DATE
    options = frozenset({"range"})

    def parse(self, text: str, facets: Facets) -> date | Unread | None:
        return None if is_blank(text) or text.strip() == ".." else typed_date(text)

    def format(self, value: date, facets: Facets, language: str) -> str:
        return date_text(value, language)

    def read_json(self, data: Json, facets: Facets) -> date | Unread | None:
        if is_blank(data):
            return None
        if not isinstance(data, str) or not _ISO.fullmatch(data.strip()):
            return refuse(data, "json_date")
        return typed_date(data)

    def write_json(self, value: date) -> str:
        return value.isoformat()

    def store(self, value: date) -> Stored:
        return Stored(value)

    def load(self, stored: Stored) -> date:
        day: date = stored.value
        return day

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        return {"type": ["string", "null"], "pattern": r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2})?\s*$"}
