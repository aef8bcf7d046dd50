"""The texts of the interface, in Polish and English, with plural forms; definitions bring their own texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.datatypes.words import plural

LANGUAGES = ("pl", "en")
_FOLDER = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True)
class Words:
    """One language of the interface."""

    language: str
    texts: Mapping[str, str | list[str]]

    def text(self, key: str, **parts: object) -> str:
        """The text of a key, its placeholders filled. An unknown key is a bug: KeyError."""
        found = self.texts[key]
        if not isinstance(found, str):
            raise TypeError(f"{key!r} counts something: use count()")
        return found.format(**parts) if parts else found

    def forms(self, key: str) -> tuple[str, ...]:
        """The text as it stands in the catalogue, or all its plural forms: for the script on the page."""
        found = self.texts[key]
        return (found,) if isinstance(found, str) else tuple(found)

    def count(self, key: str, number: int, **parts: object) -> str:
        """'1 błąd', '2 błędy', '5 błędów': the form that goes with the number."""
        forms = self.texts[key]
        if isinstance(forms, str):
            raise TypeError(f"{key!r} has no plural forms: use text()")
        return plural(number, forms, self.language).format(number=number, **parts)


def load_words(language: str) -> Words:
    """The texts of a language; one without a catalogue of its own is shown in English."""
    chosen = language if language in LANGUAGES else "en"
    return Words(chosen, json.loads((_FOLDER / f"{chosen}.json").read_text(encoding="utf-8")))
