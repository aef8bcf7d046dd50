"""Typed, bound expressions: what every back end translates. A term is an operator, its arguments and its type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.datatypes.base import Kind


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a term. `codelist` belongs to codes, `scope` to references: the ids of their targets, with `|` between.

    What `distinct` makes of values that are neither codes nor texts is a set too: of kind CODES with their kind as `element`.
    """

    kind: Kind
    codelist: str | None = None
    scope: str | None = None
    element: Kind | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """The groups and forms that a reference may point to."""
        return tuple(self.scope.split("|")) if self.scope else ()

    @property
    def of_elements(self) -> Type:
        """The type of what is in a multiple choice or set."""
        if self.element is not None:
            return Type(self.element, scope=self.scope)
        return Type(Kind.CODE, self.codelist) if self.codelist else Type(Kind.TEXT)

    def __str__(self) -> str:
        if self.element is not None:
            return f"set of values (each a {self.of_elements})"
        return {
            Kind.BOOLEAN: "yes/no",
            Kind.PARTIAL_DATE: "partial date",
            Kind.CODES: f"multiple choice of {self.codelist}" if self.codelist else "set of texts",
            Kind.CODE: f"code of {self.codelist}",
            Kind.DATETIME: "date and time",
            Kind.NOTHING: "nothing (null)",
        }.get(self.kind, str(self.kind))


BOOLEAN = Type(Kind.BOOLEAN)
NUMBER = Type(Kind.NUMBER)
TEXT = Type(Kind.TEXT)
DATE = Type(Kind.DATE)
PARTIAL_DATE = Type(Kind.PARTIAL_DATE)
TIME = Type(Kind.TIME)
DATETIME = Type(Kind.DATETIME)
NOTHING = Type(Kind.NOTHING)


@dataclass(frozen=True, slots=True)
class Term:
    """An operator of the tables in `evaluator.OPERATORS` and `rules.js`, with terms and constants as arguments."""

    op: str
    args: tuple[Any, ...]
    type: Type

    def parts(self) -> Iterator[Term]:
        """The terms among the arguments, also those in tuples."""
        yield from _terms_in(self.args)

    def walk(self) -> Iterator[Term]:
        """The term and everything in it."""
        yield self
        for part in self.parts():
            yield from part.walk()


def _terms_in(args: tuple[Any, ...]) -> Iterator[Term]:
    for arg in args:
        if isinstance(arg, Term):
            yield arg
        elif isinstance(arg, tuple):
            yield from _terms_in(arg)


def constant(value: Any, type_: Type) -> Term:
    """A term that is always that value."""
    return Term("const", (value,), type_)
