"""Our code lists -> value sets that a Questionnaire contains, or options of its items where choices are no codings."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from exchange.document import Document, Entry
from exchange.fhir.choices import LISTS, MIXED, VALUE
from exchange.fhir.extensions import CORE, HOME
from exchange.fhir.resources import Json
from exchange.fhir.restoring import kept
from exchange.fhir.texts_out import translated


@dataclass(frozen=True, slots=True)
class ValueSets:
    """The code lists of a document. `base`: the language of displays; `open_lists`: those whose last code is an answer in own words."""

    document: Document
    base: str
    open_lists: frozenset[str] = frozenset()
    _made: dict[str, Json] = field(default_factory=dict)

    def contained(self) -> list[Json]:
        """The value sets that were asked for, in order."""
        return list(self._made.values())

    def choices(self, codelist: str) -> Json:
        """What an item says of its choices: `answerValueSet`, or `answerOption`."""
        entry = self.document["codelists"][codelist]
        annotated = kept(entry)
        if "external" in entry:
            return {"answerValueSet": annotated.get("answerValueSet", f"{HOME}ValueSet/{entry['external']}")}
        if self.kind(codelist) != "valueCoding":
            return {
                "answerOption": [self._option(codelist, code, entry["codes"][code]) for code in self._codes(codelist)]
            }
        if codelist not in self._made:
            self._made[codelist] = self._value_set(codelist, entry)
        return {"answerValueSet": f"#{self._made[codelist]['id']}"}

    def kind(self, codelist: str) -> str:
        return str(kept(self.document["codelists"][codelist]).get("answers", "valueCoding"))

    def answer(self, codelist: str, code: str, before: str) -> Json:
        """A code as `answerCoding`, `valueString` and the like."""
        kind = self.kind(codelist)
        entry = self.document["codelists"][codelist]
        if "external" in entry:
            return {f"{before}Coding": {"code": code}}
        found = entry["codes"].get(code, {})
        own = kept(found).get("code", code)
        if kind == MIXED:
            kind = str(kept(found).get("answers", "valueCoding"))
        if kind != "valueCoding":
            return {before + kind.removeprefix("value"): _typed(kind, own)}
        return {
            f"{before}Coding": {
                "system": self._system(codelist, found),
                "code": own,
                "display": self._display(found, own),
            }
        }

    def _codes(self, codelist: str) -> list[str]:
        codes = list(self.document["codelists"][codelist]["codes"])
        return codes[:-1] if codelist in self.open_lists else codes

    def _system(self, codelist: str, found: Entry) -> str:
        annotated = kept(self.document["codelists"][codelist])
        return str(kept(found).get("system", annotated.get("system", f"{LISTS}{self.document['registry']}/{codelist}")))

    def _display(self, found: Entry, code: str) -> str:
        return str(found.get(self.base, code))

    def _option(self, codelist: str, code: str, found: Entry) -> Json:
        option: Json = self.answer(codelist, code, "value")
        marks = self._marks(found)
        own = str(next(iter(option.values())))
        label = str(found.get(self.base, own))
        if label.endswith(f" {own}"):
            marks.append({"url": f"{CORE}questionnaire-optionPrefix", "valueString": label.removesuffix(f" {own}")})
        return {"extension": marks, **option} if marks else option

    def _marks(self, found: Entry) -> list[Json]:
        marks: list[Json] = []
        if VALUE in found and _is_number(found[VALUE]):
            marks.append({"url": f"{CORE}ordinalValue", "valueDecimal": _number(found[VALUE])})
        if found.get("exclusive"):
            marks.append({"url": f"{CORE}questionnaire-optionExclusive", "valueBoolean": True})
        return marks

    def _value_set(self, codelist: str, entry: Entry) -> Json:
        annotated = kept(entry)
        made: Json = {"resourceType": "ValueSet", "id": codelist.replace("_", "-")[:64], "status": "active"}
        if "url" in annotated:
            made["url"] = annotated["url"]
        if entry.get("title"):
            made.update(translated("title", entry["title"], self.base))
        includes: list[Json] = []
        for code in self._codes(codelist):
            found = entry["codes"][code]
            system = self._system(codelist, found)
            if not includes or includes[-1]["system"] != system:
                includes.append({"system": system, "concept": []})
            includes[-1]["concept"].append(self._concept(codelist, code, found))
        made["compose"] = {"include": includes}
        return made

    def _concept(self, codelist: str, code: str, found: Entry) -> Json:
        own = str(kept(found).get("code", code))
        concept: Json = {"code": own, "display": self._display(found, own)}
        marks = self._marks(found)
        if marks:
            concept["extension"] = marks
        languages = [language for language in self.document["languages"] if language != self.base and language in found]
        if languages:
            concept["designation"] = [{"language": language, "value": found[language]} for language in languages]
        return concept


def lost_of_choices(entry: Entry) -> list[str]:
    """What of a code list has no place there."""
    attributes = [name for name in entry.get("attributes", {}) if name != VALUE]
    marks = [
        mark
        for mark in ("withdrawn", "also", "standard")
        if any(mark in code for code in entry.get("codes", {}).values())
    ]
    return attributes + marks


def _typed(kind: str, value: str) -> Any:
    return int(value) if kind == "valueInteger" else json.loads(value) if kind == "valueDecimal" else value


def _is_number(value: Any) -> bool:
    return not isinstance(value, str | bool | list)


def _number(value: Any) -> int | float:
    return int(value) if value == int(value) else float(value)
