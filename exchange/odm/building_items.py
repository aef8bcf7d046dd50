"""Items, their limits, and code lists -> elements of ODM."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from engine.datatypes import DATATYPES
from exchange.document import Entry
from exchange.odm.dialects import OWN
from exchange.odm.elements import Element
from exchange.odm.marking import Pen, described, kept, kept_under

_SAS_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,7}")
_ANY = re.compile(r".*", re.DOTALL)
_ONE = {"SASFieldName": _SAS_NAME, "SDSVarName": _SAS_NAME, "Origin": _ANY, "Comment": _ANY}
_TWO = {"DisplayFormat": _ANY, "VariableSet": _ANY}
_ENDS = (("GE", "GT", "over"), ("LE", "LT", "under"))
_DAY = re.compile(r"make_date\((\d{1,4}), (\d{1,2}), (\d{1,2})\)")
_COMPARED = re.compile(
    r"(?P<rows>all\(\w+ where )?(?P<item>\w+) (?P<sign>[<>]=?) "
    r"((?P<number>-?\d{1,30}(\.\d{1,30})?)|(?P<day>make_date\([\d, ]+\)))(?(rows)\))"
)
_COMPARATORS = {"<": "LT", "<=": "LE", ">": "GT", ">=": "GE"}
_LIMIT = re.compile(r"(LT|LE|GT|GE|EQ|NE|IN|NOTIN) (.+)", re.DOTALL)
_CHECK = "RangeCheck "


def item_def(
    pen: Pen, entry: Entry, oid: str, *, unit: str | None, codelist: str | None, checks: Iterable[Entry], left: Entry
) -> Element:
    """An ItemDef. `unit` and `codelist` are OIDs, `left` the keys that ODM has no word for."""
    two = pen.edition.two
    made = pen.element("ItemDef", OID=oid, Name=kept(entry, "Name") or entry["id"], DataType=_data_type(pen, entry))
    _set_facets(pen, made, entry)
    for name, shape in (_TWO if two else _ONE).items():
        value = kept(entry, name)
        if value and shape.fullmatch(value):
            made.set(name, value)
    _texts(pen, made, entry)
    if unit is not None:
        pen.under(made, "MeasurementUnitRef", MeasurementUnitOID=unit)
    _limits(pen, made, entry)
    for check in checks:
        _checked(pen, made, check)
    if codelist is not None:
        pen.under(made, "CodeListRef", CodeListOID=codelist)
    _standards(pen, made, entry)
    pen.keys(made, left)
    return made


def _data_type(pen: Pen, entry: Entry) -> str:
    known = {name.lower(): name for name in pen.edition.types}
    usual = DATATYPES[entry["type"]].odm or "text"
    return known.get(kept(entry, "DataType").lower(), usual)


def _set_facets(pen: Pen, made: Element, entry: Entry) -> None:
    length = str(entry.get("length", "")) or kept(entry, "Length")
    if re.fullmatch(r"0*[1-9]\d*", length):
        made.set("Length", length)
    digits = str(entry["decimals"]) if entry["type"] == "decimal" else kept(entry, "SignificantDigits")
    if pen.edition.two and entry["type"] == "decimal":
        made.set("DisplayFormat", f".{digits}")
    elif digits.isdigit() and not pen.edition.two:
        made.set("SignificantDigits", digits)


def _texts(pen: Pen, made: Element, entry: Entry) -> None:
    """The question, and what explains it."""
    help_ = entry.get("help", {})
    if kept(entry, "Question") == "none":
        pen.text(made, "Description", entry.get("label", {}))
    else:
        pen.text(made, "Description", described(entry) or entry.get("hint", {}) or ({} if pen.edition.two else help_))
        pen.text(made, "Question", entry.get("label", {}))
    if pen.edition.two:
        pen.text(made, "CRFCompletionInstructions", help_)


def _limits(pen: Pen, made: Element, entry: Entry) -> None:
    """Ends of ranges that are constants."""
    for strictness, bounds in entry.get("range", {}).items():
        for bound, (comparator, excluded, key) in zip(bounds, _ENDS, strict=True):
            inner = bound.get(key) if isinstance(bound, dict) else bound
            value = _constant(inner)
            if value:
                name = excluded if isinstance(bound, dict) else comparator
                check = pen.under(made, "RangeCheck", Comparator=name, SoftHard=strictness.capitalize())
                pen.under(check, "CheckValue").text = value
                pen.text(check, "ErrorMessage", kept_under(entry, f"ErrorMessage {name} {strictness} "))
    for name, text in kept_under(entry, _CHECK).items():
        _foreign(pen, made, name, text)


def _constant(bound: Any) -> str:
    if isinstance(bound, int | Decimal) and not isinstance(bound, bool):
        return f"{bound:f}" if isinstance(bound, Decimal) else str(bound)
    match = _DAY.fullmatch(bound) if isinstance(bound, str) else None
    return "{:04d}-{:02d}-{:02d}".format(*map(int, match.groups())) if match else ""


def _foreign(pen: Pen, made: Element, name: str, text: str) -> None:
    """A limit that was kept as it was: a comparison, or an expression in another language."""
    limit = _LIMIT.fullmatch(text)
    check = pen.under(made, "RangeCheck", Comparator=limit[1] if limit else None, SoftHard="Hard")
    if limit:
        for value in limit[2].split(", "):
            pen.under(check, "CheckValue").text = value
    else:
        pen.formal(check, name, text)


def _checked(pen: Pen, made: Element, check: Entry) -> None:
    """A check of the form that stands at the item: a limit that others understand too where it is one, else in our language."""
    strictness = "Hard" if check.get("severity", "error") == "error" else "Soft"
    limit = _COMPARED.fullmatch(str(check["assert"]))
    value = _constant(limit["day"] or Decimal(limit["number"])) if limit and limit["item"] == check["on"] else ""
    if limit and value:
        part = pen.under(made, "RangeCheck", Comparator=_COMPARATORS[limit["sign"]], SoftHard=strictness)
        pen.under(part, "CheckValue").text = value
    else:
        part = pen.under(made, "RangeCheck", SoftHard=strictness)
        pen.formal(part, OWN, str(check["assert"]))
    pen.text(part, "ErrorMessage", check.get("message", {}))


def _standards(pen: Pen, made: Element, entry: Entry) -> None:
    """Codes of other systems; in ODM 2.0 those that are named by an address are codings."""
    codings = {system: code for system, code in entry.get("standard", {}).items() if pen.edition.two and ":" in system}
    for system, code in codings.items():
        pen.under(made, "Coding", Code=str(code), System=system)
    if pen.edition.two:
        pen.verbatim(made, "Coding", kept(entry, "Coding"))
    for system, code in entry.get("standard", {}).items():
        if system not in codings:
            pen.under(made, "Alias", Context=system, Name=str(code))
    pen.verbatim(made, "Alias", kept(entry, "Alias"))


# code lists -------------------------------------------------------------------------------------------------------


def code_list(
    pen: Pen, id_: str, entry: Entry, oid: str, name: str, languages: Iterable[str], left: Mapping[Any, Entry]
) -> Element:
    """A CodeList with its codes, or one that names a dictionary."""
    given = kept(entry, "DataType")
    made = pen.element("CodeList", OID=oid, Name=name, DataType=given if given in pen.edition.list_types else "text")
    if not pen.edition.two and _SAS_NAME.fullmatch(kept(entry, "SASFormatName")):
        made.set("SASFormatName", kept(entry, "SASFormatName"))
    pen.text(made, "Description", entry.get("title", {}))
    plain = kept(entry, "EnumeratedItem") == "Yes"
    for code, part in entry.get("codes", {}).items():
        _code(pen, made, code, part, languages, left.get(("code", id_, code), {}), plain=plain)
    if "external" in entry and pen.edition.two:
        pen.under(made, "Coding", System=f"urn:{entry['external']}", SystemName=entry["external"])
    elif "external" in entry:
        version = kept(entry, "ExternalCodeList.Version")
        pen.under(made, "ExternalCodeList", Dictionary=entry["external"], Version=version)
    pen.keys(made, left.get(("codelist", id_), {}))
    return made


def _code(
    pen: Pen, made: Element, code: str, entry: Entry, languages: Iterable[str], left: Entry, *, plain: bool
) -> None:
    tag = "EnumeratedItem" if plain and not pen.edition.two else "CodeListItem"
    part = pen.under(made, tag, CodedValue=kept(entry, "CodedValue") or code)
    if re.fullmatch(r"-?\d+(\.\d+)?", kept(entry, "Rank")):
        part.set("Rank", kept(entry, "Rank"))
    if not plain:
        pen.text(part, "Decode", {language: entry[language] for language in languages if language in entry})
    _standards(pen, part, entry)
    pen.keys(part, left)
