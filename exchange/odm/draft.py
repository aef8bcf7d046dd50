"""What gathers while a file is read: the document, where its items came from, and the rules that wait until all names are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.definitions.context import BUILT_IN_CODES
from engine.expressions.nodes import Path, Syntax
from exchange.document import Document, Entry, annotate
from exchange.findings import Finding
from exchange.identifiers import Ids
from exchange.odm.elements import Element, as_xml, attributes, children, local, text_in, translated, vendor
from exchange.odm.own_keys import is_own, own_keys
from exchange.odm.source import Source
from exchange.odm.texts import Texts
from exchange.rules.placing import Placing

SYSTEM = "odm"
LONG_TITLE = 100  # characters; more explain a form, and do not name it
OWN = Path(("",), 0)  # the item itself, in a tree


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: the form, and the repeating groups around it."""

    form: str
    form_oid: str
    groups: tuple[str, ...] = ()
    oids: tuple[str, ...] = ()  # of the item groups around it, repeating or not


@dataclass(frozen=True, slots=True)
class Spot:
    """An item of the document and what it is called in the file."""

    oid: str
    name: str
    entry: Entry
    place: Place
    codes: dict[str, str] = field(default_factory=dict)  # coded value -> our code, where they differ


@dataclass(frozen=True, slots=True)
class Stated:
    """A rule as the file states it. `hides`: it tells when something is not collected.

    `spoken` holds the expression in each language that it is written in: context and text. `name` is what it is called there.
    """

    part: Entry
    key: str
    name: str
    where: str
    place: Place
    spoken: tuple[tuple[str, str], ...]
    words: str = ""
    own: Entry | None = None  # the item that is judged, or that a path without a name means
    hides: bool = False
    tree: Syntax | None = None  # in place of an expression, where the file says it in elements
    event: str = ""  # OID of the event in which alone it holds


@dataclass(slots=True)
class Draft:
    """The state of one reading."""

    source: Source
    texts: Texts
    document: Document = field(default_factory=dict)
    placing: Placing = field(default_factory=lambda: Placing(SYSTEM))
    spots: list[Spot] = field(default_factory=list)
    parts: dict[str, list[tuple[Entry, Place]]] = field(default_factory=dict)  # OID of an item group -> what it became
    events: dict[str, str] = field(default_factory=dict)  # OID -> id
    rules: list[Stated] = field(default_factory=list)
    checks: Ids = field(default_factory=lambda: Ids(BUILT_IN_CODES))
    codelists: dict[str, str] = field(default_factory=dict)  # OID -> id
    renamed: dict[str, dict[str, str]] = field(default_factory=dict)  # id of a code list -> coded value -> code
    ours: list[tuple[Entry, Entry]] = field(
        default_factory=list
    )  # parts, and the keys of ours that their elements hold

    @property
    def findings(self) -> list[Finding]:
        return self.placing.findings

    def claim(self, part: Entry, element: Element) -> None:
        """Note the keys of ours that an element holds; they are set once everything else is."""
        keys = own_keys(element)
        if keys:
            self.ours.append((part, keys))

    def set_own_keys(self) -> None:
        """Set what elements hold of ours: it replaces what was made of the rest."""
        for part, keys in self.ours:
            for key, value in keys.items():
                if value is None:
                    part.pop(key, None)
                elif key == "codelists":
                    part[key] = {**part.get(key, {}), **value}
                else:
                    part[key] = value

    def text(self, element: Element | None) -> dict[str, str]:
        """A text in all languages."""
        return self.texts.full(translated(element))

    def title(self, element: Element) -> dict[str, str]:
        """The Description of a definition if it is short; a long one explains, and the Name is the title."""
        described = self.text(element.find("Description"))
        name = element.get("Name", "").strip()
        if described and (_is_short(described) or not name):
            return described
        return self.texts.everywhere(name) if name else {}

    def keep_names(self, part: Entry, element: Element, id_: str, title: dict[str, str]) -> None:
        """The Name and the Description, where neither the id nor the title says them."""
        name = element.get("Name", "").strip()
        if name and name not in (id_, element.get("OID", "").strip()) and name not in title.values():
            annotate(part, SYSTEM, "Name", name)
        described = self.text(element.find("Description"))
        if described != title:
            for language, text in described.items():
                annotate(part, SYSTEM, f"Description {language}", text)


def _is_short(text: dict[str, str]) -> bool:
    return all(len(words) <= LONG_TITLE and "\n" not in words for words in text.values())


def keep_attributes(part: Entry, element: Element, read: Iterable[str], prefix: str = "") -> None:
    """Attributes that nothing here means anything to, each under its name."""
    for name, value in attributes(element).items():
        if name not in read and value.strip() and vendor(name) not in ("xsi", "xlink"):
            annotate(part, vendor(name) or SYSTEM, prefix + local(name), value.strip())


def keep_elements(part: Entry, element: Element, read: Iterable[str]) -> None:
    """Elements that nothing here means anything to, verbatim; several of a name under one."""
    found: dict[tuple[str, str], list[str]] = {}
    for child in children(element):
        if child.tag not in read and not is_own(child) and (len(child) or child.attrib or text_in(child)):
            found.setdefault((vendor(child.tag) or SYSTEM, local(child.tag)), []).append(as_xml(child))
    for (system, name), texts in found.items():
        annotate(part, system, name, "\n".join(texts))


def standards(element: Element) -> tuple[dict[str, str], list[Element]]:
    """Codes of other systems: Alias and Coding that name one code of a system each, and those that say more."""
    found: dict[str, str] = {}
    left: list[Element] = []
    for part in (part for part in element.iterchildren("Alias", "Coding") if not is_own(part)):
        system, code = _coded(part)
        if system and code and system not in found:
            found[system] = code
        else:
            left.append(part)
    return found, left


def _coded(part: Element) -> tuple[str, str]:
    if part.tag == "Alias":
        return part.get("Context", "").strip(), part.get("Name", "").strip()
    known = {"Code", "System"}
    return (part.get("System", "").strip(), part.get("Code", "").strip()) if set(part.attrib) <= known else ("", "")
