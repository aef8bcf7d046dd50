"""Records of a form side by side in the browser: what rules say in each follows the others, as it does on the server."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.compiler import CompiledRegistry, compile_definition
from engine.datatypes.values import Entered, Missing
from engine.expressions.frames import Node
from engine.expressions.scopes import EVENT
from engine.expressions.wire import wire_value
from engine.records import Session
from engine.records.browser import form_program
from engine.records.browser_state import Sheet, sheets_state
from engine.records.form_data import Focus, FormData, Instance, Occurrence
from tests.engine.rules_in_node import Interpreter, running_interpreter

FIXTURE = Path(__file__).parents[1] / "fixtures/grids/support.yaml"
NOON = datetime(2025, 6, 15, 10, 0, tzinfo=UTC)
STORED: Mapping[int, Mapping[str, Entered]] = {
    1: {"mode": "va", "flow": Decimal("4.0"), "lactate": Decimal(2)},
    2: {"flow": Decimal("4.2")},
    4: {"mode": "vv"},
}
DAYS = 6  # the third and the last two do not exist
TRIED: Mapping[str, tuple[Entered | None, ...]] = {
    "mode": ("va", "vv", "off", None),
    "flow": (Decimal("4.0"), Decimal("1.5"), Decimal(7), None),
    "p_pre": (Decimal(180), Decimal(240), None),
    "p_post": (Decimal(160), Missing("nd"), None),
    "lactate": (Decimal(1), Decimal(9), Decimal(50), None),
    "bleeding": (True, False, None),
    "sites": (("cannula", "gut"), None),
}  # fmt: skip


@pytest.fixture(scope="module")
def registry() -> CompiledRegistry:
    return compile_definition(FIXTURE)


@pytest.fixture(scope="module")
def node() -> Iterator[Interpreter]:
    with running_interpreter() as interpreter:
        yield interpreter


def subject(days: Mapping[int, Mapping[str, Entered]]) -> Instance:
    held = tuple(Occurrence("day", f"d{n}", {"daily": FormData(items)}, number=n) for n, items in sorted(days.items()))
    course = FormData({"started": date(2025, 6, 10)})
    run = Instance("run", "r", {"course": (course,)}, held)
    return Instance("patient", "p", {}, children=(run,))


def session_at(registry: CompiledRegistry, days: Mapping[int, Mapping[str, Entered]]) -> Session:
    return Session(registry, subject(days), Focus("daily", "r", f"d{min(days)}"), as_of=NOON, language="en")


def said(evaluation: Any) -> dict[str, Any]:
    return {
        "visible": sorted(evaluation.visible),
        "required": sorted(evaluation.required),
        "calculated": {path: wire_value(value) for path, value in evaluation.calculated.items()},
        "violations": sorted((v.code, v.item, v.message) for v in evaluation.violations),
    }


def expected(session: Session, day: int) -> dict[str, Any]:
    session.turn_to(Focus("daily", "r", f"d{day}"))
    return said(session.without_schedule)


def told(answer: Mapping[str, Any]) -> dict[str, Any]:
    calculated = {path: None if value is None else {"n": value} for path, value in answer["calculated"].items()}
    violations = sorted((each["code"], each["item"], each["message"]) for each in answer["violations"])
    return {key: answer[key] for key in ("visible", "required")} | {"calculated": calculated, "violations": violations}


def absent(session: Session, day: int) -> Sheet:
    run = next(node for node in session.tree.world.rows.values() if node.scope.id == "course").parent
    assert run is not None
    event = Node(run.scope.children[EVENT], run, f"d{day}")
    event.event, event.number = "day", day
    form = Node(event.scope.children["daily"], event, f"d{day}.daily")
    return Sheet(form, frozenset(), (), (event, form))


def sheets(session: Session, days: Mapping[int, Any]) -> Iterator[Sheet]:
    for day in range(1, DAYS + 1):
        if day in days:
            session.turn_to(Focus("daily", "r", f"d{day}"))
            yield Sheet(session.focus, None, session.without_schedule.violations)
        else:
            yield absent(session, day)


@pytest.mark.parametrize("seed", range(6))
def test_each_record_says_what_the_server_says_of_it_after_each_change(node, registry, seed):
    rng = random.Random(seed)  # noqa: S311 -- a test that can be repeated
    days: dict[int, Mapping[str, Entered]] = dict(STORED)
    session = session_at(registry, days)
    state = sheets_state(session, "daily", list(sheets(session, days)))
    node.ask("open", program=form_program(registry, "daily", "en"), state=state)
    for _ in range(40):
        day, item = rng.randint(1, DAYS), rng.choice(sorted(TRIED))
        value = rng.choice(TRIED[item])
        node.ask("turn", place=day - 1)
        node.ask("set", at=item, value={"missing": "nd"} if isinstance(value, Missing) else wire_value(value))
        there = node.ask("turn", place=day - 1) is not None
        given: dict[str, Entered | None] = {**days.get(day, {}), item: value}
        if there and day not in STORED:  # its default may have filled in what was not typed
            given["mode"] = node.ask("entered", items=["mode"])["mode"]
        days[day] = {name: each for name, each in given.items() if each is not None}
        if not there:
            del days[day]
        session = session_at(registry, days)
        for shown in range(1, DAYS + 1):
            answer = node.ask("turn", place=shown - 1)
            assert (answer is not None) == (shown in days), (seed, shown)
            if answer is not None:
                assert told(answer) == expected(session, shown), (seed, day, item, value, shown)


def test_a_record_that_does_not_exist_is_begun_with_its_defaults_and_goes_with_them(node, registry):
    session = session_at(registry, STORED)
    state = sheets_state(session, "daily", list(sheets(session, STORED)))
    node.ask("open", program=form_program(registry, "daily", "en"), state=state)
    node.ask("turn", place=4)
    node.ask("set", at="flow", value={"n": "4"})
    assert node.ask("entered", items=["mode", "flow"]) == {"mode": "vv", "flow": {"n": "4"}}
    node.ask("set", at="flow", value=None)
    assert node.ask("turn", place=4) is None


def test_only_the_values_of_records_that_exist_are_sent_as_theirs(registry):
    session = session_at(registry, STORED)
    state = sheets_state(session, "daily", list(sheets(session, STORED)))
    waits = [each["rank"] for each in state["nodes"] if each.get("waits")]
    assert len(waits) == 2 * (DAYS - len(STORED))
    days = [place for place, each in enumerate(state["nodes"]) if each.get("event") == "day" and "waits" not in each]
    assert days[1] < waits[0] < days[2] < waits[-1]  # the third day between the second and the fourth
