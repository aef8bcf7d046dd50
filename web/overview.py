"""A patient at a glance: events as lanes of forms with their states, what to do next, outcomes with reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from engine.datatypes.local_time import to_local
from engine.model.form import FormDef
from engine.model.text import in_language
from engine.records.evaluation import Evaluation, PlannedEvent
from engine.records.form_data import FormData
from storage.form_data import FormRecord, InstanceRow, Place, SubjectRecord
from storage.issues import OpenIssue
from storage.saving import COMPLETE
from web.entry import evaluate_at
from web.places import Spot, event_form_spot, place_of
from web.registries import Version
from web.titles import event_title, form_words, outcome_words, window_words
from web.words import Tongue

UNFILLED = frozenset({"required", "rows"})  # what an unfinished form lacks is no mistake
DONE = "done"


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
    later: bool = False
    current: bool = False
    window: tuple[date | None, date | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value that rules derive, with the reasons."""

    label: str
    value: str  # '' while unknown
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The patient, or one of its episodes."""

    instance: int
    container: str
    title: str
    lanes: tuple[Lane, ...]
    outcomes: tuple[Outcome, ...]
    addable: tuple[tuple[str, Spot], ...] = ()  # unscheduled events: title and the form that opens one


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do: a key of the words, with parts, and where."""

    spot: Spot
    key: str
    form: str
    event: str = ""
    note: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Glance:
    """What the overview is made from."""

    version: Version
    record: SubjectRecord
    issues: Sequence[OpenIssue]
    drafts: frozenset[Place]
    now: datetime
    tongue: Tongue

    @property
    def language(self) -> str:
        return self.tongue.language

    @property
    def today(self) -> date:
        return to_local(self.now).date()


def parts_of(glance: Glance) -> Iterator[Part]:
    """The patient and then each episode, the newest first."""
    rows = glance.record.instances
    top = next(row for row in rows if row.parent is None)
    yield _part(glance, top)
    for row in sorted((row for row in rows if row.parent is not None), key=lambda row: -row.number):
        yield _part(glance, row)


def _part(glance: Glance, row: InstanceRow) -> Part:
    model = glance.version.registry.model
    evaluation = _evaluate(glance, row)
    if evaluation is None:
        return Part(row.id, row.container, _part_title(glance, row), (), ())
    lanes = tuple(_lane(glance, row, planned) for planned in evaluation.events)
    current = next((n for n, lane in enumerate(lanes) if not lane.later and not _is_finished(lane)), None)
    marked = tuple(replace(lane, current=n == current) for n, lane in enumerate(lanes))
    outcomes = tuple(
        Outcome(
            in_language(model.derived[name].label, glance.language) or name,
            _outcome_value(glance, name, found.value),
            found.because,
        )
        for name in model.derived
        if model.derived[name].owner == row.container and (found := evaluation.derived.get(name)) is not None
    )
    return Part(row.id, row.container, _part_title(glance, row), marked, outcomes, tuple(_addable(glance, row)))


def _outcome_value(glance: Glance, name: str, value: object) -> str:
    model = glance.version.registry.model
    return outcome_words(model, model.derived[name], value, glance.language) if value is not None else ""


def _part_title(glance: Glance, row: InstanceRow) -> str:
    container = glance.version.registry.model.containers.get(row.container)
    title = in_language(container.title, glance.language) if container else ""
    return f"{title or row.container} {row.number}"


def _evaluate(glance: Glance, row: InstanceRow) -> Evaluation | None:
    """What rules say about a container instance, asked through one of its forms."""
    model = glance.version.registry.model
    own = next((form for form in model.forms.values() if form.container == row.container and not form.per_event), None)
    if own is None:
        return None
    place = Place(row.id, own.id)
    stored = glance.record.forms.get(place)
    data = stored.data if stored else FormData()
    return evaluate_at(glance.version, glance.record, place, data, glance.now, glance.language)


def _lane(glance: Glance, row: InstanceRow, planned: PlannedEvent) -> Lane:
    model, words = glance.version.registry.model, glance.tongue.words
    later = _is_later(glance, planned)
    forms = tuple(
        _form_line(glance, event_form_spot(model.forms[form], row.id, planned.event, planned.number), later)
        for form in model.events[planned.event].forms
    )
    state = _lane_state(planned, forms, later)
    return Lane(
        event=planned.event,
        title=event_title(model, planned.event, planned.number, glance.language),
        days=window_words(planned.window, glance.language),
        state=state,
        words=words.text("state_optional")
        if state == "planned" and planned.state == "optional"
        else _due_words(glance, planned)
        if state in ("due", "overdue", "planned")
        else words.text(f"state_{state}"),
        forms=forms,
        later=later,
        window=planned.window,
    )


def _is_later(glance: Glance, planned: PlannedEvent) -> bool:
    """Whether an event is not to be filled yet."""
    if planned.state != "planned":
        return planned.state in ("cancelled", "optional")
    low = planned.window[0]
    if low is not None:
        return low > glance.today
    return (glance.version.registry.model.events[planned.event].day or 0) > 0


def _lane_state(planned: PlannedEvent, forms: tuple[FormLine, ...], later: bool) -> str:
    states = {line.state for line in forms}
    for state in ("errors", "warnings"):
        if state in states:
            return state
    if states and states <= {"complete"}:
        return "complete"
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


def _due_words(glance: Glance, planned: PlannedEvent) -> str:
    """'za 5 dni', '6 dni po terminie', 'do 16.05.2025'."""
    words, (low, high), today = glance.tongue.words, planned.window, glance.today
    if high is not None and today > high:
        return words.count("days_late", (today - high).days)
    if low is not None and today < low:
        return words.count("days_left", (low - today).days)
    if high is not None:
        return (
            words.text("until_today")
            if high == today
            else words.text("until", day=window_words((None, high), glance.language))
        )
    return words.text("state_planned")


def _form_line(glance: Glance, spot: Spot, later: bool) -> FormLine:
    model, words = glance.version.registry.model, glance.tongue.words
    place = place_of(glance.record, spot)
    stored = glance.record.forms.get(place) if place is not None else None
    own = [issue for issue in glance.issues if stored is not None and issue.form == stored.id]
    errors = sum(issue.severity == "error" and issue.code not in UNFILLED for issue in own)
    warnings = sum(issue.severity != "error" and not issue.acknowledged_by for issue in own)
    unsaved = place in glance.drafts
    state = _form_state(stored, errors, warnings, unsaved=unsaved, later=later)
    said = (
        words.count(state, {"errors": errors, "warnings": warnings}[state])
        if state in ("errors", "warnings")
        else words.text(f"state_{state}")
    )
    if unsaved:
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
    return "complete" if stored.state == COMPLETE and not unsaved else "draft"


def _is_finished(lane: Lane) -> bool:
    return lane.state == "complete"


def _addable(glance: Glance, row: InstanceRow) -> Iterator[tuple[str, Spot]]:
    """Events that may be added at any time."""
    model = glance.version.registry.model
    for event in model.events.values():
        if event.repeats and event.container == row.container and event.forms:
            held = [one.number for one in glance.record.occurrences if one.instance == row.id and one.event == event.id]
            form: FormDef = model.forms[event.forms[0]]
            yield (
                in_language(event.title, glance.language),
                event_form_spot(form, row.id, event.id, max(held, default=0) + 1),
            )


def next_steps(parts: Sequence[Part]) -> tuple[Step, ...]:
    """What to do, the most pressing first."""
    found: list[tuple[int, Step]] = []
    seen: set[Spot] = set()
    for part in parts:
        for lane in part.lanes:
            for line in lane.forms:
                ranked = None if line.spot in seen else _step(lane, line)
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


def _step(lane: Lane, line: FormLine) -> tuple[int, Step] | None:
    if line.state not in _RANKS or (line.state == "planned" and (lane.state == "cancelled" or not lane.days)):
        return None
    rank, key = _RANKS[line.state]
    if line.unsaved:
        rank, key = 1, "step_unsaved"
    elif line.state == "open" and lane.state == "overdue":
        rank, key = 2, "step_late"
    note = f"{lane.title}: {lane.days}" if lane.days else lane.title
    event = lane.title if lane.title != line.title else ""
    return rank, Step(line.spot, key, line.title, event, note, line.errors or line.warnings)


__all__ = ["FormLine", "Glance", "Lane", "Outcome", "Part", "Step", "next_steps", "parts_of"]
