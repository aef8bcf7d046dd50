"""A form with every control, made by hand, with values and an evaluation: what the tests of the renderers look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any

from engine.datatypes import DATATYPES, Choice, Facets, Missing, PartialDate, Quantity, Reference, Unread
from engine.model.code_list import MissingList
from engine.model.form import CheckSeverity, FormDef, GroupDef, SectionDef
from engine.model.item import ExpressionText, ItemDef
from engine.model.metadata_version import MetaDataVersion
from engine.records.evaluation import Evaluation, ItemState, Violation
from engine.records.form_data import FormData, RowData
from renderers.html.names import levels


@dataclass(frozen=True)
class Registry:
    """As much of a compiled registry as a renderer needs."""

    model: MetaDataVersion


def text(pl, en=None):
    return {"pl": pl, "en": en or pl}


def codes(*pairs):
    return {code: Choice(code, text(pl, en)) for code, pl, en in pairs}


REASONS = MissingList(
    "clinical",
    {
        "nd": text("nie wykonano", "not done"),
        "nk": text("brak informacji", "not known"),
        "na": text("nie dotyczy", "not applicable"),
        "rf": text("odmowa pacjenta", "refused"),
        "tl": text("do uzupełnienia", "to be completed"),
    },
    frozenset({"tl"}),
)
PLACES = codes(
    ("hybrid", "Sala hybrydowa", "Hybrid room"),
    ("or_cs", "Sala kardiochirurgii", "Cardiac theatre"),
    ("ep_lab", "Pracownia elektrofizjologii", "EP laboratory"),
    ("cath_lab", "Pracownia hemodynamiki", "Catheter laboratory"),
    ("or_other", "Inna sala operacyjna", "Another theatre"),
)
TOOLS = codes(
    ("traction", "Prosta trakcja", "Simple traction"),
    ("lock", "Prowadnik blokujący", "Locking stylet"),
    ("mech", "Koszulka mechaniczna", "Mechanical sheath"),
    ("rot", "Koszulka rotacyjna", "Rotational sheath"),
    ("laser", "Koszulka laserowa", "Laser sheath"),
    ("es", "Koszulka elektrochirurgiczna", "Electrosurgical sheath"),
    ("snare", "Pętla lub koszyk", "Snare or basket"),
) | {"none": Choice("none", text("Żadne", "None"), exclusive=True)}
RESULTS = codes(
    ("complete", "Usunięta całkowicie", "Removed completely"),
    ("partial_lt4", "Fragment < 4 cm", "Part < 4 cm"),
    ("fail_ge4", "Fragment ≥ 4 cm lub nieusunięta", "Part ≥ 4 cm or not removed"),
    ("not_attempted", "Nie podjęto próby", "Not attempted"),
)
PACING = codes(*((f"p{n}", f"Sposób stymulacji czasowej {n}", f"Temporary pacing {n}") for n in range(1, 13)))


def item(id_, type_, pl, en=None, **more):
    facets = Facets(**more.pop("facets", {}))
    calculate, when, hint = more.pop("calculate", None), more.pop("when", None), more.pop("hint", None)
    if calculate:
        more["calculate"] = ExpressionText(calculate)
    if when:
        more["when"] = ExpressionText(when)
    if hint:
        more["hint"] = text(*hint)
    return ItemDef(id_, DATATYPES[type_], text(pl, en), facets=facets, **more)


def team_section():
    # long: a list of items, one after another
    return SectionDef(
        "team",
        text("Organizacja i zespół", "Organisation and team"),
        (
            item(
                "intro",
                "note",
                "Wypełnia operator albo osoba przez niego wskazana.",
                "Filled by the operator or a delegate.",
            ),
            item(
                "proc_start",
                "datetime",
                "Początek zabiegu",
                "Start of procedure",
                hint=("Nacięcie lub nakłucie", "Incision"),
            ),
            item("proc_end", "datetime", "Koniec zabiegu", "End of procedure", hint=("Zamknięcie rany", "Closure")),
            item(
                "duration",
                "integer",
                "Czas trwania zabiegu",
                "Duration",
                calculate="minutes(proc_start, proc_end)",
                facets={"unit": "min"},
            ),
            item("location", "code", "Miejsce wykonania", "Place", facets={"choices": PLACES}),
            item(
                "op1_npwz",
                "identifier",
                "Pierwszy operator",
                "First operator",
                hint=("Numer PWZ, 7 cyfr", "Licence number"),
                facets={"check": "npwz"},
            ),
            item(
                "op2_npwz",
                "identifier",
                "Drugi operator",
                "Second operator",
                hint=("Numer PWZ, 7 cyfr", "Licence number"),
                facets={"check": "npwz"},
            ),
            item("emergency", "boolean", "Zabieg w trybie pilnym", "Urgent procedure"),
            item(
                "pacing", "code", "Stymulacja czasowa", "Temporary pacing", facets={"choices": PACING}, missing=REASONS
            ),
            item(
                "diagnosis",
                "code",
                "Rozpoznanie główne",
                "Main diagnosis",
                hint=("Kod ICD-10", "ICD-10 code"),
                facets={"open_list": True},
            ),
        ),
    )


def radiation_section():
    return SectionDef(
        "radiation",
        text("Promieniowanie", "Radiation"),
        (
            item(
                "fluoro",
                "decimal",
                "Czas fluoroskopii",
                "Fluoroscopy time",
                hint=("Aparat dwupłaszczyznowy: dłuższy z czasów", "Biplane: the longer one"),
                help=text("Czas z aparatu, nie z zegara na sali.", "The time of the device, not of the clock."),
                facets={"unit": "min", "decimals": 1},
                missing=REASONS,
            ),
            item(
                "dap",
                "quantity",
                "Iloczyn dawka–powierzchnia (DAP)",
                "Dose–area product",
                hint=("Wartość i jednostka z aparatu", "As the device shows"),
                facets={"unit": "Gy.cm2", "units": {"cGy.cm2": Decimal(100), "uGy.m2": Decimal(100)}, "decimals": 3},
                missing=REASONS,
            ),
            item("creatinine", "quantity", "Kreatynina", "Creatinine", facets={"unit": "mg/dL", "decimals": 2}),
        ),
        note=text("Z raportu dawki", "From the dose report"),
    )


def leads_section():
    # long: a list of items, one after another
    return SectionDef(
        "leads",
        text("Usuwane elektrody", "Targeted leads"),
        (
            GroupDef(
                "lx",
                (
                    item(
                        "lx_lead",
                        "row_ref",
                        "Elektroda z wykazu",
                        "Lead from the list",
                        targets=("leads",),
                        hint=("Każda tylko raz", "Each only once"),
                    ),
                    item("lx_implanted", "partial_date", "Data implantacji", "Implant date"),
                    item(
                        "lx_dwell",
                        "decimal",
                        "Czas od implantacji",
                        "Dwell time",
                        calculate="years(mid(lx_implanted), date(proc_start))",
                        facets={"unit": "a", "decimals": 1},
                    ),
                    item(
                        "lx_tools",
                        "codes",
                        "Użyte narzędzia",
                        "Tools",
                        hint=("Można zaznaczyć kilka", "Several may be ticked"),
                        facets={"choices": TOOLS},
                    ),
                    item(
                        "lx_sheath",
                        "decimal",
                        "Największa koszulka",
                        "Largest sheath",
                        when="any(t in lx_tools where true)",
                        facets={"unit": "[Ch]"},
                        missing=REASONS,
                    ),
                    item(
                        "lx_result", "code", "Wynik radiologiczny", "Radiological result", facets={"choices": RESULTS}
                    ),
                    item(
                        "lx_cm",
                        "decimal",
                        "Długość pozostawionego fragmentu",
                        "Length of the remnant",
                        when="lx_result = 'partial_lt4'",
                        facets={"unit": "cm", "decimals": 1},
                    ),
                    GroupDef(
                        "steps",
                        (
                            item("step_time", "time", "Godzina", "Time"),
                            item("step_note", "text", "Opis", "Description", facets={"max_length": 80}),
                        ),
                        title=text("Kroki", "Steps"),
                        key="step_note",
                    ),
                ),
                title=text("Elektroda", "Lead"),
                key="lx_lead",
                max_rows=6,
                row_title=text("{lx_lead}, {lx_implanted}"),
            ),
        ),
    )


def rest_section():
    return SectionDef(
        "rest",
        text("Opis i załączniki", "Description and attachments"),
        (
            item("head", "heading", "Przebieg", "Course"),
            item("surgeon_note", "long_text", "Opis zabiegu", "Description", facets={"max_length": 4000}),
            item("ward", "text", "Oddział", "Ward", facets={"max_length": 20}),
            item("seen", "date", "Data opisu", "Date of the description"),
            item("start_time", "time", "Godzina rozpoczęcia znieczulenia", "Start of anaesthesia"),
            item(
                "report",
                "file",
                "Protokół zabiegu",
                "Report",
                facets={"media_types": ("application/pdf", "image/png"), "max_bytes": 10_000_000},
            ),
        ),
    )


def procedure_form():
    """The design reference's form, with every control in it."""
    return FormDef(
        "procedure",
        text("Zabieg", "Procedure"),
        (team_section(), radiation_section(), leads_section(), rest_section()),
        container="episode",
    )


def procedure_data():
    tools = ("lock", "mech", "rot")
    rows = (
        RowData(
            "a1",
            {
                "lx_lead": Reference("lead1"),
                "lx_implanted": PartialDate(2008, 6),
                "lx_tools": ("mech",),
                "lx_result": "complete",
            },
        ),
        RowData(
            "b2",
            {
                "lx_lead": Reference("lead2"),
                "lx_implanted": PartialDate(2008, 6),
                "lx_tools": tools,
                "lx_result": "partial_lt4",
                "lx_cm": Decimal("5.2"),
                "lx_sheath": Missing("nk"),
            },
            {"steps": (RowData("s1", {"step_time": time(9, 40), "step_note": "Wejście przez żyłę podobojczykową"}),)},
        ),
    )
    items: dict[str, Any] = {
        "proc_start": DATATYPES["datetime"].parse("17.03.2025 09:10", Facets()),
        "proc_end": DATATYPES["datetime"].parse("17.03.2025 11:05", Facets()),
        "location": "hybrid",
        "op1_npwz": "5425740",
        "op2_npwz": Unread("4425740", "pattern", "npwz_check", (("value", "4425740"),)),
        "emergency": False,
        "pacing": "p3",
        "diagnosis": "T82.7",
        "fluoro": Decimal("14.5"),
        "dap": Quantity(Decimal(1850), "Gy.cm2", Decimal(1850)),
        "seen": date(2025, 3, 18),
        "start_time": time(8, 50),
        "surgeon_note": "Zabieg bez powikłań.\nElektrody usunięto.",
    }
    return FormData(items, {"lx": rows})


def make_evaluation(form, data, violations=(), hidden=(), calculated=None):
    """Everything visible but `hidden`; what is filled is answered."""
    visible: set[str] = set()
    groups: set[str] = set()
    required: set[str] = set()
    states: dict[str, ItemState] = {}
    for level in levels(form, data):
        groups.update(str(level.place.path.at(group.id)) for group in level.part.groups)
        for each in level.part.items:
            path = str(level.place.path.at(each.id))
            value = level.data.items.get(each.id)
            states[path] = (
                ItemState.MISSING
                if isinstance(value, Missing)
                else ItemState.ANSWERED
                if value is not None
                else ItemState.NOT_ANSWERED
            )
            if path not in hidden:
                visible.add(path)
            if each.id in ("proc_start", "location", "lx_result", "dap"):
                required.add(path)
    if calculated is None:
        calculated = {"duration": Decimal(115), "lx[1].lx_dwell": Decimal("16.8"), "lx[2].lx_dwell": None}
    kept = frozenset(visible), frozenset(required), calculated, states
    return Evaluation(*kept, violations=tuple(violations), groups=frozenset(groups))


def violation(code, severity, path, pl, **more):
    return Violation(
        code, severity, path, path.rpartition(".")[0] if "." in path else "", pl, rule="r1", inputs="i1", **more
    )


VIOLATIONS = (
    violation(
        "pattern",
        CheckSeverity.ERROR,
        "op2_npwz",
        "Numer PWZ 4425740: nie zgadza się cyfra kontrolna. Sprawdź, czy nie przestawiono cyfr.",
    ),
    violation(
        "range_soft",
        CheckSeverity.WARNING,
        "dap",
        "1850 Gy·cm² to dużo więcej niż zwykle (0,05–300). Sprawdź jednostkę.",
    ),
    violation(
        "remnant",
        CheckSeverity.ERROR,
        "lx[2].lx_cm",
        "5,2 cm nie pasuje do wyniku „fragment < 4 cm”. Popraw długość albo wynik.",
    ),
    violation(
        "all_leads",
        CheckSeverity.WARNING_REASON,
        "lx",
        "W zakażeniu należy usunąć wszystkie elektrody. W wykazie są 3, do usunięcia wskazano 2.",
    ),
)
