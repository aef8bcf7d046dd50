"""Several codes of a list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.codes import code_schema, code_text, read_code
from engine.datatypes.reading import is_blank, refuse
from engine.datatypes.values import Unread

_SEPARATOR = re.compile(r"[,;\n]")


class CodesType(DataType):
    """Multiple choice: a tuple of codes in the order of the list, each once. Typed as `a, b`.

    That an exclusive code stands alone is judged with the other rules, as both codes are valid.
    Storage keeps one row per code; `store` gives the whole tuple.
    """

    name = "codes"
    odm = "text"
    kind = Kind.CODES
    slot = Slot.CODE
    control = Control.CHOICES
    options = frozenset({"codes"})

    def parse(self, text: str, facets: Facets) -> tuple[str, ...] | Unread | None:
        return _read([part for part in _SEPARATOR.split(text) if part.strip()], text, facets)

    def format(self, value: tuple[str, ...], facets: Facets, language: str) -> str:
        return ", ".join(code_text(code, facets, language) for code in value)

    def read_json(self, data: Json, facets: Facets) -> tuple[str, ...] | Unread | None:
        if is_blank(data):
            return None
        if not isinstance(data, list) or not all(isinstance(code, str) for code in data):
            return refuse(data, "json_codes")
        return _read(data, data, facets)

    def write_json(self, value: tuple[str, ...]) -> list[str]:
        return list(value)

    def store(self, value: tuple[str, ...]) -> Stored:
        return Stored(value)

    def load(self, stored: Stored) -> tuple[str, ...]:
        return tuple(stored.value)

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        return {"type": ["array", "null"], "items": code_schema(facets)}


def _read(texts: Sequence[str], source: Json, facets: Facets) -> tuple[str, ...] | Unread | None:
    """The codes in the order of the list; codes of an open list that it does not know follow as entered."""
    codes: dict[str, None] = {}
    for text in texts:
        code = read_code(text, facets)
        if isinstance(code, Unread):  # named alone in the message, but the whole input is kept
            whole = refuse(source, code.message)
            return Unread(whole.text, code.code, code.message, code.parts)
        codes[code] = None
    known = [code for code in facets.choices if code in codes]
    return (*known, *(code for code in codes if code not in facets.choices)) or None
