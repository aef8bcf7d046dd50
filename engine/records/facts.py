"""Facts: what decided a value, in words; and the look at a settled tree from which they are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from engine.compiler.compiled import CompiledRegistry
from engine.datatypes.base import Kind
from engine.datatypes.values import PartialDate
from engine.datatypes.words import boolean_text, date_text, datetime_text, partial_text
from engine.expressions.evaluator import OPERATORS
from engine.expressions.frames import Frame, Node, Run
from engine.expressions.reaching import own_item
from engine.expressions.scopes import Scope, Step
from engine.expressions.terms import Term
from engine.records.checking import path_of
from engine.records.naming import Naming

Explain = Callable[[Term, Frame, "Look"], "list[Found]"]

_WORDS: Mapping[str, Mapping[str, str]] = {
    "pl": {
        "none": "brak",
        "there": "jest",
        "more": "i jeszcze",
        "sum": "suma",
        "mean": "średnia",
        "min": "najmniej",
        "max": "najwięcej",
        "first": "pierwsza wartość",
        "last": "ostatnia wartość",
        "distinct": "różne wartości",
        "max_run": "najdłuższy ciąg dni",
        "active": "obowiązujące",
        "prev": "poprzednio",
        "next": "następnie",
    },
    "en": {
        "none": "none",
        "there": "there is one",
        "more": "and more:",
        "sum": "sum",
        "mean": "mean",
        "min": "least",
        "max": "greatest",
        "first": "first",
        "last": "last",
        "distinct": "different values",
        "max_run": "longest series of days",
        "active": "in use",
        "prev": "before",
        "next": "after",
    },
}
_PLAIN: Sequence[tuple[type, Callable[[Any, str], str]]] = (
    (bool, boolean_text),
    (datetime, datetime_text),
    (date, date_text),
    (PartialDate, partial_text),
    (tuple, lambda values, _language: ", ".join(map(str, values))),
    (str, lambda value, _language: value),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that decided: what it is called, what it is, and where in the form it stands, if there."""

    name: str
    value: str
    sign: str = " = "
    path: str = ""

    def __str__(self) -> str:
        return f"{self.name}{self.sign}{self.value}"


class Found(NamedTuple):
    """A fact, and the row or record from which it was read; of a fact about a row, what it consists of."""

    fact: Fact
    origin: Node
    parts: tuple[Fact, ...] = ()


def row_fact(title: str, parts: Iterable[Fact], path: str) -> Fact:
    """A row with what was read of it."""
    return Fact(title, ", ".join(map(str, parts)), ": ", path)


class Closures:
    """The terms of a registry as closures, each made when an explanation first asks for it."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Term, Run]] = {}  # by id() of the term, which is kept alive

    def of(self, term: Term) -> Run:
        """What gives the value of a term in a frame."""
        made = self._made.get(id(term))
        if made is None:
            made = self._made[id(term)] = term, OPERATORS[term.op](term, self.of)
        return made[1]


@lru_cache(maxsize=64)
def closures_of(_registry: CompiledRegistry) -> Closures:
    """The closures that all explanations of a registry share."""
    return Closures()


@dataclass(slots=True)
class Look:
    """A look at a settled tree: runs terms and names what they read."""

    naming: Naming
    closures: Closures
    table: Mapping[str, Explain]  # operator -> how it is explained
    otherwise: Explain
    bound: dict[str, tuple[Term, Frame]] = field(default_factory=dict)  # what a local value of `let` was made of

    def run(self, term: Term, frame: Frame) -> Any:
        """The value of a term."""
        return self.closures.of(term)(frame)

    def of(self, terms: Iterable[Term], frame: Frame) -> list[Found]:
        """What decided the values of several terms."""
        found: list[Found] = []
        for term in terms:  # few calls for each level: terms nest deep
            found += self.table.get(term.op, self.otherwise)(term, frame, self)
        return found

    def word(self, key: str) -> str:
        """A word between facts."""
        return _WORDS.get(self.naming.language, _WORDS["en"])[key]

    def more(self, count: int) -> Fact:
        """That so many are left out."""
        return Fact(self.word("more"), str(count), " ")

    def item(self, node: Node | None, scope: Scope, item: str, origin: Node) -> Found:
        """The value of an item. `origin` is where the way to it starts; the node is None where there is none."""
        path = self.path(node, item)
        fact = Fact(self.naming.label(scope, item), self.naming.value(scope, item, node), path=path)
        return Found(fact, node if node is not None and node.is_within(origin) else origin)

    def path(self, node: Node | None, item: str | None = None) -> str:
        """Where an item or a row stands in the form that is looked at; '' elsewhere."""
        focus = self.naming.tree.focus
        if node is None or focus is None or not node.is_within(focus):
            return ""
        return str(path_of(node).at(item) if item is not None else path_of(node))

    def shown(self, value: Term, scope: Scope, result: Any) -> str:
        """A result in the words of the item that it was taken from, if one was."""
        holder, item = self.source_of(value, scope)
        rules = self.naming.tree.registry.items.get(f"{holder.form_id}.{item}")
        if result is None or rules is None:
            return self.plain(result)
        if isinstance(result, tuple) and rules.item.datatype.kind is not Kind.CODES:  # different values of many rows
            return ", ".join(self.naming.shown(rules.item, each) for each in result) or self.word("none")
        return self.naming.shown(rules.item, result)

    def source_of(self, value: Term, scope: Scope) -> tuple[Scope, str | None]:
        """The item that a value is: of a row of the scope, or of what it refers to; none when it is worked out."""
        if value.op != "deref":
            return scope, own_item(value)
        reference, up, steps, item = value.args
        target = self.naming.tree.registry.scopes.targets[reference.type.scope]
        return below(list(target.ancestors())[up], steps), item

    def plain(self, value: Any) -> str:
        """A value of no item."""
        if value is None:
            return self.naming.words["unknown"]
        if value in ("", ()):
            return self.word("none")
        tell = next((tell for kind, tell in _PLAIN if isinstance(value, kind)), None)
        return tell(value, self.naming.language) if tell is not None else self.naming.number(value)


def deciding(decides: bool, truths: Sequence[bool | None]) -> list[int]:
    """The places that decide: where the deciding truth stands, else what is unknown, else all."""
    wanted = decides if decides in truths else None if None in truths else not decides
    return [place for place, truth in enumerate(truths) if truth is wanted]


def below(scope: Scope, steps: Sequence[Step]) -> Scope:
    """The scope to which steps lead down."""
    for child, _ in steps:
        scope = scope.children[child]
    return scope


__all__ = ["Explain", "Fact", "Found", "Look", "below", "closures_of", "deciding", "row_fact"]
