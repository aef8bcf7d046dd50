"""Variations on the example episodes: other persons, dates, leads, tools, results, complications."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from web.demo.persons import BRANCHES, Person

Tree = dict[str, Any]  # the JSON tree of values that `ecrf evaluate` takes

MODELS = (
    ("medtronic", "CapSure Sense 4574"), ("medtronic", "CapSureFix Novus 5076"), ("biotronik", "Solia S 53"),
    ("abbott", "Tendril STS 2088TC"), ("bsc", "Ingevity 7742"),
)  # fmt: skip
CONTACTS = (("fu_1m", 31), ("fu_6m", 185), ("fu_12m", 366))  # and how many days after the procedure
OPERATORS = ("5425740", "3123456", "1314159")
TOOLS = (
    (["traction"], "traction", None, None),
    (["lock_stylet", "sheath_mech"], "sheath_mech", "10", None),
    (["lock_stylet", "sheath_mech", "sheath_rot"], "sheath_rot", "11", "Evolution RL 11F"),
    (["lock_stylet", "sheath_laser"], "sheath_laser", "14", "GlideLight 14F"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One patient to be made: the day of the procedure, how far the forms are, and what is special."""

    number: int
    person: Person
    procedure: date
    site: str
    stop: int  # how many forms are saved
    twist: str = ""


def make_episode(base: Tree, case: Case, draw: Random) -> Tree:
    """The values of all forms of an episode."""
    tree = copy.deepcopy(base)
    forms = tree["forms"]
    admitted = case.procedure - timedelta(days=draw.choice((1, 2, 3, 5, 8)))
    _patient(forms["patient"], case, draw, admitted)
    _admission(forms["admission"], case, draw, admitted)
    _device(forms["device"], case, draw)
    _baseline(forms["baseline"], case, draw)
    _indication(forms, case, admitted)
    _workup(forms["workup"], case, draw)
    _procedure(forms["procedure"], case, draw)
    _afterwards(tree, case)
    for occurrences in tree.get("events", {}).values():
        for occurrence in occurrences:
            _complications(occurrence["complications"], forms["procedure"])
    if case.twist in TWISTS:
        TWISTS[case.twist](tree, case, draw)
    return tree


def _patient(form: Tree, case: Case, draw: Random, admitted: date) -> None:
    person = case.person
    form.update(
        pesel=person.pesel, last_name=person.last_name, first_names=person.first_names, sex=person.sex,
        birth_date=person.born.isoformat(), nfz_branch=draw.choice(BRANCHES), info_clause_date=admitted.isoformat(),
    )  # fmt: skip
    form.pop("phone", None)
    if draw.random() < 0.6:
        form["phone"] = f"+48 500 000 {draw.randrange(1000):03d}"


def _admission(form: Tree, case: Case, draw: Random, admitted: date) -> None:
    form.update(
        site_id=case.site, main_book_no=f"{draw.randrange(100, 30000)}/{admitted.year}",
        adm_datetime=f"{admitted.isoformat()}T{draw.randrange(7, 16):02d}:{draw.choice((5, 20, 35, 50)):02d}",
    )  # fmt: skip


def _device(form: Tree, case: Case, draw: Random) -> None:
    first = case.procedure.year - draw.randrange(4, 19)
    form["first_cied_date"] = str(first)
    form["gen_implant_date"] = f"{max(first, case.procedure.year - draw.randrange(2, 8))}-{draw.randrange(1, 13):02d}"
    form["n_prev_proc"] = draw.randrange(1, 5)
    for lead in form["leads"]:
        maker, model = draw.choice(MODELS)
        year = first + draw.choice((0, 0, 0, 1, 2))
        precise = draw.random()
        lead["lead_implant_date"] = (
            str(year)
            if precise < 0.2
            else f"{year}-{draw.randrange(1, 13):02d}"
            if precise < 0.7
            else f"{year}-{draw.randrange(1, 13):02d}-{draw.randrange(1, 28):02d}"
        )
        if not str(lead["lead_type"]).startswith("icd"):
            lead.update(lead_manufacturer=maker, lead_model=model)


def _baseline(form: Tree, case: Case, draw: Random) -> None:
    form.update(height_cm=draw.randrange(155, 190), weight_kg=draw.randrange(58, 105), lvef=draw.randrange(25, 65))
    if (case.procedure - case.person.born).days < 65 * 365.25:
        form.pop("cfs", None)


def _indication(forms: Tree, case: Case, admitted: date) -> None:
    form = forms["indication"]
    if "inf_type" not in form:
        return
    form.update(
        inf_onset_date=f"{case.procedure - timedelta(days=21):%Y-%m}",
        inf_last_proc_date=forms["device"]["gen_implant_date"],
        abx_start_date=admitted.isoformat(),
    )
    del form["mic"][1:]  # cultures of the leads come after the procedure
    form["mic"][0]["mic_date"] = admitted.isoformat()


def _workup(form: Tree, case: Case, draw: Random) -> None:
    form["lab_date"] = (case.procedure - timedelta(days=1)).isoformat()
    form["hb"] = f"{draw.uniform(9.5, 15.5):.1f}"
    form["crp"] = f"{draw.uniform(1, 90):.1f}"


def _procedure(form: Tree, case: Case, draw: Random) -> None:
    start = datetime.combine(case.procedure, datetime.min.time()) + timedelta(
        hours=draw.randrange(8, 15), minutes=draw.choice((0, 10, 25, 40))
    )
    minutes = draw.randrange(70, 210)
    form["proc_start"] = start.isoformat(timespec="minutes")
    form["proc_end"] = (start + timedelta(minutes=minutes)).isoformat(timespec="minutes")
    form["fluoro_time_min"] = f"{draw.uniform(4, 30):.1f}"
    form["op1_npwz"] = OPERATORS[case.number % len(OPERATORS)]
    form.pop("op2_npwz", None)
    if form["dap_unit"] == "cgycm2":
        form["dap_value"] = draw.randrange(400, 6000)
    else:
        form["dap_value"] = f"{draw.uniform(5, 70):.1f}"
    for row in form["lx"]:
        row["lx_duration_min"] = f"{draw.uniform(5, 28):.1f}"
        if row.get("lx_result") == "complete":
            _tools(row, draw)


def _tools(row: Tree, draw: Random) -> None:
    tools, final, sheath, model = draw.choice(TOOLS[1:])
    row.update(lx_tools=list(tools), lx_tool_final=final)
    for name, value in (("lx_sheath_fr", sheath), ("lx_tool_model", model)):
        row.pop(name, None)
        if value is not None:
            row[name] = value


def _complications(form: Tree, procedure: Tree) -> None:
    for row in form.get("cx", ()):
        onset = datetime.fromisoformat(procedure["proc_start"]) + timedelta(minutes=52)
        row["cx_onset"] = onset.isoformat(timespec="minutes")


def _afterwards(tree: Tree, case: Case) -> None:
    forms, events = tree["forms"], tree["events"]
    forms["reimplantation"]["reimpl_date"] = _day(case, 4)
    forms["discharge"]["disch_datetime"] = f"{_day(case, 6)}T11:30"
    if "disch_abx_end" in forms["discharge"]:
        forms["discharge"]["disch_abx_end"] = _day(case, 42)
    for event, days in CONTACTS:
        contact = events.get(event, events["fu_1m"])[0]["follow_up"]
        events[event] = [
            {"follow_up": {**contact, "fu_date": _day(case, days)}, "complications": {"cx_any": False}},
        ]


def _day(case: Case, days: int) -> str:
    """A day counted from the procedure."""
    return (case.procedure + timedelta(days=days)).isoformat()


# What makes some patients special ------------------------------------------------------------------------------------


def _high_dose(tree: Tree, _case: Case, _draw: Random) -> None:
    tree["forms"]["procedure"].update(dap_value=1850, dap_unit="gycm2")


def _long(tree: Tree, _case: Case, _draw: Random) -> None:
    form = tree["forms"]["procedure"]
    start = datetime.fromisoformat(form["proc_start"])
    form["proc_end"] = (start + timedelta(minutes=505)).isoformat(timespec="minutes")


def _leads_left(tree: Tree, _case: Case, _draw: Random) -> None:
    del tree["forms"]["procedure"]["lx"][1:]


def _remnant(tree: Tree, _case: Case, _draw: Random) -> None:
    for row in tree["forms"]["procedure"]["lx"][-1:]:
        row.update(
            lx_result="partial_lt4",
            lx_remnant_cm="5.2",
            lx_remnant_site="rv",
            lx_remnant_parts=["tip"],
            lx_remnant_harm="no",
        )


def _end_first(tree: Tree, _case: Case, _draw: Random) -> None:
    form = tree["forms"]["procedure"]
    form["proc_start"], form["proc_end"] = form["proc_end"], form["proc_start"]


def _half(tree: Tree, _case: Case, _draw: Random) -> None:
    form = tree["forms"]["procedure"]
    for name in (
        "anaesthesia",
        "echo_monitor",
        "temp_pacing",
        "occl_balloon",
        "gen_removed",
        "pocket_proc",
        "dap_value",
        "dap_unit",
    ):
        form.pop(name, None)
    form["lx"] = form["lx"][:1]


def _not_known(tree: Tree, _case: Case, _draw: Random) -> None:
    tree["forms"]["device"].update(n_prev_proc={"missing": "nk"}, gen_model={"missing": "nk"})


def _other_sex(tree: Tree, case: Case, _draw: Random) -> None:
    tree["forms"]["patient"]["sex"] = "f" if case.person.sex == "m" else "m"


TWISTS: dict[str, Callable[[Tree, Case, Random], None]] = {
    "high_dose": _high_dose,
    "long": _long,
    "leads_left": _leads_left,
    "remnant": _remnant,
    "end_first": _end_first,
    "half": _half,
    "not_known": _not_known,
    "other_sex": _other_sex,
}

__all__ = ["TWISTS", "Case", "make_episode"]
