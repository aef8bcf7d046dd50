"""Small Questionnaires, what reading makes of them, and what our engine then says about answers."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.compiler import compile_definition
from engine.records.json_answer import evaluation_json
from engine.records.json_data import read_values
from engine.records.offers import evaluate_with_offers
from engine.records.session import Session
from exchange.definition_text import definition_text
from exchange.fhir.read import read
from exchange.fhir.write import write

FHIR = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


def written(folder: Path, form, name: str = "form.json") -> Path:
    """A file with a Questionnaire: a map, or its text."""
    file = folder / name
    file.write_text(form if isinstance(form, str) else json.dumps(form), encoding="utf-8")
    return file


def questionnaire(*items, **more) -> dict[str, Any]:
    return {"resourceType": "Questionnaire", "status": "active", "title": "Test", "item": list(items), **more}


def item(link: str, type_: str, **more) -> dict[str, Any]:
    return {"linkId": link, "type": type_, "text": f"Question {link}", **more}


def fhirpath(kind: str, text: str, **more) -> dict[str, Any]:
    """An extension of SDC with an expression."""
    home = FHIR if kind in ("variable", "cqf-expression") else SDC
    return {"url": home + kind, "valueExpression": {"language": "text/fhirpath", "expression": text, **more}}


def options(*codes: str, scores=()) -> list[dict[str, Any]]:
    """Codings; with scores, ordinal values."""
    made: list[dict[str, Any]] = [
        {"valueCoding": {"system": "http://example.org/codes", "code": code, "display": code.upper()}} for code in codes
    ]
    for option, score in zip(made, scores, strict=False):
        coding: dict[str, Any] = option["valueCoding"]
        coding["extension"] = [{"url": FHIR + "ordinalValue", "valueDecimal": score}]
    return made


def evaluated(folder: Path, form: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """The answer of the engine about answers, by our ids."""
    definition = folder / "definition.yaml"
    imported = read(written(folder, form))
    definition.write_text(definition_text(imported.document), encoding="utf-8")
    registry = compile_definition(definition)
    form_id = next(iter(imported.document["forms"]))
    reading = read_values(registry, form_id, None, answers)
    session = Session(
        registry, reading.subject, reading.focus, as_of=NOON, at="save", language="en", others=reading.others
    )
    answer: dict[str, Any] = evaluation_json(evaluate_with_offers(session))
    return answer


def exported(folder: Path, text: str, version: str = "R4"):
    """What a definition is as a Questionnaire."""
    definition = folder / "definition.yaml"
    definition.write_text(text, encoding="utf-8")
    return write(compile_definition(definition), version)


def minimal(entries: str, checks: str = "[]", more: str = "") -> str:
    """A definition with one of each type, and these entries after them."""
    return f"""
registry: small
version: 1.0.0
title: {{pl: Mały, en: Small}}
languages: [pl, en]
{more}
codelists:
  yn: {{attributes: {{value: number}}, codes: {{a: {{pl: Tak, en: "Yes", value: 1}}, b: {{pl: Nie, en: "No", value: 0}}}}}}
forms:
  f:
    title: {{pl: Formularz, en: Form}}
    in: patient
    sections:
      - id: s
        title: {{pl: Część, en: Part}}
        items:
          - {{id: a, type: integer, label: {{pl: A, en: A}}}}
          - {{id: x, type: decimal, decimals: 2, unit: kg, label: {{pl: X, en: X}}}}
          - {{id: b, type: boolean, label: {{pl: B, en: B}}}}
          - {{id: t, type: text, label: {{pl: T, en: T}}}}
          - {{id: d, type: date, label: {{pl: D, en: D}}}}
          - {{id: q, type: code, codelist: yn, label: {{pl: Q, en: Q}}}}
          - {{id: m, type: codes, codelist: yn, label: {{pl: M, en: M}}}}
          - group: g
            title: {{pl: G, en: G}}
            items:
              - {{id: n, type: integer, label: {{pl: N, en: N}}}}
              - {{id: k, type: boolean, label: {{pl: K, en: K}}}}
          - {entries}
    checks: {checks}
"""
