"""Forms, their sections and repeating groups (ODM FormDef, ItemGroupDef), and their checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.errors import NOWHERE, Mark
from engine.model.annotations import Annotations
from engine.model.item import ExpressionText, ItemDef, Template
from engine.model.rights import ALL, Rights
from engine.model.text import TranslatedText, in_language


class CheckSeverity(StrEnum):
    """An error blocks completion; a warning wants a confirmation; the third kind wants a written reason."""

    ERROR = "error"
    WARNING = "warning"
    WARNING_REASON = "warning_reason"


@dataclass(frozen=True, slots=True)
class CheckDef:
    """A condition that must hold; it fires when false."""

    id: str
    condition: ExpressionText
    severity: CheckSeverity
    message: TranslatedText
    on: str | None = None
    blocks: str = "completion"  # or 'signing'
    at: str = "save"  # or 'signing': judged only then
    also_in: tuple[str, ...] = ()  # forms that report it though it reads nothing of them
    mark: Mark = NOWHERE
    templates: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)  # message -> language -> template
    query: bool = False  # whether a completed form that breaks it is asked about
    annotations: Annotations = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupDef:
    """Repeating rows of a form (ODM ItemGroupDef, repeating); may hold groups of its own."""

    id: str
    content: tuple[ItemDef | GroupDef, ...]
    title: TranslatedText = field(default_factory=dict)
    oid: str | None = None
    key: str | None = None  # item that names a row to people and references
    min_rows: int = 0
    max_rows: int | None = None
    per_code: bool = False  # the page makes a row for each code of the key; those that hold no more are not saved
    row_title: TranslatedText = field(default_factory=dict)  # as written: '{number}. {kind}'
    templates: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)  # row -> language -> template
    when: ExpressionText | None = None
    mark: Mark = NOWHERE
    rights: Rights = ALL
    annotations: Annotations = field(default_factory=dict)

    @property
    def items(self) -> tuple[ItemDef, ...]:
        """The items of a row, without those of nested groups."""
        return tuple(part for part in self.content if isinstance(part, ItemDef))

    @property
    def groups(self) -> tuple[GroupDef, ...]:
        """The groups nested in a row."""
        return tuple(part for part in self.content if isinstance(part, GroupDef))


@dataclass(frozen=True, slots=True)
class SectionDef:
    """A part of a form with a title; a condition hides all of it."""

    id: str
    title: TranslatedText
    content: tuple[ItemDef | GroupDef, ...]
    note: TranslatedText = field(default_factory=dict)
    when: ExpressionText | None = None
    mark: Mark = NOWHERE
    templates: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)  # title, note -> language -> template
    rights: Rights = ALL
    oid: str | None = None
    annotations: Annotations = field(default_factory=dict)

    @property
    def conditional(self) -> bool:
        """Whether nothing of it may be left to see: it has a condition, or everything in it has one."""
        return self.when is not None or (bool(self.content) and all(part.when is not None for part in self.content))


@dataclass(frozen=True, slots=True)
class FormDef:
    """A form. It belongs to an instance of `container`, or to the event occurrence when `per_event`."""

    id: str
    title: TranslatedText
    sections: tuple[SectionDef, ...]
    container: str = "patient"
    per_event: bool = False
    repeats: bool = False
    layout: str | None = None  # 'grid': its records are entered side by side
    oid: str | None = None
    intro: TranslatedText = field(default_factory=dict)
    checks: tuple[CheckDef, ...] = ()
    mark: Mark = NOWHERE
    rights: Rights = ALL
    annotations: Annotations = field(default_factory=dict)

    @property
    def items(self) -> tuple[ItemDef, ...]:
        """The items outside groups, in order."""
        return tuple(part for section in self.sections for part in section.content if isinstance(part, ItemDef))

    @property
    def groups(self) -> tuple[GroupDef, ...]:
        """The outermost groups, in order."""
        return tuple(part for section in self.sections for part in section.content if isinstance(part, GroupDef))


def section_title(section: SectionDef, form: FormDef, language: str) -> str:
    """A section without a title of its own goes by that of its form."""
    return in_language(section.title, language) or in_language(form.title, language) or form.id


def walk_items(part: FormDef | GroupDef) -> Iterator[ItemDef]:
    """All items of a form or group, those of nested groups included, depth first."""
    yield from part.items
    for group in part.groups:
        yield from walk_items(group)


def rights_in(form: FormDef) -> Iterator[tuple[ItemDef, Rights]]:
    """Each item of a form with the rights to it: its own, as far as its groups, section and form allow."""

    def walk(content: Iterable[ItemDef | GroupDef], outer: Rights) -> Iterator[tuple[ItemDef, Rights]]:
        for part in content:
            own = part.rights.within(outer)
            if isinstance(part, ItemDef):
                yield part, own
            else:
                yield from walk(part.content, own)

    for section in form.sections:
        yield from walk(section.content, section.rights.within(form.rights))


def walk_groups(part: FormDef | GroupDef) -> Iterator[GroupDef]:
    """All groups of a form or group at any depth, outer ones first."""
    for group in part.groups:
        yield group
        yield from walk_groups(group)
