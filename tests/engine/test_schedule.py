"""The schedule: what is planned, due, overdue, held, missed and called off, and why, case by case."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.compiler import CompiledRegistry, compile_definition
from engine.records.evaluation import PlannedEvent
from engine.records.form_data import Instance
from engine.records.json_answer import evaluation_json
from engine.records.json_data import read_values
from engine.records.schedule import whole_schedule
from engine.records.session import Session

FOLDER = Path(__file__).parents[1] / "fixtures" / "schedule"
CASES = yaml.safe_load((FOLDER / "cases.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def registry() -> CompiledRegistry:
    return compile_definition(FOLDER / "visits.yaml")


def begin(registry: CompiledRegistry, case: Mapping[str, Any]) -> Session:
    values = {"forms": written(case.get("forms", {})), "events": written(case.get("events", {}))}
    read = read_values(registry, case.get("form", "admission"), None, values)
    missed = {(name[:-3], int(name[-2])): reason for name, reason in case.get("missed", {}).items()}
    noon = datetime.combine(case["now"], time(10), UTC)
    return Session(registry, decided(read.subject, missed), read.focus, as_of=noon, language="en")


def written(values: Any) -> Any:
    """Dates as the contract has them."""
    if isinstance(values, dict):
        return {name: written(value) for name, value in values.items()}
    if isinstance(values, list):
        return [written(value) for value in values]
    return values if isinstance(values, bool | str) else str(values)


def decided(subject: Instance, missed: Mapping[tuple[str, int], str]) -> Instance:
    return replace(subject, children=tuple(replace(stay, missed=missed) for stay in subject.children))


def told(events: tuple[PlannedEvent, ...]) -> dict[str, PlannedEvent]:
    return {f"{each.event}[{each.number}]": each for each in events}


def as_listed(planned: PlannedEvent | None) -> list[object] | None:
    return [planned.state, planned.date, *planned.window] if planned is not None else None


@pytest.mark.parametrize("name", CASES)
def test_schedule(registry, name):
    case = CASES[name]
    session = begin(registry, case)
    events = told(session.evaluation.events)
    besides = told(session.evaluation.events_besides)
    assert {key: as_listed(events.get(key)) for key in case["expect"]} == case["expect"]
    assert {key: as_listed(besides.get(key)) for key in case.get("besides", {})} == case.get("besides", {})
    assert [key for key, each in events.items() if not each.expected] == case.get("unexpected", [])
    assert {key: each.reason for key, each in events.items() if each.reason} == case.get("reasons", {})
    for key, facts in case.get("why", {}).items():
        found = session.why_event({**besides, **events}[key])
        assert {part: list(map(str, said)) for part, said in found.items()} == facts


def test_an_answer_says_what_is_no_longer_expected(registry):
    session = begin(registry, CASES["what was entered stays when the condition turns false"])
    events = evaluation_json(session.evaluation)["events"]
    assert [each["id"] for each in events if each.get("expected") is False] == ["late"]


def test_the_whole_schedule_needs_no_form(registry):
    """The same events as a form is told, of all instances, also where no form was ever opened."""
    case = CASES["lost in the first contact"]
    read = read_values(
        registry, "admission", None, {"forms": written(case["forms"]), "events": written(case["events"])}
    )
    evaluation, noon = begin(registry, case).evaluation, datetime.combine(case["now"], time(10), UTC)
    whole = whole_schedule(registry, read.subject, as_of=noon)
    assert sorted(map(str, whole)) == sorted(map(str, (*evaluation.events, *evaluation.events_besides)))
    assert {each.state for each in whole_schedule(registry, Instance("patient", "p"), as_of=noon)} == {"optional"}


def test_an_occurrence_keeps_its_number(registry):
    """The second of two that were planned is the second also where the first was never opened."""
    read = read_values(registry, "admission", None, {"events": {"call": [{"call": {"well": True}}]}})
    stay = read.subject.children[0]
    second = replace(stay.occurrences[0], number=2)
    subject = replace(read.subject, children=(replace(stay, occurrences=(second,)),))
    session = Session(registry, subject, read.focus, as_of=datetime(2025, 4, 1, 12, tzinfo=UTC))
    assert [(each.number, each.state) for each in session.evaluation.events if each.event == "call"] == [(2, "done")]
