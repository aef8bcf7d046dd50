"""What OpenClinica adds to ODM: how items are presented in a form, its sections, and rules that show, check and fill in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exchange.odm.elements import Element, attributes, children, local, text_in, vendor

VENDOR = "openclinica"
_IN_FORM = f"{{{VENDOR}}}ItemPresentInForm"
_SECTION = f"{{{VENDOR}}}SectionLabel"
_USUAL = {"ShowItem": "Yes", "PHI": "No", "ColumnNumber": "1", "ParentItemOID": ""}  # attributes that say nothing
_SILENT = frozenset({"FormOID", "OrderInForm", *_USUAL})


@dataclass(frozen=True, slots=True)
class Presented:
    """How an item is presented in one form; empty where OpenClinica says nothing."""

    name: str = ""
    label: Mapping[str, str] = field(default_factory=dict)
    hint: Mapping[str, str] = field(default_factory=dict)
    headings: tuple[str, ...] = ()
    section: str = ""
    control: str = ""  # the name of the item that decides whether this one is shown
    option: str = ""
    long: bool = False
    file: bool = False
    several: bool = False
    free: bool = False  # typed, whatever list of choices is attached
    inline: bool = False
    private: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)


def presented(element: Element, form_oid: str) -> Presented:
    """What is said of an item in a form, else in the first that says anything."""
    told = list(element.iter(_IN_FORM))
    part = next((part for part in told if part.get("FormOID") == form_oid), told[0] if told else None)
    if part is None:
        return Presented()
    response = part.find(f"{{{VENDOR}}}ItemResponse")
    kind = response.get("ResponseType", "") if response is not None else ""
    display = part.find(f"{{{VENDOR}}}SimpleConditionalDisplay")
    left, right = _text(part, "LeftItemText"), _text(part, "RightItemText")
    return Presented(
        name=element.get("Name", ""),
        label={"": left} if left else {},
        hint={"": right} if right else {},
        headings=tuple(text for name in ("ItemHeader", "ItemSubHeader") if (text := _text(part, name))),
        section=text_in(part.find(_SECTION)),
        control=_text(display, "ControlItemName"),
        option=_text(display, "OptionValue"),
        long=kind == "textarea",
        file=kind == "file",
        several=kind in ("checkbox", "multi-select"),
        free=kind in ("text", "textarea", "file", "calculation", "group-calculation"),
        inline=response is not None and response.get("ResponseLayout", "").lower() == "horizontal",
        private=part.get("PHI") == "Yes",
        notes=_notes(part, response, display),
    )


def _text(part: Element | None, name: str) -> str:
    return text_in(part.find(f"{{{VENDOR}}}{name}")) if part is not None else ""


def _notes(part: Element, response: Element | None, display: Element | None) -> dict[str, str]:
    """What else is said, to be kept."""
    found = {local(name): value for name, value in attributes(part).items() if local(name) not in _SILENT}
    found |= {
        name: part.get(name, usual)
        for name, usual in _USUAL.items()
        if part.get(name, usual) != usual and name != "PHI"
    }
    if response is not None and response.get("ResponseType") not in (None, "text", "radio", "textarea", "file"):
        found["ResponseType"] = response.get("ResponseType", "")
    message = _text(display, "Message")
    if message:
        found["SimpleConditionalDisplay.Message"] = message
    for child in children(part):
        name = local(child.tag)
        if vendor(child.tag) == VENDOR and name not in _READ and text_in(child):
            found[name] = text_in(child)
    return found


_READ = frozenset(
    {
        "LeftItemText",
        "RightItemText",
        "ItemHeader",
        "ItemSubHeader",
        "SectionLabel",
        "ItemResponse",
        "SimpleConditionalDisplay",
    }
)


def section_titles(form: Element) -> dict[str, str]:
    """Label of each section of a form -> its title."""
    return {
        part.get("SectionLabel", ""): part.get("SectionTitle", "") or part.get("SectionLabel", "")
        for part in form.iter(f"{{{VENDOR}}}Section")
    }


def group_details(element: Element, form_oid: str) -> tuple[str, int | None]:
    """The header of a group in a form, and how many rows it may have."""
    told = list(element.iter(f"{{{VENDOR}}}PresentInForm"))
    part = next((part for part in told if part.get("FormOID") == form_oid), told[0] if told else None)
    if part is None:
        return "", None
    repeat = part.find(f"{{{VENDOR}}}ItemGroupRepeat")
    most = repeat.get("RepeatMax", "") if repeat is not None else ""
    return _text(part, "ItemGroupHeader"), int(most) if most.isdigit() and int(most) > 0 else None
