"""One line of text."""

from __future__ import annotations

import re
from typing import ClassVar

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.reading import clean_text, is_blank, refuse, refuse_characters
from engine.datatypes.values import Unread


class TextType(DataType):
    """Text in Unicode form NFC without outer white space; controls and bidi overrides are refused."""

    name = "text"
    odm = "text"
    kind = Kind.TEXT
    slot = Slot.TEXT
    control = Control.TEXT
    options = frozenset({"max_length", "pattern"})
    default_length: ClassVar[int] = 250
    line_breaks: ClassVar[bool] = False

    def parse(self, text: str, facets: Facets) -> str | Unread | None:
        plain = clean_text(text, line_breaks=self.line_breaks)
        if not plain:
            return None
        return self._refusal(plain, facets, text) or plain

    def format(self, value: str, facets: Facets, language: str) -> str:
        return value

    def read_json(self, data: Json, facets: Facets) -> str | Unread | None:
        if is_blank(data):
            return None
        return self.parse(data, facets) if isinstance(data, str) else refuse(data, "json_text")

    def write_json(self, value: str) -> str:
        return value

    def store(self, value: str) -> Stored:
        return Stored(value)

    def load(self, stored: Stored) -> str:
        return str(stored.value)

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        # No maxLength: the limit holds for the cleaned text. The pattern is checked after cleaning, too.
        return {"type": ["string", "null"]}

    def _refusal(self, plain: str, facets: Facets, source: str) -> Unread | None:
        fault = refuse_characters(plain, source, line_breaks=self.line_breaks)
        if fault is not None:
            return fault
        longest = facets.max_length or self.default_length
        if len(plain) > longest:
            sizes = {"length": str(len(plain)), "max": str(longest), "over": str(len(plain) - longest)}
            return refuse(source, "length", "length", **sizes)
        if facets.pattern is not None and not re.fullmatch(facets.pattern, plain):
            return refuse(source, "text_pattern", "pattern")
        return None
