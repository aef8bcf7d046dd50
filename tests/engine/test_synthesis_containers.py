"""Synthetic subjects with episodes, runs, daily records and things of the hospital; and how JSON tells of them."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from engine.compiler import compile_definition
from engine.errors import DefinitionError
from engine.records import Session
from engine.records.json_data import read_values
from engine.synthesis import Wanted, make_subject, plan_synthesis, read_distribution

ROOT = Path(__file__).parents[2]
MCS = ROOT / "tests/fixtures/definitions/hard_mcs.yaml"
DRAWN = ROOT / "tests/fixtures/distributions/hard_mcs.yaml"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def plan():
    registry = compile_definition(MCS)
    return plan_synthesis(registry, read_distribution(DRAWN, registry))


@pytest.fixture(scope="module")
def made(plan):
    return [json.loads(line(plan, number), parse_float=Decimal) for number in range(1, 31)]


def line(plan, number, hospital=None):
    return json.dumps(make_subject(plan, 1, number, NOW, Wanted(hospital=hospital)).json)


def episodes(subject):
    return [subject, *subject.get("episodes", ())]


def runs(subject):
    return [run for episode in episodes(subject) for run in episode["containers"]["run"]]


def days(run):
    return [record["day"] for record in run["events"]["day"]]


def first_in_turn(subject):
    """The subject as seen from each of its episodes and runs: what is looked at stands first."""
    for episode in episodes(subject):
        for run in episode["containers"]["run"] or [None]:
            others = [other for other in episode["containers"]["run"] if other is not run]
            yield {**episode, "containers": {"run": [*filter(None, [run]), *others]}, "site": subject["site"]}


def test_all_rules_hold_in_every_episode_and_run(plan, made):
    looked_at = 0
    for subject in made:
        for values in first_in_turn(subject):
            parts = (values, *values["containers"]["run"][:1], values["site"])
            for form, event in {place for part in parts for place in places(part)}:
                reading = read_values(plan.registry, form, event, values)
                session = Session(
                    plan.registry, reading.subject, reading.focus, as_of=NOW, at="signing", others=reading.others
                )
                assert session.evaluation.violations == ()
                looked_at += 1
    assert looked_at > 300


def places(part):
    yield from ((form, None) for form in part.get("forms", {}))
    for event, occurrences in part.get("events", {}).items():
        yield from ((form, f"{event}[{number}]") for number, forms in enumerate(occurrences, start=1) for form in forms)


def test_there_are_as_many_as_the_distribution_says(made):
    assert {len(episodes(subject)) for subject in made} == {1, 2}
    assert {len(episode["containers"]["run"]) for subject in made for episode in episodes(subject)} == {0, 1, 2}
    assert {len(days(run)) for subject in made for run in runs(subject)} == {3, 4, 7}
    for subject in made:
        for run in runs(subject):
            assert ("exchange" in run["events"]) == (len(days(run)) == 7)


def test_one_follows_another(made):
    for subject in made:
        periods = [(run["forms"]["ecmo"]["ecmo_start"], run["forms"]["ecmo"]["ecmo_stop"]) for run in runs(subject)]
        times = [datetime.fromisoformat(moment) for period in periods for moment in period]
        assert times == sorted(times)
        for run in runs(subject):
            dates = [record["day_date"] for record in days(run)]
            flows = [Decimal(record["day_flow"]) for record in days(run)]
            assert dates == sorted(set(dates))
            assert all(abs(after - before) < Decimal("0.6") for before, after in pairwise(flows))
    assert max(len(runs(subject)) for subject in made) > 2
    assert len({record["day_flow"] for subject in made for run in runs(subject) for record in days(run)}) > 12


def test_things_of_a_hospital_are_the_same_for_all_its_patients(plan, made):
    (consoles,) = {json.dumps(subject["site"]) for subject in made}
    elsewhere = {json.dumps(json.loads(line(plan, number, "H2"))["site"]) for number in (1, 2)}
    assert len(elsewhere) == 1
    assert elsewhere != {consoles}
    records = json.loads(consoles)["forms"]["console"]
    assert len(records) == 8
    used = {
        row["comp_asset"]["ref"]
        for subject in made
        for run in runs(subject)
        for row in run["forms"]["circuit"]["comp"]
        if "comp_asset" in row
    }
    in_use = {number for number, record in enumerate(records, start=1) if record["ast_status"] == "IN"}
    assert {int((re.findall(r"\d+", name) or ["1"])[0]) for name in used} == in_use != set(range(1, 9))


FAULTS = {
    "containers: {rum: {value: 1}}": "1:14 unknown-name",
    "containers: {patient: {value: 1}}": "1:14 unknown-name",
    "containers: {run: {chance: 1}}": "1:19 wrong-type",
    "containers: {run: {value: length}, episode: {value: 1}}": "1:27 unknown-name",
    "records: {circuit: {value: 1}}": "1:11 unknown-name",
    "hidden: {x: {each: day, value: 1}}": "1:20 unknown-name",
    "hidden: {x: {each: run, value: 1}, y: {value: x}}": "1:47 unknown-name",
    "items: {day.day_date: {each: run, value: planned_day}}": "1:30 not-allowed",
    "items: {console.ast_no: {value: text_of(subject_number)}}": "1:41 unknown-name",
    "items: {circuit.comp_asset: {among: ast_state = 'IN'}}": "1:37 unknown-name",
    "items: {day.day_date: {among: true}}": "1:31 wrong-type",
    "items: {day.day_flow: {weibull: {shape: 0, scale: 1}}}": "1:41 out-of-bounds",
}


@pytest.mark.parametrize(("text", "fault"), FAULTS.items(), ids=FAULTS)
def test_faults_have_their_places(plan, tmp_path, text, fault):
    file = tmp_path / "drawn.yaml"
    file.write_text(f"{text}\ndistribution: hard_mcs\n", "utf-8")
    with pytest.raises(DefinitionError) as caught:
        read_distribution(file, plan.registry)
    assert [f"{found.mark.line}:{found.mark.column} {found.code}" for found in caught.value.problems] == [fault]


def test_what_waits_for_itself_is_told(plan, tmp_path):
    file = tmp_path / "drawn.yaml"
    file.write_text(
        "distribution: hard_mcs\ncontainers: {run: {value: count(run where filled(ecmo_start))}}\n", "utf-8"
    )
    with pytest.raises(DefinitionError, match="containers/run"):
        read_distribution(file, plan.registry)


# the JSON of instances ----------------------------------------------------------------------------------------------

PARTS = """registry: parts
version: 1.0.0
title: {pl: Części, en: Parts}
containers: {episode: {of: patient, repeats: true}, run: {of: episode, repeats: true}}
events: {start: {in: run, title: {pl: Początek, en: Start}, forms: [note]}}
forms:
  device:
    title: {pl: Urządzenie, en: Device}
    in: episode
    sections: [{id: s, title: {pl: U, en: D}, items: [{group: dev, title: {pl: U, en: D}, items: [{id: dev_no, type: text, label: {pl: N, en: N}}]}]}]
  circuit:
    title: {pl: Układ, en: Circuit}
    in: run
    sections:
      - id: s
        title: {pl: Układ, en: Circuit}
        items:
          - {group: comp, title: {pl: E, en: C}, items: [{id: comp_no, type: text, label: {pl: N, en: N}}]}
          - {id: about, type: record_ref, of: [comp, dev, note, device, console], label: {pl: Dotyczy, en: About}}
  note:
    title: {pl: Notatka, en: Note}
    per: event
    sections: [{id: s, title: {pl: N, en: N}, items: [{id: said, type: text, label: {pl: N, en: N}}]}]
  console:
    title: {pl: Konsola, en: Console}
    in: site
    repeats: true
    sections: [{id: s, title: {pl: K, en: C}, items: [{id: con_no, type: text, label: {pl: N, en: N}}]}]
"""


def marked(mark):
    """A run whose values say which one it is."""
    forms = {"circuit": {"comp": [{"comp_no": f"{mark} 1"}, {"comp_no": f"{mark} 2"}]}}
    return {"forms": forms, "events": {"start": [{"note": {"said": mark}}]}}


def subject_of_parts():
    episodes = [
        {
            "forms": {"device": {"dev": [{"dev_no": f"E{n}"}]}},
            "containers": {"run": [marked(f"E{n}R1"), marked(f"E{n}R2")]},
        }
        for n in (1, 2)
    ]
    consoles = {"forms": {"console": [{"con_no": "K1"}, {"con_no": "K2"}]}}
    return {**episodes[0], "episodes": episodes[1:], "site": consoles}


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    file = tmp_path_factory.mktemp("parts") / "parts.yaml"
    file.write_text(PARTS, "utf-8")
    return compile_definition(file)


@pytest.mark.parametrize(
    ("episode", "run", "ref", "meant"),
    [
        (1, 1, "circuit.comp[2]", "E1R1 2"),
        (1, 2, "circuit.comp[2]", "E1R2 2"),
        (2, 2, "circuit.comp[1]", "E2R2 1"),
        (1, 1, "run[2].circuit.comp[1]", "E1R2 1"),
        (2, 1, "run[2].circuit.comp[1]", "E2R2 1"),
        (2, 2, "run[1].circuit.comp[1]", "E2R1 1"),
        (2, 2, "episode[1].run[2].circuit.comp[1]", "E1R2 1"),
        (1, 2, "episode[2].run[1].start[1].note", "E2R1"),
        (2, 2, "start[1].note", "E2R2"),
        (1, 2, "device.dev[1]", "E1"),
        (2, 2, "device.dev[1]", "E2"),
        (2, 2, "episode[1].device.dev[1]", "E1"),
        (1, 1, "console[2]", "K2"),
        (2, 2, "console", "K1"),
    ],
)
def test_references_reach_other_instances(parts, episode, run, ref, meant):
    values = subject_of_parts()
    [values, *values["episodes"]][episode - 1]["containers"]["run"][run - 1]["forms"]["circuit"]["about"] = {"ref": ref}
    reading = read_values(parts, "circuit", None, values)
    session = Session(parts, reading.subject, reading.focus, as_of=NOW, others=reading.others)
    about = reading.subject.children[episode - 1].children[run - 1].forms["circuit"][0].items["about"]
    assert meant in session.tree.world.rows[about.target].values.values()


@pytest.mark.parametrize("ref", ["run[3].circuit.comp[1]", "episode[3].device.dev[1]", "run[2].device.dev[2]"])
def test_references_to_what_is_not_there_are_told(parts, ref):
    values = subject_of_parts()
    values["containers"]["run"][0]["forms"]["circuit"]["about"] = {"ref": ref}
    reading = read_values(parts, "circuit", None, values)
    said = Session(parts, reading.subject, reading.focus, as_of=NOW, others=reading.others).evaluation
    assert [violation.item for violation in said.violations] == ["about"]


@pytest.mark.parametrize(("values", "number"), [({"containers": {"run": []}}, 0), ({"forms": {}}, 1)])
def test_a_container_of_which_nothing_is_listed_has_none(parts, values, number):
    assert len(read_values(parts, "device", None, values).subject.children[0].children) == number
