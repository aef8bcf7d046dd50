"""Synthetic subjects: all rules hold, seeds tell them apart, one check can be broken alone."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from engine.compiler import compile_definition
from engine.datatypes.identifiers import CHECKS
from engine.errors import DefinitionError
from engine.records import Look, Session, evaluate
from engine.records.form_data import Focus
from engine.records.json_data import read_values
from engine.synthesis import Unsatisfiable, Wanted, make_subject, plan_synthesis, read_distribution
from engine.synthesis.drawing import DRAWS
from engine.synthesis.texts import text_like
from engine.synthesis.work import Work

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests/fixtures/definitions"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SMALL = (
    *sorted(FIXTURES.glob("*.yaml")),
    FIXTURES / "form_definitions/complete.yaml",
    ROOT / "docs/examples/operations.yaml",
    ROOT / "docs/examples/pacing.yaml",
)


def planned(path):
    return plan_synthesis(compile_definition(path))


@pytest.fixture(scope="module")
def lead_extraction():
    return planned(ROOT / "form_definitions/lead_extraction.yaml")


def line(plan, number, *, seed=1, breaking=None):
    return json.dumps(make_subject(plan, seed, number, NOW, Wanted(breaking)).json)


def places(values):
    """Every form that a subject has: its id, and the event in which it stands."""
    deeper = (part for parts in values.get("containers", {}).values() for part in parts)
    for part in (values, values.get("site", {}), *deeper):
        yield from ((form, None) for form in part.get("forms", {}))
        for event, occurrences in part.get("events", {}).items():
            for number, forms in enumerate(occurrences, start=1):
                yield from ((form, f"{event}[{number}]") for form in forms)


def broken(plan, text):
    """The codes of all that the rules object to, asked as `ecrf evaluate --at signing` asks, form by form."""
    values = json.loads(text, parse_float=Decimal)
    found = set()
    for form, event in places(values):
        reading = read_values(plan.registry, form, event, values)
        session = Session(
            plan.registry, reading.subject, reading.focus, as_of=NOW, at="signing", language="en", others=reading.others
        )
        said = session.evaluation
        assert not said.to_clear
        assert not said.unsigned
        found |= {violation.code for violation in said.violations}
    return found


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_all_rules_hold(path):
    plan = planned(path)
    for number in range(1, 13):
        assert broken(plan, line(plan, number)) == set()


def test_all_rules_of_a_whole_registry_hold(lead_extraction):
    for number in (1, 2, 3):
        assert broken(lead_extraction, line(lead_extraction, number)) == set()


def test_a_subject_is_the_same_whenever_it_is_made():
    plan = planned(FIXTURES / "hard_endocarditis.yaml")
    first = [line(plan, number) for number in range(1, 6)]
    assert [line(planned(FIXTURES / "hard_endocarditis.yaml"), number) for number in range(5, 0, -1)] == first[::-1]
    assert len(set(first)) == len(first)
    assert line(plan, 1, seed=2) != first[0]


def test_a_subject_is_the_same_in_every_process():
    """Sets of texts have another order in each; six subjects of this registry are enough to see it."""
    command = [
        str(Path(sys.executable).with_name("ecrf")),
        "synth",
        "form_definitions/mcs.yaml",
        "--seed",
        "5",
        "-n",
        "6",
    ]
    told = [
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True)
        for seed in ("1", "3")
    ]
    assert told[0].stdout == told[1].stdout


class Odd(Exception):
    """Cannot be made from its text."""

    def __init__(self, number, what):
        super().__init__(f"{what} {number}")


class Failing(Work):
    """Makes subjects until one fails."""

    def __init__(self, fault):
        self.fault = fault

    def make(self, number):
        if number == 5:
            raise self.fault
        return str(number)


@pytest.mark.parametrize(
    ("fault", "arrives"),
    [(Unsatisfiable("no way"), Unsatisfiable), (Odd(5, "way"), RuntimeError)],
    ids=["plain", "odd"],
)
def test_a_fault_of_another_process_arrives(fault, arrives):
    with pytest.raises(arrives, match="way"):
        list(Failing(fault).results(20, 2))


@pytest.mark.parametrize(
    ("pattern", "other"),
    [("^[0-9]{1,7}/[0-9]{4}$", "x"), (r"\d{3}-(a|b|cc)+?x?", ""), (r"[^a-z]\.[\]x]{2,}", "a"), ("(?:no|yes){2}", "no")],
)
def test_texts_fit_patterns(pattern, other):
    draw = Random(1)  # noqa: S311 -- the same texts each time
    assert all(re.fullmatch(pattern, text_like(pattern, draw) or "") for _ in range(50))
    assert not re.fullmatch(pattern, other)


@pytest.mark.parametrize("name", CHECKS)
def test_identifiers_are_right(name):
    draw = Random(1)  # noqa: S311 -- the same texts each time
    found = {CHECKS[name].sample(draw) for _ in range(20)}
    assert len(found) > 15
    assert all(CHECKS[name].judge(CHECKS[name].normalise(text)) is None for text in found)


IMPOSSIBLE = """
registry: impossible
version: 1.0.0
title: {pl: Niemożliwe, en: Impossible}
forms:
  visit:
    title: {pl: Wizyta, en: Visit}
    in: patient
    sections:
      - id: all
        title: {pl: Wizyta, en: Visit}
        items:
          - {id: n, type: integer, label: {pl: Liczba, en: Number}, required: true}
    checks:
      - {id: HIGH, assert: n > 10, severity: error, message: {pl: Za mało., en: Too few.}}
      - {id: LOW, assert: n < 5, severity: error, message: {pl: Za dużo., en: Too many.}}
"""


def test_rules_that_exclude_each_other_are_named(tmp_path):
    file = tmp_path / "impossible.yaml"
    file.write_text(IMPOSSIBLE, "utf-8")
    with pytest.raises(Unsatisfiable, match=r"HIGH@visit|LOW@visit"):
        line(planned(file), 1)


# distributions ------------------------------------------------------------------------------------------------------

OPERATIONS = ROOT / "docs/examples/operations.yaml"
DRAWN = """
distribution: operations
missing: {rate: 0}
hidden:
  delay: {lognormal: {median: 5, sigma: 0.4}, between: [1, 20]}
  begun: {before: today(), uniform: [100, 300]}
items:
  admission.admitted: {value: begun}
  operation.started: {after: begun, uniform: [delay, delay]}
  operation.name: {weights: {bleeding: 3, fever: 1}}
rows:
  operation.complications: {weights: {'0': 80, '1': 20}}
events:
  control: {chance: 0.5}
"""


def distribution(tmp_path, text, registry):
    file = tmp_path / "drawn.yaml"
    file.write_text(text, "utf-8")
    return read_distribution(file, registry)


FAULTS = {
    "hidden: {x: {uniform: [1, 2], chance: 0.5}}": "1:13 wrong-shape",
    "hidden: {x: {}}": "1:13 wrong-shape",
    "items: {admission.admited: {value: now()}}": "1:9 unknown-name",
    "items: {admission.admitted: {value: nowhere}}": "1:37 unknown-name",
    "items: {operation.complications.severity: {weights: {huge: 1}}}": "1:9 unknown-name",
    "items: {operation.severity: {weights: {huge: 1}}}": "1:40 unknown-code",
    "items: {admission.admitted: {when: 1}}": "1:30 unknown-key",
    "items: {visit.healed: {weights: {'1': 2}}}": "1:33 wrong-type",
    "items: {visit.healed: {value: 3}}": "1:31 wrong-type",
    "items: {visit.seen: {uniform: [1, 2]}}": "1:31 wrong-type",
    "items: {visit.seen: {value: admitted}, operation.severity: {value: \"'minor'\"}, admission.admitted: {value: true}}": "1:108 wrong-type",
    "rows: {operation.complication: {value: 1}}": "1:8 unknown-name",
    "rows: {operation.complications: {chance: 1}}": "1:33 wrong-type",
    "events: {control: {digits: '##'}}": "1:19 wrong-type",
    "events: {check: {chance: 1}}": "1:10 unknown-name",
    "hidden: {x: {normal: {mean: 1}}}": "1:14 missing-key",
    "hidden: {x: {lognormal: {median: 1}}}": "1:25 wrong-shape",
    "missing: {rate: 3}": "1:17 out-of-bounds",
    "items: {visit.healed: {chance: 3}}": "1:32 out-of-bounds",
    "items: {visit.healed: {chance: 0.5, empty: -1}}": "1:44 out-of-bounds",
    "items: {visit.seen: {chance: 0.5}}": "1:30 wrong-type",
    "items: {admission.creatinine: {cases: [{chance: 0.5}]}}": "1:49 wrong-type",
    "items: {operation.severity: {weights: {minor: -1}}}": "1:47 out-of-bounds",
    "hidden: {x: {normal: {mean: 100, sd: -1}}}": "1:38 out-of-bounds",
    "hidden: {x: {lognormal: {median: 0, sigma: 1}}}": "1:34 out-of-bounds",
    "hidden: {x: {lognormal: {median: 5, quartiles: [9, 1]}}}": "1:48 range-order",
    "hidden: {x: {uniform: [5, 1]}}": "1:23 range-order",
    "hidden: {x: {normal: {mean: 1, sd: 1}, between: [3, 2.5]}}": "1:49 range-order",
}


@pytest.mark.parametrize(("text", "fault"), FAULTS.items(), ids=FAULTS)
def test_faults_of_a_distribution_have_their_places(tmp_path, text, fault):
    with pytest.raises(DefinitionError) as caught:
        distribution(tmp_path, f"{text}\ndistribution: operations\n", compile_definition(OPERATIONS))
    assert [f"{found.mark.line}:{found.mark.column} {found.code}" for found in caught.value.problems] == [fault]


def test_rates_of_a_distribution_hold(tmp_path):
    registry = compile_definition(OPERATIONS)
    plan = plan_synthesis(registry, distribution(tmp_path, DRAWN, registry))
    made = [json.loads(line(plan, number)) for number in range(1, 401)]
    operations = [subject["forms"]["operation"] for subject in made]
    names = [row["name"] for form in operations for row in form.get("complications", ())]
    delays = sorted(
        (day(form["started"]) - day(subject["forms"]["admission"]["admitted"])).days
        for subject, form in zip(made, operations, strict=True)
    )
    assert {"bleeding", "fever"} == set(names)
    assert 0.12 < len(names) / 400 < 0.28
    assert 0.6 < names.count("bleeding") / len(names) < 0.9
    assert 0.4 < sum("control" in subject["events"] for subject in made) / 400 < 0.6
    assert delays[0] >= 1
    assert delays[-1] <= 20
    assert 4 <= delays[200] <= 6


def day(text):
    return datetime.fromisoformat(text).date()


def test_warnings_and_unfinished_forms_are_as_frequent_as_said(tmp_path):
    registry = compile_definition(OPERATIONS)
    plan = plan_synthesis(
        registry, distribution(tmp_path, "distribution: operations\nwarnings: 0.3\nunfinished: 0.3\n", registry)
    )
    found = [make_subject(plan, 1, number, NOW).broken for number in range(1, 101)]
    assert 15 < found.count(("IN_WINDOW",)) < 45
    assert 15 < sum("required" in codes for codes in found) < 45
    assert found.count(()) > 25


# checks to break ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "check", "follows"),
    [
        ("docs/examples/operations.yaml", "AFTER_ADMISSION", ()),
        ("docs/examples/operations.yaml", "IN_WINDOW", ()),
        ("docs/examples/pacing.yaml", "LEADS", ()),
        ("tests/fixtures/definitions/offers.yaml", "OFF-01", ()),
        ("tests/fixtures/definitions/offers.yaml", "OFF-03", ()),
        ("tests/fixtures/definitions/hard_ablation.yaml", "FU_ORDER", ()),
        ("tests/fixtures/definitions/hard_endocarditis.yaml", "FU_WINDOW", ()),
        ("tests/fixtures/definitions/hard_mcs.yaml", "M18", ()),
        ("tests/fixtures/definitions/hard_mcs.yaml", "M30", ()),
        ("tests/fixtures/definitions/hard_mcs.yaml", "M33", ()),
    ],
)
def test_a_check_is_broken_alone(name, check, follows):
    plan = planned(ROOT / name)
    for number in range(1, 4):
        assert broken(plan, line(plan, number, breaking=check)) == {check, *follows}


def test_checks_that_compare_with_others_are_broken_by_a_twin():
    registry = compile_definition(ROOT / "form_definitions/lead_extraction.yaml")
    drawn = read_distribution(ROOT / "form_definitions/examples/lead_extraction.distribution.yaml", registry)
    plan = plan_synthesis(registry, drawn)
    for check in ("TLE-04", "TLE-08", "TLE-27", "TLE-52"):
        assert broken(plan, line(plan, 1, breaking=check)) == {check}


# what a whole subject is good for -----------------------------------------------------------------------------------


def focuses(instance):
    """All forms that are there."""
    for form, records in instance.forms.items():
        yield from (Focus(form, instance.id, record=number) for number in range(len(records)))
    for occurrence in instance.occurrences:
        yield from (Focus(form, instance.id, occurrence.id) for form in occurrence.forms)
    for child in instance.children:
        yield from focuses(child)


@pytest.mark.parametrize(("check", "number"), [("TLE-34", 1), ("TLE-41", 2)])  # subjects that are quickly made
def test_several_forms_looked_at_in_one_go_are_told_what_each_alone_is(lead_extraction, check, number):
    values = json.loads(line(lead_extraction, number, breaking=check), parse_float=Decimal)
    subject = read_values(lead_extraction.registry, "patient", None, values).subject
    places = list(focuses(subject))
    assert len(places) > 10
    look = Look(lead_extraction.registry, subject, as_of=NOW)
    alone = [evaluate(lead_extraction.registry, subject, place, as_of=NOW, explain=False) for place in places]
    assert [look.at(place) for place in places] == alone
    assert look.at(places[0], schedule=False) == replace(alone[0], events=(), events_besides=(), derived_besides={})


def test_a_form_that_was_never_opened_cannot_be_turned_to(lead_extraction):
    values = json.loads(line(lead_extraction, 1), parse_float=Decimal)
    subject = read_values(
        lead_extraction.registry, "patient", None, {"forms": {"patient": values["forms"]["patient"]}}
    ).subject
    session = Session(lead_extraction.registry, subject, Focus("patient", subject.id), as_of=NOW)
    with pytest.raises(LookupError, match="admission"):
        session.turn_to(Focus("admission", "episode"))


def test_every_way_to_draw_is_explained():
    page = (ROOT / "docs/synthetic.md").read_text("utf-8")
    schema = json.loads((ROOT / "engine/synthesis/distribution.schema.json").read_text("utf-8"))
    named = set(re.findall(r"`(\w+)", page))
    assert (schema["properties"].keys() | schema["$defs"]["draw"]["properties"].keys()) <= named
    assert schema["$defs"]["draw"]["properties"].keys() >= set(DRAWS)


def test_the_distribution_on_the_page_is_the_one_in_the_file():
    page = (ROOT / "docs/synthetic.md").read_text("utf-8")
    shown = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
    assert shown in (ROOT / "docs/examples/examples/operations.distribution.yaml").read_text("utf-8")


def test_rates_of_the_lead_extraction_registry_are_the_published_ones():
    registry = compile_definition(ROOT / "form_definitions/lead_extraction.yaml")
    drawn = read_distribution(ROOT / "form_definitions/examples/lead_extraction.distribution.yaml", registry)
    plan = plan_synthesis(registry, drawn)
    made = [json.loads(line(plan, number))["forms"] for number in range(1, 151)]
    sound = [forms for forms in made if forms["procedure"].get("lx")]
    rows = [row for forms in sound for row in forms["procedure"]["lx"]]

    def share(form, item, *values):
        return sum(forms[form].get(item) in values for forms in sound) / len(sound)

    assert 0.34 < share("indication", "ind_primary", "infection") < 0.58  # S16 to S18: 46 to 53%
    assert 0.60 < share("patient", "sex", "m") < 0.84  # S16: 72%
    assert 0.15 < share("baseline", "diabetes", "t1", "t2_noins", "t2_ins") < 0.32  # S16: 22%
    assert 1.5 < len(rows) / len(sound) < 2.1  # S15, S16: 1.83 leads in the mean
    assert 0.92 < sum(row["lx_result"] == "complete" for row in rows) / len(rows) <= 1  # S17: 96.5%
    assert len({forms["admission"]["site_id"] for forms in sound}) > 8
    assert len({forms["patient"].get("pesel") for forms in sound}) > 140
