"""Search in code lists and dictionaries, quick at 100,000 codes."""

from __future__ import annotations

import threading
import unicodedata
from dataclasses import dataclass, field
from itertools import islice

from engine.datatypes.base import Choice
from engine.model.form import walk_items
from engine.model.item import ItemDef
from engine.model.metadata_version import MetaDataVersion
from engine.model.text import in_language

MOST = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A code with its words."""

    code: str
    label: str


def plain(text: str) -> str:
    """Small letters without marks: 'Łódź' and 'lodz' are the same."""
    flat = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return "".join(letter for letter in flat if not unicodedata.combining(letter))


@dataclass(frozen=True, slots=True)
class CodeIndex:
    """The codes of a list in one language, in order, with the text that is searched."""

    entries: tuple[Found, ...]
    texts: tuple[str, ...]  # ' code label', plain
    codes: tuple[str, ...]  # plain

    def search(self, query: str, most: int = MOST) -> tuple[Found, ...]:
        """Codes that begin with the query, then labels with a word that does, then those that hold all its words."""
        words = plain(query).split()
        if not words:
            return self.entries[:most]
        whole = " ".join(words)
        first = [place for place, code in enumerate(self.codes) if code.startswith(whole)][:most]
        seen = set(first)
        starts, within = [], []
        for place, text in enumerate(self.texts):
            if words[0] in text and place not in seen and all(word in text for word in words):
                (starts if all(f" {word}" in text for word in words) else within).append(place)
                if len(starts) >= most:
                    break
        return tuple(self.entries[place] for place in islice((*first, *starts, *within), most))


def build_index(choices: tuple[Choice, ...], language: str) -> CodeIndex:
    """Index the codes that may still be chosen."""
    offered = [choice for choice in choices if not choice.withdrawn]
    entries = tuple(Found(choice.code, in_language(choice.label, language) or choice.code) for choice in offered)
    texts = tuple(f" {plain(found.code)} {plain(found.label)}" for found in entries)
    return CodeIndex(entries, texts, tuple(plain(found.code) for found in entries))


@dataclass(frozen=True)
class Lookups:
    """The indexes of one version, each built when first asked for."""

    model: MetaDataVersion
    _built: dict[tuple[str, str, str], CodeIndex] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def index(self, form: str, item: str, language: str) -> CodeIndex | None:
        """The index of an item's codes; None when there is no such item or it has no codes."""
        found = self.item(form, item)
        if found is None or not (found.facets.choices or found.facets.open_list):
            return None
        key = (found.codelist or f"{form}.{item}", language, "" if found.codelist else item)
        with self._lock:
            if key not in self._built:
                self._built[key] = build_index(tuple(found.facets.choices.values()), language)
            return self._built[key]

    def item(self, form: str, item: str) -> ItemDef | None:
        """An item of a form by id."""
        definition = self.model.forms.get(form)
        if definition is None:
            return None
        return next((each for each in walk_items(definition) if each.id == item), None)


__all__ = ["MOST", "CodeIndex", "Found", "Lookups", "build_index", "plain"]
