# long: one table of the whole contract, read from top to bottom
"""The contract of the command line, asked from outside: values in, what is shown, calculated and violated out.

The data set's example episode is changed in one place at a time; the language is asked one expression at a time.
"""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from cli.main import main
from engine.compiler import compile_definition

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "contract"
REGISTRY = ROOT / "form_definitions" / "lead_extraction.yaml"
NOON = "2025-07-01T12:00"


@pytest.fixture(autouse=True, scope="module")
def compiled_once():
    """Many evaluations, few definitions: each text is compiled once."""
    known: dict[tuple[Path, str], Any] = {}

    def remembered(file: Path, **_: Any) -> Any:
        key = (file, file.read_text("utf-8"))
        if key not in known:
            known[key] = compile_definition(file)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cli.definitions.compile_definition", remembered)
        yield


def run(*arguments: str, given: str = "") -> Any:
    result = CliRunner().invoke(main, arguments, input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def evaluated(file: Path, form: str, values: Any, *options: str, now: str = NOON) -> Any:
    arguments = ("evaluate", str(file), "--form", form, "--now", now, *options)
    result = run(*arguments, given=json.dumps(values))
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def found(answer: Any) -> list[str]:
    return sorted(f"{v['code']} {v['item']}" for v in answer["violations"])


# The lead extraction registry --------------------------------------------------------------------------------------


@cache
def _fixture(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text("utf-8"))


def episode(*changes: tuple[str, Any]) -> Any:
    """Example A of the data set, changed: a path from `forms` (or `events`, `others`) and the new value."""
    tree = deepcopy(_fixture("episode.json"))
    for path, value in changes:
        *steps, last = path.split(".")
        place = tree if path.split(".")[0] in ("events", "others") else tree["forms"]
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[int(last) if isinstance(place, list) else last] = deepcopy(value)
    return tree


def complications(*rows: dict[str, Any]) -> tuple[str, Any]:
    """Answers to the form of complications at the procedure: its rows, told by what differs from a tamponade."""
    listed = [{**_fixture("complication.json"), **row} for row in rows]
    return "events.EV_PROC.0.F8", {"cx_any": True, "cx": listed}


EV_PROC = ("--event", "EV_PROC")
LEADS, LX = "F4.leads.1.", "F7.lx.1."
ONE_LEAD = ("F7.lx", [_fixture("episode.json")["forms"]["F7"]["lx"][0]])
PASSPORT = (
    ("F1.pat_id_type", "passport"),
    ("F1.pesel", None),
    ("F1.doc_number", "ab 12-34"),
    ("F1.doc_country", "DE"),
)
ANOTHER = {"pat_id_type": "passport", "doc_number": "AB1234", "doc_country": "DE"}
REMNANT = (
    (LX + "lx_result", "partial_lt4"),
    (LX + "lx_remnant_cm", "3.9"),
    (LX + "lx_remnant_site", "rv"),
    (LX + "lx_remnant_parts", ["tip"]),
    (LX + "lx_remnant_harm", "no"),
)

# Form, changes of the example, what is reported there, further options.
CHECKS: list[tuple[str, tuple[tuple[str, Any], ...], list[str], tuple[str, ...]]] = [
    ("F1", (), [], ()),
    ("F2", (), [], ()),
    ("F3", (), [], ()),
    ("F4", (), [], ()),
    ("F5", (), [], ()),
    ("F6", (), [], ()),
    ("F7", (), [], ()),
    ("F8", (), [], EV_PROC),
    ("F1", (("F1.pesel", "44051401358"),), ["TLE-01 pesel"], ()),  # check digit
    ("F1", (("F1.pesel", "51023100008"),), ["TLE-01 pesel"], ()),  # 31 February
    ("F1", (("F1.pesel", "51332890371"),), ["TLE-01 pesel"], ()),  # month 33
    ("F1", (("F1.pesel", "440514-01359"), ("F1.birth_date", "1944-05-14")), [], ()),
    ("F1", (("F1.pesel", "08222974109"), ("F1.birth_date", "2008-02-29"), ("F1.sex", "f"), ("F4", None)), [], ()),
    ("F1", (("F1.pesel", "02070803628"), ("F1.birth_date", "1902-07-08")), ["TLE-03 sex", "range_hard birth_date"], ()),
    ("F1", (("F1.birth_date", "1949-03-03"),), ["TLE-02 birth_date"], ()),
    ("F1", (("F1.sex", "f"),), ["TLE-03 sex"], ()),
    ("F1", (("others", [{"forms": {"F1": {"pat_id_type": "pesel", "pesel": "490302-00150"}}}]),), ["TLE-04 pat_id_type"], ()),
    ("F1", (("others", [{"forms": {"F1": {"pat_id_type": "pesel", "pesel": "44051401359"}}}]),), [], ()),
    ("F1", (*PASSPORT, ("others", [{"forms": {"F1": ANOTHER}}])), ["TLE-04 pat_id_type"], ()),
    ("F1", (*PASSPORT, ("others", [{"forms": {"F1": {**ANOTHER, "doc_country": "FR"}}}])), [], ()),
    ("F1", (*PASSPORT, ("F1.doc_country", "PL")), ["TLE-05 doc_country"], ()),
    ("F1", (("F1.doc_country", "PL"),), [], ()),  # hidden, so empty
    ("F1", (("F1.pat_id_type", "unident"),), [], ()),
    ("F1", (("F1.pat_id_type", "unident"),), ["TLE-60 pat_id_type"], ("--at", "signing")),
    ("F2", (("F2.payer", "private"),), ["TLE-06 payer"], ()),
    ("F2", (("F2.main_book_no", "4512/2024"),), ["TLE-07 main_book_no"], ()),
    ("F2", (("F2.main_book_no", "4512-2024"),), ["pattern main_book_no"], ()),
    ("F7", (("F2.adm_datetime", "2025-03-17T09:11"),), ["TLE-09 proc_start"], ()),
    ("F2", (("F2.adm_datetime", "2025-03-17T09:11"),), ["TLE-09 proc_start"], ()),
    ("F7", (("F2.adm_datetime", "2025-03-17T09:10"),), [], ()),
    ("F7", (("F2", None),), [], ()),
    ("F7", (("F7.proc_end", "2025-03-17T17:11"),), ["TLE-10 proc_duration_min"], ()),
    ("F7", (("F7.proc_end", "2025-03-17T17:10"),), ["range_soft proc_duration_min"], ()),
    ("F4", ((LEADS + "lead_implant_date", "2025-04"),), ["TLE-13 leads[2].lead_implant_date", "TLE-33 lx[2].lx_tools"], ()),
    ("F4", ((LEADS + "lead_implant_date", "2025-03"), (LX + "lx_tools", ["lock_stylet"]), (LX + "lx_tool_final", "lock_stylet")), [], ()),
    ("F4", ((LEADS + "lead_implant_date", "2025-04"), ("F7", None)), [], ()),
    ("F1", ((LEADS + "lead_implant_date", "1948"),), ["TLE-14 leads[2].lead_implant_date"], ()),
    ("F1", ((LEADS + "lead_implant_date", "1949"),), [], ()),
    ("F4", ((LEADS + "lead_implant_date", "2007"),), ["TLE-15 leads[2].lead_implant_date"], ()),
    ("F4", ((LEADS + "lead_implant_date", "2008"),), [], ()),
    ("F4", ((LEADS + "lead_no", 1), ("F7", None)), ["TLE-16 leads[1].lead_no", "TLE-16 leads[2].lead_no"], ()),
    ("F4", (("F4.cied_type", "crt_d"),), ["TLE-17 cied_type", "TLE-18 cied_type"], ()),
    ("F4", (("F4.cied_type", "icd_vr"), (LEADS + "lead_type", "icd_dc")), [], ()),
    ("F4", (("F4.cied_type", "crt_p"), (LEADS + "lead_type", "cs_lv"), (LEADS + "lead_site", "cs_lat")), [], ()),
    ("F4", ((LEADS + "lead_site", "raa"),), ["TLE-19 leads[2].lead_site"], ()),
    ("F4", ((LEADS + "lead_site", "unk"),), [], ()),
    ("F4", (("F4.cied_type", "leads_only"), (LEADS + "lead_status", "abandoned")), ["TLE-20 leads[1].lead_status"], ()),
    ("F5", (("F5.ind_other", ["infection", "pain"]),), ["TLE-21 ind_other"], ()),
    ("F5", (("F5.bc_sets_n", 1), ("F5.bc_pos_n", 1)), ["TLE-22 bc_sets_n"], ()),
    ("F5", (("F5.bc_sets_n", 1), ("F5.bc_pos_n", 1), ("F5.ind_primary", "pain")), [], ()),  # hidden, so empty
    ("F5", (("F5.bc_pos_n", 5),), ["TLE-23 bc_pos_n"], ()),
    ("F5", (("F5.inf_type", "bact"), ("F5.bc_pos_n", 0)), ["TLE-24 inf_type"], ()),
    ("F5", (("F5.inf_type", "bact"), ("F5.bc_pos_n", 1)), [], ()),
    ("F5", (("F5.vegetation", "no"),), ["TLE-25 vegetation"], ()),
    ("F5", (("F5.vegetation", "no"), ("F5.pet_ct", "both")), [], ()),
    ("F5", (("F6.tee_pre", False), ("F7.echo_monitor", ["ice"])), ["TLE-26 tee_pre"], ()),
    ("F6", (("F6.tee_pre", False), ("F7.echo_monitor", ["ice"])), ["TLE-26 tee_pre"], ()),
    ("F7", (("F6.tee_pre", False), ("F7.echo_monitor", ["ice"])), ["TLE-26 tee_pre"], ()),
    ("F6", (("F6.tee_pre", False),), [], ()),
    ("F3", (("F3.af_history", "perm"),), ["TLE-59 oac_type"], ()),
    ("F3", (("F3.af_history", "perm"), ("F3.oac_type", "warfarin"), ("F3.oac_mgmt", "bridged")), [], ()),
    ("F6", (("F6.lab_date", "2025-03-02"),), ["range_soft lab_date"], ()),
    ("F6", (("F6.lab_date", "2025-03-18"),), ["range_hard lab_date"], ()),
    ("F7", ((LX + "lx_lead_ref", "9"),), ["TLE-27 lx[2].lx_lead_ref"], ()),
    ("F7", ((LX + "lx_lead_ref", 9),), ["TLE-27 lx[2].lx_lead_ref"], ()),
    ("F7", ((LX + "lx_lead_ref", 1),), ["TLE-27 lx[1].lx_lead_ref", "TLE-27 lx[2].lx_lead_ref"], ()),
    ("F7", (("F7.lx", []), ("F5", None)), ["TLE-28 n_leads_targeted"], ()),
    ("F7", (ONE_LEAD,), ["TLE-29 n_leads_targeted"], ()),
    ("F4", (ONE_LEAD,), ["TLE-29 n_leads_targeted"], ()),
    ("F5", (ONE_LEAD,), ["TLE-29 n_leads_targeted"], ()),
    ("F7", (ONE_LEAD, ("F5.ind_primary", "pain")), [], ()),
    ("F7", REMNANT, [], ()),
    ("F7", (*REMNANT, (LX + "lx_remnant_cm", "4.0")), ["TLE-30 lx[2].lx_remnant_cm"], ()),
    ("F7", (*REMNANT, (LX + "lx_result", "fail_ge4")), ["TLE-30 lx[2].lx_remnant_cm"], ()),
    ("F7", ((LX + "lx_tool_final", "snare"),), ["TLE-31 lx[2].lx_tool_final"], ()),
    ("F7", ((LX + "lx_result", "not_attempted"),), [], ()),
    ("F7", ((LX + "lx_approach_final", "femoral"),), ["TLE-32 lx[2].lx_approach_final"], ()),
    ("F7", ((LEADS + "lead_implant_date", "2024-09-02"),), ["TLE-33 lx[2].lx_tools"], ()),
    ("F7", ((LX + "lx_duration_min", "90"), ("F7.proc_end", "2025-03-17T10:59")), ["TLE-34 proc_duration_min"], ()),
    ("F7", ((LX + "lx_duration_min", "90"), ("F7.proc_end", "2025-03-17T11:00")), [], ()),
    ("F7", (("F7.fluoro_time_min", "50.1"), ("F7.proc_end", "2025-03-17T10:00")), ["TLE-48 fluoro_time_min"], ()),
    ("F7", (("F7.dap_value", "4"),), ["TLE-49 dap_gycm2"], ()),
    ("F7", (("F7.dap_value", "5"),), ["range_soft dap_gycm2"], ()),
    ("F7", (("F7.dap_value", "30001"),), ["TLE-49 dap_gycm2"], ()),
    ("F7", (("F7.op1_npwz", "4425740"),), ["TLE-57 op1_npwz"], ()),
    ("F7", (("F7.op2_npwz", "5425740"),), ["TLE-57 op1_npwz"], ()),
    ("F7", (("F7.op1_npwz", "54 257-40"), ("F7.op2_npwz", "1314159")), [], ()),
    ("F8", (complications({}),), [], EV_PROC),
    ("F8", (complications({}, {"cx_treatment": ["cpr"]}),), ["TLE-35 cx[2].cx_treatment"], EV_PROC),
    ("F8", (complications({"cx_treatment": ["cpr"], "cx_outcome": "death"}),), ["TLE-41 cx_any"], EV_PROC),
    ("F8", (complications({"cx_type": "haemothorax", "cx_treatment": ["cpr"]}),), ["TLE-36 cx[1].cx_treatment"], EV_PROC),
    ("F8", (complications({"cx_severity": "minor"}),), ["TLE-37 cx[1].cx_severity"], EV_PROC),
    ("F8", (complications({"cx_type": "other", "cx_severity": "minor"}),), [], EV_PROC),
    ("F8", (complications({"cx_onset": "2025-03-17T06:10"}),), [], EV_PROC),
    ("F8", (complications({"cx_onset": "2025-03-17T06:09"}),), ["TLE-38 cx[1].cx_onset"], EV_PROC),
    ("F7", (complications({}, {"cx_onset": "2025-03-17T13:06"}),), ["TLE-38 cx[2].cx_onset"], EV_PROC),
    ("F8", (complications(),), ["TLE-40 cx_any"], EV_PROC),
    ("F7", (complications({}), ("F7.surg_backup", "none")), ["TLE-42 surg_backup"], ()),
    ("F8", (complications({}), ("F7.surg_backup", "none")), ["TLE-42 surg_backup"], EV_PROC),
    ("F8", (complications({}), ("F7.surg_backup", "none"), ("events.EV_DISCH", [{"F8": {"cx_any": False}}])), ["TLE-42 surg_backup"], ("--event", "EV_DISCH")),
]  # fmt: skip


@pytest.mark.parametrize(("form", "changes", "reported", "options"), CHECKS)
def test_check_of_the_data_set(form, changes, reported, options):
    assert found(evaluated(REGISTRY, form, episode(*changes), *options)) == reported


SEVERITIES = {
    "error": {*(1, 2, 4, 6, 8, 9, 11, 13, 14, 16, 20, 21, 23, 24, 27, 28, 30, 31, 35, 36), *range(38, 42), 48, *range(50, 54), 55, 56, 57, 60},
    "warning": {5, 7, 10, 12, 17, 18, 19, 22, 26, 32, 33, 34, 44, 45, 47, 49, 54, 58, 59},
    "warning_reason": {3, 15, 25, 29, 37, 42, 43, 46},
}  # fmt: skip


def test_severities_of_the_data_set():
    texts = REGISTRY.read_text("utf-8").split("- id: TLE-")[1:]
    told = {int(text[:2]): text.split("severity: ")[1].split()[0] for text in texts}
    assert told == {number: severity for severity, numbers in SEVERITIES.items() for number in numbers}


@pytest.mark.parametrize(
    ("implanted", "dwell", "category", "band"),
    [
        ("2009", "15.7", "extraction", "y10_20"),
        ("2018-05", "6.8", "extraction", "y1_10"),
        ("2024-09-02", "0.5", "explant", "lt1"),
        ("2025", "0", "explant", "lt1"),
        ("2015-03-18", "10", "extraction", "y1_10"),
        ("2015-03-17", "10", "extraction", "y10_20"),
        ("2024-03-18", "1", "explant", "lt1"),
        ("2024-03-17", "1", "extraction", "y1_10"),
    ],
)
def test_dwell_time_category_and_band(implanted, dwell, category, band):
    tree = episode(
        ("F4.leads.0.lead_implant_date", implanted),
        ONE_LEAD,
        ("F7.lx.0.lx_tools", ["traction"]),
        ("F7.lx.0.lx_tool_final", "traction"),
    )
    shown = evaluated(REGISTRY, "F7", tree)["calculated"]
    assert (shown["max_dwell_y"], shown["lx[1].lx_category"], shown["dwell_band"]) == (dwell, category, band)


@pytest.mark.parametrize(
    ("born", "sex", "value", "unit", "egfr"),
    [
        ("1960-01-01", "m", 100, "umol_l", "72"),
        ("1960-01-01", "f", 100, "umol_l", "54"),
        ("1985-01-01", "f", 60, "umol_l", "113"),
        ("1945-01-01", "m", 300, "umol_l", "18"),
        ("2017-01-01", "m", 45, "umol_l", "97"),  # by height
        ("1949-03-02", "x", "1.10", "mg_dl", None),
    ],
)
def test_filtration(born, sex, value, unit, egfr):
    tree = episode(
        ("F1.birth_date", born),
        ("F1.sex", sex),
        ("F3.height_cm", 120),
        ("F6.crea_value", value),
        ("F6.crea_unit", unit),
    )
    assert evaluated(REGISTRY, "F6", tree)["calculated"]["egfr"] == egfr


@pytest.mark.parametrize(
    ("dose", "unit", "normalised"),
    [
        (2450, "cgycm2", "24.5"),
        (2450, "ugym2", "24.5"),
        ("1", "gycm2", "1"),
        (1000, "mgycm2", "1"),
        (0.1, "mgym2", "1"),
        (10, "dgycm2", "1"),
    ],
)
def test_dose_area_product(dose, unit, normalised):
    answer = evaluated(REGISTRY, "procedure", {"dap_value": dose, "dap_unit": unit})
    assert answer["calculated"]["dap_gycm2"] == normalised


@pytest.mark.parametrize(
    ("start", "end", "minutes", "reported"),
    [
        ("2025-03-30T01:30", "2025-03-30T03:30", "60", []),  # the hour from 2 to 3 is left out
        ("2025-10-26T01:30", "2025-10-26T03:30", "180", []),  # the hour from 2 to 3 comes twice
        ("2025-10-26T02:15+02:00", "2025-10-26T02:15+01:00", "60", []),
        ("2025-03-17T08:10Z", "2025-03-17T11:05+01:00", "115", []),
        ("2025-10-26T01:30", "2025-10-26T02:30", None, ["type proc_end"]),  # which of the two?
        ("2025-03-30T02:30", "2025-03-30T03:30", None, ["type proc_start"]),  # was never shown
    ],
)
def test_duration_on_the_nights_of_clock_change(start, end, minutes, reported):
    answer = evaluated(REGISTRY, "F7", {"proc_start": start, "proc_end": end}, now="2025-12-01T12:00")
    assert answer["calculated"]["proc_duration_min"] == minutes
    assert [line for line in found(answer) if line.startswith("type")] == reported


def test_example_a():
    tree = episode()
    device = evaluated(REGISTRY, "device", tree)["calculated"]
    assert (device["leads[1].lead_dwell_y"], device["leads[2].lead_dwell_y"], device["n_leads_in_situ"]) == (
        "16.8",
        "16.8",
        "2",
    )
    answer = evaluated(REGISTRY, "procedure", tree, *EV_PROC)
    assert answer["complete"]
    expected = {"proc_duration_min": "115", "dap_gycm2": "18.5", "dwell_band": "y10_20", "sum_dwell_y": "33.6"}
    assert expected.items() <= answer["calculated"].items()
    assert answer["derived"]["out_complete_hardware"]["value"] is True
    assert evaluated(REGISTRY, "F3", tree)["calculated"] == {"age_at_proc": "76", "bmi": "27.7"}
    assert evaluated(REGISTRY, "F5", tree)["calculated"] == {"ind_is_infection": True, "inf_interval_d": "250"}
    assert evaluated(REGISTRY, "F6", tree)["calculated"] == {
        "crea_umol": "97.3", "egfr": "70", "anaemia": True, "safety_tle_high": False
    }  # fmt: skip
    planned = {event["id"]: (event["date"], event["state"]) for event in answer["events"]}
    assert planned["fu_6m"] == ("2025-09-16", "planned")
    assert planned["fu_1m"] == ("2025-04-16", "overdue")


def test_example_b():
    lead = {**_fixture("episode.json")["forms"]["F4"]["leads"][0], "lead_type": "icd_dc", "lead_site": "rv_apex"}
    changes = (
        ("F1.sex", "f"),
        ("F1.birth_date", "1978-11-20"),
        ("F2.adm_datetime", "2025-06-01T10:00"),
        ("F4.cied_type", "icd_vr"),
        ("F4.first_cied_date", "2006"),
        ("F4.leads", [{**lead, "lead_implant_date": "2006"}]),
        ("F5.ind_primary", "malfunction"),
        ("F7.proc_start", "2025-06-02T09:10"),
        ("F7.proc_end", "2025-06-02T11:05"),
        ONE_LEAD,
        *((path.replace("lx.1", "lx.0"), value) for path, value in REMNANT),
        ("F7.lx.0.lx_remnant_cm", "1.5"),
        complications({"cx_onset": "2025-06-02T10:00"}),
    )
    answer = evaluated(REGISTRY, "F7", episode(*changes), *EV_PROC)
    assert found(answer) == []
    assert (answer["calculated"]["max_dwell_y"], answer["calculated"]["n_leads_complete"]) == ("18.9", "0")
    assert answer["derived"]["lx[1].out_lead_class"]["value"] == "partial"
    assert "fu_6m" in {event["id"] for event in answer["events"]}  # a major complication
    for change, code in (
        (("F7.lx.0.lx_remnant_cm", 5), "TLE-30 lx[1].lx_remnant_cm"),
        (("F7.surg_backup", "none"), "TLE-42 surg_backup"),
    ):
        assert found(evaluated(REGISTRY, "F7", episode(*changes, change), *EV_PROC)) == [code]


@pytest.mark.parametrize(
    ("form", "options", "place"),
    [("F7", (), {"form": "complications", "event": "procedure[1]"}), ("F8", EV_PROC, {})],
)
def test_a_violation_of_another_form_names_it(form, options, place):
    tree = episode(complications({}, {"cx_onset": "2025-03-17T13:06"}))
    (told,) = evaluated(REGISTRY, form, tree, *options)["violations"]
    assert (told["code"], told["item"], told["row"]) == ("TLE-38", "cx[2].cx_onset", "cx[2]")
    assert {key: told[key] for key in ("form", "event") if key in told} == place


@pytest.mark.parametrize("form", ["F1", "F2", "F3", "F4", "F5", "F6", "F7"])
def test_json_schema_accepts_what_evaluate_accepts(form):
    schema = json.loads(run("render", "json-schema", str(REGISTRY), "--form", form).stdout)
    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(episode()["forms"][form])) == []
    assert list(Draft202012Validator(schema).iter_errors({"no_such_item": 1}))


@pytest.mark.parametrize("form", ["F4", "F8"])
@pytest.mark.parametrize("language", ["pl", "en"])
def test_html_is_a_page(form, language):
    page = run("render", "html", str(REGISTRY), "--form", form, "--language", language).stdout
    assert page.startswith("<!doctype html>")
    assert f'<html lang="{language}"' in page


# The language: one expression at a time ---------------------------------------------------------------------------

ROWS = {
    "g": [
        {"k": "a", "gi": 1, "gb": True, "h": [{"hi": 1, "hc": "a"}, {"hi": 2, "hc": "b"}]},
        {"k": "b", "gb": False, "h": []},
        {"k": "c", "gi": 5, "gc": "a", "h": [{"hi": 7, "hc": "a", "hm": ["a", "b"]}]},
    ]
}
DAYS = {"day1": "2008-02-29", "day2": "2025-02-28", "dt1": "2025-03-30T01:59", "dt2": "2025-03-30T03:00"}

# What is given; type, expression and its value.
EXPRESSIONS: list[tuple[dict[str, Any], dict[str, dict[str, Any]]]] = [
    (
        {"b1": True, "x1": {"missing": "nk"}},
        {
            "boolean": {
                "b1 and b2": None, "b1 or b2": True, "not b2": None, "b2 and not b1": False, "b2 or not b1": None,
                "b2 = b2": None, "n1 != 3": None, "c1 in ('a', 'b')": None, "t1 = ''": None, "n1 + 1 > 0": None,
                "(b2 or b1) is true": True, "b2 is unknown": True, "b2 is true": False, "b2 is false": False,
                "filled(b2)": False, "empty(b2)": True, "filled(x1)": False, "empty(x1)": True,
                "missing_reason(x1) = 'nk'": True, "missing_reason(b1) = 'nk'": False, "missing_reason(b2) != 'nk'": True,
                "missing_reason(b2) in ('nk', 'tl')": False, "filled(missing_reason(b2))": False,
                "'a' in m1": False, "not 'a' in m1": True, "c1 in m1": None,
            },
            "integer": {
                "x1 + 1": None, "if(b2, 1, 2)": None, "if(b1, 1, 2)": "1", "if(b2 is true, 1, 2)": "2",
                "coalesce(n1, 7)": "7", "coalesce(n1, n2)": None,
            },
        },
    ),
    (
        {},
        {
            "boolean": {"any(g where gi > 1)": False, "all(g where gi > 1)": True, "unique(g.k)": True},
            "integer": {
                "count(g)": "0", "sum(g.gi)": "0", "min(g.gi)": None, "max(g.gi)": None, "mean(g.gi)": None,
                "first(g.gi)": None, "last(g.gi)": None, "sum(g.h.hi)": "0", "count(o in distinct(g.gc))": "0",
            },
        },
    ),
    (
        ROWS,
        {
            "boolean": {
                "any(g where gi > 4)": True, "any(g where gi > 9)": None, "all(g where gi < 9)": None,
                "all(g where gi > 2)": False, "any(g where gb)": True, "all(g where gb)": False,
                "any(o in distinct(g.h.hc) where attr(o, 'flag'))": True,
                "any(g.h where any(t in hm where attr(t, 'flag')))": True,
            },
            "integer": {
                "count(g where gi > 0)": "2", "count(g where gi > 9)": "0", "sum(g.gi)": None, "min(g.gi)": None,
                "sum(g.gi where filled(gi))": "6", "max(g.gi where filled(gi))": "5", "mean(g.gi where filled(gi))": "3",
                "last(g.gi)": "5", "first(g.gi where gi > 1)": "5", "count(g.h)": "3", "sum(g.h.hi)": "10",
                "count(g.h where gi = 1)": "2", "count(g.h where hi > gi)": "2", "sum(g: sum(h.hi))": "10",
                "count(g where any(h where hi > outer.gi) is true)": "2", "count(o in distinct(g.h.hc))": "2",
                "sum(o in distinct(g.h.hc): attr(o, 'w'))": "3", "sum(g.h: sum(t in hm: attr(t, 'w')))": "3",
                "count(o in distinct(g.h.hc) where count(g.h where hc = o) > 1)": "1",
                "last(g.gi where filled(gi) by k)": "5", "first(g.gi where filled(gi) by -gi)": "5",
            },
        },
    ),
    (
        {"g": [{"gi": {"missing": "nk"}}, {"gi": 3}]},
        {
            "boolean": {"any(g where gi > 0)": True, "all(g where gi > 0)": None},
            "integer": {"sum(g.gi)": None, "count(g where gi > 0)": "1"},
        },
    ),
    (
        {"m1": ["a", "c"], "c1": "b"},
        {
            "boolean": {
                "attr(c1, 'flag')": False, "attr(c1, 'txt') = ''": True, "attr(c2, 'flag')": None, "'b' in m2": False,
                "has_any(m1, ('b', 'c'))": True, "c1 in m1": False, "any(t in m1 where attr(t, 'flag'))": True,
            },
            "integer": {"sum(t in m1: attr(t, 'w'))": "1", "count(t in m1)": "2", "attr(c1, 'w')": "2"},
        },
    ),
    (
        {"n1": 4, "d1": "1", "d2": "0"},
        {
            "boolean": {
                "1 / 3 = 0.3333333333333333333333333333333333": True, "1 / 3 * 3 = 1": False,
                "2 / 3 = 0.6666666666666666666666666666666667": True,
            },
            "decimal": {
                "0.1 + 0.2": "0.3", "d1 / d2": None, "round(2.5, 0)": "3", "round(-2.5, 0)": "-3",
                "round(0.125, 2)": "0.13", "round(1250, -2)": "1300", "2 ^ 0.5": "1.4142135623730950488",
                "sqrt(-1)": None, "exp(1)": "2.7182818284590452354", "ln(0)": None, "10 ^ 999999999": None,
                "10 ^ -999999999": "0", "-2 ^ 2": "-4", "2 ^ 3 ^ 2": "512", "8 / 2 / 2": "2", "max(1, n2)": None,
                "least(1, n2)": "1", "123456789012345678901234567890 + 0.00001": "123456789012345678901234567890",
                "fourfold(n1) + 1": "17", "let A = n1 + 1, B = A * 2: A + B": "15", "param(limit)": "20",
            },
        },
    ),
    (
        DAYS,
        {
            "integer": {
                "days(day1, day2)": "6209", "days(day2, day1)": "-6209", "completed_years(day1, day2)": "16",
                "minutes(dt1, dt2)": "1", "days(dt1, day2)": "-30",
            },
            "boolean": {"dt1 > day1": True, "dt1 < day2": False},
            "date": {
                "date(dt1)": "2025-03-30", "make_date(2024, 2, 30)": None, "add_months(day1, 12)": "2009-02-28",
                "today()": "2025-07-01",
            },
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("given", "asked"), EXPRESSIONS)
def test_expressions(given, asked, tmp_path):
    wanted = [(kind, text, value) for kind, values in asked.items() for text, value in values.items()]
    assert dict(zip((text for _, text, _ in wanted), _answers(tmp_path, given, wanted), strict=True)) == {
        text: value for _, text, value in wanted
    }


def _answers(folder: Path, given: dict[str, Any], wanted: list[tuple[str, str, Any]]) -> list[Any]:
    lines = []
    for number, (kind, text, _) in enumerate(wanted):
        extra = {"decimal": "decimals: 20, ", "date": "live: true, " if "today" in text else ""}.get(kind, "")
        label = "label: {pl: a, en: a}"
        lines.append(f"          - {{id: r{number}, type: {kind}, {extra}{label}, calculate: {json.dumps(text)}}}\n")
    file = folder / "asked.yaml"
    file.write_text((FIXTURES / "expressions.yaml").read_text("utf-8") + "".join(lines), "utf-8")
    calculated = evaluated(file, "f", given)["calculated"]
    return [calculated[f"r{number}"] for number in range(len(wanted))]


# Two partial dates and what = != < <= > >= say: + true, - false, ? open.
PARTIAL = [
    ("2008", "2008", "??????"),
    ("2008", "2009", "-+++--"),
    ("2008-06", "2008-07", "-+++--"),
    ("2008", "2008-06", "??????"),
    ("2008-06-15", "2008-06-15", "+--+-+"),
    ("2008", "2008-01-01", "??-??+"),
    ("2008", "2008-12-31", "???+-?"),
    ("2008", "2007-12-31", "-+--++"),
]


@pytest.mark.parametrize(("left", "right", "verdicts"), PARTIAL)
def test_partial_dates_compare_over_all_completions(left, right, verdicts, tmp_path):
    wanted = [("boolean", f"p1 {sign} p2", None) for sign in ("=", "!=", "<", "<=", ">", ">=")]
    answers = _answers(tmp_path, {"p1": left, "p2": right}, wanted)
    assert "".join({True: "+", False: "-", None: "?"}[answer] for answer in answers) == verdicts


@pytest.mark.parametrize(
    ("partial", "bounds"),
    [
        ("2008", ["2008-01-01", "2008-07-01", "2008-12-31"]),
        ("2008-02", ["2008-02-01", "2008-02-15", "2008-02-29"]),
        ("2007-02", ["2007-02-01", "2007-02-15", "2007-02-28"]),
        ("2008-02-29", ["2008-02-29"] * 3),
    ],
)
def test_bounds_of_a_partial_date(partial, bounds, tmp_path):
    wanted = [("date", f"{name}(p1)", None) for name in ("earliest", "mid", "latest")]
    assert _answers(tmp_path, {"p1": partial}, wanted) == bounds


# Values that are no value of their type.
@pytest.mark.parametrize(
    ("item", "value", "code"),
    [
        ("n1", "5.0", None), ("n1", 5.5, "type"), ("n1", "abc", "type"), ("n1", True, "type"), ("n1", [1], "type"),
        ("n1", "1e3", "type"), ("n1", "9" * 38, "type"), ("d1", "NaN", "type"), ("d1", "1.1234567", "type"),
        ("d1", 0.1, None), ("b1", 1, "type"), ("b1", "true", "type"), ("b1", {"missing": "nk"}, None),
        ("b1", {"missing": "zz"}, "missing_not_allowed"), ("b2", {"missing": "nk"}, "missing_not_allowed"),
        ("c1", "zz", "not_in_list"), ("c1", 1, "type"), ("c1", ["a"], "type"), ("m1", "a", "type"), ("m1", [], None),
        ("m1", ["a", "none"], "exclusive"), ("m1", ["none"], None), ("m1", ["zz"], "not_in_list"), ("t1", 5, "type"),
        ("t1", "a\u0000b", "type"), ("p1", "2008-13", "type"), ("p1", "2008-02-30", "type"), ("day1", "2025-02-30", "type"),
        ("day1", "2025-02-03T00:00", "type"), ("dt1", "2025-03-17T23:60", "type"), ("tm1", "24:00", "type"),
        ("g", "x", "type"), ("g", [1], "type"), ("no_such", 1, "unknown_item"), ("n1", None, None), ("t1", "  ", None),
    ],
)  # fmt: skip
def test_wrong_values(item, value, code):
    reported = found(evaluated(FIXTURES / "expressions.yaml", "f", {item: value}))
    assert reported == ([f"{code} {item}"] if code else [])


def test_forms_at_the_top_are_told_where_they_belong():
    """Whoever names a form or event where items belong is told how values of several forms are given."""
    definition = FIXTURES / "follow_ups.yaml"
    said = {
        v["item"]: v["message"] for v in evaluated(definition, "fup", {"fup": {}, "every": [], "x": 1}, "--language", "en")["violations"]
        if v["code"] == "unknown_item"
    }  # fmt: skip
    assert said["fup"].endswith("""given like this: {"forms": {"fup": {…}}}.""")
    assert said["every"].endswith("""given like this: {"events": {"every": [{"fup": {…}}]}}.""")
    assert "has no item" in said["x"]


# What a calculation gives -> the value that is told, and what is said of it.
@pytest.mark.parametrize(
    ("item", "rule", "value", "reported"),
    [
        ("type: integer", "n1 / 2", "2.5", ["type r"]),
        ("type: integer", "n1 * 2", "10", []),
        ("type: decimal, decimals: 1", "n1 / 4", "1.25", ["type r"]),
        ("type: decimal, decimals: 1", "round(n1 / 4, 1)", "1.3", []),
        ("type: decimal, decimals: 1, range: {hard: [0, 1]}", "n1 / 4", "1.25", ["range_hard r", "type r"]),
        ("type: quantity, decimals: 0, unit: {store: mg, also: {g: {per_store: 0.001}}}", "n1 / 2", "2.5", ["type r"]),
        ("type: text, length: 3", "concat('ab', t1)", "abcd", ["length r"]),
        ("type: date", "add_days(day1, 90000)", "2271-06-01", ["type r"]),
        ("type: code, codelist: cl", "t1", "cd", ["not_in_list r"]),
    ],
)
def test_a_calculated_value_is_held_to_its_type(item, rule, value, reported, tmp_path):
    file = tmp_path / "asked.yaml"
    line = f"          - {{id: r, {item}, label: {{pl: a, en: a}}, calculate: {json.dumps(rule)}}}\n"
    file.write_text((FIXTURES / "expressions.yaml").read_text("utf-8") + line, "utf-8")
    answer = evaluated(file, "f", {"n1": "5", "t1": "cd", "day1": "2025-01-01"})
    assert (answer["calculated"]["r"], found(answer), answer["complete"]) == (value, reported, not reported)


# Events, earlier records, references ------------------------------------------------------------------------------

FOLLOW_UPS = FIXTURES / "follow_ups.yaml"


def follow_ups(*records: dict[str, Any]) -> Any:
    devices = [{"dk": "A", "dmodel": "MA"}, {"dk": "B", "dmodel": "MB"}]
    main_form = {"start": "2025-01-01", "dev": devices}
    return {"forms": {"main": main_form}, "events": {"EV_FU": [{"fup": record} for record in records]}}


SERIES = follow_ups({"fdate": "2025-02-01", "fv": 3}, {"fdate": "2025-03-01"}, {"fdate": "2025-02-15", "fv": 8})


@pytest.mark.parametrize(
    ("options", "previous", "reported"),
    [
        ((), None, ["UP fdate"]),  # the last one is meant; the record before it lacks the value
        (("--event", "fu[1]"), None, []),
        (("--event", "EV_FU[2]"), "3", []),
        (("--event", "EV_FU[4]"), "8", []),  # a new one
    ],
)
def test_event_and_the_record_before(options, previous, reported):
    answer = evaluated(FOLLOW_UPS, "fup", SERIES, *options)
    assert answer["calculated"]["pv"] == previous
    assert found(answer) == reported


def test_last_known_value_and_others_of_the_patient():
    tree = {**SERIES, "episodes": [{"forms": {"main": {"start": f"{year}-01-01"}}} for year in (2020, 2026)]}
    calculated = evaluated(FOLLOW_UPS, "main", tree)["calculated"]
    assert (calculated["n_fu"], calculated["lastv"], calculated["exfu"], calculated["otherstart"]) == (
        "3",
        "8",
        True,
        "1",
    )


@pytest.mark.parametrize(
    ("reference", "model", "reported"),
    [
        ("B", "MB", []),
        (1, "MA", []),
        ({"ref": "main.dev[2]"}, "MB", []),
        ({"ref": "EV_B[1].main.dev[2]"}, "MB", []),
        ("Z", None, ["not_in_list dref"]),
        (3, None, ["not_in_list dref"]),
        ({"ref": "fu[1].fup"}, None, ["not_in_list dref"]),  # a record, where a row of `dev` is wanted
        (True, None, ["type dref"]),
        ({"zz": 1}, None, ["type dref"]),
    ],
)
def test_row_reference(reference, model, reported):
    answer = evaluated(FOLLOW_UPS, "fup", follow_ups({"dref": reference}))
    assert (answer["calculated"]["dmod"], found(answer)) == (model, reported)


@pytest.mark.parametrize(
    ("reference", "value", "reported"),
    [
        ({"ref": "fu[1].fup"}, "3", []),
        ({"ref": "EV_FU[1].fup"}, "3", []),
        ({"ref": "fu[9].fup"}, None, ["not_in_list rref"]),
        ("x", None, ["type rref"]),
    ],
)
def test_record_reference(reference, value, reported):
    answer = evaluated(FOLLOW_UPS, "fup", follow_ups({"fv": 3}, {"fv": 4, "rref": reference}))
    assert (answer["calculated"]["rval"], found(answer)) == (value, reported)


@pytest.mark.parametrize(
    ("reference", "value", "model", "reported"),
    [
        ({"ref": "fu[1].fup"}, "3", None, []),
        ({"ref": "main.dev[2]"}, None, "MB", []),
        ({"ref": "main[1].dev[1]"}, None, "MA", []),
        ({"ref": "main.dev[3]"}, None, None, ["not_in_list uref"]),
        ({"ref": "main"}, None, None, ["not_in_list uref"]),
        ("B", None, None, ["type uref"]),
        (2, None, None, ["type uref"]),
        (None, None, None, []),
    ],
)
def test_reference_to_one_of_several(reference, value, model, reported):
    answer = evaluated(FOLLOW_UPS, "fup", follow_ups({"fv": 3}, {"fv": 4, "uref": reference}))
    assert (answer["calculated"]["uval"], answer["calculated"]["umod"], found(answer)) == (value, model, reported)


@pytest.mark.parametrize(
    ("reference", "size"),
    [("A", "11"), (2, "12"), ({"ref": "visit[1].findings.finding[2]"}, "2"), ({"ref": "EV_V[2].FND.finding[1]"}, "11")],
)
def test_reference_within_a_record_of_an_event_means_its_own_rows(reference, size):
    first = {"finding": [{"name": "A", "size": 1}, {"name": "B", "size": 2}]}
    second = {"finding": [{"name": "A", "size": 11}, {"name": "B", "size": 12}], "chosen": reference}
    tree = {"events": {"visit": [{"findings": first}, {"findings": second}]}}
    answer = evaluated(FIXTURES / "per_event_rows.yaml", "FND", tree, "--event", "EV_V[2]")
    assert answer["calculated"]["chosen_size"] == size


@pytest.mark.parametrize(
    ("now", "state"),
    [("2025-05-30", "planned"), ("2025-05-31", "due"), ("2025-08-29", "due"), ("2025-08-30", "overdue")],
)
def test_state_of_a_planned_event(now, state):
    tree = {"forms": {"main": {"start": "2025-01-01", "flag": True}}}
    planned = {e["id"]: e for e in evaluated(FOLLOW_UPS, "main", tree, now=f"{now}T12:00")["events"]}
    assert (planned["fu6"]["date"], planned["fu6"]["window"], planned["fu6"]["state"]) == (
        "2025-07-03",
        ["2025-05-31", "2025-08-29"],
        state,
    )


def test_other_values_of_a_parameter_make_other_outcomes_and_nothing_else():
    tree = follow_ups({"fv": 4}, {"fv": 6}, {"fv": 8})
    answer = evaluated(FOLLOW_UPS, "main", tree)
    assert answer["calculated"]["above"] == "2"
    assert {name: value for name, value in answer["derived"].items() if name.startswith(("out1", "some"))} == {
        "out1": "2", "out1_lim7": "1", "out1_lim9": "0", "some": True, "some_lim7": True, "some_lim9": False,
    }  # fmt: skip
    assert not any("lim" in name for name in answer["calculated"])


@pytest.mark.parametrize("flag", [False, None])
def test_event_whose_condition_is_not_true_is_not_planned(flag):
    tree = {"forms": {"main": {"start": "2025-01-01", "flag": flag}}}
    assert "fu6" not in {event["id"] for event in evaluated(FOLLOW_UPS, "main", tree)["events"]}


# What `check` says ------------------------------------------------------------------------------------------------


def test_sound_definition_is_clean():
    assert run("check", str(FIXTURES / "sound.yaml")).output == ""


# What stands in the sound definition, what replaces it, and one line that `check` then begins with.
FAULTS = [
    ("type: date,", "typ: date,", "29:25: error unknown-key The key 'typ' is not known here. Did you mean 'type'?"),
    ("type: date,", "type: dat,", "29:31: error unknown-type There is no type 'dat'. Did you mean 'date'?"),
    ("id: n,", "id: start,", "30:18: error duplicate-id The id 'start' is already used"),
    ("codelist: cl,", "codelist: cll,", "31:43: error unknown-code-list There is no code list 'cll'. Did you mean 'cl'?"),
    ("hard: [0, 9]", "hard: [9, 0]", "30:77: error range-order The range goes from 9 down to 0"),
    ("hard: [0, 9]", "hard: [nn, 9]", "30:74: error unknown-name Nothing is called 'nn' here. Did you mean 'n'?"),
    ("of: dev", "of: devv", "47:41: error unknown-target There is no group or form 'devv'. Did you mean 'dev'?"),
    ("id: n,", "id: n, when: n > 1,", "30:13: error cycle f.n depends on itself"),
    ("id: n,", "id: n, calculate: sum(dev.dv where dv > n),", "30:13: error cycle f.n depends on itself"),
    ("assert: n > 1", "assert: dv > 1", "39:26: error needs-aggregate dv has several values here"),
    ("assert: n > 1", "assert: c = 'zz'", "39:30: error unknown-code 'zz' is no code of cl. Allowed: a, b, c, none."),
    ("assert: n > 1", "assert: n + 1", "39:26: error wrong-type This gives a number; a yes/no is needed."),
    ("assert: n > 1", "assert: n == 1", "39:29: error bad-expression Cannot read the expression here: found '= 1'."),
    ("assert: n > 1", "assert: n > a2", "39:26: warning silent-check K1 reads g2"),
    ("severity: error", "severity: err", "39:43: error not-allowed 'err' is not allowed here. Did you mean 'error'?"),
    ("message: {pl: m, en: m}", "message: {pl: m}", "39:50: error text-missing The text in 'en' is missing (there is: pl)."),
    ("forms: [f, g2]", "forms: [f, g22]", "20:63: error unknown-form There is no form 'g22'. Did you mean 'g2'?"),
    ("after: start", "after: n", "21:58: error wrong-type This gives a number; a date is needed."),
    ("window: [21, 60]", "window: [60, 21]", "21:82: error window-order The window opens on day 60"),
    ("in: ep, type: integer", "in: epp, type: integer", "57:12: error unknown-container There is no container or group 'epp'."),
    ("version: 1.0.0", "version: 1.0", "3:10: error bad-version '1.0' is no version."),
    ("version: 1.0.0", "version: 1.0.0\nversion: 1.0.0", "4:1: error duplicate-key The key 'version' stands here already"),
    ("id: dk, type: text", 'id: dk, type: text, pattern: "^(a+)+$"', "36:47: error slow-pattern The pattern repeats a part"),
    ("type: date,", "type: &a date,", "29:31: error yaml-anchor The anchor &a is not allowed."),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line"), FAULTS)
def test_fault_is_told_where_it_stands(old, new, line, tmp_path):
    text = (FIXTURES / "sound.yaml").read_text("utf-8")
    assert old in text
    file = tmp_path / "faulty.yaml"
    file.write_text(text.replace(old, new, 1), "utf-8")
    result = run("check", str(file))
    assert [told for told in result.output.splitlines() if told.startswith(f"{file}:{line}")], result.output
    assert result.exit_code == (0 if "warning" in line else 1)


def test_all_faults_are_told_at_once(tmp_path):
    text = (FIXTURES / "sound.yaml").read_text("utf-8")
    for old, new in (("type: date,", "type: dat,"), ("hard: [0, 9]", "hard: 5"), ("assert: n > 1", "assert: nx > 1")):
        text = text.replace(old, new, 1)
    file = tmp_path / "faulty.yaml"
    file.write_text(text, "utf-8")
    result = run("check", "--format", "json", str(file))
    told = json.loads(result.output)
    assert {"unknown-type", "wrong-shape", "unknown-name"} <= {fault["code"] for fault in told}
    assert {tuple(fault) for fault in told} == {("file", "line", "column", "severity", "code", "message")}


HOSTILE = {
    "brackets": (b"[" * 100_000, "too-deep"),
    "braces": (b"{a: " * 100_000, "too-deep"),
    "aliases": (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "yaml-anchor"),
    "merge": (b"a: &a {b: 1}\nc:\n  <<: *a\n", "yaml-merge"),
    "tag": (b'a: !!python/object/apply:os.system ["id"]\n', "yaml-tag"),
    "large": (b"#" * 50_000_000, "file-too-large"),
    "utf-16": ("registry: a".encode("utf-16"), "encoding"),
    "windows-1250": ("registry: ż".encode("cp1250"), "encoding"),
    "nul": (b'registry: "a\x00"', "control-character"),
    "empty": (b"", "empty-file"),
    "list": (b"- a", "wrong-shape"),
    "two documents": (b"registry: a\n---\nb: 1\n", "yaml-documents"),
    "tab": (b"registry: a\nforms:\n\tf: 1\n", "yaml-syntax"),
}


@pytest.mark.parametrize(("content", "code"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_file_is_refused_in_words(content, code, tmp_path):
    file = tmp_path / "hostile.yaml"
    file.write_bytes(content)
    result = run("check", str(file))
    assert result.exit_code == 1
    assert f"error {code} " in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "given",
    [
        "[" * 100_000,
        '{"n1": 1',
        "[]",
        '{"n1": NaN}',
        '{"n1": [1, -Infinity]}',
        '{"n1": 1, "n1": 2}',
        '{"forms": {"f": {}}, "n1": 1}',
        '{"forms": []}',
        '{"forms": {"no_such": {}}}',
        '{"events": {"no_such": [{}]}}',
        '{"others": {}}',
        '{"episodes": [{}]}',
    ],
)
def test_values_of_another_shape_are_wrong_use(given):
    result = run("evaluate", str(FIXTURES / "expressions.yaml"), "--form", "f", given=given)
    assert result.exit_code == 2
    assert "Error: " in result.output


def test_what_is_no_json_number_is_refused_at_its_place():
    result = run(
        "evaluate",
        str(FIXTURES / "expressions.yaml"),
        "--form",
        "f",
        given='{"t1": "NaN", "t2": "\\" Infinity",\n "n1": NaN}',
    )
    assert result.exit_code == 2
    assert "NaN is no number in JSON: line 2 column 8" in result.output


def test_a_number_of_any_length_is_a_value_that_its_item_refuses():
    result = run(
        "evaluate",
        str(FIXTURES / "expressions.yaml"),
        "--form",
        "f",
        "--language",
        "en",
        given='{"n1": ' + "9" * 5000 + "}",
    )
    assert result.exit_code == 0
    (violation,) = json.loads(result.stdout)["violations"]
    assert (violation["code"], violation["item"]) == ("type", "n1")
    assert "too many digits" in violation["message"]


def test_an_event_that_does_not_repeat_has_no_second_occurrence():
    result = run("evaluate", str(REGISTRY), "--form", "procedure", "--event", "procedure[2]", given="{}")
    assert result.exit_code == 2
    assert "the event 'procedure' does not repeat" in result.output


def test_a_value_for_a_calculated_item_is_not_used_and_said_so():
    """It is worked out anew; who gave it is told beside the answer."""
    result = run("evaluate", str(REGISTRY), "--form", "device", given='{"n_leads_in_situ": 7}')
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["calculated"]["n_leads_in_situ"] == "0"
    assert answer == json.loads(run("evaluate", str(REGISTRY), "--form", "device", given="{}").stdout)
    assert "n_leads_in_situ is calculated; the value that was given is not used." in result.stderr
    assert "calculated" not in run("evaluate", str(REGISTRY), "--form", "device", given="{}").stderr


def test_an_event_that_does_not_collect_the_form_is_wrong_use():
    result = run("evaluate", str(REGISTRY), "--form", "F7", "--event", "EV_ADM", given="{}")
    assert result.exit_code == 2
    assert "does not collect 'procedure'; it collects" in result.output


def test_exit_codes(tmp_path):
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text("registry: 5", "utf-8")
    sound = str(FIXTURES / "sound.yaml")
    for code, arguments in (
        (0, ("check", sound)),
        (1, ("check", sound, str(faulty))),
        (2, ("check", str(tmp_path / "no_such.yaml"))),
        (2, ("check",)),
        (0, ("evaluate", sound, "--form", "f")),
        (1, ("evaluate", str(faulty), "--form", "f")),
        (2, ("evaluate", sound, "--form", "no_such")),
        (2, ("evaluate", sound, "--form", "f", "--event", "EV_B[0]")),
        (2, ("evaluate", sound, "--form", "f", "--now", "2025-03-30T02:30")),
        (1, ("render", "json-schema", str(faulty))),
        (2, ("render", "json-schema", sound, "--form", "no_such")),
    ):
        assert run(*arguments, given="{}").exit_code == code, arguments
