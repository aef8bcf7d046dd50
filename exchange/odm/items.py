"""ItemDefs and what ItemRefs say of them -> items of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax
from exchange.document import Entry, annotate, annotated
from exchange.findings import Part
from exchange.identifiers import Ids
from exchange.odm.codelists import tell_choices
from exchange.odm.draft import (
    SYSTEM,
    Draft,
    Place,
    Spot,
    Stated,
    keep_attributes,
    keep_elements,
    standards,
)
from exchange.odm.elements import Element, as_xml, text_in, translated, whole_text, yes
from exchange.odm.naming import base_name, own_oid
from exchange.odm.openclinica import Presented, presented
from exchange.odm.ranges import read_range_checks, unit_oids
from exchange.odm.value_lists import variants
from exchange.plain_text import loses_marks

DECIMALS = 6  # of a number whose digits nobody counts
LONG = 500  # characters from which a text is written over several lines
MOST_DECIMALS = 20


@dataclass(frozen=True, slots=True)
class _Type:
    """A type of ours for one of ODM's, and what is lost by it."""

    name: str
    lost: str = ""


_AS_TEXT = "There is no type for this kind of value; it is entered as text."
_TYPES: Mapping[str, _Type] = {
    "text": _Type("text"),
    "string": _Type("text"),
    "integer": _Type("integer"),
    "float": _Type("decimal"),
    "double": _Type("decimal"),
    "decimal": _Type("decimal"),
    "boolean": _Type("boolean"),
    "date": _Type("date"),
    "time": _Type("time"),
    "datetime": _Type("datetime"),
    "partialdate": _Type("partial_date"),
    "incompletedate": _Type(
        "partial_date", "A day is asked for as far as it is known; other gaps in a date have no counterpart."
    ),
    "base64binary": _Type("file", "Bytes in an answer are entered as a file."),
    "hexbinary": _Type("file", "Bytes in an answer are entered as a file."),
    **{
        name: _Type("text", _AS_TEXT)
        for name in (
            "uri",
            "hexfloat",
            "base64float",
            "partialtime",
            "partialdatetime",
            "durationdatetime",
            "intervaldatetime",
            "incompletedatetime",
            "incompletetime",
        )
    },
}
_NUMBERS = frozenset({"integer", "decimal"})
_ITEM_ATTRIBUTES = frozenset({"OID", "Name", "DataType", "{openclinica}FormOIDs"})
_REF_ATTRIBUTES = frozenset(
    {"ItemOID", "OrderNumber", "Mandatory", "MethodOID", "CollectionExceptionConditionOID", "PreSpecifiedValue"}
)
_ITEM_ELEMENTS = frozenset(
    {
        "Question",
        "Description",
        "CodeListRef",
        "RangeCheck",
        "MeasurementUnitRef",
        "Alias",
        "Coding",
        "CRFCompletionInstructions",
        "{openclinica}ItemDetails",
        "{openclinica}MultiSelectListRef",
    }
)


def read_item(draft: Draft, ref: Element, place: Place, ids: Ids, *, alone: bool = False) -> list[Entry]:
    """The item that a reference names, with headings that stand above it; a text where nothing of that OID is defined.

    Items of its value list follow it, unless it is to stand alone.
    """
    oid = ref.get("ItemOID", "").strip()
    where = f"{place.form_oid}.{oid}"
    element = draft.source.items.get(oid)
    missing = element is None
    if element is None:
        element = ref.makeelement("ItemDef", {"OID": oid, "Name": oid.rpartition(".")[2] or "item", "DataType": "text"})
    shown = presented(element, place.form_oid)
    id_ = ids.make(base_name(element))
    entry: Entry = {"id": id_}
    given = own_oid(element, "item", place.form, id_)
    if given:
        entry["oid"] = given
    lost = _typed(draft, element, shown, entry)
    _label(draft, element, shown, entry, where)
    spot = Spot(oid, element.get("Name", ""), entry, place, draft.renamed.get(entry.get("codelist", ""), {}))
    draft.spots.append(spot)
    _kept(draft, element, ref, entry, id_)
    _units(draft, element, entry, where)
    _ruled(draft, ref, entry, place, where)
    read_range_checks(draft, element, entry, place, where)
    _show(draft, shown, entry, place, where)
    draft.claim(entry, element)
    if missing:
        reason = "The form holds an item that the file does not define; it became a text. Correct its type and label."
        draft.placing.approximated(where, Part.ITEM, reason, oid)
    elif lost:
        draft.placing.approximated(where, Part.ITEM, lost, element.get("DataType", ""))
    else:
        draft.placing.kept(where, Part.ITEM)
    if "codelist" in entry:
        tell_choices(draft, where, _list_oid(element))
    listed = () if alone else variants(draft, element)
    others = [part for found, tree in listed for part in _variant(draft, found, tree, place, ids)]
    return [*_headings(draft, shown, ids), entry, *others]


def _variant(draft: Draft, ref: Element, tree: Syntax | None, place: Place, ids: Ids) -> list[Entry]:
    """An item of a value list, asked where its clause holds."""
    found = read_item(draft, ref, place, ids, alone=True)
    where = f"{place.form_oid}.{ref.get('ItemOID', '')}"
    words = " ".join(part.get("WhereClauseOID", "") for part in ref.findall("WhereClauseRef"))
    draft.rules.append(Stated(found[-1], "when", "WhereClause", where, place, (), words, tree=tree))
    return found


# type -------------------------------------------------------------------------------------------------------------


def _list_oid(element: Element) -> str:
    several = element.find("{openclinica}MultiSelectListRef")
    if several is not None:
        return several.get("MultiSelectListID", "")
    ref = element.find("CodeListRef")
    return ref.get("CodeListOID", "") if ref is not None else ""


def _typed(draft: Draft, element: Element, shown: Presented, entry: Entry) -> str:
    """Set the type and what belongs to it; what is lost, '' for nothing."""
    written = element.get("DataType", "").strip()
    listed = _list_oid(element)
    several = element.find("{openclinica}MultiSelectListRef") is not None or shown.several
    if listed in draft.codelists and not (shown.free and not several):
        entry["type"] = "codes" if several else "code"
        entry["codelist"] = draft.codelists[listed]
        _keep_facets(element, entry, written, "text")
        return ""
    found = _TYPES.get(
        written.lower(),
        _Type("text", f"The type {written or 'that is missing'} is not one of ODM; it is entered as text."),
    )
    entry["type"] = "file" if shown.file else found.name
    _keep_facets(element, entry, written, found.name)
    lost = "The code list is not defined in the file; the answer is entered as it is." if listed else found.lost
    if entry["type"] == "text" and (shown.long or _whole(element.get("Length")) > LONG):
        entry["type"] = "long_text"
    return "" if shown.file else lost


def _keep_facets(element: Element, entry: Entry, written: str, plain: str) -> None:
    """Length and digits: ours where the type has them, else kept as they are written."""
    length, digits = element.get("Length", ""), element.get("SignificantDigits", "")
    if entry["type"] == "decimal":
        entry["decimals"] = _decimals(element, digits)
        digits = ""
    elif entry["type"] in ("text", "long_text") and _whole(length) > 0:
        entry["length"], length = _whole(length), ""
    if length:
        annotate(entry, SYSTEM, "Length", length)
    if digits:
        annotate(entry, SYSTEM, "SignificantDigits", digits)
    if written.lower() != _usual(entry["type"]) and (written or plain):
        annotate(entry, SYSTEM, "DataType", written or "none")


def _usual(type_: str) -> str:
    return {"decimal": "float", "partial_date": "partialdate"}.get(type_, type_ if type_ in _TYPES else "text")


def _decimals(element: Element, digits: str) -> int:
    shown = re.fullmatch(r"\s*\d*\.(\d{1,2})\s*", element.get("DisplayFormat", ""))
    number = _whole(digits, DECIMALS) if digits or shown is None else int(shown[1])
    return min(number, MOST_DECIMALS)


def _whole(text: str | None, otherwise: int = 0) -> int:
    return int(text) if text and re.fullmatch(r"\s*\d{1,9}\s*", text) else otherwise


# words ------------------------------------------------------------------------------------------------------------


def _label(draft: Draft, element: Element, shown: Presented, entry: Entry, where: str) -> None:
    """The question, else the description or the name; instructions are the help."""
    question = element.find("Question")
    label = draft.texts.full(shown.label) or draft.text(question) or draft.text(element.find("Description"))
    name = element.get("Name", "").strip() or element.get("OID", "")
    entry["label"] = label or draft.texts.everywhere(name)
    if shown.hint:
        entry["hint"] = draft.texts.full(shown.hint)
    instructions = draft.text(element.find("CRFCompletionInstructions"))
    if instructions:
        entry["help"] = instructions
    marked = [text for part in (question, element.find("Description")) for text in translated(part).values()]
    if any(map(loses_marks, marked)):
        draft.placing.approximated(where, Part.TEXT, "Marks of HTML were taken out of the text.", marked[0])


def _headings(draft: Draft, shown: Presented, ids: Ids) -> list[Entry]:
    return [
        {"id": ids.make(f"{shown.name}_heading", "heading"), "type": "heading", "label": draft.texts.full({"": text})}
        for text in shown.headings
    ]


def _kept(draft: Draft, element: Element, ref: Element, entry: Entry, id_: str) -> None:
    """What has no counterpart: attributes and elements as they are, codes of other systems under `standard`."""
    name = element.get("Name", "").strip()
    if name and name not in (id_, entry.get("oid")):
        annotate(entry, SYSTEM, "Name", name)
    shown = {"DisplayFormat"} if element.get("DisplayFormat") == f".{entry.get('decimals')}" else set()
    keep_attributes(entry, element, _ITEM_ATTRIBUTES | {"Length", "SignificantDigits"} | shown)
    keep_attributes(entry, ref, _REF_ATTRIBUTES, "ItemRef.")
    described = draft.text(element.find("Description"))
    if described and element.find("Question") is None:
        annotate(entry, SYSTEM, "Question", "none")
    elif described != entry["label"]:
        for language, text in described.items():
            annotate(entry, SYSTEM, f"Description {language}", text)
    keep_elements(entry, element, _ITEM_ELEMENTS)
    keep_elements(entry, ref, ("WhereClauseRef",))
    found, left = standards(element)
    if found:
        entry["standard"] = found
    for part in left:
        before = annotated(entry, SYSTEM).get(part.tag)
        annotate(entry, SYSTEM, part.tag, f"{before}\n{as_xml(part)}" if before else as_xml(part))


def _units(draft: Draft, element: Element, entry: Entry, where: str) -> None:
    """The unit in which limits are, else the first; others have no factor that would convert them, so they are only told."""
    units = [unit for unit in (_unit(draft, oid) for oid in unit_oids(element)) if unit]
    if not units:
        return
    if entry["type"] in _NUMBERS:
        entry["unit"], *units = units
    if units:
        annotate(entry, SYSTEM, "MeasurementUnit", "; ".join(units))
        reason = (
            "Only numbers have a unit here, and only one that is known without factors; the others are kept as a note."
        )
        draft.placing.approximated(where, Part.TEXT, reason, "; ".join(units))


def _unit(draft: Draft, oid: str) -> str:
    element = draft.source.units.get(oid)
    if element is None:
        return ""
    symbol = draft.text(element.find("Symbol"))
    return (symbol.get(draft.texts.languages[0], "") if symbol else "") or element.get("Name", "").strip()


# rules ------------------------------------------------------------------------------------------------------------


def _ruled(draft: Draft, ref: Element, entry: Entry, place: Place, where: str) -> None:
    """Mandatory, the condition and the method of a reference; they are translated once all names are known."""
    condition, method = ref.get("CollectionExceptionConditionOID"), ref.get("MethodOID")
    if condition:
        draft.rules.append(stated_condition(draft, entry, condition, place, where))
    if method:
        element = draft.source.methods.get(method)
        spoken, words = spoken_by(element)
        draft.rules.append(Stated(entry, "calculate", "MethodDef", where, place, spoken, words or method, own=entry))
    if yes(ref, "Mandatory"):
        entry["required"] = True
    given = ref.get("PreSpecifiedValue", "")
    if given and not method:
        tree = Literal(draft.renamed.get(entry.get("codelist", ""), {}).get(given, given), 0)
        draft.rules.append(
            Stated(entry, "default", "ItemRef.PreSpecifiedValue", where, place, (), given, own=entry, tree=tree)
        )


def stated_condition(draft: Draft, part: Entry, oid: str, place: Place, where: str, event: str = "") -> Stated:
    """A condition of when something is not collected; in one event alone, where it is named."""
    spoken, words = spoken_by(draft.source.conditions.get(oid))
    return Stated(part, "when", "ConditionDef", where, place, spoken, words or oid, hides=True, event=event)


def spoken_by(element: Element | None) -> tuple[tuple[tuple[str, str], ...], str]:
    """The formal expressions of a condition or method, and what it says in words."""
    if element is None:
        return (), ""
    spoken = tuple(
        (part.get("Context", "").strip(), text)
        for part in element.iter("FormalExpression")
        if (text := whole_text(part).strip())
    )
    described = translated(element.find("Description"))
    return spoken, next(iter(described.values()), "") or text_in(element.find("Description")) or element.get("Name", "")


def _show(draft: Draft, shown: Presented, entry: Entry, place: Place, where: str) -> None:
    """What OpenClinica says of an item in a form: when it is shown, by which item."""
    if shown.private:
        entry["privacy"] = "identifying"
    if shown.inline and entry["type"] in ("code", "codes"):
        entry["layout"] = "inline"
    for name, text in shown.notes.items():
        annotate(entry, "openclinica", name, text)
    if shown.control:
        several = entry["type"] == "codes"
        control, option = Path((shown.control,), 0), Literal(shown.option, 0)
        tree = Call("contains", (control, option), 0) if several else Apply("=", (control, option), 0)
        name = "SimpleConditionalDisplay"
        draft.rules.append(
            Stated(entry, "when", name, where, place, (), f"{shown.control} = {shown.option}", tree=tree)
        )
