"""Thirty daily records are told as a few runs: on the line of time, among the next steps, in lanes that open."""

from datetime import date, timedelta

from engine.records.evaluation import PlannedEvent
from web.overview import FormLine, Lane
from web.parts import Part
from web.places import Spot
from web.runs import runs_of
from web.steps import next_steps
from web.timeline import timeline
from web.words import load_tongue

TODAY = date(2025, 7, 1)
TONGUE = load_tongue("en", static_url="/static/", assets_url="/assets/")


def daily(state, *numbers):
    """Records of a day each, the last one of yesterday."""
    for number in numbers:
        day = TODAY + timedelta(days=number - 31)
        planned = PlannedEvent("daily", number, day, (day, day), "done" if state != "overdue" else "overdue")
        words = f"{31 - number} days late" if state == "overdue" else state
        form = FormLine(Spot(1, "day", 0, "daily", number), "Day", "open" if state == "overdue" else state, state)
        yield Lane(
            "daily", f"Daily record {number}", day.isoformat(), state, words, (form,), f"1.daily.{number}", planned
        )


MONTH = [*daily("complete", *range(1, 13)), *daily("errors", 13), *daily("complete", *range(14, 21)), *daily("overdue", *range(21, 31))]  # fmt: skip


def test_records_alike_are_told_as_one():
    told = [(run.title, run.days, run.words, len(run.lanes)) for run in runs_of(MONTH, TONGUE)]
    assert told == [
        ("Daily record 1–12", "2025-06-01–2025-06-12", "complete", 12),
        ("Daily record 13", "2025-06-13", "errors", 1),
        ("Daily record 14–20", "2025-06-14–2025-06-20", "complete", 7),
        ("Daily record 21–30", "2025-06-21–2025-06-30", "overdue", 10),
    ]


def test_a_month_of_daily_records_has_few_labels():
    line = timeline(MONTH, TODAY, TONGUE)
    assert line is not None
    assert (len(line.marks), len(line.windows), len(line.labels), len(line.entries)) == (20, 10, 5, 5)


def test_the_next_step_is_the_first_of_a_run():
    steps = next_steps((Part(1, "episode", "Episode", "Episode", "", 1, tuple(MONTH), (), (), (), (), False),), TONGUE)
    assert [(step.spot.number, step.key, step.event) for step in steps] == [
        (13, "step_correct", "Daily record 13"),
        (21, "step_late", "Daily record 21"),
    ]
    assert steps[1].note == "Daily record 21–30: 2025-06-21–2025-06-30"
