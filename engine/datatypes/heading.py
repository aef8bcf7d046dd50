"""Headings: items that hold no value."""

from __future__ import annotations

from typing import Never

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Own, Slot, Stored
from engine.datatypes.reading import is_blank, refuse
from engine.datatypes.values import Unread


class HeadingType(DataType):
    """A line between items. Anything sent for it is refused; to format or store it is a bug."""

    name = "heading"
    odm = ""  # ODM has no item without a value; exports write it as a description of its group
    kind = Kind.NOTHING
    slot = Slot.NONE
    control = Control.NOTE

    def parse(self, text: str, facets: Facets) -> Unread | None:
        return None if is_blank(text) else refuse(text, "no_value")

    def format(self, value: Own, facets: Facets, language: str) -> Never:
        raise TypeError(f"a {self.name} holds no value to format")

    def read_json(self, data: Json, facets: Facets) -> Unread | None:
        return None if is_blank(data) else refuse(data, "no_value")

    def write_json(self, value: Own) -> Never:
        raise TypeError(f"a {self.name} holds no value to write")

    def store(self, value: Own) -> Never:
        raise TypeError(f"a {self.name} holds no value to store")

    def load(self, stored: Stored) -> Never:
        raise TypeError(f"a {self.name} holds no value to load")

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        return {"anyOf": [{"type": "null"}, {"type": "string", "pattern": r"^\s*$"}]}
