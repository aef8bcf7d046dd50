"""Makes the elements of an ODM file, in plain names; the namespace comes last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from exchange.document import Entry, annotated
from exchange.odm.draft import SYSTEM
from exchange.odm.elements import LANGUAGE, Element, attributes
from exchange.odm.own_keys import CONTEXT, encoded


@dataclass(frozen=True, slots=True)
class Edition:
    """What differs between the versions of ODM that are written."""

    version: str
    namespace: str
    types: frozenset[str]  # of items
    list_types: frozenset[str]
    two: bool = False


_TYPES = frozenset(
    [
        *("integer", "float", "double", "boolean", "text", "string", "URI"),
        *("date", "time", "datetime", "partialDate", "partialTime", "partialDatetime"),
        *("durationDatetime", "intervalDatetime", "incompleteDatetime", "incompleteDate", "incompleteTime"),
        *("hexBinary", "base64Binary", "hexFloat", "base64Float"),
    ]
)
EDITIONS: Mapping[str, Edition] = {
    "1.3.2": Edition(
        "1.3.2", "http://www.cdisc.org/ns/odm/v1.3", _TYPES, frozenset({"integer", "float", "text", "string"})
    ),
    "2.0": Edition(
        "2.0",
        "http://www.cdisc.org/ns/odm/v2.0",
        _TYPES | {"decimal"},
        frozenset({"integer", "decimal", "text", "string"}),
        two=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes elements of one edition."""

    edition: Edition

    def element(self, tag: str, **attributes: str | None) -> Element:
        """An element; attributes without a value are left out."""
        return etree.Element(tag, {name: value for name, value in attributes.items() if value})

    def under(self, parent: Element, tag: str, **attributes: str | None) -> Element:
        """The same, in another one."""
        made = self.element(tag, **attributes)
        parent.append(made)
        return made

    def text(self, parent: Element, tag: str, text: Mapping[str, str]) -> None:
        """A text in its languages; nothing where there is none."""
        if any(text.values()):
            holder = self.under(parent, tag)
            for language, words in text.items():
                part = self.under(holder, "TranslatedText", Type="text/plain" if self.edition.two else None)
                part.set(LANGUAGE, language)
                part.text = words

    def formal(self, parent: Element, context: str, expression: str) -> None:
        """A formal expression; in ODM 2.0 its text is a Code."""
        made = self.under(parent, "FormalExpression", Context=context)
        (self.under(made, "Code") if self.edition.two else made).text = expression

    def word(self, parent: Element, key: str, word: str) -> None:
        """A structural word of ours."""
        self.under(parent, "Alias", Context=CONTEXT + key, Name=word)

    def keys(self, parent: Element, keys: Entry) -> None:
        """Keys of ours that ODM has no word for."""
        for key, value in keys.items():
            self.word(parent, key, encoded(value))

    def verbatim(self, parent: Element, tag: str, xml: str) -> None:
        """Elements that were kept as they were."""
        try:
            found = etree.fromstring(f"<kept>{xml}</kept>")
        except etree.XMLSyntaxError:
            return
        for part in found.iterchildren(tag):
            part.tail = None
            parent.append(part)


def kept(entry: Entry, name: str) -> str:
    """What an annotation of ODM's says; '' where there is none."""
    return str(annotated(entry, SYSTEM).get(name, ""))


def kept_under(entry: Entry, start: str) -> dict[str, str]:
    """What annotations say whose names begin so, by the rest of their names."""
    texts = annotated(entry, SYSTEM)
    return {name.removeprefix(start): str(text) for name, text in texts.items() if name.startswith(start)}


def described(entry: Entry) -> dict[str, str]:
    """The Description that was kept because it is no title, by language."""
    return kept_under(entry, "Description ")


def in_namespace(root: Element, edition: Edition) -> bytes:
    """The whole file, in the namespace of its edition."""
    names: Any = {None: edition.namespace}
    whole = etree.Element(f"{{{edition.namespace}}}{root.tag}", attributes(root), nsmap=names)
    whole.extend(list(root))
    for part in whole.iter():
        tag: Any = part.tag
        if "}" not in tag:
            part.tag = f"{{{edition.namespace}}}{tag}"
    etree.indent(whole)
    return etree.tostring(whole, xml_declaration=True, encoding="UTF-8")
