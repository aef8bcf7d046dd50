"""Decimal numbers; `decimal.py` would be a name of Python's own."""

from __future__ import annotations

from decimal import Decimal

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.numerals import canonical, number_schema, parse_number, plain_text, read_number
from engine.datatypes.reading import is_blank
from engine.datatypes.values import Unread
from engine.datatypes.words import number_text


class DecimalType(DataType):
    """A number of up to 34 significant digits; more decimals than the item has are refused, never rounded."""

    name = "decimal"
    odm = "float"
    kind = Kind.NUMBER
    slot = Slot.NUMBER
    control = Control.NUMBER
    options = frozenset({"unit", "decimals", "range"})

    def parse(self, text: str, facets: Facets) -> Decimal | Unread | None:
        return None if is_blank(text) else parse_number(text, facets.decimals)

    def format(self, value: Decimal, facets: Facets, language: str) -> str:
        return number_text(value, language)

    def read_json(self, data: Json, facets: Facets) -> Decimal | Unread | None:
        return None if is_blank(data) else read_number(data, facets.decimals)

    def write_json(self, value: Decimal) -> str:
        return plain_text(value)

    def store(self, value: Decimal) -> Stored:
        return Stored(value)

    def load(self, stored: Stored) -> Decimal:
        return canonical(Decimal(stored.value))  # a numeric column may give 1.50 for 1.5

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        return number_schema(facets.decimals)
