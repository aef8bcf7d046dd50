"""The items of a Questionnaire as a tree, with what they became here: what FHIRPath walks through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from exchange.document import Field
from exchange.fhir.resources import Json, maps

GROUP, DISPLAY = "group", "display"


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice of a list: our code, and the coding or value that it is there. `score`: what sums take it for."""

    code: str
    value: Any  # of a coding its code, else the text, number or date
    system: str = ""
    display: str = ""
    score: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of an item, in order; `coded`: they are codings."""

    codelist: str
    entries: tuple[Choice, ...]
    coded: bool = True

    def code_of(self, found: object, system: str = "", *, shown: bool = True) -> str | None:
        """Our code of a foreign code (of that system, where one is told), or of what a choice is called where `shown`."""
        wanted = str(found)
        for one in self.entries:
            if str(one.value) == wanted and (not system or one.system in ("", system)):
                return one.code
            if shown and one.display == wanted:
                return one.code
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """An item, or the Questionnaire itself, which has no parent and no linkId."""

    link: str
    item: Json
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)

    @property
    def type(self) -> str:
        """The type of R4; an item without one is a group if it holds items, else a text."""
        found = self.item.get("type")
        return str(found) if found else (GROUP if self.parent is None or "item" in self.item else "string")

    @property
    def repeats(self) -> bool:
        return truth(self.item.get("repeats"))

    def within(self) -> Iterator[Node]:
        """Everything below it, in order."""
        for child in self.children:
            yield child
            yield from child.within()

    def upwards(self) -> Iterator[Node]:
        """Itself, and what holds it, up to the Questionnaire."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent


def tree(form: Json) -> Node:
    """The tree of a Questionnaire. Items without linkId are named by their place."""
    root = Node("", form)
    _grow(root, "")
    return root


def _grow(parent: Node, place: str) -> None:
    for number, item in enumerate(maps(parent.item.get("item")), 1):
        here = f"{place}.{number}" if place else str(number)
        node = Node(str(item.get("linkId") or here), item, parent)
        parent.children.append(node)
        _grow(node, here)


def decimal(found: object) -> Decimal | None:
    """A number that a definition may hold."""
    try:
        number = Decimal(str(found).strip())
    except InvalidOperation:
        return None
    usual = number.is_finite() and abs(number.adjusted()) < 40
    return number if usual and not isinstance(found, bool) else None


def truth(found: object) -> bool:
    return found is True or str(found).lower() == "true"


@dataclass(frozen=True, slots=True)
class Grown:
    """What the items of one Questionnaire became: read by its rules."""

    root: Node
    fields: dict[Node, Field] = field(default_factory=dict)
    choices: dict[Node, Choices] = field(default_factory=dict)
    units: dict[Node, str] = field(default_factory=dict)  # in which numbers are stored
    groups: dict[Node, tuple[str, ...]] = field(default_factory=dict)  # the repeating groups around and at a node

    def by_link(self) -> Mapping[str, list[Node]]:
        found: dict[str, list[Node]] = {}
        for node in self.root.within():
            found.setdefault(node.link, []).append(node)
        return found
