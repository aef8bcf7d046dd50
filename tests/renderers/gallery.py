"""A form that shows every control in every state."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from engine.datatypes import DATATYPES, Choice, Entered, Facets, Missing
from engine.model.code_list import NO_MISSING
from engine.model.form import CheckSeverity, FormDef, SectionDef
from engine.model.item import ExpressionText, ItemDef
from engine.records.evaluation import Evaluation, Violation
from engine.records.form_data import FormData
from renderers.html import acknowledgement
from tests.renderers.sample import PACING, PLACES, REASONS, TOOLS, make_evaluation, text

MANY_TOOLS = TOOLS | {f"t{n}": Choice(f"t{n}", text(f"Narzędzie {n}", f"Tool {n}")) for n in range(6)}
CONTROLS: dict[str, tuple[str, str, dict[str, Any], str | None]] = {
    "text": ("text", "Oddział", {"max_length": 20}, "Kardiologia"),
    "long": ("long_text", "Opis zabiegu", {"max_length": 400}, "Bez powikłań."),
    "number": ("decimal", "Czas fluoroskopii", {"unit": "min", "decimals": 1}, "14,5"),
    "quantity": ("quantity", "Kreatynina", {"unit": "mg/dL", "units": {"umol/L": Decimal("88.42")}}, "110 umol/L"),
    "ident": ("identifier", "Numer PWZ", {"check": "npwz"}, "5425740"),
    "day": ("date", "Data wypisu", {}, "28.03.2025"),
    "partial": ("partial_date", "Data implantacji", {}, "06.2008"),
    "clock": ("time", "Godzina", {}, "09:10"),
    "moment": ("datetime", "Początek zabiegu", {}, "26.10.2025 02:30 +01:00"),
    "yes_no": ("boolean", "Zabieg pilny", {}, "true"),
    "choice": ("code", "Miejsce wykonania", {"choices": PLACES}, "hybrid"),
    "list": ("code", "Stymulacja czasowa", {"choices": PACING}, "p3"),
    "choices": ("codes", "Użyte narzędzia", {"choices": TOOLS}, "lock, mech"),
    "boxes": ("codes", "Narzędzia, długa lista", {"choices": MANY_TOOLS}, "lock, t3"),
    "lookup": ("code", "Rozpoznanie", {"open_list": True}, "T82.7"),
    "row": ("row_ref", "Elektroda", {}, "lead1"),
    "file": (
        "file",
        "Protokół",
        {"media_types": ("application/pdf",), "max_bytes": 10_000_000},
        f"{'ab' * 32} 1234567 application/pdf Protokół zabiegu.pdf",
    ),
    "note": ("note", "Wypełnia operator.", {}, None),
    "head": ("heading", "Nagłówek", {}, None),
}
STATES = {
    "empty": "Puste",
    "filled": "Wypełnione",
    "required": "Wymagane",
    "error": "Błąd",
    "warning": "Ostrzeżenie",
    "reason": "Ostrzeżenie z powodem",
    "settled": "Ostrzeżenie potwierdzone",
    "missing": "Powód braku",
    "calc": "Wyliczone",
}
SEVERITIES = {
    "error": CheckSeverity.ERROR,
    "warning": CheckSeverity.WARNING,
    "reason": CheckSeverity.WARNING_REASON,
    "settled": CheckSeverity.WARNING,
}


def gallery_item(state: str, name: str) -> ItemDef:
    type_name, label, facets, _ = CONTROLS[name]
    datatype = DATATYPES[type_name]
    made = ItemDef(
        f"{state}_{name}",
        datatype,
        text(label, f"{label} (en)"),
        hint=text("Podpowiedź pod etykietą", "Hint under the label") if state in ("empty", "error") else {},
        facets=Facets(**facets),
        missing=REASONS if state in ("missing", "filled") else NO_MISSING,
        targets=("leads",) if name == "row" else (),
        required=state == "required",
    )
    return replace(made, calculate=ExpressionText("a + b")) if state == "calc" else made


def gallery_form() -> FormDef:
    sections = []
    for state, title in STATES.items():
        names = [
            name for name in CONTROLS if state not in ("calc", "missing") or name not in ("file", "note", "head", "row")
        ]
        sections.append(SectionDef(state, text(title), tuple(gallery_item(state, name) for name in names)))
    return FormDef("gallery", text("Stany kontrolek", "States of controls"), tuple(sections))


def gallery_data(form: FormDef) -> FormData:
    found: dict[str, Entered] = {}
    for item in form.items:
        state, _, name = item.id.partition("_")
        typed = CONTROLS[name][3]
        if state == "missing":
            found[item.id] = Missing("nk")
        elif typed and state not in ("empty", "required", "calc"):
            value = item.datatype.parse(typed, item.facets)
            assert value is not None
            found[item.id] = value
    return FormData(found)


def gallery_evaluation(form: FormDef, data: FormData) -> Evaluation:
    violations, calculated = [], {}
    for item in form.items:
        state, _, name = item.id.partition("_")
        if state in SEVERITIES and name not in ("note", "head"):
            message = "130 min to dużo więcej niż zwykle (0,5–60). Sprawdź wartość i jednostkę."
            violations.append(Violation(state, SEVERITIES[state], item.id, "", message, rule="r", inputs="i"))
        if state == "calc" and name != "text":
            calculated[item.id] = item.datatype.parse(CONTROLS[name][3] or "", item.facets)
    found: Evaluation = make_evaluation(form, data, violations, calculated=calculated)
    return replace(found, required=frozenset(item.id for item in form.items if item.required is True))


def gallery_answers(evaluation: Evaluation) -> dict[str, str]:
    return {acknowledgement(each.item, each): "" for each in evaluation.violations if each.code == "settled"}
