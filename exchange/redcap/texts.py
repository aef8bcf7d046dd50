"""Texts of REDCap -> texts of ours: HTML becomes plain, `[field]` becomes `{item}`, and braces that mean nothing become brackets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from engine.datatypes.base import Kind
from engine.expressions.nodes import Path
from exchange.plain_text import loses_marks, plain_text
from exchange.redcap.logic import CODE, FIELD, reference
from exchange.redcap.references import References
from exchange.rules.meaning import Untranslatable

MAX_TEXT = 60_000  # characters of a label
_PIPE = re.compile(r"(?:\[[A-Za-z0-9_:() -]+\])+")
_BRACES = str.maketrans("{}", "()")
_EMBEDDED = re.compile(r"\{\s*([a-z][a-z0-9_]*)\s*(?::[a-z]+)?\s*\}")
_NOT_SHOWN = "…"

_HTML = "Marks of the text (HTML) are left out."
_VALUE_LOST = "A value in the text cannot be shown here."
_PLACE_LOST = "A field that was placed within the text stands on its own."
_CUT = f"The text is longer than {MAX_TEXT} characters and is cut."


def without_braces(text: str) -> str:
    """Braces mean a value here; they become brackets."""
    return text.translate(_BRACES)


@dataclass(frozen=True, slots=True)
class Text:
    """A text of ours, and what it has lost."""

    words: str
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Texts:
    """Translates the texts of one form; `own` is the field whose text it is."""

    references: References
    form: str

    def translate(self, text: str, own: str = "") -> Text:
        """Plain text with names in braces."""
        lost: list[str] = []
        if len(text) > MAX_TEXT:
            text, lost = text[:MAX_TEXT], [_CUT]
        if loses_marks(text):
            lost.append(_HTML)
        plain = without_braces(_EMBEDDED.sub(self._embedded(lost), plain_text(text)))
        return Text(_PIPE.sub(self._piped(own, lost), plain), tuple(dict.fromkeys(lost)))

    def _embedded(self, lost: list[str]) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            if match[1] not in self.references.fields:
                return match[0]
            lost.append(_PLACE_LOST)
            return _NOT_SHOWN

        return replace

    def _piped(self, own: str, lost: list[str]) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            try:
                path = reference(match[0])
            except Untranslatable:
                return match[0]
            name = path.parts[FIELD]
            if name not in self.references.fields and "-" not in name:
                return match[0]  # words in brackets
            shown = self._name(path) if name != own else None
            if shown is None:
                lost.append(_VALUE_LOST)
                return _NOT_SHOWN
            return f"{{{shown}}}"

        return replace

    def _name(self, path: Path) -> str | None:
        """What stands between braces for a field, if its value may be shown."""
        known = self.references.fields.get(path.parts[FIELD])
        if known is None or known.identifying or path.parts[CODE] or known.field.kind in (Kind.NOTHING, Kind.FILE):
            return None
        try:
            found = self.references.seen_from(self.form, [])(Path((*path.parts[:4], ""), 0))
        except Untranslatable:
            return None
        node = getattr(found, "node", None)
        return str(node) if isinstance(node, Path) else None
