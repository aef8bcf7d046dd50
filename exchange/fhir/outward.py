"""Forms, sections, groups and items of ours -> items of a Questionnaire, each told in findings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.model.form import FormDef, GroupDef
from exchange.document import Document, Entry
from exchange.fhir.extensions import CORE, SDC, extend
from exchange.fhir.outward_keys import KEYS
from exchange.fhir.outward_rules import RuleWriter
from exchange.fhir.piping import PIPING, TEXTS, holed
from exchange.fhir.printing import Links, Printer, row_name
from exchange.fhir.printing_aggregates import aggregate
from exchange.fhir.printing_functions import FUNCTIONS
from exchange.fhir.resources import Json
from exchange.fhir.restoring import kept, restored, shadow
from exchange.fhir.texts_out import TextWriter
from exchange.fhir.value_sets import ValueSets, lost_of_choices
from exchange.findings import Finding, Part, told
from exchange.rules.meaning import Inexpressible
from exchange.rules.names import Catalogue, Names, spots_of

BOLD = {"url": f"{CORE}rendering-style", "valueString": "font-weight: bold"}

TYPES: Mapping[str, str] = {
    "boolean": "boolean",
    "integer": "integer",
    "decimal": "decimal",
    "quantity": "quantity",
    "date": "date",
    "partial_date": "date",
    "time": "time",
    "datetime": "dateTime",
    "code": "choice",
    "codes": "choice",
    "text": "string",
    "long_text": "text",
    "identifier": "string",
    "file": "attachment",
    "row_ref": "string",
    "record_ref": "string",
    "heading": "display",
    "note": "display",
}
_ALIKE: Mapping[str, str] = {
    "row_ref": "A reference to a row is a text there.",
    "record_ref": "A reference to a record is a text there.",
    "identifier": "The check of an identifier has no counterpart.",
}
_LOST = (
    "missing", "check", "unique", "from", "privacy", "layout", "searchable", "see", "edit", "when_hidden", "live",
)  # fmt: skip
_INLINE = re.compile(r"(main|more)(_[0-9]+)?")  # sections that an import made for items outside groups


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands."""

    form: str
    groups: tuple[GroupDef, ...] = ()


@dataclass(frozen=True, slots=True)
class Writing:
    """Writes the items of a registry."""

    document: Document
    catalogue: Catalogue
    links: Links
    value_sets: ValueSets
    texts: TextWriter
    findings: list[Finding]
    version: str = "R4"
    _checks: dict[tuple[str, str], list[Entry]] = field(default_factory=dict)

    # places ---------------------------------------------------------------------------------------------------------

    def printer(self, place: Place) -> Printer:
        """For the rules of a place."""
        return Printer(
            Names(self.catalogue, _no_path, self._form(place), place.groups), self.links, FUNCTIONS, aggregate
        )

    def _form(self, place: Place) -> FormDef:
        return self.catalogue.model.forms[place.form]

    def rules(self, place: Place, where: str) -> RuleWriter:
        return RuleWriter(self.printer(place), self.value_sets, self.findings, where, self.version)

    def _tell_piped(self, entry: Entry, where: str) -> None:
        found = [entry[key] for key in TEXTS if isinstance(entry.get(key), dict) and holed(entry[key])]
        if found:
            self.findings.append(told(where, Part.TEXT, PIPING, found[0][self.texts.base]))

    # parts ----------------------------------------------------------------------------------------------------------

    def form(self, id_: str, form: Entry, mark: str) -> Json:
        """A form as a group of the Questionnaire."""
        made: Json = {"extension": [{"url": mark, "valueString": id_}], "linkId": f"form.{id_}"}
        made.update(self.texts.text("text", form.get("title", {}), piped=False))
        made["type"] = "group"
        if form.get("repeats"):
            made["repeats"] = True
        made["item"] = self.sections(id_, form, made)
        return made

    def sections(self, id_: str, form: Entry, holder: Json) -> list[Json]:
        """The items of a form; its checks that stand at no item go to the holder."""
        place = Place(id_)
        for check in form.get("checks", ()):
            self._checks.setdefault((id_, str(check.get("on", ""))), []).append(check)
        made: list[Json] = []
        for section in form["sections"]:
            inner = self._entries(section["items"], place)
            if _INLINE.fullmatch(section["id"]) and not section.get("title") and not section.get("when"):
                made.extend(inner)
            else:
                made.append(self._section(section, inner, place))
        for (owner, _), checks in list(self._checks.items()):
            if owner == id_:
                for check in checks:
                    self.rules(place, f"{id_}.{check['id']}").constraint(holder, check)
        self._checks.clear()
        return made

    def _section(self, section: Entry, inner: list[Json], place: Place) -> Json:
        where = f"{place.form}.{section['id']}"
        made: Json = {"linkId": self.links.items[place.form, f"section {section['id']}"]}
        self._tell_piped(section, where)
        made.update(self.texts.labelled(section, "title"))
        made["type"] = "group"
        self.rules(place, where).when(made, section)
        made.update(restored(section, made))
        if section.get("note"):
            note = {"linkId": f"{made['linkId']}-note", **self.texts.text("text", section["note"]), "type": "display"}
            inner = [note, *inner]
        made["item"] = inner
        return _ordered(made)

    def _entries(self, entries: list[Entry], place: Place) -> list[Json]:
        made = []
        for entry in entries:
            if "group" in entry:
                made.append(self._group(entry, place))
            elif "open-choice" not in kept(entry):
                made.append(self.item(entry, place))
        return made

    def _group(self, entry: Entry, place: Place) -> Json:
        groups = next(
            spot.groups[: index + 1]
            for spot in spots_of(self._form(place))
            for index, group in enumerate(spot.groups)
            if group.id == entry["group"]
        )
        inside = Place(place.form, groups)
        rules = self.rules(place, f"{place.form}.{entry['group']}")
        if "repeats" in kept(entry):
            made = self._answers(entry, inside)
        else:
            made = {
                "linkId": self.links.items[place.form, entry["group"]],
                **self.texts.labelled(entry, "title"),
                "type": "group",
                "repeats": True,
            }
            made["item"] = self._entries(entry["items"], inside)
            made.update(restored(entry, made))
            if row_name(entry["group"]) in _row_variables(made["item"]):
                variable = {"name": row_name(entry["group"]), "language": "text/fhirpath", "expression": "%context"}
                extend(made, {"url": f"{CORE}variable", "valueExpression": variable})
        for key, name in (("min", "minOccurs"), ("max", "maxOccurs")):
            if key in entry.get("rows", {}):
                extend(made, {"url": f"{CORE}questionnaire-{name}", "valueInteger": entry["rows"][key]})
        rules.when(made, entry)
        self._tell_rows(entry, place)
        return _ordered(made)

    def _tell_rows(self, entry: Entry, place: Place) -> None:
        lost = [key for key in ("title", "per") if key in entry.get("rows", {})]
        lost += [key for key in ("key",) if key in entry]
        if lost:
            where, reason = f"{place.form}.{entry['group']}", "How rows are named has no counterpart."
            self.findings.append(told(where, Part.LAYOUT, reason, ", ".join(lost)))

    def _answers(self, entry: Entry, inside: Place) -> Json:
        """A group that an import made of a question with several answers."""
        first, *others = [one for one in entry["items"] if "open-choice" not in kept(one)]
        made = self.item(first, inside)
        made["repeats"] = True
        below = self._entries(others, inside)
        if below:
            made["item"] = [*made.get("item", []), *below]
        return made

    # items ----------------------------------------------------------------------------------------------------------

    def item(self, entry: Entry, place: Place) -> Json:
        """An item with its rules."""
        where = f"{place.form}.{entry['id']}"
        annotated = kept(entry)
        made: Json = {"linkId": self.links.items[place.form, entry["id"]]}
        made.update(self.texts.labelled(entry, "label"))
        made["type"] = annotated.get("type") or TYPES[entry["type"]]
        if entry["type"] == "heading":
            shadow(made, [BOLD])
        if entry["type"] == "codes":
            made["repeats"] = True
        self._tell_piped(entry, where)
        self._coded(made, entry, where)
        for key, write in KEYS.items():
            if key in entry:
                write(made, entry, self.texts)
        rules = self.rules(place, where)
        rules.of_item(made, entry)
        for check in self._checks.pop((place.form, entry["id"]), []):
            self.rules(place, f"{place.form}.{check['id']}").constraint(made, check)
        made.update(restored(entry, made))
        self._told(entry, where)
        return _ordered(self._versioned(made))

    def _versioned(self, made: Json) -> Json:
        """R5 has `coding` and says with `answerConstraint` which other answers there may be."""
        if self.version != "R5" or made["type"] not in ("choice", "open-choice"):
            return made
        constraint = "optionsOnly" if made["type"] == "choice" else "optionsOrString"
        kinds = {key for option in made.get("answerOption", ()) for key in option if key.startswith("value")}
        return {
            **made,
            "type": _OPTION_TYPES.get(kinds.pop(), "coding") if len(kinds) == 1 else "coding",
            **({"answerConstraint": constraint} if _has_choices(made) else {}),
        }

    def _coded(self, made: Json, entry: Entry, where: str) -> None:
        if "codelist" not in entry:
            return
        codelist = entry["codelist"]
        made.update(self.value_sets.choices(codelist))
        lost = lost_of_choices(self.document["codelists"][codelist])
        reason = "Not all that is known of codes is carried." if lost else ""
        self.findings.append(told(where, Part.CHOICES, reason, ", ".join(lost)))
        if codelist in self.value_sets.open_lists:
            codes = self.document["codelists"][codelist]["codes"]
            label = codes[list(codes)[-1]][self.texts.base]
            if label != "Other":
                extend(made, {"url": f"{SDC}sdc-questionnaire-openLabel", "valueString": label})

    def _told(self, entry: Entry, where: str) -> None:
        lost = [key for key in _LOST if key in entry]
        reasons = [_ALIKE[entry["type"]]] if entry["type"] in _ALIKE else []
        if lost:
            reasons.append("Not carried: " + ", ".join(lost) + ".")
        self.findings.append(told(where, Part.ITEM, " ".join(reasons), entry["type"] if reasons else ""))


_OPTION_TYPES: Mapping[str, str] = {
    "valueInteger": "integer",
    "valueDate": "date",
    "valueTime": "time",
    "valueString": "string",
}


def _has_choices(made: Json) -> bool:
    return "answerOption" in made or "answerValueSet" in made


def _row_variables(items: list[Json]) -> set[str]:
    return set(re.findall(r"%(row[A-Z][A-Za-z0-9]*)", json.dumps(items)))


def _no_path(_spot: object) -> Any:
    raise Inexpressible("FHIRPath names answers by itself.")


_ORDER = (
    "id", "extension", "linkId", "definition", "code", "prefix", "text", "_text", "type", "enableWhen",
    "enableBehavior", "disabledDisplay", "required", "repeats", "readOnly", "maxLength", "answerConstraint",
    "answerOption", "answerValueSet", "initial", "item",
)  # fmt: skip


def _ordered(made: Json) -> Json:
    known = {key: made[key] for key in _ORDER if key in made}
    return {**known, **{key: value for key, value in made.items() if key not in known}}
