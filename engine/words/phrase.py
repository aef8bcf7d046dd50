"""Phrases: text with names in it, so that a page may link them; and templates that are filled with phrases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

ATOM, PRODUCT, CLAUSE, COMPOUND = range(4)  # how loosely a phrase holds together: looser ones are put in brackets
_HOLE = re.compile(r"\{(\w+)([!*^]?)\}")
_GUARDS: Mapping[str, int] = {"^": ATOM, "*": PRODUCT, "": CLAUSE, "!": COMPOUND}  # the loosest that needs no brackets


@dataclass(frozen=True, slots=True)
class Name:
    """What something is called, and where it is explained: `kind` and `key` ('item', 'procedure.started')."""

    text: str
    kind: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A piece of a sentence. `parts` are its conjuncts or alternatives, for those who show them as a list."""

    pieces: tuple[str | Name, ...]
    level: int = ATOM
    joined: str = ""  # 'and', 'or' or nothing
    parts: tuple[Phrase, ...] = ()

    def __str__(self) -> str:
        """The phrase as plain text."""
        return "".join(piece if isinstance(piece, str) else piece.text for piece in self.pieces)

    def at(self, level: int) -> Phrase:
        """The same words, holding together that loosely."""
        return replace(self, level=level)


def plain(text: str) -> Phrase:
    """A phrase that names nothing."""
    return Phrase((text,))


def fill(template: str, parts: Mapping[str, Phrase], level: int = ATOM) -> Phrase:
    """A template with its holes filled; what holds together too loosely for a hole is put in brackets."""
    pieces: list[str | Name] = []
    for text, name, guard in _taken_apart(template):
        pieces.append(text)
        if name:
            part = parts[name]
            loose = part.level > _GUARDS[guard]
            pieces += ["(", *part.pieces, ")"] if loose else part.pieces
    return Phrase(tuple(_merged(pieces)), level)


def joined(template: str, parts: Iterable[Phrase], level: int = ATOM) -> Phrase:
    """Phrases one after the other, two at a time: `{0}, {1}`."""
    whole: Phrase | None = None
    for part in parts:
        whole = part if whole is None else fill(template, {"0": whole.at(ATOM), "1": part}, level)
    return whole or plain("")


def holes(template: str) -> frozenset[str]:
    """The names of a template's holes."""
    return frozenset(name for _, name, _ in _taken_apart(template) if name)


@cache  # the templates are those of the tables
def _taken_apart(template: str) -> tuple[tuple[str, str, str], ...]:
    found, end = [], 0
    for hole in _HOLE.finditer(template):
        found.append((template[end : hole.start()], hole[1], hole[2]))
        end = hole.end()
    return (*found, (template[end:], "", ""))


def _merged(pieces: Iterable[str | Name]) -> Iterator[str | Name]:
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        if text:
            yield text
        text = ""
        yield piece
    if text:
        yield text
