"""Items and what is asked of their values."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.datatypes.base import DataType, Facets
from engine.errors import NOWHERE, Mark
from engine.model.annotations import Annotations
from engine.model.code_list import NO_MISSING, MissingList
from engine.model.rights import ALL, Rights
from engine.model.text import TranslatedText


@dataclass(frozen=True, slots=True)
class ExpressionText:
    """An expression as written, with the place of its first character; the compiler parses and binds it.

    `places` says where later parts of a text stand that was folded over lines or holds doubled quotes.
    """

    text: str
    mark: Mark = NOWHERE
    places: tuple[tuple[int, Mark], ...] = field(default=(), compare=False, repr=False)

    def at(self, offset: int) -> Mark:
        """The place in the source file of a character of the text, counted from 0."""
        later = bisect_right(self.places, offset, key=lambda place: place[0])
        start, mark = self.places[later - 1] if later else (0, self.mark)
        return mark.moved(offset - start)


@dataclass(frozen=True, slots=True)
class Case:
    """A row of a decision table; without a condition it is the 'else'."""

    when: ExpressionText | None
    then: ExpressionText | None  # None: there is no value then
    mark: Mark = NOWHERE

    @property
    def text(self) -> str:
        """The row as a line."""
        then = self.then.text.strip() if self.then is not None else "null"
        return f"else: {then}" if self.when is None else f"when {self.when.text.strip()}: {then}"


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """Rows that are read from the top, the first that holds decides; `unique`: no two may hold at once (DMN's hit policy)."""

    rows: tuple[Case, ...]
    unique: bool = False
    mark: Mark = NOWHERE

    @property
    def text(self) -> str:
        """The table as a line."""
        return "; ".join(row.text for row in self.rows)


Formula = ExpressionText | DecisionTable  # how a value is computed


@dataclass(frozen=True, slots=True)
class Template:
    """A text into which values are piped: what stands before, between and after them, and their names."""

    between: tuple[str, ...]
    names: tuple[ExpressionText, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A form of another registry, to records of which a reference points; rules know no more than that there is one."""

    registry: str
    form: str

    @property
    def key(self) -> str:
        """`registry:form`."""
        return f"{self.registry}:{self.form}"


class WhenHidden(StrEnum):
    """What happens to the value of an item whose condition became false."""

    CLEAR = "clear"
    EXCLUDE = "exclude"
    KEEP = "keep"


class Privacy(StrEnum):
    """How closely an item identifies a person; identifying ones never enter the ordinary storage."""

    NORMAL = "normal"
    SENSITIVE = "sensitive"
    IDENTIFYING = "identifying"


@dataclass(frozen=True, slots=True)
class RangeCheck:
    """Bounds of a value. Soft: a warning outside; hard: an error. A bound is an expression, or absent."""

    hard: bool
    low: ExpressionText | None
    high: ExpressionText | None
    low_inclusive: bool = True
    high_inclusive: bool = True


@dataclass(frozen=True, slots=True)
class ItemDef:
    """One question (ODM ItemDef): what it is called, what its value may be, when it is asked."""

    id: str
    datatype: DataType
    label: TranslatedText
    mark: Mark = NOWHERE
    oid: str | None = None
    hint: TranslatedText = field(default_factory=dict)
    help: TranslatedText = field(default_factory=dict)  # read on demand
    facets: Facets = field(default_factory=Facets)
    required: bool | ExpressionText = False
    when: ExpressionText | None = None
    when_hidden: WhenHidden = WhenHidden.CLEAR
    calculate: Formula | None = None
    live: bool = False
    default: ExpressionText | None = None
    missing: MissingList = NO_MISSING
    ranges: tuple[RangeCheck, ...] = ()
    codelist: str | None = None
    only: ExpressionText | None = None  # narrows the code list
    targets: tuple[str, ...] = ()  # groups and forms that a reference may point to
    elsewhere: Elsewhere | None = None  # in place of targets
    any_episode: bool = False  # of a reference: what other episodes of the patient hold is offered too
    unique: bool = False
    privacy: Privacy = Privacy.NORMAL
    layout: str | None = None
    searchable: bool = False
    rights: Rights = ALL
    templates: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)  # label, hint -> language -> template
    standard: Mapping[str, str] = field(default_factory=dict)
    annotations: Annotations = field(default_factory=dict)

    @property
    def offered(self) -> Mapping[str, str]:
        """What a reference offers: key -> group or form. The same group is offered otherwise where other episodes count too."""
        if self.elsewhere is not None:
            return {self.elsewhere.key: self.elsewhere.form}
        return {f"{name}*" if self.any_episode else name: name for name in self.targets}
