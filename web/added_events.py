"""Events that people add by hand: for which days they may be, and which of them can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from engine.model.metadata_version import MetaDataVersion, StudyEventDef
from engine.records.evaluation import PlannedEvent
from storage.form_data import SubjectRecord

BEFORE, AFTER = 1, 5  # years: before the first date of an episode, and after today


def is_added(event: StudyEventDef) -> bool:
    """Whether people add an event, one more time whenever they like."""
    return event.repeats and event.every is None


def days_allowed(
    model: MetaDataVersion, planned: Iterable[PlannedEvent], instance: int, today: date
) -> tuple[date, date]:
    """The first and the last day for which an event may be added to a container instance."""
    known = (
        day
        for each in planned
        if each.instance == str(instance) and not is_added(model.events[each.event])
        for day in (each.date, *each.window)
        if day is not None
    )
    return _years_later(min([today, *known]), -BEFORE), _years_later(today, AFTER)


def can_be_taken_back(model: MetaDataVersion, record: SubjectRecord, planned: PlannedEvent) -> bool:
    """Whether somebody added an event in which nothing was entered since, and which nobody calls missed."""
    event = int(planned.instance), planned.event, planned.number
    there = any((row.instance, row.event, row.number) == event for row in record.occurrences)
    return there and is_added(model.events[planned.event]) and planned.state not in ("done", "missed")


def _years_later(day: date, years: int) -> date:
    year = min(max(day.year + years, date.min.year), date.max.year)
    return day.replace(year=year, day=28 if (day.month, day.day) == (2, 29) else day.day)


__all__ = ["can_be_taken_back", "days_allowed", "is_added"]
