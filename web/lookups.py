"""Search in code lists and dictionaries, quick at 100,000 codes."""

from __future__ import annotations

import re
import threading
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import islice

from engine.datatypes.base import Choice
from engine.datatypes.dictionary import ALWAYS, Dictionary, Validity, is_valid
from engine.model.code_list import CodeList
from engine.model.form import walk_items
from engine.model.item import ItemDef
from engine.model.metadata_version import MetaDataVersion
from engine.model.text import in_language

MOST = 50
MOST_LOOKED_AT = 5_000  # of the entries that hold the rarest word of a query
_ALIKE = 10  # codes that differ in signs alone
_AT_ONCE = 1_000  # lines that are made plain together

_MARKS = re.compile("[\u0300-\u036f]+")
_BETWEEN = re.compile(r"[^\w.\n]+")
_SIGNS = re.compile(r"(?!^-)[^\w]+")

Label = Callable[[str, str], str]  # code, language -> label


@dataclass(frozen=True, slots=True)
class Found:
    """A code with its words."""

    code: str
    label: str


def plain(text: str) -> str:
    """Small letters without marks, and no signs but points: 'Łódź' and 'lodz' are the same."""
    flat = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return _BETWEEN.sub(" ", _MARKS.sub("", flat))


def bare(text: str) -> str:
    """A code as people type it: `t827` is T82.7, but -1 is not 1."""
    return _SIGNS.sub("", text.strip().casefold())


@dataclass(frozen=True, slots=True, eq=False)
class CodeIndex:
    """The codes that may be chosen, in order; what is searched is one long text, which costs no loop."""

    codes: Sequence[str]
    label: Label
    text: str  # ' code label label' of each code, plain, a line each
    starts: array[int]  # where each line begins
    sorted: array[int]  # places in the order of bare codes
    validity: Mapping[str, Validity] = field(default_factory=dict)

    def search(self, query: str, language: str, day: date, most: int = MOST) -> tuple[Found, ...]:
        """Codes that begin with the query, then those with words that do in any language, then those that hold it anywhere."""
        words = plain(query).split()
        places = self._ranked(query, words) if words else range(len(self.codes))
        found = (code for code in (self.codes[place] for place in places) if self.is_offered(code, day))
        return tuple(Found(code, self.label(code, language)) for code in islice(found, most))

    def is_offered(self, code: str, day: date) -> bool:
        """Whether a code of the index may be chosen on a day."""
        return is_valid(self.validity.get(code, ALWAYS), day)

    def has(self, code: str) -> bool:
        """Whether a code stands in the index."""
        return any(self.codes[place] == code for place in islice(self._by_code(bare(code)), _ALIKE))

    def _ranked(self, query: str, words: list[str]) -> Iterator[int]:
        seen: set[int] = set()
        for places in (self._by_code(bare(query)), self._holding([f" {word}" for word in words]), self._holding(words)):
            for place in places:
                if place not in seen:
                    seen.add(place)
                    yield place

    def _by_code(self, start: str) -> Iterator[int]:
        def code_at(place: int) -> str:
            return bare(self.codes[place])

        at = bisect_left(self.sorted, start, key=code_at)
        while start and at < len(self.sorted) and code_at(self.sorted[at]).startswith(start):
            yield self.sorted[at]
            at += 1

    def _holding(self, patterns: list[str]) -> Iterator[int]:
        """The places that hold all patterns."""
        longest, at = max(patterns, key=len), 0
        for _ in range(MOST_LOOKED_AT):
            at = self.text.find(longest, at)
            if at < 0:
                return
            place = bisect_right(self.starts, at) - 1
            end = self.starts[place + 1]
            line = self.text[self.starts[place] : end]
            if all(pattern in line for pattern in patterns):
                yield place
            at = end


def build_index(
    codes: Sequence[str], words: Callable[[str], Iterable[str]], label: Label, validity: Mapping[str, Validity]
) -> CodeIndex:
    """Index codes; `words` gives the labels under which one is found, in all languages."""
    lines = (f" {code} {' '.join(words(code))}\n" for code in codes)
    text = "".join(plain("".join(some)) for some in iter(lambda: tuple(islice(lines, _AT_ONCE)), ()))
    starts = array("Q", [0, *(match.end() for match in re.finditer("\n", text))])
    places = sorted(range(len(codes)), key=[bare(code) for code in codes].__getitem__)
    return CodeIndex(codes, label, text, starts, array("Q", places), validity)


def index_choices(choices: Mapping[str, Choice], validity: Mapping[str, Validity]) -> CodeIndex:
    """The index of a list that is part of the definition."""
    offered = [code for code, choice in choices.items() if not choice.withdrawn]

    def label(code: str, language: str) -> str:
        return in_language(choices[code].label, language) or code

    return build_index(offered, lambda code: choices[code].label.values(), label, validity)


@lru_cache(maxsize=8)  # registries, and versions of one, share it
def index_dictionary(dictionary: Dictionary) -> CodeIndex:
    """The index of a dictionary that was loaded: what its newest version has."""
    offered = [code for code in islice(dictionary.places, dictionary.current) if code not in dictionary.withdrawn]

    def words(code: str) -> Iterable[str]:
        return (lines[dictionary.places[code]] for lines in dictionary.labels.values())

    return build_index(offered, words, dictionary.label, dictionary.validity)


@dataclass(frozen=True)
class Lookups:
    """The indexes of one version, each built when first asked for, and again for a newer dictionary."""

    model: MetaDataVersion
    dictionaries: Mapping[str, Dictionary]
    _built: dict[str, tuple[object, CodeIndex]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def index(self, form: str, item: str) -> CodeIndex | None:
        """The index of an item's codes; None when there is no such item or it has no codes."""
        definition = self.model.forms.get(form)
        found = next((each for each in walk_items(definition) if each.id == item), None) if definition else None
        if found is None or not (found.facets.choices or found.facets.open_list):
            return None
        listed = self._listed(found)
        origin: object = self._dictionary(listed) or found.facets.choices
        name = listed.id if listed is not None else f"{form}.{item}"
        with self._lock:
            built = self._built.get(name)
            if built is None or built[0] is not origin:
                made = (
                    index_dictionary(origin)
                    if isinstance(origin, Dictionary)
                    else index_choices(found.facets.choices, listed.validity if listed is not None else {})
                )
                built = self._built[name] = origin, made
        return built[1]

    def label(self, item: ItemDef, code: str, language: str) -> str:
        """What a code is called; '' where nothing is known of it."""
        dictionary, choice = self._dictionary(self._listed(item)), item.facets.choices.get(code)
        loaded = dictionary.label(code, language) if dictionary is not None else ""
        return loaded or (in_language(choice.label, language) if choice is not None else "")

    def _listed(self, item: ItemDef) -> CodeList | None:
        return self.model.codelists.get(item.codelist or "")

    def _dictionary(self, listed: CodeList | None) -> Dictionary | None:
        return self.dictionaries.get(listed.external or "") if listed is not None else None


__all__ = ["MOST", "CodeIndex", "Found", "Lookups", "build_index", "index_choices", "index_dictionary", "plain"]
