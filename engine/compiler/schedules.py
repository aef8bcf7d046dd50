"""Tells schedules that can never be met: visits that nothing creates, that wait for themselves, that cannot be told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from engine.compiler.binding import Workbench
from engine.compiler.outcomes import frame_of_nothing
from engine.compiler.rules import EventRules, Rule
from engine.expressions.evaluator import compile_term
from engine.model.metadata_version import StudyEventDef

_LONG = 1_000_000  # days: what stands for no limit


def warn_of_schedules(bench: Workbench, events: Mapping[str, EventRules]) -> None:
    """Say so at each event that can never be created or due, or whose window says two things."""
    for rules in events.values():
        _warn_if_never_expected(bench, rules)
        _warn_if_day_outside(bench, rules.event)
    _warn_of_circles(bench, events)
    _warn_of_overlaps(bench, events)


def _warn_if_never_expected(bench: Workbench, rules: EventRules) -> None:
    """What creates an event must be known before it: neither a constant nor an answer of its own forms creates it."""
    when = rules.when
    if when is None or when.time or when.events or not _forms_read(when) <= _own_forms(bench, rules.event):
        return
    if compile_term(when.term)(frame_of_nothing(bench, rules.scope)) is not True:
        told = "read only its own forms" if when.reads else "never hold"
        bench.problems.warning(
            rules.event.mark,
            "never-expected",
            f"{rules.event.id} is never created: its conditions (`when`) {told}. Name an answer of an earlier form, or leave `when` out.",
        )


def _warn_if_day_outside(bench: Workbench, event: StudyEventDef) -> None:
    low, high = _window(event)
    if event.day is not None and not low <= event.day <= high:
        bench.problems.warning(
            event.mark,
            "day-outside-window",
            f"{event.id} is planned for day {event.day}, and its window is {_days(low, high)}. Move the day into the window.",
        )


def _warn_of_circles(bench: Workbench, events: Mapping[str, EventRules]) -> None:
    """Visits that wait for each other's dates, and lie after them."""
    waits = {id_: giver for id_, rules in events.items() if (giver := _giver(bench, events, rules)) is not None}
    told: set[str] = set()
    for start in waits:
        way = [start]
        while (following := waits.get(way[-1])) is not None and following not in way:
            way.append(following)
        if following != start or told & set(way):
            continue
        windows = [_window(events[id_].event) for id_ in way]
        if all(low > 0 for low, _ in windows) or all(high < 0 for _, high in windows):
            told.update(way)
            whose = "its own forms" if len(way) == 1 else " > ".join((*way, start))
            bench.problems.warning(
                events[start].event.mark,
                "waits-for-itself",
                f"{start} can never be due: its days are counted from a date of {whose}, which is entered when it takes place. "
                "Count from a date of an earlier event.",
            )


def _giver(bench: Workbench, events: Mapping[str, EventRules], rules: EventRules) -> str | None:
    """The event that alone collects the forms from which a date is read; none where there are several, or no date."""
    read = _forms_read(rules.after) if rules.after is not None else frozenset()
    givers = (id_ for id_, other in events.items() if read <= _own_forms(bench, other.event))
    return next(givers, None) if read else None


def _warn_of_overlaps(bench: Workbench, events: Mapping[str, EventRules]) -> None:
    """Visits of one kind: what happens on a day of two windows could be reported in either."""
    for series in _series(events):
        for earlier, later in pairwise(sorted(series, key=lambda event: (_window(event), event.day or 0))):
            (low, high), (opens, closes) = _window(earlier), _window(later)
            if opens <= high:
                bench.problems.warning(
                    later.mark,
                    "windows-overlap",
                    f"{later.id} ({_days(opens, closes)}) and {earlier.id} ({_days(low, high)}) collect the same forms, and their windows "
                    "overlap: nobody can tell to which of them a contact belongs. Let one close before the other opens.",
                )


def _series(events: Mapping[str, EventRules]) -> Iterator[list[StudyEventDef]]:
    """Events with windows that collect the same forms, counted from the same date under the same condition."""
    found: dict[tuple[object, ...], list[StudyEventDef]] = {}
    for rules in events.values():
        event = rules.event
        if event.window is not None and event.after is not None and not event.repeats:
            conditions = tuple(text.text if text else "" for text in (event.after, event.when, event.optional))
            found.setdefault((event.container, event.forms, *conditions), []).append(event)
    return (series for series in found.values() if len(series) > 1)


def _window(event: StudyEventDef) -> tuple[int, int]:
    if event.window is None:
        return event.day or 0, event.day or 0
    low, high = event.window
    return -_LONG if low is None else low, _LONG if high is None else high


def _days(low: int, high: int) -> str:
    """'day 5 to 10', with what is open left out."""
    return f"day {'…' if low == -_LONG else low} to {'…' if high == _LONG else high}"


def _forms_read(rule: Rule) -> frozenset[str]:
    return frozenset(key.partition(".")[0] for key in rule.reads)


def _own_forms(bench: Workbench, event: StudyEventDef) -> frozenset[str]:
    """The forms that an event alone collects."""
    return frozenset(form for form in event.forms if bench.scopes.forms[form].events == (event.id,))


__all__ = ["warn_of_schedules"]
