"""FHIR XML -> the maps of FHIR JSON: https://hl7.org/fhir/R4/xml.html and json.html tell what corresponds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lxml import etree

from exchange.findings import SourceFault

FHIR = "http://hl7.org/fhir"
_LISTS = frozenset((
    "item", "extension", "modifierExtension", "enableWhen", "answerOption", "option", "initial", "code", "coding",
    "contained", "entry", "include", "exclude", "concept", "contains", "designation", "useContext", "jurisdiction",
    "contact", "telecom", "subjectType", "derivedFrom", "identifier", "profile", "tag", "security", "filter",
    "valueSet", "parameter", "property",
))  # fmt: skip
_ALONE = {("enableWhen", "code"), ("useContext", "code")}
_WHOLE = frozenset((
    "valueInteger", "answerInteger", "initialInteger", "maxLength", "valuePositiveInt", "valueUnsignedInt", "total",
    "offset", "valueInteger64",
))  # fmt: skip
_TRUTHS = frozenset((
    "required", "repeats", "readOnly", "valueBoolean", "answerBoolean", "initialBoolean", "hasAnswer",
    "initialSelected", "experimental", "inactive", "abstract",
))  # fmt: skip
_DECIMALS = frozenset(["valueDecimal", "answerDecimal", "initialDecimal"])


def as_json(root: etree._Element, where: str) -> dict[str, Any]:
    """The resource of an XML document. Raises SourceFault where the root is no FHIR resource."""
    name = etree.QName(root)
    if name.namespace not in (FHIR, None) or name.localname[:1].islower():
        raise SourceFault(
            f"The XML begins with <{name.localname}>: {_ROOTS.get(name.localname, 'that is no FHIR resource')}.", where
        )
    return _resource(root)


_ROOTS = {
    "ODM": "that is CDISC ODM, or a REDCap project",
    "html": "that is an XForm or a web page",
    "xform": "that is an XForm",
}


def _resource(element: etree._Element) -> dict[str, Any]:
    return {"resourceType": etree.QName(element).localname, **_map(element)}


def _map(element: etree._Element) -> dict[str, Any]:
    made: dict[str, Any] = {key: value for key, value in element.attrib.items() if key in ("id", "url")}
    for child in element:
        name = etree.QName(child)
        if name.namespace not in (FHIR, None):
            made[name.localname] = etree.tostring(child, encoding="unicode", with_tail=False)
            continue
        _add(made, etree.QName(element).localname, name.localname, child)
    return made


def _add(made: dict[str, Any], parent: str, name: str, child: etree._Element) -> None:
    if name in ("contained", "resource"):
        inner = next((_resource(one) for one in child), {})
        _put(made, name, inner, many=name == "contained")
        return
    many = name in _LISTS and not (name == "code" and _is_single_code(child, parent))
    value = child.get("value")
    rest = _map(child)
    if value is None:
        _put(made, name, rest, many=many)
        return
    _put(made, name, _primitive(name, parent, value), many=many and name in ("profile", "subjectType", "derivedFrom"))
    if rest:
        made["_" + name] = rest


def _is_single_code(child: etree._Element, parent: str) -> bool:
    """`code` of a coding or concept is a text, that of an item or Questionnaire a list of codings."""
    return child.get("value") is not None or (parent, "code") in _ALONE


def _put(made: dict[str, Any], name: str, value: Any, *, many: bool) -> None:
    if name in made:
        before = made[name]
        made[name] = [*before, value] if isinstance(before, list) else [before, value]
    else:
        made[name] = [value] if many else value


def _primitive(name: str, parent: str, value: str) -> Any:
    if name in _TRUTHS:
        return {"true": True, "false": False}.get(value.strip(), value)
    if name in _WHOLE:
        return int(value) if value.strip().lstrip("-").isdigit() else value
    if name in _DECIMALS or (name == "value" and parent.endswith("Quantity")):
        return _number(value)
    return value


def _number(value: str) -> Any:
    """A number as JSON has it."""
    try:
        found = Decimal(value.strip())
    except ArithmeticError:
        return value
    return int(found) if found == found.to_integral_value() and "." not in value else float(found)
