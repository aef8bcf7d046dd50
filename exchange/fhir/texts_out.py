"""Texts of ours as those of a Questionnaire: in its language, with translations, and … for values that are piped into them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exchange.document import Entry
from exchange.fhir.extensions import CORE
from exchange.fhir.piping import beside, holed, without_values
from exchange.fhir.resources import Json
from exchange.fhir.restoring import kept


@dataclass(frozen=True, slots=True)
class TextWriter:
    """`base`: the language of the texts themselves; others are translations."""

    base: str

    def text(self, key: str, text: Mapping[str, str], *, piped: bool = True) -> Json:
        """A text; where values are piped into it, … stands for them and an extension keeps them."""
        if not piped or not holed(text):
            return translated(key, text, self.base) if text else {}
        made = translated(key, without_values(text), self.base)
        made.setdefault(f"_{key}", {}).setdefault("extension", []).extend(beside(text))
        return made

    def labelled(self, entry: Entry, key: str) -> Json:
        """The text of an item without its prefix, which has an element of its own."""
        text, prefix = entry.get(key, {}), kept(entry).get("prefix")
        if prefix:
            text = {
                language: words.removeprefix(f"{prefix} ") if words != prefix else ""
                for language, words in text.items()
            }
            text = text if any(text.values()) else {}
        return self.text("text", text)


def translated(key: str, text: Mapping[str, str], base: str) -> Json:
    """A text with its translations, as the extension says."""
    made: Json = {key: text[base]}
    others = translations(text, base)
    if others:
        made[f"_{key}"] = {"extension": others}
    return made


def translations(text: Mapping[str, str], base: str) -> list[Json]:
    """The extensions that translate a text."""
    return [
        {
            "url": f"{CORE}translation",
            "extension": [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": other}],
        }
        for language, other in text.items()
        if language != base
    ]
