"""ItemFace: what a definition fixes about an item on screen, in one language; the macros read nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.datatypes.base import Control, Kind
from engine.datatypes.media_types import labels_of, limited
from engine.datatypes.words import limit_text, unit_text
from engine.model.code_list import MissingList
from engine.model.form import FormDef, GroupDef, SectionDef, section_title
from engine.model.item import ItemDef, Template
from engine.model.text import in_language
from renderers.html.segments import gap
from renderers.html.words import Words

BUTTONS = 8  # more choices than this become a list with search
LISTED = 300  # more than this are not sent with the page: a look-up
BOXES = 24  # more than this would be a wall of boxes: a look-up

_GROUPED = frozenset({Control.DATE, Control.PARTIAL_DATE, Control.DATETIME, Control.CHOICE, Control.CHOICES})


@dataclass(frozen=True, slots=True)
class OptionFace:
    code: str
    label: str
    known: str = ""  # the code, where people know it
    also: str = ""  # its words in other languages, under which it is found too
    exclusive: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class ItemFace:
    """One item as the macros see it."""

    id: str
    control: str
    label: str
    hint: str
    help: str
    unit: str
    tail: str  # the unit after a value that is read; a quantity's text holds its own
    unit_shown: bool
    unit_piped: bool  # other answers decide it
    units: tuple[tuple[str, str], ...]
    options: tuple[OptionFace, ...]
    as_list: bool  # one answer from a list
    several: bool  # a look-up of several codes
    open: bool  # takes codes that its list does not have
    many: bool  # so many boxes that the list can be filtered
    narrowed: bool
    reasons: tuple[tuple[str, str], ...]
    width: str
    inputmode: str
    max_length: int | None
    grouped: bool
    clearable: bool
    conditional: bool
    calculated: bool
    demanded: bool  # at some time: by a rule or always
    heading: bool
    formula: str
    accept: str  # media types, as the browser's choice of files takes them
    largest: int  # bytes


def control_of(item: ItemDef) -> Control:
    """The item's control; a list too long for a page is looked up instead of chosen."""
    control = item.datatype.control
    if control is Control.CHOICE and (len(item.facets.choices) > LISTED or item.facets.open_list):
        return Control.LOOKUP
    if control is Control.CHOICES and (len(item.facets.choices) > BOXES or item.facets.open_list):
        return Control.LOOKUP  # of several codes: `37.77, 37.89`
    return control


def item_face(item: ItemDef, words: Words, *, piped: bool = True) -> ItemFace:
    """The face of an item; without values that are piped into its texts where no record is at hand."""
    language = words.language
    control = control_of(item)
    facets = item.facets
    options = _options(item, control, words)
    as_list = control is Control.CHOICE and len(options) > BUTTONS
    unit = unit_text(facets.unit, language) if facets.unit else ""
    templates = item.templates if piped else {}
    hint = gap("hint") if has_values(templates, "hint", language) else in_language(item.hint, language)
    label = gap("label") if has_values(templates, "label", language) else in_language(item.label, language)
    if control is Control.PARTIAL_DATE:
        hint = " ".join(filter(None, (f"{hint.rstrip(' .')}." if hint else "", words.text("partial_hint"))))
    limits = limited(facets)
    if control is Control.FILE and item.calculate is None:
        kinds, size = labels_of(limits.media_types), limit_text(limits.max_bytes or 0, language)
        hint = ". ".join(filter(None, (hint.rstrip("."), words.text("file_limits", kinds=kinds, size=size))))
    return ItemFace(
        id=item.id,
        control=str(control),
        label=label or item.id,
        hint=hint,
        help=in_language(item.help, language),
        unit=unit,
        tail=unit if control is Control.NUMBER else "",
        unit_piped=(piped_unit := has_values(templates, "unit", language)),
        unit_shown=(bool(unit) or piped_unit)
        and control in (Control.NUMBER, Control.QUANTITY)
        and len(units_of(item)) < 2,
        units=tuple((code, unit_text(code, language)) for code in units_of(item)),
        options=options,
        as_list=as_list,
        several=control is Control.LOOKUP and item.datatype.kind is Kind.CODES,
        open=facets.open_list,
        many=control is Control.CHOICES and len(options) > BUTTONS,
        narrowed=item.only is not None,
        reasons=_reasons(item.missing, language),
        width=_width(item, control),
        inputmode=_input_mode(item),
        max_length=facets.max_length,
        grouped=control in _GROUPED and not as_list,
        clearable=control is Control.CHOICES or (control is Control.CHOICE and not as_list),
        conditional=item.when is not None,
        calculated=item.calculate is not None,
        demanded=item.required is not False,
        heading=item.datatype.name == "heading",
        formula=item.calculate.text if item.calculate else "",
        accept=",".join(limits.media_types),
        largest=limits.max_bytes or 0,
    )


def has_values(templates: Mapping[str, Mapping[str, Template]], part: str, language: str) -> bool:
    """Whether values are piped into a text."""
    return language in templates.get(part, {})


def units_of(item: ItemDef) -> tuple[str, ...]:
    """The units a quantity may be entered in, the stored one first."""
    stored = item.facets.unit
    rest = (unit for unit in item.facets.units if unit != stored)
    return (stored, *rest) if stored else tuple(rest)


def _options(item: ItemDef, control: Control, words: Words) -> tuple[OptionFace, ...]:
    if control not in (Control.CHOICE, Control.CHOICES):
        return ()
    if item.datatype.kind is Kind.BOOLEAN:
        return OptionFace("true", words.text("yes")), OptionFace("false", words.text("no"))
    searched = item.facets.dictionary and len(item.facets.choices) > BUTTONS
    return tuple(
        OptionFace(
            choice.code,
            in_language(choice.label, words.language) or choice.code,
            choice.code if item.facets.dictionary else "",
            " ".join(text for other, text in choice.label.items() if other != words.language) if searched else "",
            choice.exclusive,
            choice.withdrawn,
        )
        for choice in item.facets.choices.values()
    )


def _reasons(missing: MissingList, language: str) -> tuple[tuple[str, str], ...]:
    return tuple((code, in_language(text, language) or code) for code, text in missing.reasons.items())


_LONG_IDENTIFIER = 20  # characters
_DIGITS_ONLY = frozenset({"pesel", "npwz"})


def _input_mode(item: ItemDef) -> str:
    if item.datatype.kind is Kind.NUMBER:
        return "decimal"
    return "numeric" if item.facets.check in _DIGITS_ONLY else ""


def _width(item: ItemDef, control: Control) -> str:
    """The width of a control says how long the answer is."""
    if item.layout == "wide":
        return ""
    if control in (Control.NUMBER, Control.QUANTITY):
        return "w4"
    if item.facets.check or item.facets.pattern or item.layout == "short":
        return "w8"
    length = item.facets.max_length or (_LONG_IDENTIFIER if item.datatype.name == "identifier" else None)
    return "w12" if length is not None and length <= _LONG_IDENTIFIER else ""


@dataclass(frozen=True, slots=True)
class GroupFace:
    """A repeating group as the macros see it."""

    id: str
    title: str
    add: str
    conditional: bool
    key: str = ""
    fill: str = ""  # words of the button that makes a row for each code of the key; then its rows are lines of fields


@dataclass(frozen=True, slots=True)
class SectionFace:
    id: str
    title: str
    note: str
    calculated: bool  # nothing to enter here
    conditional: bool


def group_face(group: GroupDef, words: Words) -> GroupFace:
    title = in_language(group.title, words.language)
    add = words.text("add_row_of", title=title) if title else words.text("add_row")
    key = next((item for item in group.items if item.id == group.key), None)
    fill = words.text("fill_rows", label=in_language(key.label, words.language)) if group.per_code and key else ""
    return GroupFace(group.id, title, add, group.when is not None, group.key or "", fill)


def section_face(section: SectionDef, form: FormDef, words: Words) -> SectionFace:
    title = gap("title") if has_values(section.templates, "title", words.language) else ""
    note = gap("note") if has_values(section.templates, "note", words.language) else ""
    return SectionFace(
        id=f"s-{section.id}",
        title=title or section_title(section, form, words.language),
        note=note or in_language(section.note, words.language),
        calculated=all(isinstance(part, ItemDef) and part.calculate is not None for part in section.content),
        conditional=section.conditional,
    )


def form_title(form: FormDef, language: str) -> str:
    return in_language(form.title, language) or form.id
