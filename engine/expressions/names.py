"""What an expression may name besides items: code lists, parameters, defines, events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from engine.datatypes.base import Kind
from engine.errors import Mark, Problems
from engine.expressions.nodes import Syntax
from engine.expressions.scopes import Scope
from engine.expressions.terms import Type


@dataclass(frozen=True, slots=True)
class Codes:
    """What rules need of a code list: its codes in order and its attributes. An open list accepts any code."""

    codes: tuple[str, ...]
    attributes: Mapping[str, Type]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """A `define`: parameters and body, parsed."""

    parameters: tuple[str, ...]
    body: Syntax
    origin: Origin


@dataclass(frozen=True, slots=True)
class Window:
    """When an event may take place: so many days before and after the date that its expression gives."""

    anchor: Syntax
    scope: Scope  # of the container in which the event stands
    origin: Origin
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Names:
    """The registry's names, the same for all its expressions."""

    codelists: Mapping[str, Codes] = field(default_factory=dict)
    parameters: Mapping[str, Type] = field(default_factory=dict)
    defines: Mapping[str, Definition] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)  # event id or oid -> event id
    windows: Mapping[str, Window] = field(default_factory=dict)  # event id -> its window, if it has one
    targets: Mapping[str, Scope] = field(default_factory=dict)  # group or form that references point to


class Origin(Protocol):
    """Where an expression stands: turns a place in its text into a place in the file."""

    def at(self, offset: int) -> Mark:
        """The mark of a character of the text."""


@dataclass(frozen=True, slots=True)
class Remedies:
    """What to do where a name does not mean one value: rules and texts have different means."""

    no_value: str
    several: str


IN_RULES = Remedies(
    "Use it in any(), all(), count() … or exists().",
    "Say which: any(), all(), first(), last(), sum() … or a longer name.",
)
IN_TEXTS = Remedies(
    "Braces show one value: name one of its items.",
    "Braces show one value: name an item that has but one here, or calculate it in an item of its own and name that.",
)


class Report:
    """Puts problems of one expression at their places."""

    def __init__(self, problems: Problems, origin: Origin, remedies: Remedies = IN_RULES) -> None:
        self.problems = problems
        self.origin = origin
        self.remedies = remedies

    def error(self, at: int, code: str, message: str, subject: str = "") -> None:
        """Note a fault at a character of the expression; `subject` is the name that is unknown, if one is."""
        self.problems.error(self.origin.at(at), code, message, subject)

    def warning(self, at: int, code: str, message: str) -> None:
        """Note something doubtful at a character of the expression."""
        self.problems.warning(self.origin.at(at), code, message)


SPELLED_TRUTHS: Mapping[str, str] = {  # what people write for true and false, and YAML 1.1 read so
    **dict.fromkeys(("yes", "y", "on", "tak"), "true"),
    **dict.fromkeys(("no", "n", "off", "nie"), "false"),
}
NUMBER_OR_TEXT = {Decimal: Type(Kind.NUMBER), str: Type(Kind.TEXT)}
