"""What a part of a foreign rule means in our language: a tree, its kind, and what it doubts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Listing, Literal, Path, Syntax
from exchange.document import Field

ALWAYS = "…"  # the doubt of a result that may be missing whatever was answered, such as a division


class Untranslatable(Exception):
    """A rule that our language cannot say; the reason is for the author of the definition."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Inexpressible(Exception):
    """A rule of ours that a format cannot say, with the reason."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def why_not(fault: Inexpressible | LookupError) -> str:
    """Why a rule of ours cannot be said there; a name that is not known is one of something else than a question."""
    return fault.reason if isinstance(fault, Inexpressible) else f"It reads {fault}, which is no question."


@dataclass(frozen=True, slots=True)
class Meaning:
    """A translated part. `doubts` names the answers without which it is missing or unknown; none: it always has a value."""

    node: Syntax
    kind: Kind
    doubts: frozenset[str] = frozenset()
    field: Field | None = None

    @property
    def literal(self) -> Decimal | str | bool | None:
        """The constant that it is, or None."""
        return self.node.value if isinstance(self.node, Literal) else None

    @property
    def is_literal(self) -> bool:
        return isinstance(self.node, Literal)


def constant(value: Decimal | str | bool | int | None) -> Meaning:
    """A constant; '' and None are nothing."""
    if value is None or value == "":
        return Meaning(Literal(None if value is None else "", 0), Kind.NOTHING, frozenset({ALWAYS}))
    kind = Kind.BOOLEAN if isinstance(value, bool) else Kind.TEXT if isinstance(value, str) else Kind.NUMBER
    plain = value if isinstance(value, bool | str) else Decimal(value)
    return Meaning(Literal(plain, 0), kind)


def answer(found: Field) -> Meaning:
    """The answer to an item. A multiple choice is never missing: nothing may be chosen."""
    name = ".".join(found.path)
    sure = found.kind is Kind.CODES
    return Meaning(Path(found.path, 0), found.kind, frozenset() if sure else frozenset({name}), found)


def call(name: str, kind: Kind, *args: Meaning, sure: bool = False, doubt: bool = False) -> Meaning:
    """A strict function of our language. `sure`: never missing; `doubt`: may be missing whatever it gets."""
    doubts = frozenset() if sure else doubts_of(args) | (frozenset({ALWAYS}) if doubt else frozenset())
    return Meaning(Call(name, tuple(arg.node for arg in args), 0), kind, doubts)


def operation(op: str, kind: Kind, *args: Meaning) -> Meaning:
    """An operator of our language."""
    doubt = frozenset({ALWAYS}) if op in ("/", "^") else frozenset()
    return Meaning(Apply(op, tuple(arg.node for arg in args), 0), kind, doubts_of(args) | doubt)


def doubts_of(parts: Iterable[Meaning]) -> frozenset[str]:
    return frozenset().union(*(part.doubts for part in parts))


def texts(values: Iterable[str]) -> Syntax:
    """`('a', 'b')`."""
    return Listing(tuple(Literal(value, 0) for value in values), 0)


TRUE, FALSE = constant(value=True), constant(value=False)
