"""The line of time of an episode: what took place and when, which windows there are, where today is; as places to draw.

Drawn on the server: a strict CSP, no script. A label stands in the first row in which it meets no other, so that the
drawing grows higher rather than unreadable; a run of daily records has one. The same facts stand beside it as a list,
which is all that a telephone shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from engine.datatypes.words import date_text
from web.overview import Lane
from web.runs import Run, runs_of
from web.words import Tongue

WIDTH, MARGIN = 1200.0, 24.0
ROW, HALF = 18.0, 13.0  # the height of a row of labels, half that of a window
LETTER, GAP = 6.6, 14.0  # a label's width is guessed, never measured
MIN_DAYS = 30
OPEN_DAYS = 60  # so long is a window drawn that never closes
UNDRAWN = frozenset({"cancelled", "optional"})

Scale = Callable[[date], float]


@dataclass(frozen=True, slots=True)
class Label:
    """A text, where it begins."""

    text: str
    x: float
    y: float
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """The days in which an event is to take place; `target` is the planned one."""

    x: float
    width: float
    state: str
    target: float | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list beside the drawing; of today without a state."""

    state: str
    title: str
    days: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything to draw: the line, windows over it, marks on it, labels above and below."""

    height: float
    line: float
    now: float
    windows: tuple[Window, ...]
    marks: tuple[float, ...]
    labels: tuple[Label, ...]
    entries: tuple[Entry, ...]


def timeline(lanes: Sequence[Lane], today: date, tongue: Tongue) -> Timeline | None:
    """The line of time of lanes; None where no date is known yet."""
    dated = [lane for lane in lanes if days_drawn(lane) and lane.planned.state not in UNDRAWN]
    if not dated:
        return None
    scale = scale_of([today, *(day for lane in dated for day in days_drawn(lane))])
    held, ahead = (list(runs_of([lane for lane in dated if is_held(lane) is it], tongue)) for it in (True, False))
    now = tongue.words.text("timeline_today", day=date_text(today, tongue.language))
    above = _in_rows([*((run.title, _first(run)) for run in held), (now, today)], scale, centred=True)
    below = _in_rows(((f"{run.title}: {run.days}", _first(run)) for run in ahead), scale, centred=False)
    line = MARGIN + ROW * len(above) + HALF
    labels = [
        Label(text, x, line - HALF - 7 - ROW * row, text == now) for row, texts in enumerate(above) for text, x in texts
    ] + [Label(text, x, line + HALF + ROW * (row + 1)) for row, texts in enumerate(below) for text, x in texts]
    return Timeline(
        line + HALF + ROW * len(below) + MARGIN,
        line,
        scale(today),
        tuple(_window(lane, scale) for run in ahead for lane in run.lanes),
        tuple(scale(days_drawn(lane)[0]) for run in held for lane in run.lanes),
        tuple(labels),
        tuple(_entries([*held, *ahead], today, now)),
    )


def is_held(lane: Lane) -> bool:
    """Whether it took place, on a day that is known."""
    return lane.planned.state == "done" and lane.planned.date is not None


def days_drawn(lane: Lane) -> tuple[date, ...]:
    """The day when it took place, or the two ends of its window; nothing where no date is known."""
    planned, (low, high) = lane.planned, lane.planned.window
    if is_held(lane) or (low is None and high is None):
        return (planned.date,) if planned.date is not None else ()
    near = low or min(day for day in (planned.date, high) if day is not None)
    return near, high or near + timedelta(days=OPEN_DAYS)


def _first(run: Run) -> date:
    return days_drawn(run.lanes[0])[0]


def scale_of(days: Sequence[date], start: float = MARGIN) -> Scale:
    """Where a day lies between a margin at the left and the one at the right."""
    first, last = min(days), max(days)
    span = max((last - first).days, MIN_DAYS)
    return lambda day: round(start + (day - first).days * (WIDTH - MARGIN - start) / span, 1)


def _window(lane: Lane, scale: Scale) -> Window:
    days, target = days_drawn(lane), lane.planned.date
    x = scale(days[0])
    return Window(x, max(scale(days[-1]) - x, 4), lane.planned.state, scale(target) if target is not None else None)


def _in_rows(texts: Iterable[tuple[str, date]], scale: Scale, *, centred: bool) -> list[list[tuple[str, float]]]:
    """Labels with where they begin, in rows in which none meets another; the first row is nearest to the line."""
    rows: list[tuple[float, list[tuple[str, float]]]] = []  # where each ends
    for text, day in sorted(texts, key=lambda one: one[1]):
        width = len(text) * LETTER
        start = max(0.0, min(scale(day) - (width / 2 if centred else 0), WIDTH - width))
        place = next((n for n, (end, _) in enumerate(rows) if end + GAP <= start), len(rows))
        held = rows[place][1] if place < len(rows) else []
        rows[place : place + 1] = [(start + width, [*held, (text, round(start, 1))])]
    return [held for _, held in rows]


def _entries(runs: Iterable[Run], today: date, now: str) -> Iterator[Entry]:
    told = False
    for run in sorted(runs, key=_first):
        if not told and _first(run) > today:
            told = True
            yield Entry("", now)
        yield Entry(run.state, run.title, run.days, run.words)
    if not told:
        yield Entry("", now)


__all__ = ["Entry", "Label", "Timeline", "Window", "days_drawn", "is_held", "scale_of", "timeline"]
