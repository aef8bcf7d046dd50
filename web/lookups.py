"""Search in code lists and dictionaries, quick at 100,000 codes."""

from __future__ import annotations

import csv
import threading
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from engine.datatypes.base import Choice
from engine.model.form import walk_items
from engine.model.item import ItemDef
from engine.model.metadata_version import MetaDataVersion
from engine.model.text import in_language

MOST = 50
MOST_LOOKED_AT = 5_000  # of the entries that hold the rarest word of a query


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
    """The codes of a list in one language, in order; what is searched is one long text, which costs no loop."""

    entries: tuple[Found, ...]
    text: str  # ' code label' of each entry, plain, a line each
    starts: tuple[int, ...]  # where each line begins
    codes: tuple[tuple[str, int], ...]  # plain code and place, sorted

    def search(self, query: str, most: int = MOST) -> tuple[Found, ...]:
        """Codes that begin with the query, then labels with words that do, then those that hold them anywhere."""
        words = plain(query).split()
        if not words:
            return self.entries[:most]
        places = dict.fromkeys(islice(self._by_code(" ".join(words)), most))
        for pattern in ([f" {word}" for word in words], words):
            if len(places) < most:
                places.update(dict.fromkeys(islice(self._holding(pattern, places), most - len(places))))
        return tuple(self.entries[place] for place in places)

    def _by_code(self, start: str) -> Iterator[int]:
        at = bisect_left(self.codes, (start, -1))
        while at < len(self.codes) and self.codes[at][0].startswith(start):
            yield self.codes[at][1]
            at += 1

    def _holding(self, patterns: list[str], known: Mapping[int, None]) -> Iterator[int]:
        """The entries that hold all patterns and are not known yet."""
        longest, at, seen = max(patterns, key=len), 0, dict(known)
        for _ in range(MOST_LOOKED_AT):
            at = self.text.find(longest, at)
            if at < 0:
                return
            place = bisect_right(self.starts, at) - 1
            end = self.starts[place + 1] if place + 1 < len(self.starts) else len(self.text)
            line = self.text[self.starts[place] : end]
            if place not in seen and all(pattern in line for pattern in patterns):
                yield place
            at = end


def build_index(choices: Iterable[Choice], language: str) -> CodeIndex:
    """Index the codes that may still be chosen."""
    offered = [choice for choice in choices if not choice.withdrawn]
    entries = tuple(Found(choice.code, in_language(choice.label, language) or choice.code) for choice in offered)
    lines = [f" {plain(found.code)} {plain(found.label)}\n" for found in entries]
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line)
    codes = sorted((plain(found.code), place) for place, found in enumerate(entries))
    return CodeIndex(entries, "".join(lines), tuple(starts), tuple(codes))


def read_dictionary(file: Path) -> tuple[Choice, ...]:
    """A dictionary that others keep: `code, label_pl, label_en, …`."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        labels = [name for name in rows.fieldnames or () if name.startswith("label_")]
        return tuple(
            Choice(row["code"], {name.removeprefix("label_"): row[name] for name in labels if row[name]})
            for row in rows
        )


@dataclass(frozen=True)
class Lookups:
    """The indexes of one version, each built when first asked for. Dictionaries of others stand in a folder, if at all."""

    model: MetaDataVersion
    folder: Path | None = None
    _built: dict[tuple[str, str], CodeIndex] = field(default_factory=dict)
    _read: dict[str, Mapping[str, Choice]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def index(self, form: str, item: str, language: str) -> CodeIndex | None:
        """The index of an item's codes; None when there is no such item or it has no codes."""
        definition = self.model.forms.get(form)
        found = next((each for each in walk_items(definition) if each.id == item), None) if definition else None
        if found is None or not (found.facets.choices or found.facets.open_list):
            return None
        choices = self.choices(found)
        key = (found.codelist or f"{form}.{item}", language)
        with self._lock:
            if key not in self._built:
                self._built[key] = build_index(choices.values(), language)
            return self._built[key]

    def choices(self, item: ItemDef) -> Mapping[str, Choice]:
        """The codes of an item; those of a dictionary that is not part of the definition, as far as it is there."""
        listed = self.model.codelists.get(item.codelist or "")
        if listed is None or listed.external is None or item.facets.choices:
            return item.facets.choices
        name = listed.external
        with self._lock:
            if name not in self._read:
                file = self.folder / "dictionaries" / f"{name}.csv" if self.folder else None
                found = read_dictionary(file) if file is not None and name.isidentifier() and file.is_file() else ()
                self._read[name] = {choice.code: choice for choice in found}
            return self._read[name]


__all__ = ["MOST", "CodeIndex", "Found", "Lookups", "build_index", "plain", "read_dictionary"]
