"""The words of all languages, and what every language must have a phrase for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.expressions.evaluator import COMPARATORS, OPERATORS
from engine.expressions.folding import AGGREGATORS
from engine.expressions.functions import FUNCTIONS
from engine.words import english, polish


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One language: phrases by operator, words for kinds of places, quotes."""

    language: str
    phrases: Mapping[str, str]
    kinds: Mapping[str, Mapping[str, str]]
    places: Mapping[str, str]
    quotes: tuple[str, str]
    inner_quotes: tuple[str, str]

    def phrase(self, *keys: str) -> str:
        """The first of these phrases that there is."""
        return next(self.phrases[key] for key in keys if key in self.phrases)

    def quoted(self, text: str) -> str:
        """A label in quotes; quotes that it holds become inner ones."""
        (opening, closing), (inner_opening, inner_closing) = self.quotes, self.inner_quotes
        inner = text.replace(opening, inner_opening).replace(closing, inner_closing)
        return f"{opening}{inner}{closing}"


LANGUAGES: Mapping[str, Vocabulary] = {
    "pl": Vocabulary("pl", polish.PHRASES, polish.KINDS, polish.PLACES, ("„", "”"), ("«", "»")),
    "en": Vocabulary("en", english.PHRASES, english.KINDS, english.PLACES, ("“", "”"), ("‘", "’")),
}

# Operators whose phrase depends on more than their name: by what follows the dot.
_DOMAINS = ("num", "text", "date", "partial", "datetime", "time", "reference")
_ORDERLESS = frozenset({"text", "reference"})


def vocabulary(language: str) -> Vocabulary:
    """The words of a language; English where there are none of it."""
    return LANGUAGES.get(language, LANGUAGES["en"])


def wanted() -> Iterator[str]:
    """The key of every phrase that the operators and functions of the language need."""
    special = {"const", "is", "cmp", "call", "aggregate", "neighbour"}
    yield from (op for op in OPERATORS if op not in special)
    yield from ("const.true", "const.false", "const.null", "is.true", "is.false", "is.unknown")
    for domain in _DOMAINS:
        yield from (f"cmp.{domain}.{op}" for op in COMPARATORS if domain not in _ORDERLESS or op in ("=", "!="))
    yield "cmp.bool.="
    yield from (f"call.{name}" for name in FUNCTIONS)
    yield from (f"aggregate.{name}" for name in AGGREGATORS)
    yield from ("neighbour.prev", "neighbour.next")
