"""Code lists: CodeListItems with their decodes, EnumeratedItems, and external dictionaries."""

from __future__ import annotations

import re

from exchange.document import Entry, annotate
from exchange.findings import Part
from exchange.identifiers import Ids
from exchange.odm.draft import SYSTEM, Draft, keep_attributes, keep_elements, standards
from exchange.odm.elements import Element, attributes, in_order
from exchange.odm.naming import base_name, own_oid

MAX_CODE = 64
_CODE = re.compile(r"[-_]?[A-Za-z0-9][A-Za-z0-9_.:/+*-]*")
_OTHER = re.compile(r"[^A-Za-z0-9_.:/+*-]+")
_LIST_ATTRIBUTES = frozenset({"OID", "Name", "DataType"})
_CODES = frozenset({"CodeListItem", "EnumeratedItem"})


def read_code_lists(draft: Draft) -> None:
    """All code lists that items refer to or may refer to, in their order."""
    ids = Ids()
    made: dict[str, Entry] = {}
    for oid, element in draft.source.codelists.items():
        codes = in_order([part for part in element if part.tag in _CODES])
        external = element.find("ExternalCodeList")
        if not codes and external is None:
            external = element.find("Coding")
        if not codes and external is None:
            continue
        id_ = ids.make(base_name(element), "list")
        draft.codelists[oid] = id_
        made[id_] = _code_list(draft, element, id_, codes, external)
        draft.claim(made[id_], element)
    if made:
        draft.document["codelists"] = made


def _code_list(draft: Draft, element: Element, id_: str, codes: list[Element], external: Element | None) -> Entry:
    entry: Entry = {}
    oid = own_oid(element, "codelist", id_)
    if oid:
        entry["oid"] = oid
    title = draft.text(element.find("Description"))
    if title:
        entry["title"] = title
    draft.keep_names(entry, element, id_, title)
    if element.get("DataType", "text") != "text":
        annotate(entry, SYSTEM, "DataType", element.get("DataType", ""))
    keep_attributes(entry, element, _LIST_ATTRIBUTES)
    keep_elements(entry, element, {*_CODES, "ExternalCodeList", "Description", *(("Coding",) if not codes else ())})
    if codes:
        entry["codes"] = _codes(draft, codes, id_)
        if codes[0].tag == "EnumeratedItem":
            annotate(entry, SYSTEM, "EnumeratedItem", "Yes")
    elif external is not None:
        entry["external"] = _dictionary(external)
        keep_attributes(entry, external, {"Dictionary", "SystemName", "System"}, "ExternalCodeList.")
    return entry


def _dictionary(external: Element) -> str:
    names = ("Dictionary", "SystemName", "ref", "href", "System")
    name = next((told for key in names if (told := external.get(key, ""))), "dictionary")
    return re.sub(r"\W+", "_", name.strip()).strip("_")[:MAX_CODE] or "dictionary"


def _codes(draft: Draft, codes: list[Element], id_: str) -> Entry:
    made: Entry = {}
    renamed = draft.renamed.setdefault(id_, {})
    for element in codes:
        value = element.get("CodedValue", "").strip()
        if not value or value in made or value in renamed:
            reason = "A code stands twice in its list." if value else "A choice has no code."
            draft.placing.dropped(id_, Part.OTHER, reason, value or "CodeListItem without CodedValue")
            continue
        code = _shaped(value, made)
        if code != value:
            renamed[value] = code
        made[code] = _code(draft, element, code, value)
    return made


def _shaped(value: str, made: Entry) -> str:
    """The coded value where it can be a code of ours, else something like it that is not taken."""
    if _CODE.fullmatch(value) and len(value) <= MAX_CODE:
        return value
    base = _OTHER.sub("_", value).strip("_.:/+*-")[: MAX_CODE - 4] or "code"
    made_up, number = base, 2
    while made_up in made:
        made_up, number = f"{base}_{number}", number + 1
    return made_up


def _code(draft: Draft, element: Element, code: str, value: str) -> Entry:
    label = draft.text(element.find("Decode")) or draft.text(element.find("Description"))
    entry: Entry = dict(label or draft.texts.everywhere(value))
    if code != value:
        annotate(entry, SYSTEM, "CodedValue", value)
    found, left = standards(element)
    if found:
        entry["standard"] = found
    for part in left:
        annotate(entry, SYSTEM, part.tag, " ".join(f"{name}={value}" for name, value in attributes(part).items()))
    keep_attributes(entry, element, {"CodedValue", "OrderNumber"})
    keep_elements(entry, element, {"Decode", "Alias", "Coding"})
    draft.claim(entry, element)
    return entry


def tell_choices(draft: Draft, where: str, oid: str) -> None:
    """What became of the code list of an item."""
    id_ = draft.codelists[oid]
    renamed = draft.renamed.get(id_, {})
    if "codes" not in draft.document["codelists"][id_]:
        draft.placing.approximated(
            where,
            Part.CHOICES,
            "The codes are kept elsewhere: any code of a sane shape is taken until the dictionary is loaded.",
        )
    elif renamed:
        draft.placing.approximated(
            where,
            Part.CHOICES,
            "Some codes hold signs that codes here cannot have; they were written otherwise, and what they were is kept.",
            ", ".join(list(renamed)[:10]),
        )
    else:
        draft.placing.kept(where, Part.CHOICES)
