"""What to do next for a patient, the most pressing first, each with its deadline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from web.overview import NOT_ASKED, FormLine
from web.parts import Part
from web.places import Spot
from web.runs import Run, runs_of
from web.schedule_words import opening
from web.words import Tongue


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do: a key of the words, with parts, and where."""

    spot: Spot
    key: str
    form: str
    event: str = ""
    note: str = ""
    count: int = 0


def next_steps(parts: Sequence[Part], tongue: Tongue) -> tuple[Step, ...]:
    """What to do, the most pressing first; of a long run of records alike the first."""
    found: list[tuple[int, Step]] = []
    seen: set[Spot] = set()
    for part in parts:
        for run in runs_of(part.lanes, tongue):
            for place, line in enumerate(run.lanes[0].forms):
                ranked = None if line.spot in seen else _step(part, run, line, first=place == 0)
                if ranked is not None:
                    seen.add(line.spot)
                    found.append(ranked)
    return tuple(step for _, step in sorted(found, key=lambda pair: pair[0]))


_RANKS: Mapping[str, tuple[int, str]] = {
    "errors": (0, "step_correct"),
    "draft": (3, "step_finish"),
    "open": (4, "step_fill"),
    "warnings": (5, "step_answer"),
    "planned": (9, "step_plan"),
}


def _step(part: Part, run: Run, line: FormLine, *, first: bool) -> tuple[int, Step] | None:
    lane = run.lanes[0]
    if line.state not in _RANKS:
        return None
    if line.state == "planned":  # an event is planned once, not form by form
        if not first or lane.planned.state in NOT_ASKED or opening(lane.planned) is None:
            return None
        return _RANKS["planned"][0], Step(
            line.spot,
            "step_plan",
            run.title,
            "",
            ", ".join(filter(None, (part.within and part.name, run.days, lane.due))),
        )
    rank, key = _RANKS[line.state]
    if line.unsaved:
        rank, key = 1, "step_unsaved"
    elif line.state == "open" and lane.state == "overdue":
        rank, key = 2, "step_late"
    timed = lane.planned.state in ("due", "overdue") and lane.planned.window[1] is not None
    note = ", ".join(
        filter(
            None,
            (
                part.within and part.name,
                f"{run.title}: {run.days}" if run.days else run.title,
                lane.due if timed else "",
            ),
        )
    )
    event = lane.title if lane.title != line.title else ""
    return rank, Step(line.spot, key, line.title, event, note, line.errors or line.warnings)


__all__ = ["Step", "next_steps"]
