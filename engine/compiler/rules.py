"""Compiled rules: the terms of each item, group, check, outcome, event and indicator, with what they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.expressions.scopes import EVENT, Scope
from engine.expressions.terms import Term
from engine.model.form import CheckDef, GroupDef
from engine.model.item import ItemDef, RangeCheck
from engine.model.metadata_version import DerivedDef, IndicatorDef, StudyEventDef


@dataclass(frozen=True, slots=True)
class Rule:
    """A bound expression: its term, the keys (`form.item`, `form.group`) it reads, and a hash of its text."""

    term: Term
    reads: frozenset[str] = frozenset()
    digest: str = ""
    time: bool = False  # uses today() or now()
    events: bool = False  # asks which event it stands in, or runs over events


@dataclass(frozen=True, slots=True)
class BoundRange:
    """A range check with its bound limits."""

    check: RangeCheck
    low: Rule | None
    high: Rule | None


@dataclass(frozen=True, slots=True)
class ItemRules:
    """Everything that is asked about one item."""

    item: ItemDef
    scope: Scope
    visible: Rule | None = None  # None: always, as far as its group is shown
    calculate: Rule | None = None
    required: Rule | bool = False
    ranges: tuple[BoundRange, ...] = ()
    only: Rule | None = None
    default: Rule | None = None

    @property
    def key(self) -> str:
        """`form.item`."""
        return f"{self.scope.form_id}.{self.item.id}"


@dataclass(frozen=True, slots=True)
class GroupRules:
    """A repeating group and when it is shown; judged at the form or row that holds it."""

    group: GroupDef
    scope: Scope  # of its rows
    visible: Rule | None = None

    @property
    def key(self) -> str:
        """`form.group`."""
        return f"{self.scope.form_id}.{self.group.id}"


@dataclass(frozen=True, slots=True)
class CheckPart:
    """A conjunct of a check: judged at the form, or at each row of `rows` (`all(g where c)` is lifted)."""

    rule: Rule
    rows: Scope | None = None


@dataclass(frozen=True, slots=True)
class CheckRules:
    """A check: where it is at home, what it consists of, and the forms in which it is reported."""

    check: CheckDef
    scope: Scope  # of its form
    parts: tuple[CheckPart, ...]
    forms: frozenset[str]
    on: str | None  # item the message stands at
    reads: frozenset[str]
    digest: str


@dataclass(frozen=True, slots=True)
class DerivedRules:
    """An outcome, bound."""

    derived: DerivedDef
    scope: Scope
    calculate: Rule | None  # None: faulty

    @property
    def key(self) -> str:
        """`container.outcome`."""
        return f"{self.scope.form_id}.{self.derived.id}"

    @property
    def reads(self) -> frozenset[str]:
        """The keys (`form.item`, `form.group`) that decide it."""
        return self.calculate.reads if self.calculate is not None else frozenset()


@dataclass(frozen=True, slots=True)
class EventRules:
    """When an event is expected."""

    event: StudyEventDef
    scope: Scope  # of its container
    after: Rule | None = None
    when: Rule | None = None
    optional: Rule | None = None
    cancel: Rule | None = None
    start: Rule | None = None
    stop: Rule | None = None
    held: Rule | None = None  # this and the next stand at an occurrence
    missed: Rule | None = None

    @property
    def occurrences(self) -> Scope:
        """Where its occurrences stand."""
        return self.scope.children[EVENT]


@dataclass(frozen=True, slots=True)
class IndicatorRules:
    """An indicator, bound where its records stand."""

    indicator: IndicatorDef
    scope: Scope
    numerator: Rule | None = None
    denominator: Rule | None = None
    value: Rule | None = None
    where: Rule | None = None
    by: tuple[Rule | str, ...] = ()  # a text: one of STRATA
    target: Rule | None = None


@dataclass(frozen=True, slots=True)
class Hole:
    """A value that is piped into a text: its rule, and the item or outcome (`form.item`) that says how it is shown."""

    rule: Rule
    key: str


@dataclass(frozen=True, slots=True)
class BoundText:
    """A text of one language: what stands before, between and after the values."""

    between: tuple[str, ...]
    holes: tuple[Hole, ...]


@dataclass(frozen=True, slots=True)
class TextRules:
    """A text into which values are piped, in each language that has holes, and where its names are sought."""

    owner: str  # id of the item, group, section or check
    part: str  # label, hint, title, note, message; row: the title of a row
    scope: Scope
    languages: Mapping[str, BoundText]

    @property
    def holes(self) -> tuple[Hole, ...]:
        """The values of all languages."""
        return tuple(hole for text in self.languages.values() for hole in text.holes)


Settling = ItemRules | GroupRules | DerivedRules
