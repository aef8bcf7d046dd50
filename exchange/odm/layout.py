"""Forms, sections and groups. Item groups that repeat become groups of rows; others become sections, however deep they stand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from exchange.document import Entry, annotate
from exchange.findings import Part
from exchange.identifiers import Ids, snake
from exchange.odm.draft import SYSTEM, Draft, Place, Stated, keep_attributes, keep_elements
from exchange.odm.elements import Element, children, in_order, yes
from exchange.odm.items import read_item, stated_condition
from exchange.odm.naming import base_name, own_oid, standing_for
from exchange.odm.openclinica import group_details, presented, section_titles
from exchange.odm.own_keys import CONTINUES, ID, own_word

MAX_GROUPS = 8  # groups in one another
_REFS = frozenset({"ItemRef", "ItemGroupRef"})
_ATTRIBUTES = frozenset({"OID", "Name", "Repeating", "Type", "RepeatingLimit"})
_ELEMENTS = _REFS | {"Description", "{openclinica}FormDetails", "{openclinica}ItemGroupDetails"}
_PLACE = frozenset({"OrderNumber", "Mandatory", "CollectionExceptionConditionOID", "ItemGroupOID", "FormOID"})
_NOT_REPEATING = frozenset({"", "no", "false", "0"})
_FORM = "form"


def repeats(element: Element) -> bool:
    """`Yes` of ODM 1.3; `Simple`, `Dynamic` or `Static` of ODM 2.0."""
    return element.get("Repeating", "").strip().lower() not in _NOT_REPEATING


def is_form(element: Element) -> bool:
    """A FormDef, or an ItemGroupDef of ODM 2.0 that says it is a form."""
    return element.tag == "FormDef" or element.get("Type", "").strip().lower() == _FORM


def refs_in(element: Element) -> list[Element]:
    """What an element refers to, in order."""
    return in_order([part for part in children(element) if part.tag in _REFS])


@dataclass(slots=True)
class FormReader:
    """Reads one form."""

    draft: Draft
    element: Element
    id: str
    ids: Ids = field(default_factory=Ids)  # of items and groups
    section_ids: Ids = field(default_factory=Ids)
    sections: list[Entry] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)  # OpenClinica's sections
    forms: frozenset[str] = frozenset()  # ids of all forms
    holders: dict[str, tuple[Entry, Place]] = field(default_factory=dict)  # what may be continued
    conditions: tuple[str, ...] = ()  # of the whole form
    in_events: tuple[tuple[str, str], ...] = ()  # conditions of the form in some events: OIDs of event and condition

    def read(self) -> Entry:
        """The form; without sections where nothing of it is defined."""
        element, entry = self.element, Entry()
        oid = own_oid(element, "form", self.id)
        if oid:
            entry["oid"] = oid
        title = self.draft.title(element)
        if title:
            entry["title"] = title
        self.draft.keep_names(entry, element, self.id, title)
        keep_attributes(entry, element, _ATTRIBUTES)
        keep_elements(entry, element, _ELEMENTS)
        self.titles = section_titles(element)
        place = Place(self.id, element.get("OID", self.id))
        own = is_form(element)
        refs = refs_in(element) if own else [_ref_to(element)]
        self.draft.claim(entry, element)
        above = (element.get("OID", ""),) if element.tag == "ItemGroupDef" and own else ()
        self._walk(refs, element, place, self.conditions, above, "")
        self._leave_out_empty()
        entry["sections"] = self.sections
        return entry

    def _leave_out_empty(self) -> None:
        self.sections[:] = [section for section in self.sections if section["items"]]

    # sections -------------------------------------------------------------------------------------------------------

    def _walk(
        self,
        refs: list[Element],
        holder: Element,
        place: Place,
        conditions: tuple[str, ...],
        above: tuple[str, ...],
        title: str,
    ) -> None:
        """The references of a form or of an item group that does not repeat."""
        section: Entry | None = None
        label = ""
        if not refs and holder is not self.element:
            self._section(holder, place, conditions, title, "")
        for ref in refs:
            if ref.tag == "ItemRef":
                shown = self._section_label(ref)
                if section is None or shown != label:
                    section, label = self._section(holder, place, conditions, title, shown), shown
                section["items"] += read_item(self.draft, ref, place, self.ids)
                continue
            element = self._group_of(ref, place, above)
            if element is None:
                continue
            inner = replace(place, oids=(*place.oids, element.get("OID", "")))
            if self._continued(element, ref, above):
                continue
            if repeats(element):
                alone = section is None and holder is self.element
                around = None if alone else holder
                section = section or self._section(around, place, conditions, title, "", element)
                section["items"].append(self._rows(element, ref, inner, above))
                section = None if alone else section
                continue
            own = ref.get("CollectionExceptionConditionOID")
            outer = (*conditions, own) if own else conditions
            inside = holder is not self.element
            deeper = f"{title} – {_name(self.draft, holder)}".removeprefix(" – ") if inside else ""
            if deeper:
                self._tell_flattened(element)
            self._walk(refs_in(element), element, inner, outer, (*above, element.get("OID", "")), deeper)
            self._note_optional(ref, element)
            section = None

    def _continued(self, element: Element, ref: Element, above: tuple[str, ...]) -> bool:
        """Whether an item group goes on with a section or group, as our own files say where ODM cannot nest."""
        held = self.holders.get(own_word(element, CONTINUES))
        if held is None:
            return False
        entry, place = held
        inner = replace(place, oids=(*place.oids, element.get("OID", "")))
        if repeats(element):
            entry["items"].append(self._rows(element, ref, inner, above, ruled=False))
        else:
            self._fill(entry["items"], element, inner, (*above, element.get("OID", "")), ())
        return True

    def _section_label(self, ref: Element) -> str:
        element = self.draft.source.items.get(ref.get("ItemOID", "").strip())
        return presented(element, self.element.get("OID", "")).section if element is not None and self.titles else ""

    def _section(
        self,
        holder: Element | None,
        place: Place,
        conditions: tuple[str, ...],
        above: str,
        label: str,
        rows: Element | None = None,
    ) -> Entry:
        """A new section: of an item group, of OpenClinica's name, or around rows that stand alone."""
        named = holder if holder is not None else rows
        assert named is not None
        base = label or base_name(named)
        id_ = self.section_ids.make(base, "section")
        section: Entry = {"id": id_}
        if holder is not None and not label and holder is not self.element:
            oid = own_oid(holder, "section", self.id, id_)
            if oid:
                section["oid"] = oid
            title = self.draft.title(holder)
            if title:
                section["title"] = (
                    {language: f"{above} – {text}" for language, text in title.items()} if above else title
                )
            self.draft.keep_names(section, holder, id_, title)
            self.draft.claim(section, holder)
            keep_attributes(section, holder, _ATTRIBUTES)
            keep_elements(section, holder, _ELEMENTS)
        elif label:
            section["title"] = self.draft.texts.full({"": self.titles.get(label) or label})
        section["items"] = []
        self.sections.append(section)
        self.holders[f"section:{id_}"] = (section, place)
        for oid in dict.fromkeys(conditions):
            self.draft.rules.append(stated_condition(self.draft, section, oid, place, f"{place.form_oid}.{base}"))
        for event, oid in self.in_events:
            where = f"{event}.{place.form_oid}.{base}"
            self.draft.rules.append(stated_condition(self.draft, section, oid, place, where, event))
        if holder is not None and holder is not self.element:
            self.draft.parts.setdefault(holder.get("OID", ""), []).append((section, place))
        return section

    def _tell_flattened(self, element: Element) -> None:
        where = f"{self.element.get('OID', '')}.{element.get('OID', '')}"
        reason = (
            "Sections do not stand in one another: the inner one became a section of its own, named with the outer one."
        )
        self.draft.placing.approximated(where, Part.LAYOUT, reason, element.get("Name", ""))

    def _note_optional(self, ref: Element, element: Element) -> None:
        """An item group may be optional though items of it are not."""
        for section, _ in self.draft.parts.get(element.get("OID", ""), ()):
            if section in self.sections:
                keep_attributes(section, ref, _PLACE, "ItemGroupRef.")
            mandatory = any(item.get("required") is True for item in section["items"])
            if "group" not in section and section in self.sections and yes(ref, "Mandatory") is not mandatory:
                annotate(section, SYSTEM, "Mandatory", "Yes" if yes(ref, "Mandatory") else "No")

    # groups ---------------------------------------------------------------------------------------------------------

    def _group_of(self, ref: Element, place: Place, above: tuple[str, ...]) -> Element | None:
        oid = ref.get("ItemGroupOID", "").strip()
        element = self.draft.source.groups.get(oid)
        where = f"{place.form_oid}.{oid}"
        if element is None:
            self.draft.placing.dropped(where, Part.LAYOUT, "No item group of this OID is defined in the file.", oid)
        elif oid in above:
            self.draft.placing.dropped(where, Part.LAYOUT, "The item group stands in itself; it was read once.", oid)
            return None
        return element

    def _rows(
        self, element: Element, ref: Element, place: Place, above: tuple[str, ...], *, ruled: bool = True
    ) -> Entry:
        """A group of rows; groups in it that do not repeat lend it their items. `ruled`: its condition is its own."""
        id_ = self.ids.make(self._rows_name(element), "group")
        group: Entry = {"group": id_}
        oid = own_oid(element, "group", self.id, id_)
        if oid:
            group["oid"] = oid
        header, most = group_details(element, place.form_oid)
        title = self.draft.texts.full({"": header} if header else {}) or self.draft.title(element)
        if title:
            group["title"] = title
        self.draft.keep_names(group, element, id_, title)
        keep_attributes(group, element, _ATTRIBUTES)
        keep_attributes(group, ref, _PLACE, "ItemGroupRef.")
        if element.get("Repeating", "").strip().lower() in ("simple", "static"):
            annotate(group, SYSTEM, "Repeating", element.get("Repeating", ""))
        keep_elements(group, element, _ELEMENTS)
        limit = element.get("RepeatingLimit", "")
        rows = {"min": 1} if yes(ref, "Mandatory") else {}
        if most or limit.isdigit():
            rows["max"] = max(most or int(limit), 1)
        if rows:
            group["rows"] = rows
        inner = replace(place, groups=(*place.groups, id_))
        group["items"] = []
        self.draft.parts.setdefault(element.get("OID", ""), []).append((group, place))
        self.holders[f"group:{id_}"] = (group, inner)
        self.draft.claim(group, element)
        condition = ref.get("CollectionExceptionConditionOID")
        if condition and ruled:
            where = f"{place.form_oid}.{element.get('OID', '')}"
            self.draft.rules.append(stated_condition(self.draft, group, condition, place, where))
        self._fill(group["items"], element, inner, (*above, element.get("OID", "")), ())
        if not group["items"]:
            group["items"].append(self._nothing(id_))
        return group

    def _rows_name(self, element: Element) -> str:
        """What the id of a group is made of: rules name groups and forms alike, so it is none of a form."""
        name = base_name(element)
        told = own_word(element, ID) or standing_for(element.get("OID", ""))
        return f"{name} rows" if snake(name, "group") in self.forms and not told else name

    def _nothing(self, id_: str) -> Entry:
        """A group needs an item; the file has none for this one."""
        return {"id": self.ids.make(f"{id_}_note"), "type": "note", "label": self.draft.texts.everywhere("–")}

    def _fill(
        self, items: list[Entry], element: Element, place: Place, above: tuple[str, ...], conditions: tuple[str, ...]
    ) -> None:
        for ref in refs_in(element):
            own = ref.get("CollectionExceptionConditionOID")
            if ref.tag == "ItemRef":
                for entry in read_item(self.draft, ref, place, self.ids):
                    items.append(entry)
                    self._hide(entry, conditions, place)
                continue
            group = self._group_of(ref, place, above)
            if group is None:
                continue
            inner = replace(place, oids=(*place.oids, group.get("OID", "")))
            if repeats(group) and len(place.groups) < MAX_GROUPS:
                entry = self._rows(group, ref, inner, above)
                items.append(entry)
                self._hide(entry, conditions, place)
                continue
            self._tell_flattened(group)
            self._fill(items, group, inner, (*above, group.get("OID", "")), (*conditions, own) if own else conditions)

    def _hide(self, entry: Entry, conditions: tuple[str, ...], place: Place) -> None:
        name = entry.get("id") or entry.get("group", "")
        for oid in conditions:
            stated: Stated = stated_condition(self.draft, entry, oid, place, f"{place.form_oid}.{name}")
            self.draft.rules.append(stated)


def _name(draft: Draft, element: Element) -> str:
    return next(iter(draft.title(element).values()), element.get("OID", ""))


def _ref_to(element: Element) -> Element:
    """A reference to an item group that stands for a form."""
    return element.makeelement("ItemGroupRef", {"ItemGroupOID": element.get("OID", ""), "Mandatory": "No"})
