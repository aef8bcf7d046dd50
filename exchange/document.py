"""A definition as data: maps, lists, texts and numbers in the shape of docs/authoring.md, as the writer puts them on paper.

Importers build it; `definition_text` writes it. A rule in it is a `Rule`, so that it is known where it came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

from engine.datatypes import DATATYPES
from engine.datatypes.base import Kind
from engine.definitions.source import number_of
from exchange.findings import Finding

Document = dict[str, Any]
Entry = dict[str, Any]


class Rule(str):
    """An expression of ours that was translated: with the foreign text, where that stood and what it was called there."""

    __slots__ = ("found", "name", "system", "where")
    found: str
    name: str
    system: str
    where: str

    def __new__(cls, text: str, *, system: str, name: str, found: str, where: str) -> Self:
        """The text is ours; `found` is the foreign one, `name` its column or element, `where` the finding's place."""
        made = super().__new__(cls, text)
        made.system, made.name, made.found, made.where = system, name, found, where
        return made


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file held: the definition, and what became of each part of it."""

    document: Document
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """A file of another system (bytes), the ending of its name, and what became of each part of the definition."""

    content: bytes
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """What a foreign name stands for in our definition.

    `values`: code -> the number that others calculate with where the code is chosen, None where it is no number.
    """

    path: tuple[str, ...]  # as rules name it: item, or form and item
    kind: Kind
    form: str = ""
    groups: tuple[str, ...] = ()  # the repeating groups that hold it, outermost first
    values: Mapping[str, int | Decimal | None] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)  # foreign code -> ours, where it could be none of ours


def annotate(part: Entry, system: str, name: str, text: str) -> None:
    """Keep a foreign text verbatim at a part of the document."""
    part.setdefault("annotations", {}).setdefault(system, {})[name] = text


def annotated(part: Entry, system: str) -> Mapping[str, str]:
    """The foreign texts that are kept at a part, by name."""
    found: Mapping[str, str] = part.get("annotations", {}).get(system, {})
    return found


def rule_text(rule: Any) -> str:
    """A rule of a document as text: it may be a number or a truth value."""
    return str(rule).lower() if isinstance(rule, bool) else str(rule)


@dataclass(frozen=True, slots=True)
class Placed:
    """An item of a document and where it stands."""

    entry: Entry
    form: str
    section: Entry
    groups: tuple[Entry, ...] = ()


def items_of(document: Document) -> Iterator[Placed]:
    """All items of a document, in order."""
    for form, parts in document.get("forms", {}).items():
        for section in parts.get("sections", ()):
            yield from _items_in(section["items"], form, section, ())


def _items_in(entries: list[Entry], form: str, section: Entry, groups: tuple[Entry, ...]) -> Iterator[Placed]:
    for entry in entries:
        if "group" in entry:
            yield from _items_in(entry["items"], form, section, (*groups, entry))
        else:
            yield Placed(entry, form, section, groups)


def field_of(document: Document, placed: Placed, *, full: bool = False) -> Field:
    """What rules know of an item; `full` names it with its form."""
    entry = placed.entry
    codes = document.get("codelists", {}).get(entry.get("codelist"), {}).get("codes", {})
    return Field(
        (placed.form, entry["id"]) if full else (entry["id"],),
        DATATYPES[entry["type"]].kind,
        placed.form,
        tuple(group["group"] for group in placed.groups),
        {code: number_of(code) for code in codes},
    )
