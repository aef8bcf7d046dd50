"""Words for the schedule: when an event is or was, what it follows from, and how much time is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from engine.datatypes.local_time import to_local
from engine.datatypes.words import date_text, number_text
from engine.model.metadata_version import StudyEventDef
from engine.records.evaluation import PlannedEvent
from engine.records.explaining import Fact
from web.titles import window_words
from web.words import Tongue

HAPPENED = frozenset({"done"})


def days_words(planned: PlannedEvent, language: str) -> str:
    """The day when it took place, else its window, else the day that it was given."""
    return window_words(days_of(planned), language)


def days_of(planned: PlannedEvent) -> tuple[date | None, date | None]:
    """The first and the last day of what `days_words` tells."""
    if planned.date is not None and (planned.state in HAPPENED or planned.window == (None, None)):
        return planned.date, planned.date
    return planned.window


def opening(planned: PlannedEvent) -> date | None:
    """The first day of its window; of an event without a window that somebody added, the day that it was given."""
    return planned.date if planned.window == (None, None) and planned.state == "planned" else planned.window[0]


def due_words(planned: PlannedEvent, today: date, tongue: Tongue) -> str:
    """'za 5 dni', '6 dni po terminie', 'do 16.05.2025'."""
    words, low, high = tongue.words, opening(planned), planned.window[1]
    if high is not None and today > high:
        return words.count("days_late", (today - high).days)
    if low is not None and today < low:
        return words.count("days_left", (low - today).days)
    if high is not None:
        return (
            words.text("until_today")
            if high == today
            else words.text("until", day=window_words((None, high), tongue.language))
        )
    return words.text("state_due" if planned.state == "due" else "state_planned")


def reasons(
    event: StudyEventDef, planned: PlannedEvent, why: Mapping[str, Sequence[Fact]], tongue: Tongue
) -> tuple[str, ...]:
    """What an occurrence follows from, a sentence for each key of the definition that says something of it."""
    told = []
    for key, facts in why.items():
        what = "; ".join(map(str, facts))
        if key == "after":
            told.append(_counted(event, planned, what, tongue))
        elif key == "when" and not planned.expected:
            told.append(tongue.words.text("why_unexpected", facts=what))
        else:
            told.append(tongue.words.text(f"why_{key}", facts=what))
    return tuple(told)


def _counted(event: StudyEventDef, planned: PlannedEvent, what: str, tongue: Tongue) -> str:
    """The date from which days are counted, the planned day and the window in days."""
    words, (low, high) = tongue.words, event.window or (None, None)
    counted = words.text("why_after", facts=what)
    if planned.window == (None, None):
        return counted
    if event.day and planned.state not in HAPPENED:
        counted += (
            " " + words.text("why_day", number=event.day, day=date_text(planned.date, tongue.language))
            if planned.date
            else ""
        )
    if event.window is not None and (low, high) != (0, 0):
        ends = {
            name: "…" if end is None else number_text(Decimal(end), tongue.language)
            for name, end in (("first", low), ("last", high))
        }
        counted += " " + words.text("why_window", **ends)
    return counted


def outside_words(planned: PlannedEvent, now: datetime, tongue: Tongue) -> str:
    """That the window of an event is not open, or that somebody called it missed; '' when there is nothing to say."""
    words, today, (low, high) = tongue.words, to_local(now).date(), planned.window
    if planned.reason:
        return words.text("window_missed", reason=planned.reason)
    if low is not None and today < low:
        left = words.count("days_left", (low - today).days)
        return words.text("window_early", day=date_text(low, tongue.language), left=left)
    if high is not None and today > high:
        return words.text("window_late", day=date_text(high, tongue.language))
    return ""


__all__ = ["days_of", "days_words", "due_words", "opening", "outside_words", "reasons"]
