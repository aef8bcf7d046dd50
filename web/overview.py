"""Events at a glance: lanes of forms with their states, and what may be added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from engine.datatypes.local_time import to_local
from engine.model.text import in_language
from engine.records.evaluation import PlannedEvent
from engine.records.overlook import Overlook
from storage.form_data import FormRecord, InstanceRow, MissedRow, Place, SubjectRecord
from storage.issues import OpenIssue
from storage.schedule import TO_COME
from storage.states import FINISHED, State
from web.added_events import can_be_taken_back, days_allowed
from web.places import Spot, event_form_spot, place_of
from web.registries import Version
from web.schedule_words import days_words, due_words, opening, reasons
from web.titles import STATES, event_title, form_words
from web.words import Tongue

NOT_ASKED = frozenset({"cancelled", "missed", "optional"})  # events whose empty forms nobody waits for
_ENDS = {
    state.value: place for place, state in enumerate(State) if state in FINISHED
}  # an event is where the last of its forms is
UNFILLED = frozenset({"required", "rows"})  # what an unfinished form lacks is no mistake


@dataclass(frozen=True, slots=True)
class FormLine:
    """A form in a lane: its state is a key of the status signs."""

    spot: Spot
    title: str
    state: str
    words: str
    errors: int = 0
    warnings: int = 0
    unsaved: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """An event with its forms."""

    event: str
    title: str
    days: str
    state: str
    words: str
    forms: tuple[FormLine, ...]
    occasion: str  # how addresses name it
    planned: PlannedEvent
    later: bool = False
    current: bool = False
    notes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()  # what it follows from, in words
    may_take_back: bool = False  # it was added, and nothing was entered in it
    missed: MissedRow | None = None  # who says that it did not take place
    may_miss: bool = False  # it may be said that it did not take place
    due: str = ""  # how much time is left


@dataclass(frozen=True, slots=True)
class Addable:
    """An event that may be added at any time: its title, how addresses name the next one, and its first form."""

    title: str
    occasion: str
    spot: Spot
    first: date  # the days for which it may be added
    last: date


@dataclass(frozen=True, slots=True)
class Glance:
    """What the overview is made from."""

    version: Version
    record: SubjectRecord
    issues: Sequence[OpenIssue]
    drafts: frozenset[Place]
    now: datetime
    tongue: Tongue
    veiled: frozenset[str] = frozenset()  # keys of what is hidden from the role: web.discretion

    @property
    def language(self) -> str:
        return self.tongue.language

    @property
    def today(self) -> date:
        return to_local(self.now).date()


def lanes_of(glance: Glance, row: InstanceRow, overlook: Overlook) -> tuple[Lane, ...]:
    """The events of a container instance."""
    lanes = [_lane(glance, row, planned, overlook) for planned in overlook.events_of(str(row.id))]
    current = next((n for n, lane in enumerate(lanes) if not lane.later and not _is_finished(lane)), None)
    return tuple(replace(lane, current=n == current) for n, lane in enumerate(lanes))


def _lane(glance: Glance, row: InstanceRow, planned: PlannedEvent, overlook: Overlook) -> Lane:
    model, words = glance.version.registry.model, glance.tongue.words
    later = _is_later(glance, planned)
    event = model.events[planned.event]
    forms = tuple(
        _form_line(glance, event_form_spot(model.forms[form], row.id, planned.event, planned.number), planned)
        for form in event.forms
    )
    state = _lane_state(planned, forms, later)
    return Lane(
        event=planned.event,
        title=event_title(model, planned.event, planned.number, glance.language),
        days=days_words(planned, glance.language),
        state=state,
        words=_lane_words(glance, planned, state),
        forms=forms,
        occasion=f"{row.id}.{planned.event}.{planned.number}",
        planned=planned,
        later=later,
        notes=() if planned.expected else (words.text("not_expected"),),
        reasons=reasons(event, planned, overlook.why_event(planned), glance.tongue),
        missed=next((one for one in glance.record.missed if one[:3] == (row.id, planned.event, planned.number)), None)
        if planned.reason
        else None,
        due=due_words(planned, glance.today, glance.tongue),
        may_take_back=can_be_taken_back(model, glance.record, planned) and not any(f.unsaved for f in forms),
        may_miss=planned.state in TO_COME and planned.window != (None, None) and not any(f.unsaved for f in forms),
    )


def _lane_words(glance: Glance, planned: PlannedEvent, state: str) -> str:
    words = glance.tongue.words
    if state == "planned" and planned.state in ("optional", "cancelled"):
        return words.text(f"state_{planned.state}")
    return (
        due_words(planned, glance.today, glance.tongue)
        if state in ("due", "overdue", "planned")
        else words.text(f"state_{state}")
    )


def _is_later(glance: Glance, planned: PlannedEvent) -> bool:
    """Whether an event is not to be filled yet."""
    if planned.state != "planned":
        return planned.state in NOT_ASKED
    opens = opening(planned)
    if opens is not None:
        return opens > glance.today
    return (glance.version.registry.model.events[planned.event].day or 0) > 0


def _lane_state(planned: PlannedEvent, forms: tuple[FormLine, ...], later: bool) -> str:
    states = {line.state for line in forms}
    for state in ("errors", "warnings"):
        if state in states:
            return state
    if planned.state == "missed":
        return "missed"
    if states and states <= _ENDS.keys():
        return min(states, key=lambda state: _ENDS[state])
    if planned.state == "cancelled":
        return "cancelled"
    if planned.state == "overdue" and "open" in states:
        return "overdue"
    if later:
        return "planned"
    return (
        "due"
        if planned.state in ("due", "overdue") and states == {"open"}
        else "draft"
        if states != {"open"}
        else "open"
    )


def _form_line(glance: Glance, spot: Spot, planned: PlannedEvent) -> FormLine:
    model, words = glance.version.registry.model, glance.tongue.words
    place = place_of(glance.record, spot)
    stored = glance.record.forms.get(place) if place is not None else None
    own = [issue for issue in glance.issues if stored is not None and issue.form == stored.id]
    errors = sum(issue.severity == "error" and issue.code not in UNFILLED for issue in own)
    warnings = sum(issue.severity != "error" and not issue.acknowledged_by for issue in own)
    unsaved = place in glance.drafts
    state = _form_state(stored, errors, warnings, unsaved=unsaved, later=_is_later(glance, planned))
    said = (
        words.count(state, {"errors": errors, "warnings": warnings}[state])
        if state in ("errors", "warnings")
        else words.text(f"state_{state}")
    )
    if state == "planned" and planned.state in NOT_ASKED:
        said = words.text("state_unneeded")
    elif unsaved:
        said = words.text("line_copy")
    elif state == "draft" and (lacking := sum(issue.code in UNFILLED for issue in own)):
        said = words.count("draft_lacks", lacking)
    return FormLine(spot, form_words(model, spot.form, glance.language), state, said, errors, warnings, unsaved)


def _form_state(stored: FormRecord | None, errors: int, warnings: int, *, unsaved: bool, later: bool) -> str:
    if stored is None:
        return "draft" if unsaved else "planned" if later else "open"
    if errors:
        return "errors"
    if warnings:
        return "warnings"
    return STATES[stored.state] if not unsaved else "draft"


def _is_finished(lane: Lane) -> bool:
    return lane.state in (*FINISHED, "missed", "cancelled")


def addable_to(glance: Glance, row: InstanceRow, overlook: Overlook) -> Iterator[Addable]:
    """The events that may be added to a container instance."""
    model = glance.version.registry.model
    days = days_allowed(model, overlook.events, row.id, glance.today)
    for event in model.events.values():
        if event.repeats and event.container == row.container and event.forms:
            held = [one.number for one in glance.record.occurrences if one.instance == row.id and one.event == event.id]
            number, form = max(held, default=0) + 1, model.forms[event.forms[0]]
            yield Addable(
                in_language(event.title, glance.language),
                f"{row.id}.{event.id}.{number}",
                event_form_spot(form, row.id, event.id, number),
                *days,
            )


__all__ = ["NOT_ASKED", "Addable", "FormLine", "Glance", "Lane", "addable_to", "lanes_of"]
