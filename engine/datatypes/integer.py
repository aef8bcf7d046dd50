"""Whole numbers."""

from __future__ import annotations

from decimal import Decimal

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.numerals import canonical, number_schema, parse_number, plain_text, read_number
from engine.datatypes.reading import is_blank
from engine.datatypes.values import Unread
from engine.datatypes.words import number_text


class IntegerType(DataType):
    """A whole number of up to 34 digits."""

    name = "integer"
    odm = "integer"
    kind = Kind.NUMBER
    slot = Slot.NUMBER
    control = Control.NUMBER
    options = frozenset({"unit", "range"})

    def parse(self, text: str, facets: Facets) -> Decimal | Unread | None:
        return None if is_blank(text) else parse_number(text, 0)

    def format(self, value: Decimal, facets: Facets, language: str) -> str:
        return number_text(value, language)

    def read_json(self, data: Json, facets: Facets) -> Decimal | Unread | None:
        return None if is_blank(data) else read_number(data, 0)

    def write_json(self, value: Decimal) -> str:
        return plain_text(value)

    def store(self, value: Decimal) -> Stored:
        return Stored(value)

    def load(self, stored: Stored) -> Decimal:
        return canonical(Decimal(stored.value))  # a numeric column may give 2.0 for 2

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        return number_schema(0)
