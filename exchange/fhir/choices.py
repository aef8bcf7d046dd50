"""Code lists of the choices of items: options at the item, value sets in the file, and dictionaries that are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from exchange.document import Document, Entry, annotate
from exchange.fhir.extensions import SCORES, UCUM, as_text, extensions, first, translations, value
from exchange.fhir.nodes import Choice, Choices, Node, decimal
from exchange.fhir.resources import Json, maps
from exchange.fhir.texts import Texts
from exchange.identifiers import Ids, code_like, snake

SYSTEMS: Mapping[str, str] = {
    "http://loinc.org": "LOINC",
    "http://snomed.info/sct": "SNOMED",
    "http://hl7.org/fhir/sid/icd-10": "ICD10",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD10CM",
    "http://www.whocc.no/atc": "ATC",
    UCUM: "UCUM",
}
MIXED = "mixed"  # a list of codings and others
LISTS = "https://ecrf.invalid/fhir/codelist/"  # the systems of codes that have none, where they are exported
OTHER = "other"  # the code for an answer in own words
VALUE = "value"  # the attribute that scores stand in
MAX_CODES = 20_000  # of one list


@dataclass(frozen=True, slots=True)
class _Option:
    """A choice as it stands in the file."""

    value: Any
    display: Mapping[str, str]  # in all languages
    system: str = ""
    kind: str = "valueCoding"
    score: Decimal | None = None
    exclusive: bool = False


@dataclass(slots=True)
class Lists:
    """Gathers the code lists of a definition; choices that come again share one."""

    texts: Texts
    value_sets: Mapping[str, Json]
    codelists: Document = field(default_factory=dict)
    _ids: Ids = field(default_factory=Ids)
    _made: dict[tuple[Any, ...], str] = field(default_factory=dict)
    _choices: dict[str, Choices] = field(default_factory=dict)

    def of(self, node: Node, name: str, *, open_too: bool) -> Choices | None:
        """The choices of an item; None where there are none in the file. `open_too`: with a code for other answers."""
        options = list(self._options(node))[:MAX_CODES]
        title: Json = {}
        if not options:
            title = self.value_sets.get(str(node.item.get("answerValueSet", ""))) or {}
            options = list(self._concepts(title))[:MAX_CODES]
        if not options:
            return None
        if open_too:
            label = first(node.item, "openLabel") or "Other"
            options.append(_Option(None, self.texts.same(str(label)), kind=OTHER))
        key = tuple(
            (one.system, str(one.value), one.kind, tuple(one.display.items()), one.score, one.exclusive)
            for one in options
        )
        if key not in self._made:
            self._made[key] = self._add(options, title, name)
        return self._choices[self._made[key]]

    def external(self, node: Node) -> str:
        """The code list of a value set that is not in the file."""
        url = str(node.item["answerValueSet"]).split("|")[0]
        key = ("external", url)
        if key not in self._made:
            id_ = self._ids.make(snake(url.rstrip("/").rsplit("/", 1)[-1].lstrip("#"), "list"), "list")
            self.codelists[id_] = {
                "external": id_.upper(),
                "annotations": {"fhir": {"answerValueSet": str(node.item["answerValueSet"])}},
            }
            self._made[key] = id_
        return self._made[key]

    def scored(self, codelist: str) -> None:
        """A list whose codes are calculated with needs the attribute `value`."""
        entry = self.codelists[codelist]
        if VALUE in entry.get("attributes", {}):
            return
        entry["attributes"] = {**entry.get("attributes", {}), VALUE: {"type": "number", "default": 0}}
        for choice in self._choices[codelist].entries:
            number = decimal(choice.value)
            if number is not None:
                entry["codes"][choice.code][VALUE] = _number(number)

    # what is in the file --------------------------------------------------------------------------------------------

    def _options(self, node: Node) -> Iterator[_Option]:
        for option in maps(node.item.get("answerOption")):
            kind = next((key for key in option if key.startswith("value")), None)
            if kind is None or option[kind] in (None, "", {}, []):
                continue
            found, coding = option[kind], option[kind] if isinstance(option[kind], dict) else {}
            yield _Option(
                coding.get("code", coding.get("display")) if kind == "valueCoding" else coding.get("reference", found),
                self._display(coding, found, option, kind),
                own_system(str(coding.get("system", ""))),
                kind,
                _score(option) if _score(option) is not None else _score(coding),
                first(option, "optionExclusive") is True,
            )

    def _display(self, coding: Json, found: Any, option: Json, kind: str) -> Mapping[str, str]:
        prefix = str(first(option, "optionPrefix") or first(coding, "optionPrefix") or "")
        if coding:
            code = str(coding.get("code", coding.get("reference", "")))
            return self.texts.of(coding, "display", prefix, code or as_text(coding)) or self.texts.same(as_text(coding))
        return self.texts.of({**option, kind: str(found)}, kind, prefix)

    def _concepts(self, value_set: Json) -> Iterator[_Option]:
        """Of an expansion if there is one, since filters are worked out there."""
        expansion = value_set.get("expansion")
        if isinstance(expansion, dict) and maps(expansion.get("contains")):
            for one in _flat(maps(expansion["contains"])):
                yield from self._concept(one, str(one.get("system", "")))
            return
        compose = value_set.get("compose")
        for include in maps(compose.get("include")) if isinstance(compose, dict) else ():
            for one in maps(include.get("concept")):
                yield from self._concept(one, str(include.get("system", "")))
            for url in include.get("valueSet", ()) if isinstance(include.get("valueSet"), list) else ():
                inner = self.value_sets.get(str(url))
                if inner is not None and inner is not value_set and "valueSet" not in str(inner.get("compose", "")):
                    yield from self._concepts(inner)

    def _concept(self, one: Json, system: str) -> Iterator[_Option]:
        code = one.get("code")
        if code is None or one.get("abstract") is True:
            return
        designations = [
            (str(designation.get("language", "")).split("-")[0].lower(), designation)
            for designation in maps(one.get("designation"))
        ]
        prefix = str(first(one, "optionPrefix") or "")
        display = self.texts.of(one, "display", prefix, str(code), elsewhere={language for language, _ in designations})
        for language, designation in designations:
            if (
                language in display
                and language not in translations(one, "display")
                and language != self.texts.languages[0]
            ):
                display[language] = str(designation.get("value", display[language]))
        yield _Option(
            code, display, own_system(system), score=_score(one), exclusive=first(one, "optionExclusive") is True
        )

    # what they become -----------------------------------------------------------------------------------------------

    def _add(self, options: list[_Option], title: Json, name: str) -> str:
        id_ = self._ids.make(snake(str(title.get("id") or title.get("name") or name), "list"), "list")
        entry: Entry = {}
        if title.get("title") or title.get("name"):
            entry["title"] = self.texts.of(title, "title", otherwise=str(title.get("name", "")))
        if title.get("url"):
            annotate(entry, "fhir", "url", str(title["url"]))
        systems = {one.system for one in options if one.kind != OTHER}
        if len(systems) == 1 and "" not in systems:
            annotate(entry, "fhir", "system", next(iter(systems)))
        kinds = {one.kind for one in options if one.kind != OTHER}
        if kinds != {"valueCoding"}:
            annotate(entry, "fhir", "answers", next(iter(kinds)) if len(kinds) == 1 else MIXED)
        if any(one.score is not None for one in options):
            entry["attributes"] = {VALUE: {"type": "number", "default": 0}}
        entry["codes"] = {}
        choices = [self._choice(entry, one, mixed=len(systems) > 1) for one in options]
        self.codelists[id_] = entry
        self._choices[id_] = Choices(
            id_, tuple(choice for choice in choices if choice.value is not None), "valueCoding" in kinds
        )
        return id_

    def _choice(self, entry: Entry, option: _Option, *, mixed: bool) -> Choice:
        codes: dict[str, Entry] = entry["codes"]
        wanted = OTHER if option.kind == OTHER else str(option.value)
        code = _legal(wanted, codes)
        made: Entry = dict(option.display or self.texts.same(code))
        if option.exclusive:
            made["exclusive"] = True
        if option.score is not None:
            made[VALUE] = _number(option.score)
        if code != wanted and option.kind != OTHER:
            annotate(made, "fhir", "code", wanted)
        if mixed and option.system:
            annotate(made, "fhir", "system", option.system)
        if entry.get("annotations", {}).get("fhir", {}).get("answers") == MIXED and option.kind not in (
            "valueCoding",
            OTHER,
        ):
            annotate(made, "fhir", "answers", option.kind)
        codes[code] = made
        shown = next(iter(option.display.values()), "")
        return Choice(code, option.value, option.system, shown, option.score)


def _legal(wanted: str, taken: Mapping[str, Any]) -> str:
    """The code itself if it is one of ours and not there yet, else one like it."""
    base = code_like(wanted)
    code, number = base, 2
    while code in taken:
        code, number = f"{base[:60]}_{number}", number + 1
    return code


def _flat(contains: list[Json]) -> Iterator[Json]:
    for one in contains:
        yield one
        yield from _flat(maps(one.get("contains")))


def own_system(system: str) -> str:
    """Systems that export named are none."""
    return "" if system.startswith(LISTS) else system


def _score(part: Json) -> Decimal | None:
    found = next((value(one) for one in extensions(part) if one.get("url") in SCORES), None)
    return decimal(found)


def _number(found: Decimal) -> int | Decimal:
    return int(found) if found == found.to_integral_value() else found.normalize()
