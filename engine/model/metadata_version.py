"""MetaDataVersion: the root of a definition's model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from engine.errors import NOWHERE, Mark
from engine.model.annotations import Annotations
from engine.model.code_list import CodeList, MissingList
from engine.model.form import FormDef
from engine.model.item import ExpressionText, Formula
from engine.model.text import TranslatedText


@dataclass(frozen=True, slots=True)
class ContainerDef:
    """A level of the tree platform > patient > episode > ..., each repeating or not."""

    id: str
    parent: str | None
    repeats: bool
    title: TranslatedText = field(default_factory=dict)
    at_once: int = 0  # how many are opened together with what holds them
    most: int = 1  # in one parent
    mark: Mark = NOWHERE


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number or text that the registry office may change; rows with valid-from dates, oldest first."""

    id: str
    values: tuple[tuple[date | None, Decimal | str], ...]
    also: tuple[Decimal | str, ...] = ()
    label: TranslatedText = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Generator:
    """Creates an occurrence every `days` days from one date to another, at most `limit` of them."""

    days: int
    start: ExpressionText
    stop: ExpressionText
    limit: int


@dataclass(frozen=True, slots=True)
class StudyEventDef:
    """An event (ODM StudyEventDef): schedules and collects forms; days count from `after`."""

    id: str
    title: TranslatedText
    container: str
    forms: tuple[str, ...]
    oid: str | None = None
    after: ExpressionText | None = None
    day: int | None = None
    window: tuple[int | None, int | None] | None = None
    when: ExpressionText | None = None
    optional: ExpressionText | None = None
    cancel: ExpressionText | None = None
    held: ExpressionText | None = None  # of an occurrence: the date when it took place
    missed: ExpressionText | None = None  # of an occurrence: its forms say that it did not take place
    every: Generator | None = None
    repeats: bool = False
    mark: Mark = NOWHERE
    annotations: Annotations = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DerivedDef:
    """An outcome over a container instance or a row."""

    id: str
    type_name: str
    owner: str  # container or group id
    label: TranslatedText = field(default_factory=dict)
    codelist: str | None = None
    calculate: Formula | None = None
    explain: bool = False
    mark: Mark = NOWHERE


@dataclass(frozen=True, slots=True)
class IndicatorDef:
    """A figure of the registry's reports: a share, a sum per unit, or the distribution of a value."""

    id: str
    title: TranslatedText
    owner: str = "patient"  # container, form or group whose records are counted
    numerator: ExpressionText | None = None
    denominator: ExpressionText | None = None
    value: ExpressionText | None = None
    where: ExpressionText | None = None
    by: tuple[ExpressionText, ...] = ()  # expressions, or one of STRATA
    target: ExpressionText | None = None
    chart: str = "table"
    direction: str = "neutral"
    note: TranslatedText = field(default_factory=dict)
    mark: Mark = NOWHERE


@dataclass(frozen=True, slots=True)
class Define:
    """A named expression with parameters, inlined where it is called; never recursive."""

    name: str
    parameters: tuple[str, ...]
    body: ExpressionText
    mark: Mark = NOWHERE


@dataclass(frozen=True, slots=True)
class VerificationDef:
    """What is compared with the source documents: items (form, item) of every patient, and of a drawn share of them."""

    critical: tuple[tuple[str, str], ...] = ()
    sampled: tuple[tuple[str, str], ...] = ()
    share: int = 0  # percent of the patients
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ContactDef:
    """Somebody to turn to: what for, and how."""

    role: TranslatedText
    about: str = ""  # technical, substantive; '': both
    email: str = ""
    phone: str = ""
    hours: TranslatedText = field(default_factory=dict)
    note: TranslatedText = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetaDataVersion:
    """One version of a registry's definition, everything it includes merged in."""

    registry: str
    version: str
    title: TranslatedText
    languages: tuple[str, ...] = ("pl", "en")
    texts: Mapping[str, TranslatedText] = field(default_factory=dict)  # keeper, legal_basis, aims, eligibility, help
    contacts: tuple[ContactDef, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    missing: Mapping[str, MissingList] = field(default_factory=dict)
    containers: Mapping[str, ContainerDef] = field(default_factory=dict)
    codelists: Mapping[str, CodeList] = field(default_factory=dict)
    defines: Mapping[str, Define] = field(default_factory=dict)
    events: Mapping[str, StudyEventDef] = field(default_factory=dict)
    forms: Mapping[str, FormDef] = field(default_factory=dict)
    derived: Mapping[str, DerivedDef] = field(default_factory=dict)
    indicators: tuple[IndicatorDef, ...] = ()
    verification: VerificationDef | None = None
    sources: Mapping[str, str] = field(default_factory=dict)  # file -> SHA-256 of its text: the include closure
    annotations: Annotations = field(default_factory=dict)
