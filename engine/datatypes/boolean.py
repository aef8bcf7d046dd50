"""Yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.reading import is_blank, refuse
from engine.datatypes.values import Unread
from engine.datatypes.words import boolean_text

_WORDS: Mapping[str, bool] = MappingProxyType(
    {"true": True, "tak": True, "yes": True, "1": True, "false": False, "nie": False, "no": False, "0": False}
)


class BooleanType(DataType):
    """Shown as two buttons; pages post `true` and `false`, pasted tables may say tak, nie, yes, no, 1, 0."""

    name = "boolean"
    odm = "boolean"
    kind = Kind.BOOLEAN
    slot = Slot.BOOLEAN
    control = Control.CHOICE

    def parse(self, text: str, facets: Facets) -> bool | Unread | None:
        if is_blank(text):
            return None
        answer = _WORDS.get(text.strip().lower())
        return refuse(text, "boolean_form") if answer is None else answer

    def format(self, value: bool, facets: Facets, language: str) -> str:
        return boolean_text(value, language)

    def read_json(self, data: Json, facets: Facets) -> bool | Unread | None:
        if data is None or isinstance(data, bool):
            return data
        return refuse(data, "json_boolean")

    def write_json(self, value: bool) -> bool:
        return value

    def store(self, value: bool) -> Stored:
        return Stored(value)

    def load(self, stored: Stored) -> bool:
        return bool(stored.value)  # SQLite gives 0 and 1

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        return {"type": ["boolean", "null"]}
