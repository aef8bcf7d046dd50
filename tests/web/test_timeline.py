"""The drawn line of time: everything lies on the sheet, no label meets another, the list beside it has today in its place."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from engine.records.evaluation import PlannedEvent
from web.overview import Lane
from web.timeline import GAP, LETTER, WIDTH, Timeline, timeline
from web.words import load_tongue

TODAY = date(2025, 7, 1)
TONGUE = load_tongue("en", static_url="/static/", assets_url="/assets/")


def lane(title, state, low=None, high=None, day=None):
    """An event with its window, or its day, in days from today."""
    at = [None if days is None else TODAY + timedelta(days=days) for days in (low, high, day)]
    planned = PlannedEvent(title, 1, at[2], (at[0], at[1]), state)
    return Lane(title, title, f"days of {title}", state, state, (), f"1.{title}.1", planned)


def drawn(*lanes) -> Timeline:
    found = timeline(lanes, TODAY, TONGUE)
    assert found is not None
    return found


CROWDED = {
    "all on one day": [lane(f"Visit number {n}", "done", day=-3) for n in range(9)],
    "one after the other": [lane(f"Visit number {n}", "done", day=n - 30) for n in range(30)],
    "windows in windows": [lane(f"Contact number {n}", "planned", n, 400 - n, 30) for n in range(12)],
    "at both ends": [
        lane("A very long title of an admission", "done", day=-400),
        lane("The last one of all", "due", -1, None),
    ],
    "today alone": [lane("Operation", "done", day=0)],
}


@pytest.mark.parametrize("name", CROWDED)
def test_no_label_meets_another_and_all_is_on_the_sheet(name):
    line = drawn(*CROWDED[name])
    rows: dict[float, list[tuple[float, float]]] = {}
    for label in line.labels:
        rows.setdefault(label.y, []).append((label.x, label.x + len(label.text) * LETTER))
        assert 0 < label.y < line.height
    for ends in map(sorted, rows.values()):
        assert ends[0][0] >= 0
        assert ends[-1][1] <= WIDTH + 0.1
        assert all(later[0] - earlier[1] > GAP - 0.2 for earlier, later in pairwise(ends))
    assert all(0 <= x <= WIDTH for x in (line.now, *line.marks))
    assert all(each.x >= 0 and each.x + each.width <= WIDTH for each in line.windows)
    assert len(line.labels) == len(line.marks) + len(line.windows) + 1


def test_what_took_place_is_a_mark_and_what_may_come_a_window():
    line = drawn(
        lane("operation", "done", 0, 0, -20), lane("early", "overdue", -10, -5, -8), lane("late", "planned", 90, 120, 100),
        lane("off", "cancelled", 200, 210, 205), lane("death", "optional"),
    )  # fmt: skip
    assert len(line.marks) == 1
    assert [each.state for each in line.windows] == ["overdue", "planned"]
    assert all(each.target is not None and each.x <= each.target <= each.x + each.width for each in line.windows)
    assert line.marks[0] < line.windows[0].x < line.now < line.windows[1].x
    assert [entry.title for entry in line.entries] == ["operation", "early", "today, 2025-07-01", "late"]


def test_where_no_date_is_known_there_is_no_line():
    assert timeline([lane("admission", "planned"), lane("off", "cancelled", 1, 2, 1)], TODAY, TONGUE) is None
