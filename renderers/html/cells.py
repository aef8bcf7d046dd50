"""Cells of a grid: an answer as one text, as in a spreadsheet, and the text as the fields that a form posts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engine.datatypes.base import Control, Json, Kind
from engine.datatypes.values import Entered, Missing, Quantity, Unread
from engine.datatypes.words import number_text
from engine.model.item import ItemDef
from renderers.html.faces import ItemFace, control_of, item_face
from renderers.html.values import reason_of
from renderers.html.words import Words

Posted = list[tuple[str, str]]  # what stands behind the item's name -> text

_REASON = re.compile(r"\s*\[(.*)\]\s*", re.DOTALL)  # `[nd]`, `[not done]`: a text in words might be an answer
_IN_WORDS = frozenset({Kind.TEXT})


@dataclass(frozen=True, slots=True)
class CellKind:
    """The cells of one item in one language. Codes and reasons are told by their words, and read by either."""

    item: ItemDef
    face: ItemFace
    control: Control
    language: str
    words: Mapping[str, str]  # code -> its words; the code itself where others have the same
    codes: Mapping[str, str]  # words or code, in small letters -> code
    reasons: Mapping[str, str]  # the same of the reasons why a value is missing

    @property
    def options(self) -> tuple[str, ...]:
        """What a cell may hold, in words; nothing where that is not a matter of choice."""
        return tuple(self.words[option.code] for option in self.face.options if not option.withdrawn)

    def text(self, entered: Entered | None) -> str:
        """The text of an answer: what `posted` makes the same answer of."""
        if entered is None:
            return ""
        if isinstance(entered, Unread):
            return entered.text
        if isinstance(entered, Missing):
            return f"[{reason_of(self.item, entered, self.language).words}]"
        if self.control is Control.CHOICE:
            return self.words.get(str(entered).lower() if isinstance(entered, bool) else str(entered), str(entered))
        if isinstance(entered, tuple):
            return "; ".join(self.words.get(code, code) for code in entered)
        if isinstance(entered, Quantity) and len(self.face.units) < 2:
            return number_text(entered.entered, self.language)  # the unit stands beside the label
        return self.item.datatype.format(entered, self.item.facets, self.language)

    def posted(self, text: str) -> Posted:
        """The fields that a form would post for an answer that was typed or pasted so."""
        reason = self._reason(text)
        return [("", ""), ("__mr", reason)] if reason else _PARTS.get(self.control, _whole)(self, text)

    def _reason(self, text: str) -> str:
        """The reason that a text gives for a missing value; '' when it is an answer."""
        marked = _REASON.fullmatch(text)
        if marked is not None:
            return self.reasons.get(marked[1].strip().casefold(), "")
        typed = text.strip().casefold()
        return "" if self.item.datatype.kind in _IN_WORDS or typed in self.codes else self.reasons.get(typed, "")

    @property
    def for_script(self) -> dict[str, Json]:
        """The same for the page's script, which reads and tells answers alike."""
        return {
            "control": str(self.control),
            "inWords": self.item.datatype.kind in _IN_WORDS,
            "moment": self.item.datatype.kind in (Kind.DATE, Kind.DATETIME, Kind.PARTIAL_DATE),
            "words": dict(self.words),
            "codes": dict(self.codes),
            "reasons": dict(self.reasons),
            "missing": dict(self.face.reasons),
        }


def cell_kind(item: ItemDef, words: Words) -> CellKind:
    """The cells of an item; `…` stands in its label for values that are piped into it."""
    face = item_face(item, words, piped=False)
    labels = [option.label for option in face.options]
    told = {o.code: o.label if labels.count(o.label) == 1 else f"{o.label} ({o.code})" for o in face.options}
    return CellKind(
        item, face, control_of(item), words.language, told, _readings(told.items()), _readings(face.reasons)
    )


def _readings(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Words and codes in small letters -> code; a code outweighs words."""
    pairs = tuple(pairs)
    return {words.casefold(): code for code, words in pairs} | {code.casefold(): code for code, _ in pairs}


def _whole(_: CellKind, text: str) -> Posted:
    return [("", text)]


def _choice(kind: CellKind, text: str) -> Posted:
    return [("", kind.codes.get(text.strip().casefold(), text))]


def _choices(kind: CellKind, text: str) -> Posted:
    """Codes or their words with semicolons between them, or else with commas."""
    typed = text.strip()
    if typed.casefold() in kind.codes:
        return [("", kind.codes[typed.casefold()])]
    parts = [part.strip() for part in typed.split(";" if ";" in typed else ",")]
    return [("", kind.codes.get(part.casefold(), part)) for part in parts]


def _date(_: CellKind, text: str) -> Posted:
    return [("__d", ""), ("__m", ""), ("__y", text.strip())]  # the parts are joined again: a whole date in one will do


def _datetime(kind: CellKind, text: str) -> Posted:
    day, _, clock = text.strip().replace("T", " ", 1).partition(" ")
    return [*_date(kind, day), ("__t", clock.strip())]


_PARTS: Mapping[Control, Callable[[CellKind, str], Posted]] = MappingProxyType(
    {
        Control.CHOICE: _choice,
        Control.CHOICES: _choices,
        Control.DATE: _date,
        Control.PARTIAL_DATE: _date,
        Control.DATETIME: _datetime,
    }
)

__all__ = ["CellKind", "Posted", "cell_kind"]
