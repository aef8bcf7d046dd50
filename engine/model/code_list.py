"""Code lists: the codes that may be chosen, their labels and their attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from engine.datatypes.base import Choice, Kind
from engine.errors import NOWHERE, Mark
from engine.model.annotations import Annotations
from engine.model.text import NO_TEXT, TranslatedText

Attribute = str | Decimal | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttributeDef:
    """An attribute that every code of a list has: its type and what it is when a code does not say."""

    id: str
    kind: Kind  # text, number, boolean or codes (several texts)
    default: Attribute | None  # None: every code gives it


@dataclass(frozen=True, slots=True)
class CodeList:
    """A list of codes. `external` names a dictionary that is not shipped: any code that could be one of its `system` is accepted."""

    id: str
    title: TranslatedText = field(default_factory=dict)
    choices: Mapping[str, Choice] = field(default_factory=dict)
    attributes: Mapping[str, AttributeDef] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Attribute]] = field(default_factory=dict)  # code -> attribute -> value
    standard: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # code -> system -> code
    external: str | None = None
    system: str | None = None  # how codes of the external dictionary are written
    dictionary: bool = False  # from a file: its codes are known beyond this registry
    validity: Mapping[str, tuple[date | None, date | None]] = field(default_factory=dict)  # code -> first, last day
    mark: Mark = NOWHERE
    oid: str | None = None
    annotations: Annotations = field(default_factory=dict)
    noted: Mapping[str, Annotations] = field(default_factory=dict)  # code -> its annotations

    def attribute(self, code: str, name: str) -> Attribute | None:
        """The attribute of a code; its default where the code is silent or unknown."""
        return self.values.get(code, {}).get(name, self.attributes[name].default)


@dataclass(frozen=True, slots=True)
class MissingList:
    """Reasons why a value is missing: code -> label; those in `unsigned` never allow signing."""

    id: str
    reasons: Mapping[str, TranslatedText]
    unsigned: frozenset[str] = frozenset()


NO_MISSING = MissingList("none", {})

__all__ = ["NO_MISSING", "NO_TEXT", "Attribute", "AttributeDef", "CodeList", "MissingList"]
