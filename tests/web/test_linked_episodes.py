"""The drawing of linked episodes: all is on the sheet, no number on another, arrows only where two episodes differ in what they are."""

from datetime import date, timedelta
from itertools import combinations
from math import dist

import pytest

from web.linked_episodes import DISC, NAMES, Episode, drawing_of
from web.timeline import LETTER, WIDTH
from web.words import load_tongue

TODAY = date(2025, 7, 1)
TONGUE = load_tongue("en", static_url="/static/", assets_url="/assets/")
KINDS = ("reoperation", "continued", "same_illness", "related")


def episode(*days, title="Episode"):
    return Episode(title, tuple(TODAY + timedelta(days=day) for day in days), "#", "")


CROWDED = {
    "all kinds between two": ([episode(-100), episode(-20)], [(kind, 0, 1) for kind in KINDS]),
    "all with all": (
        [episode(-1000 + 90 * n, -990 + 90 * n) for n in range(6)],
        [("related", *pair) for pair in combinations(range(6), 2)],
    ),
    "all today": ([episode(0) for _ in range(4)], [("continued", n, 0) for n in range(1, 4)]),
    "some without a day": (
        [episode(), episode(-7), episode(title="A name, " * 12)],
        [("reoperation", 0, 1), ("related", 2, 1)],
    ),
}


@pytest.mark.parametrize("name", CROWDED)
def test_all_is_on_the_sheet_and_no_number_on_another(name):
    given, said = CROWDED[name]
    drawing = drawing_of(
        {("r", n): each for n, each in enumerate(given)},
        [(kind, ("r", a), ("r", b)) for kind, a, b in said],
        TODAY,
        TONGUE,
    )
    assert drawing is not None
    assert len(drawing.lines) == len(given)
    assert [curve.number for curve in drawing.curves] == list(range(1, len(said) + 1))
    numbers = [curve.middle for curve in drawing.curves]
    assert all(dist(*pair) > DISC for pair in combinations(numbers, 2))
    assert all(NAMES <= x <= WIDTH and 0 < y < drawing.height for x, y in numbers)
    assert all(0 <= each.x <= WIDTH - len(each.text) * LETTER for each in drawing.labels)
    assert all(len(each.text) * LETTER <= NAMES for each in drawing.labels if each.x == 0)
    assert len({curve.path for curve in drawing.curves}) == len(said)


def test_an_arrow_leads_to_what_the_other_came_after():
    episodes = {("r", 1): episode(-30, title="first"), ("r", 2): episode(-3, title="second")}
    pair = (("r", 2), ("r", 1))
    drawing = drawing_of(episodes, [("reoperation", *pair), ("same_illness", *pair)], TODAY, TONGUE)
    assert drawing is not None
    again, same = drawing.curves
    assert (again.first.title, again.words, again.second.title) == ("second", "Re-operation after", "first")
    assert (bool(again.head), same.head) == (True, "")
    assert again.head.startswith("M" + again.path.rpartition(" ")[0].rpartition(" ")[2])


def test_without_any_day_nothing_is_drawn():
    assert (
        drawing_of({("r", 1): episode(), ("r", 2): episode()}, [("related", ("r", 1), ("r", 2))], TODAY, TONGUE) is None
    )
