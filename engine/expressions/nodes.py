"""The syntax tree of an expression, as the parser leaves it: names are not yet bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text, truth value or null."""

    value: Decimal | str | bool | None
    at: int


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted name."""

    parts: tuple[str, ...]
    at: int

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Other:
    """`other episode`: the instances beside the present one."""

    path: Path
    at: int


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator applied to its operands: and or not = != < <= > >= in is + - * / ^ negative."""

    op: str
    args: tuple[Syntax, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Listing:
    """Several constants in brackets, the right side of `in`."""

    items: tuple[Syntax, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function, aggregate or define with its arguments and the parts that only aggregates have."""

    name: str
    args: tuple[Syntax, ...]
    at: int
    values: tuple[Syntax, ...] = ()
    where: Syntax | None = None
    by: tuple[Syntax, ...] = ()


@dataclass(frozen=True, slots=True)
class Let:
    """Local names and the expression that uses them."""

    bindings: tuple[tuple[str, Syntax], ...]
    body: Syntax
    at: int


Syntax = Literal | Path | Other | Apply | Listing | Call | Let


def children(node: Syntax) -> Iterator[Syntax]:
    """The parts of a node, left to right."""
    match node:
        case Apply(_, args, _):
            yield from args
        case Listing(items, _):
            yield from items
        case Other(path, _):
            yield path
        case Let(bindings, body, _):
            yield from (value for _, value in bindings)
            yield body
        case Call():
            yield from (*node.args, *node.values, *node.by)
            if node.where is not None:
                yield node.where
        case _:
            return


def walk(node: Syntax) -> Iterator[Syntax]:
    """The node and everything in it."""
    yield node
    for child in children(node):
        yield from walk(child)


def depth(node: Syntax) -> int:
    """How many nodes stand in one another at most; without recursion, since the depth is what is in question."""
    deepest, waiting = 0, [(node, 1)]
    while waiting:
        here, level = waiting.pop()
        deepest = max(deepest, level)
        waiting.extend((child, level + 1) for child in children(here))
    return deepest
