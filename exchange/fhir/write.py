"""A compiled registry -> a Questionnaire (R4, or R5): forms as its groups where there are several, rules as enableWhen and FHIRPath.

One resource and no bundle: any program that shows Questionnaires shows it, and rules may read other forms.
"""

from __future__ import annotations

import json

from engine.compiler import CompiledRegistry
from exchange.document import Document, Exported, items_of
from exchange.fhir.extensions import FORM
from exchange.fhir.linking import links_of
from exchange.fhir.outward import Writing
from exchange.fhir.resources import Json
from exchange.fhir.restoring import kept, restored
from exchange.fhir.texts_out import TextWriter, translated
from exchange.fhir.value_sets import ValueSets
from exchange.findings import Finding, Outcome, Part
from exchange.from_model import document_of
from exchange.rules.names import Catalogue

_NOT_CARRIED = {
    "events": "Visits and their schedule have no place in a Questionnaire.",
    "containers": "Parts of the record have no place in a Questionnaire.",
    "derived": "Outcomes of the whole record have no place in a Questionnaire.",
    "indicators": "Reports have no place in a Questionnaire.",
    "verification": "Verification has no place in a Questionnaire.",
    "missing": "Reasons why a value is missing have no place in a Questionnaire.",
}


def write(registry: CompiledRegistry, version: str = "R4") -> Exported:
    """The Questionnaire as JSON. `version`: R4 or R5."""
    document = document_of(registry.model)
    findings: list[Finding] = []
    base = str(next(iter(document["languages"]), "en"))
    links = links_of(registry.model, document)
    open_lists = frozenset(
        placed.entry["codelist"]
        for placed in items_of(document)
        if "codelist" in placed.entry and kept(placed.entry).get("type") == "open-choice"
    )
    value_sets = ValueSets(document, base, open_lists)
    writing = Writing(document, Catalogue(registry.model), links, value_sets, TextWriter(base), findings, version)
    resource = _questionnaire(document, writing)
    findings.extend(
        Finding(key, Part.OTHER, Outcome.DROPPED, reason) for key, reason in _NOT_CARRIED.items() if document.get(key)
    )
    return Exported((json.dumps(resource, ensure_ascii=False, indent=2) + "\n").encode(), tuple(findings))


def _questionnaire(document: Document, writing: Writing) -> Json:
    forms = document["forms"]
    alone = next(iter(forms.values())) if len(forms) == 1 else None
    made: Json = {"resourceType": "Questionnaire"}
    if alone is not None:
        made.update(restored(alone))
    made.setdefault("status", "draft")
    made["language"] = writing.texts.base
    made.setdefault("name", document["registry"])
    made.update(translated("title", document["title"], writing.texts.base))
    if alone is not None:
        if alone.get("intro"):
            made.update(translated("description", alone["intro"], writing.texts.base))
        items = writing.sections(next(iter(forms)), alone, made)
    else:
        items = [writing.form(id_, form, FORM) for id_, form in forms.items()]
    contained = writing.value_sets.contained()
    if contained:
        made["contained"] = contained
    if items:
        made["item"] = items
    return _ordered(made)


_ORDER = (
    "resourceType", "id", "meta", "language", "text", "contained", "extension", "url", "version", "name", "title",
    "_title",
)  # fmt: skip


def _ordered(made: Json) -> Json:
    """As people are used to read it."""
    first = [key for key in _ORDER if key in made]
    rest = [key for key in made if key not in _ORDER and key != "item"]
    return {key: made[key] for key in (*first, *rest, *(["item"] if "item" in made else []))}
