"""ODM 1.3 and 2.0 -> a definition as data: what the MetaDataVersion says, and what vendors add to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path

from exchange.document import Document, Entry, Imported, annotate, items_of
from exchange.findings import Finding, Outcome, Part, SourceFault
from exchange.identifiers import Ids, snake
from exchange.odm.codelists import read_code_lists
from exchange.odm.draft import SYSTEM, Draft, Place, keep_attributes, keep_elements
from exchange.odm.elements import Element, in_order, text_in, yes
from exchange.odm.items import stated_condition
from exchange.odm.layout import FormReader, is_form, repeats
from exchange.odm.naming import base_name, own_oid, standing_for
from exchange.odm.openclinica_rules import read_openclinica_rules
from exchange.odm.own_keys import ID, own_word
from exchange.odm.rules import translate_rules
from exchange.odm.source import Source, open_source
from exchange.odm.texts import Texts

_EVENT_ATTRIBUTES = frozenset({"OID", "Name", "Repeating", "Type"})
_EVENT_ELEMENTS = frozenset({"Description", "FormRef", "ItemGroupRef"})
_VERSION_READ = frozenset(
    {
        "Protocol",
        "Include",
        "StudyEventDef",
        "FormDef",
        "ItemGroupDef",
        "ItemDef",
        "CodeList",
        "ConditionDef",
        "MethodDef",
        "{openclinica}CodeList",
        "{openclinica}Rules",
    }
)
_STUDY_READ = frozenset({"GlobalVariables", "BasicDefinitions", "MetaDataVersion", "Description"})
_PROTOCOL_READ = frozenset({"StudyEventRef", "StudyEventGroupRef"})
_NOT_PIPED = frozenset({"heading", "note", "file"})
_HOLE = re.compile(r"\{\s*([^{}]*?)\s*\}")


def read(path: Path, language: str = "") -> Imported:
    """The definition that an ODM file holds; a project of REDCap is read as REDCap's.

    Args:
        language: that of texts whose language the file does not tell.

    Raises:
        SourceFault: the file cannot be read, or holds no items.
    """
    source = open_source(path)
    if source.is_redcap and (found := _read_as_redcap(path, language)) is not None:
        return found
    return read_source(source, language)


def read_source(source: Source, language: str = "") -> Imported:
    """The definition in a file that is open. Raises SourceFault where it holds no items."""
    draft = Draft(source, Texts.of(source.root, language))
    draft.findings.extend(source.findings)
    draft.document.update(_head(draft))
    protocol = source.version.find("Protocol")
    if protocol is not None:
        draft.claim(draft.document, protocol)
    read_code_lists(draft)
    _read_forms(draft)
    if not draft.spots:
        raise SourceFault("The file defines no items.", source.where)
    read_openclinica_rules(draft)
    translate_rules(draft)
    _settle_braces(draft)
    draft.set_own_keys()
    _leave_out_unused(draft)
    _tell_the_rest(draft)
    return Imported(_in_order(draft.document), tuple(draft.findings))


def _read_as_redcap(path: Path, language: str) -> Imported | None:
    try:
        found: Imported = import_module("exchange.redcap.read").read(path, language or "en")
    except ModuleNotFoundError:
        return None
    return found


def _in_order(document: Document) -> Document:
    order = ("registry", "version", "title", "languages", "annotations", "codelists", "events", "forms")
    return {key: document[key] for key in (*order, *document) if key in document}


# the registry -----------------------------------------------------------------------------------------------------


def _head(draft: Draft) -> Document:
    source, texts = draft.source, draft.texts
    study = source.study
    name = _study_text(study, "StudyName") or source.version.get("Name", "") or source.version.get("OID", "")
    head: Document = {
        "registry": snake(name or source.where.rpartition("/")[2].rpartition(".")[0], "study")[:64].rstrip("_"),
        "version": "1.0.0",
        "title": texts.everywhere(name or "ODM"),
        "languages": list(texts.languages),
    }
    for key in ("StudyDescription", "ProtocolName"):
        text = _study_text(study, key)
        if text and text != name:
            annotate(head, SYSTEM, key, text)
    for element, label in ((study, "Study"), (source.version, "MetaDataVersion")):
        if element is not None:
            for attribute in ("OID", "Name", "Description"):
                if element.get(attribute):
                    annotate(head, SYSTEM, f"{label}.{attribute}", element.get(attribute, ""))
    keep_elements(head, source.version, _VERSION_READ)
    for element, read in ((study, _STUDY_READ), (source.version.find("Protocol"), _PROTOCOL_READ)):
        if element is not None:
            keep_elements(head, element, read)
    return head


def _study_text(study: Element | None, key: str) -> str:
    """A global variable: an element of ODM 1.3, an attribute or Description of ODM 2.0."""
    if study is None:
        return ""
    found = text_in(study.find(f"GlobalVariables/{key}")) or study.get(key, "").strip()
    described = study.find("Description") if key == "StudyDescription" and not found else None
    return found or text_in(described)


# forms and events -------------------------------------------------------------------------------------------------


def _read_forms(draft: Draft) -> None:
    """Read events and forms."""
    source = draft.source
    collected = [(event, _form_refs(event)) for event in _events(source)]
    elements = _form_elements(source, {oid for _, refs in collected for oid in map(_form_oid, refs)})
    ids = Ids()
    forms = {oid: ids.make(base_name(element), "form") for oid, element in elements.items()}
    draft.document["forms"] = {}
    collecting = {oid for _, refs in collected for oid in map(_form_oid, refs)}
    datasets = _tells_datasets(draft)
    for oid, element in elements.items():
        if not is_form(element) and oid not in collecting and not datasets:
            reason = "No form holds this item group; it became a form of its own."
            draft.placing.approximated(oid, Part.LAYOUT, reason, element.get("Name", ""))
        always, sometimes = _form_conditions(collected, oid)
        taken = frozenset(forms.values())
        reader = FormReader(draft, element, forms[oid], conditions=always, in_events=sometimes, forms=taken)
        entry = reader.read()
        draft.document["forms"][forms[oid]] = entry
        if not entry["sections"]:
            del draft.document["forms"][forms[oid]]
            draft.placing.dropped(oid, Part.LAYOUT, "The form has no items.", element.get("Name", ""))
    _read_events(draft, collected, {oid: id_ for oid, id_ in forms.items() if id_ in draft.document["forms"]}, ids)


def _tells_datasets(draft: Draft) -> bool:
    """Whether the file is Define-XML, which is told once."""
    version = draft.source.version.get("{define}DefineVersion", "")
    if version:
        reason = (
            "The file is Define-XML: it describes the datasets of an analysis, not forms. Each dataset became a form with its "
            "variables as questions; choose those that people are to be asked, and mark them out in words of theirs."
        )
        draft.placing.approximated(draft.source.where, Part.OTHER, reason, f"Define-XML {version}")
    return bool(version)


def _events(source: Source) -> list[tuple[Element, Element | None]]:
    """Events with their references in the protocol, in its order; those that it does not name come last."""
    found: dict[str, Element | None] = {}
    for ref in source.event_refs:
        found.setdefault(ref.get("StudyEventOID", "").strip(), ref)
    for oid in source.events:
        found.setdefault(oid, None)
    return [(source.events[oid], ref) for oid, ref in found.items() if oid in source.events]


def _form_refs(event: tuple[Element, Element | None]) -> list[Element]:
    return in_order([part for part in event[0] if part.tag in ("FormRef", "ItemGroupRef")])


def _form_oid(ref: Element) -> str:
    return (ref.get("FormOID", "") or ref.get("ItemGroupOID", "")).strip()


def _form_elements(source: Source, collected: Iterable[str]) -> dict[str, Element]:
    """The forms of a file: FormDefs and item groups that are forms, those that events collect, and those that nothing holds."""
    wanted = set(collected)
    groups = {oid: group for oid, group in source.groups.items() if oid not in source.forms}
    found = {**source.forms, **{oid: group for oid, group in groups.items() if is_form(group) or oid in wanted}}
    held = {
        ref.get("ItemGroupOID", "").strip()
        for part in (*found.values(), *source.groups.values())
        for ref in part.iter("ItemGroupRef")
    }
    found |= {oid: group for oid, group in groups.items() if oid not in held and len(group)}
    return found or dict(source.groups) or _one_form(source)


def _one_form(source: Source) -> dict[str, Element]:
    """A form of all items, where the file groups none of them."""
    if not source.items:
        return {}
    form = source.version.makeelement("FormDef", {"OID": "F.all", "Name": source.version.get("Name", "Form")})
    for oid in source.items:
        form.append(form.makeelement("ItemRef", {"ItemOID": oid, "Mandatory": "No"}))
    return {"F.all": form}


def _form_conditions(
    collected: Sequence[tuple[tuple[Element, Element | None], list[Element]]], oid: str
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Conditions that all events put on a form, and those of some events alone, with the event."""
    stated = [
        (event.get("OID", ""), ref.get("CollectionExceptionConditionOID", ""))
        for (event, _), refs in collected
        for ref in refs
        if _form_oid(ref) == oid
    ]
    conditions = {condition for _, condition in stated}
    if len(conditions) == 1:
        return tuple(filter(None, conditions)), ()
    return (), tuple((event, condition) for event, condition in stated if condition)


def _read_events(
    draft: Draft,
    collected: Sequence[tuple[tuple[Element, Element | None], list[Element]]],
    forms: dict[str, str],
    ids: Ids,
) -> None:
    times: dict[str, int] = {}
    made: dict[str, Entry] = {}
    for (element, ref), refs in collected:
        listed = list(dict.fromkeys(forms[oid] for oid in map(_form_oid, refs) if oid in forms))
        oid = element.get("OID", "")
        for missing in (name for name in map(_form_oid, refs) if name not in forms):
            draft.placing.dropped(oid, Part.LAYOUT, "No form of this OID is defined in the file.", missing)
        if not listed:
            draft.placing.dropped(oid, Part.LAYOUT, "The event collects no form.", element.get("Name", ""))
            continue
        told = own_word(element, ID) or standing_for(oid)
        id_ = draft.events[oid] = told if told and told not in made else ids.make(base_name(element), "event")
        made[id_] = _event(draft, element, ref, refs, id_, listed)
        for form in listed:
            times[form] = times.get(form, 0) + (2 if repeats(element) else 1)
    if made:
        draft.document["events"] = made
    elements = {id_: draft.source.forms.get(oid, draft.source.groups.get(oid)) for oid, id_ in forms.items()}
    repeating = {id_ for id_, form in elements.items() if form is not None and is_form(form) and repeats(form)}
    for id_, form in draft.document["forms"].items():
        if times.get(id_, 0) > 1:
            form["per"] = "event"
        elif id_ not in times:
            form["in"] = "patient"
        if id_ in repeating:
            form["repeats"] = True


def _event(
    draft: Draft, element: Element, ref: Element | None, refs: list[Element], id_: str, listed: list[str]
) -> Entry:
    event: Entry = {}
    oid = own_oid(element, "event", id_)
    if oid:
        event["oid"] = oid
    title = draft.title(element)
    if title:
        event["title"] = title
    event["forms"] = listed
    if repeats(element):
        event["repeats"] = True
    draft.keep_names(event, element, id_, title)
    if element.get("Type", "Scheduled") != "Scheduled":
        annotate(event, SYSTEM, "Type", element.get("Type", ""))
    keep_attributes(event, element, _EVENT_ATTRIBUTES)
    keep_elements(event, element, _EVENT_ELEMENTS)
    optional = [_form_oid(part) for part in refs if not yes(part, "Mandatory")]
    if optional and len(optional) < len(refs):
        annotate(event, SYSTEM, "Optional forms", " ".join(optional))
    elif optional:
        annotate(event, SYSTEM, "Optional forms", "all")
    draft.claim(event, element)
    if ref is not None:
        if not yes(ref, "Mandatory"):
            event["optional"] = True
        condition = ref.get("CollectionExceptionConditionOID")
        if condition:
            draft.rules.append(stated_condition(draft, event, condition, Place("", ""), element.get("OID", "")))
    return event


# the rest ---------------------------------------------------------------------------------------------------------


def _leave_out_unused(draft: Draft) -> None:
    """Code lists that no item of the file uses are told and left out."""
    used = {placed.entry.get("codelist") for placed in items_of(draft.document)}
    lists = draft.document.get("codelists", {})
    for oid, id_ in draft.codelists.items():
        if id_ not in used:
            del lists[id_]
            draft.placing.dropped(oid, Part.OTHER, "No item of the definition uses this code list.", oid)
    if not lists:
        draft.document.pop("codelists", None)


def _tell_the_rest(draft: Draft) -> None:
    """Items and texts that were read and found no place as they were."""
    placed = {spot.oid for spot in draft.spots}
    for oid, element in draft.source.items.items():
        if oid not in placed:
            draft.placing.dropped(oid, Part.ITEM, "No form of the file holds this item.", element.get("Name", ""))
    for workflow in draft.source.version.iter("Transition", "TargetTransition", "DefaultTransition"):
        if workflow.get("ConditionOID") or workflow.tag == "TargetTransition":
            where = workflow.get("OID", "") or workflow.get("TargetTransitionOID", "")
            reason = (
                "A workflow tells what comes next; here conditions tell what is shown. It is kept as an annotation."
            )
            draft.placing.dropped(where, Part.RULE, reason, workflow.get("ConditionOID", ""))
    for language, number in draft.texts.lent.items():
        reason = f"{number} texts are not given in {language}; they were taken from another language."
        draft.findings.append(Finding(draft.source.where, Part.TEXT, Outcome.APPROXIMATED, reason))


def _settle_braces(draft: Draft) -> None:
    """Braces in texts stand for values where they name one; others become round."""
    one = {
        (spot.place.form, spot.entry["id"])
        for spot in draft.spots
        if not spot.place.groups and spot.entry["type"] not in _NOT_PIPED and "privacy" not in spot.entry
    }
    for id_, form in draft.document["forms"].items():

        def known(name: str, form: str = id_) -> bool:
            holder, _, item = name.rpartition(".")
            return (holder or form, item) in one

        for section in form["sections"]:
            for part in _texts_in(section):
                _settle(part, known)
        for check in form.get("checks", ()):
            _settle(check, known)


def _texts_in(section: Entry) -> Iterable[Entry]:
    yield section
    for part in section["items"]:
        yield from _texts_in(part) if "items" in part else (part,)


def _settle(part: Entry, known: Callable[[str], bool]) -> None:
    for key in ("label", "hint", "title", "note", "message"):
        for language, text in part.get(key, {}).items():
            if "{" in text or "}" in text:
                part[key][language] = _with_round(text, known)


def _with_round(text: str, known: Callable[[str], bool]) -> str:
    held: list[str] = []

    def keep(match: re.Match[str]) -> str:
        name = match[1]
        if not known(name):
            return f"({name})"
        held.append(f"{{{name}}}")
        return f"\0{len(held) - 1}\0"

    settled = _HOLE.sub(keep, text).replace("{", "(").replace("}", ")")
    return re.sub(r"\0(\d+)\0", lambda match: held[int(match[1])], settled)
