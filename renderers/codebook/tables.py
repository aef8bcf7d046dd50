"""The codebook as tables: what page and workbook are both made of. A cell is the same in all languages, or one phrase in each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from engine.compiler import CompiledRegistry
from engine.compiler.rules import Rule
from engine.expressions.scopes import Scope
from engine.expressions.terms import Type
from engine.model.annotations import Annotations
from engine.model.text import TranslatedText
from engine.words import Name, Phrase, Sentences
from renderers.codebook.headings import HEADINGS, WORDS, in_languages

Both = Mapping[str, Phrase]  # language -> phrase
Cell = str | Both


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its key, heading in each language, width in characters."""

    key: str
    heading: Mapping[str, str]
    width: int
    both: bool  # has a phrase in each language


@dataclass(frozen=True, slots=True)
class Row:
    """One entry: its anchor on the page, name and title, the part of the registry it stands in, and its cells."""

    anchor: str
    name: str
    title: Both
    cells: Mapping[str, Cell]
    part: tuple[str, Both] | None = None  # anchor and title of the form or list


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet of the workbook, a chapter of the page."""

    id: str
    title: Mapping[str, str]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """A registry with its rules in words, in all its languages."""

    registry: CompiledRegistry
    languages: tuple[str, ...]
    sentences: Mapping[str, Sentences] = field(init=False)

    def __post_init__(self) -> None:
        spoken = {language: Sentences(self.registry, language) for language in self.languages}
        object.__setattr__(self, "sentences", spoken)

    def text(self, text: TranslatedText) -> Cell:
        """A text of the definition; nothing where there is none."""
        return {language: Phrase((text.get(language, ""),)) for language in self.languages} if text else ""

    def title(self, text: TranslatedText, name: str) -> Both:
        """A text that is never empty: the name stands in."""
        return {language: Phrase((text.get(language) or name,)) for language in self.languages}

    def say(self, tell: Callable[[Sentences], Phrase]) -> Both:
        """A phrase in each language."""
        return {language: tell(sentences) for language, sentences in self.sentences.items()}

    def condition(self, rule: Rule | None, scope: Scope) -> Cell:
        """When something is so; nothing where there is no rule."""
        return self.say(lambda said: said.condition(rule, scope)) if rule is not None else ""

    def value(self, rule: Rule | None, scope: Scope, like: Type | None) -> Cell:
        """What a rule gives."""
        return self.say(lambda said: said.value(rule, scope, like)) if rule is not None else ""

    def word(self, key: str) -> Both:
        """A fixed word."""
        return {language: Phrase((text,)) for language, text in in_languages(WORDS[key], self.languages).items()}

    def truth(self, holds: bool) -> Cell:
        """Yes, or nothing."""
        return self.word("yes") if holds else ""

    def series(self, cells: Iterable[Cell], between: str = ", ") -> Cell:
        """Several cells in one."""
        parts = [cell for cell in cells if cell]
        if all(isinstance(part, str) for part in parts):
            return between.join(part for part in parts if isinstance(part, str))
        return {
            language: _together([phrase_of(part, language) for part in parts], between) for language in self.languages
        }

    def named(self, kind: str, key: str, text: TranslatedText, name: str) -> Both:
        """A link to an entry."""
        return {
            language: Phrase((Name(sentences.speaker.words.quoted(text.get(language) or name), kind, key),))
            for language, sentences in self.sentences.items()
        }


def phrase_of(cell: Cell, language: str) -> Phrase:
    """A cell in one language."""
    return Phrase((cell,)) if isinstance(cell, str) else cell[language]


def _together(parts: list[Phrase], between: str) -> Phrase:
    pieces: list[str | Name] = []
    for part in parts:
        pieces += [between, *part.pieces] if pieces else part.pieces
    return Phrase(tuple(pieces))


def table(book: Book, id_: str, widths: Mapping[str, int], rows: Iterable[Row]) -> Table:
    """A table with these columns; those that no row fills are left out, but never the first."""
    made = tuple(rows)
    first = next(iter(widths))
    columns = []
    for key, width in widths.items():
        cells = [row.cells.get(key, "") for row in made]
        if key == first or any(cells):
            both = any(not isinstance(cell, str) for cell in cells)
            columns.append(Column(key, in_languages(HEADINGS[key], book.languages), width, both))
    return Table(id_, in_languages(HEADINGS[id_], book.languages), tuple(columns), made)


def noted(annotations: Annotations) -> str:
    """What other systems keep about an entry, in a line."""
    return "; ".join(
        f"{system} {name}: {text}" for system, texts in annotations.items() for name, text in texts.items()
    )


def anchor(kind: str, key: str) -> str:
    """The anchor of an entry on the page."""
    return f"{kind}-{key}"
