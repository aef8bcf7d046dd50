"""ODM as a tree whose names say what they are: ODM's own without a namespace, those of vendors with a short one.

`OpenClinica:ItemDetails` becomes `{openclinica}ItemDetails`, whatever the prefix, version or spelling of the namespace was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from lxml import etree

Element = etree._Element  # noqa: SLF001 -- the name that lxml gives the type

ODM_ROOTS = frozenset({"ODM", "Study", "MetaDataVersion"})
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_VENDORS: Mapping[str, str] = {  # what a namespace holds -> its short name; the first that fits
    "openclinica": "openclinica",
    "project-redcap": "redcap",
    "redcap": "redcap",
    "openedc": "openedc",
    "w3.org/1999/xhtml": "html",
    "w3.org/1999/xlink": "xlink",
    "w3.org/2000/09/xmldsig": "dsig",
    "w3.org/2001/xmlschema-instance": "xsi",
    "cdisc.org/ns/def": "define",
    "cdisc.org/ns/arm": "arm",
    "cdisc.org/ns/sdm": "sdm",
}
_ODM = re.compile(r"cdisc\.org/ns/odm(/|$)", re.IGNORECASE)
_WRAPPED = re.compile(r"[ \t]*\n[ \t]{2,}")  # a line that goes on in an indented one
_FLAT = re.compile(r"[ \t]*\n[ \t]*")


def named_plainly(root: Element) -> Element:
    """The same tree with short names, changed in place. The namespace of the root counts as ODM's."""
    own = etree.QName(root).namespace
    prefixes = {uri: prefix for prefix, uri in root.nsmap.items() if prefix}
    for element in root.iter():
        if not is_element(element):
            continue
        element.tag = _plain(
            element.tag, own, {**prefixes, **{uri: prefix for prefix, uri in element.nsmap.items() if prefix}}
        )
        for name, value in attributes(element).items():
            if (name.startswith("{") or ":" in name) and name != LANGUAGE:
                del element.attrib[name]
                element.set(_plain(name, own, prefixes), value)
    return root


def _plain(name: str, own: str | None, prefixes: Mapping[str, str]) -> str:
    space, bracket, local = name.rpartition("}")
    uri = space.removeprefix("{")
    prefix, colon, rest = local.partition(":")
    if colon:  # declared nowhere
        return f"{{{_word(prefix)}}}{rest}"
    if not bracket or uri == own or _ODM.search(uri):
        return local
    lower = uri.lower()
    short = next((short for part, short in _VENDORS.items() if part in lower), "")
    return f"{{{short or _word(prefixes.get(uri, 'other'))}}}{local}"


def _word(prefix: str) -> str:
    return re.sub(r"\W", "", prefix.lower()) or "other"


def vendor(name: str) -> str:
    """The short name of a vendor's namespace, '' of ODM itself."""
    return name[1:].partition("}")[0] if name.startswith("{") else ""


def local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]


def children(element: Element) -> Iterator[Element]:
    """The elements in an element, without comments and processing instructions."""
    return filter(is_element, element)


def is_element(part: Element) -> bool:
    """Whether it is no comment or processing instruction, whose tag is a function."""
    tag: Any = part.tag
    return isinstance(tag, str)


def attributes(element: Element) -> dict[str, str]:
    """The attributes by name, as lxml's stubs do not promise them."""
    return {str(name): str(value) for name, value in element.attrib.items()}


def whole_text(element: Element) -> str:
    """All text in an element as it stands."""
    return "".join(map(str, element.itertext()))


def text_in(element: Element | None) -> str:
    """All text in an element; a line that an indented one continues is joined with it, since XML files are wrapped so."""
    if element is None:
        return ""
    text = _WRAPPED.sub(" ", whole_text(element).replace("\xa0", " ").strip())
    return re.sub(r"[ \t]{2,}", " ", _FLAT.sub("\n", text))


def translated(element: Element | None) -> dict[str, str]:
    """The TranslatedTexts of an element by language as written, '' where none is given; text beside them counts as one."""
    if element is None:
        return {}
    found: dict[str, str] = {}
    for part in element.findall("TranslatedText"):
        text = text_in(part)
        if text:
            found.setdefault(part.get(LANGUAGE, part.get("lang", "")), text)
    alone = text_in(element) if not found and element.find("TranslatedText") is None else ""
    return found or ({"": alone} if alone else {})


def yes(element: Element, name: str) -> bool:
    """Whether an attribute says Yes, as people write it."""
    return element.get(name, "").strip().lower() in ("yes", "true", "1", "y")


def in_order(refs: list[Element]) -> list[Element]:
    """References by their OrderNumber where all have one, else as they stand."""
    numbers = [ref.get("OrderNumber", "") for ref in refs]
    if refs and all(re.fullmatch(r"\d{1,9}", number) for number in numbers):
        return [ref for _, ref in sorted(zip(map(int, numbers), refs, strict=True), key=lambda pair: pair[0])]
    return refs


def as_xml(element: Element) -> str:
    """An element verbatim, without declarations of namespaces and without the blanks that indent its lines."""
    copied = deepcopy(element)
    copied.tail = None
    for part in copied.iter():
        if len(part) and not (part.text or "").strip():
            part.text = None
        if part is not copied and not (part.tail or "").strip():
            part.tail = None
    etree.cleanup_namespaces(copied)
    text = etree.tostring(copied, encoding="unicode").strip()
    return re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
