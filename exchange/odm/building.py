"""A document -> the tree of an ODM file: study, events, forms, item groups and what they refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from exchange.document import Document, Entry, rule_text
from exchange.identifiers import snake
from exchange.odm.building_items import code_list, item_def
from exchange.odm.dialects import OWN
from exchange.odm.difference import REGISTRY, Part
from exchange.odm.elements import Element
from exchange.odm.marking import Pen, described, kept, kept_under
from exchange.odm.naming import base_name, made_oid
from exchange.odm.own_keys import CONTINUES, ID

_ORDER_1 = ("events", "forms", "groups", "items", "codelists", "conditions", "methods")
_UNITED = frozenset({"integer", "decimal"})
_YES = {True: "Yes", False: "No"}


@dataclass(slots=True)
class Builder:
    """Builds one file. `left`: the keys that ODM has no word for, by part."""

    document: Document
    pen: Pen
    left: Mapping[Part, Entry] = field(default_factory=dict)
    made: dict[str, dict[str, Element]] = field(default_factory=lambda: {kind: {} for kind in (*_ORDER_1, "units")})
    texts: dict[tuple[str, str], str] = field(default_factory=dict)  # kind and rule -> OID
    oids: dict[tuple[str, ...], str] = field(default_factory=dict)  # kind and ids -> OID
    checks: dict[tuple[str, str], list[Entry]] = field(default_factory=dict)  # by form and the item they stand at
    used: set[str] = field(default_factory=set)  # OIDs: the schema wants each once, whatever it names

    @property
    def languages(self) -> list[str]:
        return list(self.document.get("languages", ("pl", "en")))

    def build(self) -> Element:
        """The whole tree, in plain names."""
        pen, registry = self.pen, self.document["registry"]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        root = pen.element(
            "ODM", FileType="Snapshot", FileOID=f"{registry}.{self.document.get('version', '')}", CreationDateTime=now
        )
        root.set("ODMVersion", pen.edition.version)
        root.set("SourceSystem", "ecrf")
        self._lists()
        for id_, form in self.document.get("forms", {}).items():
            for check in form.get("checks", ()):
                self.checks.setdefault((id_, check.get("on", "")), []).append(check)
        for id_, form in self.document.get("forms", {}).items():
            self._form(id_, form)
        self._events()
        self._study(root)
        return root

    # the study ------------------------------------------------------------------------------------------------------

    def _study(self, root: Element) -> None:
        pen, document = self.pen, self.document
        name = next(iter(document.get("title", {}).values()), document["registry"])
        told, protocol = kept(document, "StudyDescription") or name, kept(document, "ProtocolName") or name
        oid = kept(document, "Study.OID") or f"ST.{document['registry']}"
        if pen.edition.two:
            study = pen.under(root, "Study", OID=oid, StudyName=name, ProtocolName=protocol)
            pen.text(study, "Description", {self.languages[0]: told})
        else:
            study = pen.under(root, "Study", OID=oid)
            variables = pen.under(study, "GlobalVariables")
            for tag, text in (("StudyName", name), ("StudyDescription", told), ("ProtocolName", protocol)):
                pen.under(variables, tag).text = text
            if self.made["units"]:
                pen.under(study, "BasicDefinitions").extend(self.made["units"].values())
        version = pen.under(
            study,
            "MetaDataVersion",
            OID=kept(document, "MetaDataVersion.OID") or f"MDV.{document.get('version', '1.0.0')}",
            Name=kept(document, "MetaDataVersion.Name") or f"{name} {document.get('version', '')}".strip(),
        )
        if not pen.edition.two and kept(document, "MetaDataVersion.Description"):
            version.set("Description", kept(document, "MetaDataVersion.Description"))
        self._protocol(version)
        for kind in _ORDER_1:
            version.extend(map(_aliases_last, self.made[kind].values()))

    def _protocol(self, version: Element) -> None:
        """Events in their order, and what the registry as a whole says in our language alone."""
        pen = self.pen
        events = self.document.get("events", {})
        protocol = pen.under(version, "Protocol")
        holder = protocol
        if events and pen.edition.two:
            pen.under(protocol, "StudyEventGroupRef", StudyEventGroupOID="SEG.1", Mandatory="Yes")
            holder = pen.under(version, "StudyEventGroupDef", OID="SEG.1", Name="events")
        for number, (id_, event) in enumerate(events.items(), 1):
            pen.under(
                holder,
                "StudyEventRef",
                StudyEventOID=self._oid("event", event, id_),
                OrderNumber=str(number),
                Mandatory=_YES[event.get("optional") is not True],
                CollectionExceptionConditionOID=self._condition(event),
            )
        pen.keys(protocol, self.left.get(REGISTRY, {}))

    def _oid(self, kind: str, entry: Entry, *ids: str) -> str:
        """The OID of a part: its own if nothing else has it."""
        key = (kind, *ids)
        if key not in self.oids:
            self.oids[key] = self._free(entry.get("oid") or made_oid(kind, *ids))
        return self.oids[key]

    def _free(self, oid: str) -> str:
        """The OID, or one like it that nothing has."""
        free, number = oid, 2
        while free in self.used:
            free, number = f"{oid}.{number}", number + 1
        self.used.add(free)
        return free

    def _name(self, entry: Entry, id_: str) -> str:
        """The Name that was kept; else the title, where that is what the id was made of; else the id."""
        title = next(iter(entry.get("title", {}).values()), "")
        named = title if title and (described(entry) or snake(title) == id_) else id_
        return kept(entry, "Name") or named

    def _identified(self, element: Element, id_: str, *, always: bool = False) -> Element:
        """The element, with its id in a word of ours where its names would make another."""
        if always or snake(base_name(element)) != id_:
            self.pen.word(element, ID, id_)
        return element

    # events ---------------------------------------------------------------------------------------------------------

    def _events(self) -> None:
        pen = self.pen
        for id_, event in self.document.get("events", {}).items():
            made = pen.element("StudyEventDef", OID=self._oid("event", event, id_), Name=self._name(event, id_))
            made.set("Repeating", _YES[event.get("repeats") is True])
            given = kept(event, "Type")
            made.set("Type", given if given in ("Scheduled", "Unscheduled", "Common") else "Scheduled")
            if kept(event, "Category"):
                made.set("Category", kept(event, "Category"))
            pen.text(made, "Description", described(event) or event.get("title", {}))
            optional = kept(event, "Optional forms").split()
            for number, form in enumerate(event["forms"], 1):
                oid = self._oid("form", self.document["forms"][form], form)
                tag, key = ("ItemGroupRef", "ItemGroupOID") if pen.edition.two else ("FormRef", "FormOID")
                ref = pen.under(made, tag, **{key: oid}, OrderNumber=str(number))
                ref.set("Mandatory", _YES[optional != ["all"] and oid not in optional])
            self._identified(made, id_, always=id_ in self.document["forms"])
            pen.keys(made, self.left.get(("event", id_), {}))
            self.made["events"][made.get("OID", "")] = made

    # forms and groups -----------------------------------------------------------------------------------------------

    def _form(self, id_: str, form: Entry) -> None:
        pen = self.pen
        tag = "ItemGroupDef" if pen.edition.two else "FormDef"
        made = pen.element(tag, OID=self._oid("form", form, id_), Name=self._name(form, id_))
        made.set("Repeating", {True: "Dynamic" if pen.edition.two else "Yes", False: "No"}[form.get("repeats") is True])
        if pen.edition.two:
            made.set("Type", "Form")
        pen.text(made, "Description", described(form) or form.get("title", {}))
        self.made["groups" if pen.edition.two else "forms"][made.get("OID", "")] = made
        for section in form["sections"]:
            self._section(made, id_, section)
        self._identified(made, id_)
        pen.keys(made, self.left.get(("form", id_), {}))

    def _refer(self, holder: Element, made: Element, condition: str | None, *, mandatory: bool) -> None:
        """A reference to an item group."""
        ref = self._next(holder, "ItemGroupRef", ItemGroupOID=made.get("OID"))
        ref.set("Mandatory", _YES[mandatory])
        if condition:
            ref.set("CollectionExceptionConditionOID", condition)

    def _next(self, holder: Element, tag: str, **attributes: str | None) -> Element:
        """A reference after those that the holder has."""
        before = (part.get("OrderNumber") for part in holder.iterchildren("ItemRef", "ItemGroupRef", reversed=True))
        number = int(next(before, None) or 0) + 1
        return self.pen.under(holder, tag, **attributes, OrderNumber=str(number))

    def _item_group(self, oid: str, name: str, *, repeating: str = "No") -> Element:
        made = self.pen.element("ItemGroupDef", OID=oid, Name=name, Repeating=repeating)
        if self.pen.edition.two:
            made.set("Type", "Section")
        self.made["groups"][oid] = made
        return made

    def _section(self, form: Element, form_id: str, section: Entry) -> None:
        """An item group that does not repeat; a section that is only there for one group of rows is none."""
        left = self.left.get(("section", form_id, section["id"]), {})
        alone = set(section) == {"id", "items"} and len(section["items"]) == 1 and "group" in section["items"][0]
        if alone and not left and section["items"][0]["group"] == section["id"]:
            self._rows(form, form, form_id, section["items"][0], "", None)
            return
        made = self._item_group(
            self._oid("section", section, form_id, section["id"]), self._name(section, section["id"])
        )
        self.pen.text(made, "Description", described(section) or section.get("title", {}))
        required = any(entry.get("required") is True for entry in section["items"])
        given = kept(section, "Mandatory")
        condition = self._condition(section)
        self._refer(form, made, condition, mandatory=given == "Yes" if given else required)
        self._fill(made, form, form_id, section["items"], f"section:{section['id']}", condition)
        self._attributes(made, section)
        self._identified(made, section["id"])
        self.pen.keys(made, left)

    def _attributes(self, made: Element, entry: Entry) -> None:
        """Attributes of item groups that were kept."""
        names = (
            ("Domain", "Purpose", "Structure") if self.pen.edition.two else ("Domain", "Origin", "Purpose", "Comment")
        )
        for name in names:
            if kept(entry, name):
                made.set(name, kept(entry, name))
        sas = kept(entry, "SASDatasetName")
        if sas and not self.pen.edition.two and len(sas) <= 8 and sas.isidentifier() and sas.isascii():
            made.set("SASDatasetName", sas)

    def _fill(
        self, made: Element, form: Element, form_id: str, entries: list[Entry], holder: str, condition: str | None
    ) -> None:
        """Items and groups. ODM 1.3 cannot nest: groups stand in the form, and what follows one goes on in a new item group."""
        part = made
        for entry in entries:
            if "group" in entry:
                self._rows(made if self.pen.edition.two else form, form, form_id, entry, holder, condition)
                part = made if self.pen.edition.two else form
                continue
            if part is form:
                part = self._item_group(self._free(made.get("OID", "")), made.get("Name", ""))
                self.pen.word(part, CONTINUES, holder)
                self._refer(form, part, condition, mandatory=False)
            self._item(part, form_id, entry)

    def _rows(
        self, holder: Element, form: Element, form_id: str, group: Entry, inside: str, condition: str | None
    ) -> None:
        """A group of rows. `inside`: the section or group that holds it, where ODM 1.3 puts it beside that."""
        id_, two = group["group"], self.pen.edition.two
        given = kept(group, "Repeating")
        repeating = (given or "Dynamic") if two else "Yes"
        made = self._item_group(self._oid("group", group, form_id, id_), self._name(group, id_), repeating=repeating)
        rows = group.get("rows", {})
        if two and isinstance(rows.get("max"), int):
            made.set("RepeatingLimit", str(rows["max"]))
        self.pen.text(made, "Description", described(group) or group.get("title", {}))
        own = self._condition(group) or (None if two else condition)
        self._refer(holder, made, own, mandatory=rows.get("min", 0) >= 1)
        self._fill(made, form, form_id, group["items"], f"group:{id_}", own)
        self._attributes(made, group)
        self._identified(made, id_, always=id_ in self.document["forms"])
        if inside and not two:
            self.pen.word(made, CONTINUES, inside)
        self.pen.keys(made, self.left.get(("group", form_id, id_), {}))

    # items and rules ------------------------------------------------------------------------------------------------

    def _item(self, holder: Element, form_id: str, entry: Entry) -> None:
        id_ = entry["id"]
        left = dict(self.left.get(("item", form_id, id_), {}))
        checks = self.checks.get((form_id, id_), [])
        wanted = entry.get("oid") or made_oid("item", form_id, id_)
        made = self._defined(entry, wanted, checks, left)
        taken = self.made["items"].get(wanted)
        if wanted in self.used and (taken is None or etree.tostring(taken) != etree.tostring(made)):
            other = self._oid("item", {}, form_id, id_)
            made = self._defined(entry, other, checks, left | ({"oid": wanted} if entry.get("oid") else {}))
        oid = made.get("OID", "")
        self.used.add(oid)
        self.made["items"].setdefault(oid, made)
        ref = self._next(holder, "ItemRef", ItemOID=oid)
        ref.set("Mandatory", _YES[entry.get("required") is True or kept(entry, "ItemRef.Mandatory") == "Yes"])
        key = kept(entry, "ItemRef.KeySequence")
        if key.isdigit() and int(key):
            ref.set("KeySequence", key)
        if kept(entry, "ItemRef.Role"):
            ref.set("Role", kept(entry, "ItemRef.Role"))
        for name, rule in (
            ("MethodOID", self._method(entry)),
            ("CollectionExceptionConditionOID", self._condition(entry)),
        ):
            if rule:
                ref.set(name, rule)

    def _defined(self, entry: Entry, oid: str, checks: list[Entry], left: Entry) -> Element:
        unit = self._unit(entry.get("unit")) if entry["type"] in _UNITED else None
        codelist = entry.get("codelist")
        lists = self.document.get("codelists", {})
        made = item_def(
            self.pen,
            entry,
            oid,
            unit=unit,
            codelist=self._oid("codelist", lists[codelist], codelist) if codelist else None,
            checks=checks,
            left=left,
        )
        return self._identified(made, entry["id"])

    def _unit(self, unit: Any) -> str | None:
        """The OID of a unit; ODM 2.0 has no units."""
        if not isinstance(unit, str) or self.pen.edition.two:
            return None
        oid = f"MU.{unit}"
        if oid not in self.made["units"]:
            made = self.pen.element("MeasurementUnit", OID=oid, Name=unit)
            self.pen.text(made, "Symbol", dict.fromkeys(self.languages, unit))
            self.made["units"][oid] = made
        return oid

    def _lists(self) -> None:
        """Code lists that items use; others are kept with the registry."""
        used = {
            entry.get("codelist")
            for form in self.document.get("forms", {}).values()
            for entry in _all(form["sections"])
        }
        for id_, entry in self.document.get("codelists", {}).items():
            if id_ in used:
                oid = self._oid("codelist", entry, id_)
                made = code_list(self.pen, id_, entry, oid, self._name(entry, id_), self.languages, self.left)
                self.made["codelists"][oid] = self._identified(made, id_)

    def _condition(self, entry: Entry) -> str | None:
        """The OID of the condition of when something is not collected: the opposite of ours, or one that was kept."""
        when = entry.get("when")
        if when is not None:
            return self._rule("conditions", "ConditionDef", {OWN: f"({rule_text(when)}) is not true"})
        return self._rule("conditions", "ConditionDef", _foreign(entry, "ConditionDef"))

    def _method(self, entry: Entry) -> str | None:
        calculate = entry.get("calculate")
        if calculate is not None:
            return self._rule("methods", "MethodDef", {OWN: rule_text(calculate)})
        return self._rule("methods", "MethodDef", _foreign(entry, "MethodDef"))

    def _rule(self, kind: str, tag: str, spoken: Mapping[str, str]) -> str | None:
        """The OID of a rule that is written once, however often it is referred to."""
        if not spoken:
            return None
        key = (kind, repr(sorted(spoken.items())))
        if key not in self.texts:
            oid = self._free(f"{tag[0]}.{len(self.made[kind]) + 1}")
            made = self.pen.element(tag, OID=oid, Name=oid)
            if kind == "methods":
                made.set("Type", "Computation")
            words = spoken.get("") or next(iter(spoken.values()))
            self.pen.text(made, "Description", {self.languages[0]: words})
            if self.pen.edition.two:
                self.pen.under(made, "MethodSignature")
            for context, text in spoken.items():
                if context:
                    self.pen.formal(made, context, text)
            self.made[kind][oid] = made
            self.texts[key] = oid
        return self.texts[key]


def _aliases_last(element: Element) -> Element:
    """The element with its aliases where the schema wants them."""
    for alias in element.findall("Alias"):
        element.append(alias)
    return element


def _all(entries: list[Entry]) -> list[Entry]:
    return [each for entry in entries for each in (entry, *_all(entry.get("items", [])))]


def _foreign(entry: Entry, name: str) -> dict[str, str]:
    """The expressions of a rule that was kept as it was: context -> text; '' for words."""
    words = kept(entry, name)
    return ({"": words} if words else {}) | kept_under(entry, f"{name} ")
