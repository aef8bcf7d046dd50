"""The contract of a field type: text -> value -> text, JSON in and out, its place in storage and on the screen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from engine.datatypes.values import Unread, Value

Json = Any  # what json.loads gives: there is no narrower type for it
Own = Any  # a value of the type's own Python class: each type narrows it, which Value would not let mypy accept


class Kind(StrEnum):
    """What an expression sees: the type of a value in a rule."""

    BOOLEAN = "boolean"
    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    PARTIAL_DATE = "partial_date"
    TIME = "time"
    DATETIME = "datetime"
    CODE = "code"
    CODES = "codes"
    REFERENCE = "reference"
    FILE = "file"
    NOTHING = "nothing"  # headings and notes hold no value


class Slot(StrEnum):
    """The storage column that holds a value; a stored item never changes its slot."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    CODE = "code"
    REFERENCE = "reference"
    FILE = "file"
    NONE = "none"


class Control(StrEnum):
    """The way an item is entered; each has one macro and one WTForms field."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    QUANTITY = "quantity"
    DATE = "date"
    PARTIAL_DATE = "partial_date"
    TIME = "time"
    DATETIME = "datetime"
    CHOICE = "choice"
    CHOICES = "choices"
    LOOKUP = "lookup"
    REFERENCE = "reference"
    FILE = "file"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Choice:
    """A code that may be chosen, with its label per language; an exclusive one stands alone."""

    code: str
    label: Mapping[str, str]
    exclusive: bool = False
    withdrawn: bool = False
    also: tuple[str, ...] = ()  # other spellings by which it is read


@dataclass(frozen=True, slots=True)
class Facets:
    """The facts of an item that its type needs. Empty facets restrict nothing."""

    decimals: int | None = None
    unit: str | None = None  # the stored unit (UCUM)
    units: Mapping[str, Decimal] = field(default_factory=dict)  # entered unit -> how many of it make one stored unit
    choices: Mapping[str, Choice] = field(default_factory=dict)  # by code, in order of the list
    dictionary: bool = False  # codes that people know and look for: shown beside their labels
    open_list: bool = False  # a dictionary that is not shipped: any code of sane shape is accepted
    system: str | None = None  # of `codes.SYSTEMS`: how codes of the open list are written
    pattern: str | None = None
    check: str | None = None  # a named check of an identifier: pesel, npwz, gs1, luhn, mod11, ...
    max_length: int | None = None
    media_types: tuple[str, ...] = ()
    max_bytes: int | None = None


class Stored(NamedTuple):
    """A value as storage keeps it: the slot's native value and what the slot cannot hold (precision, unit, offset)."""

    value: Any  # str, Decimal, bool, date, time or datetime (UTC), by slot
    extra: Mapping[str, str] | None = None


class DataType(ABC):
    """A field type. Stateless; one instance stands in the table of `engine.datatypes`.

    Reading never raises on bad input: it returns an Unread with the violation's code and message.
    """

    name: ClassVar[str]  # as written in a definition: `type: decimal`
    odm: ClassVar[str]  # the data type of CDISC ODM 1.3.2/2.0 that carries it
    kind: ClassVar[Kind]
    slot: ClassVar[Slot]
    control: ClassVar[Control]
    options: ClassVar[frozenset[str]] = frozenset()  # keys of an item that only some types allow

    @abstractmethod
    def parse(self, text: str, facets: Facets) -> Value | Unread | None:
        """What a person typed -> value; None when nothing was typed."""

    @abstractmethod
    def format(self, value: Own, facets: Facets, language: str) -> str:
        """Value -> what a person reads, in 'pl' or 'en'. For a typed control, parse(format(v)) == v."""

    @abstractmethod
    def read_json(self, data: Json, facets: Facets) -> Value | Unread | None:
        """A value of the JSON contract -> value. Decimals come as text or as Decimal, never as float."""

    @abstractmethod
    def write_json(self, value: Own) -> Json:
        """Value -> JSON contract; numbers as decimal text."""

    @abstractmethod
    def store(self, value: Own) -> Stored:
        """Value -> slot."""

    @abstractmethod
    def load(self, stored: Stored) -> Value:
        """Slot -> value, the inverse of store: load(store(v)) == v."""

    @abstractmethod
    def json_schema(self, facets: Facets) -> dict[str, Json]:
        """JSON Schema 2020-12 of the JSON contract's value."""

    def in_rules(self, value: Own) -> Any:
        """What an expression sees of the value; a quantity is its number in the stored unit."""
        return value

    def from_rule(self, result: Any, facets: Facets) -> Value | Unread | None:
        """What an expression gave -> value, held to the same limits as what people enter; nothing is rounded."""
        return self.read_json(self.write_json(result), facets)


__all__ = ["Choice", "Control", "DataType", "Facets", "Json", "Kind", "Own", "Slot", "Stored"]
