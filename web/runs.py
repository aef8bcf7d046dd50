"""Neighbours in the schedule that say the same of one event, such as thirty daily records: told at one time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from web.overview import Lane
from web.schedule_words import days_of
from web.titles import window_words
from web.words import Tongue

LONG = 4  # so many neighbours alike are read as one


@dataclass(frozen=True, slots=True)
class Run:
    """Occurrences of one event that follow each other and are in the same state; mostly it is one."""

    lanes: tuple[Lane, ...]
    title: str
    days: str
    words: str

    @property
    def state(self) -> str:
        """The state in which all of them are."""
        return self.lanes[0].state


def runs_of(lanes: Sequence[Lane], tongue: Tongue) -> Iterator[Run]:
    """All lanes in their order, long runs of neighbours alike together: 'Daily record 1–28'."""
    for _, neighbours in groupby(lanes, key=lambda lane: (lane.event, lane.state, lane.later, lane.current)):
        alike = tuple(neighbours)
        if len(alike) < LONG:
            yield from (Run((lane,), lane.title, lane.days, lane.words) for lane in alike)
            continue
        first, last = alike[0], alike[-1]
        days = window_words((days_of(first.planned)[0], days_of(last.planned)[1]), tongue.language)
        words = {lane.words for lane in alike}
        yield Run(
            alike,
            f"{first.title}–{last.planned.number}",
            days,
            words.pop() if len(words) == 1 else tongue.words.text(f"state_{first.state}"),
        )


__all__ = ["Run", "runs_of"]
