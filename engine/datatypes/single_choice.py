"""One code of a list."""

from __future__ import annotations

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.codes import code_schema, code_text, read_code
from engine.datatypes.reading import is_blank, refuse
from engine.datatypes.values import Unread


class CodeType(DataType):
    """Single choice. Text and JSON carry the code; people read its label."""

    name = "code"
    odm = "text"
    kind = Kind.CODE
    slot = Slot.CODE
    control = Control.CHOICE
    options = frozenset({"codes"})

    def parse(self, text: str, facets: Facets) -> str | Unread | None:
        return None if is_blank(text) else read_code(text, facets)

    def format(self, value: str, facets: Facets, language: str) -> str:
        return code_text(value, facets, language)

    def read_json(self, data: Json, facets: Facets) -> str | Unread | None:
        if is_blank(data):
            return None
        return read_code(data, facets) if isinstance(data, str) else refuse(data, "json_code")

    def write_json(self, value: str) -> str:
        return value

    def store(self, value: str) -> Stored:
        return Stored(value)

    def load(self, stored: Stored) -> str:
        return str(stored.value)

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        return {"anyOf": [code_schema(facets), {"type": "null"}]}
