"""Times of day."""

from __future__ import annotations

from datetime import time

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.calendar_dates import typed_time
from engine.datatypes.reading import is_blank, refuse
from engine.datatypes.values import Unread
from engine.datatypes.words import time_text


class TimeType(DataType):
    """Hours and minutes, 00:00 to 23:59, with no date and so with no offset."""

    name = "time"
    odm = "time"
    kind = Kind.TIME
    slot = Slot.TIME
    control = Control.TIME
    options = frozenset({"range"})

    def parse(self, text: str, facets: Facets) -> time | Unread | None:
        return None if is_blank(text) else typed_time(text)

    def format(self, value: time, facets: Facets, language: str) -> str:
        return time_text(value)

    def read_json(self, data: Json, facets: Facets) -> time | Unread | None:
        if is_blank(data):
            return None
        if not isinstance(data, str):
            return refuse(data, "json_time")
        return typed_time(data) if ":" in data else refuse(data, "time_form")

    def write_json(self, value: time) -> str:
        return time_text(value)

    def store(self, value: time) -> Stored:
        return Stored(value)

    def load(self, stored: Stored) -> time:
        clock: time = stored.value
        return clock

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        return {"type": ["string", "null"], "pattern": r"^\s*([0-9]{1,2}:[0-9]{2}(:00(\.0+)?)?)?\s*$"}
