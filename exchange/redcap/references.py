"""What a reference of REDCap's logic stands for, seen from the form where a rule stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Path
from exchange.document import Field
from exchange.rules.meaning import Meaning, Untranslatable, answer, call

_HERE = frozenset({"", "event-name", "current-event-name"})
_UNKNOWN_EVENTS = "The data dictionary does not say which events there are: the answer of the one form is read."
_FIRST_OCCURRENCE = "The event repeats: its first occurrence is read."
_NAME_OF_RECORD = (
    "{} is how REDCap calls the record; here it is an answer like others, and the rule fails while it is empty."
)
_FIRST_MEANT = "The form repeats: its first record is read."

# Smart variables: what they tell, which no rule of ours may ask.
_SMART: Mapping[str, str] = {
    "user": "who is signed in",
    "record": "how the record is called",
    "survey": "surveys",
    "form": "the form's address",
    "project": "the project",
    "event": "the event",
    "arm": "the arm",
    "data": "the project's tables",
    "is": "how the form is filled",
    "instance": "which record of a form this is",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A form: its id here, the events that have it, and whether there may be several records of it.

    `once_at`: the events at which a form that repeats has one record there.
    """

    id: str
    events: tuple[str, ...] = ()  # ids here
    per_event: bool = False
    repeats: bool = False
    once_at: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """A field: its id here, its form's name there, and what rules may ask of it."""

    id: str
    form: str
    field: Field
    identifying: bool = False


@dataclass(frozen=True, slots=True)
class References:
    """All fields and forms of a project, by REDCap's names. `record_id`: the field by which REDCap calls records."""

    fields: Mapping[str, Known]
    places: Mapping[str, Place]
    events: Mapping[str, str] = field(default_factory=dict)
    repeating: frozenset[str] = frozenset()  # ids of events that may take place several times
    record_id: str = ""

    def seen_from(self, form: str, doubts: list[str]) -> Callable[[Path], Meaning | Field]:
        """For a translator: finds fields from a form. `doubts` gathers what is meant otherwise."""
        return lambda path: self._find(path, self.places[form], doubts)

    def _find(self, path: Path, here: Place, doubts: list[str]) -> Meaning | Field:
        event, name, code, instance, modifier = path.parts
        if name == "event-name":
            return self._in_event(event)
        known = self.fields.get(name)
        if known is None:
            raise Untranslatable(_unknown(name))
        if name == self.record_id:
            doubts.append(_NAME_OF_RECORD.format(name))
        if known.field.kind is Kind.NOTHING:
            raise Untranslatable(f"{name} shows a text and has no answer.")
        found = self._read(known, here, event, instance, doubts)
        if code:
            return _chosen(found, known, code)
        return _modified(found, known, modifier)

    def _in_event(self, event: str) -> Meaning:
        if event not in self.events:
            raise Untranslatable(
                f"The file tells of no event {event}." if event else "The name of the event is no answer here."
            )
        return Meaning(Call("event_is", (Literal(self.events[event], 0),), 0), Kind.BOOLEAN)

    def _read(self, known: Known, here: Place, event: str, instance: str, doubts: list[str]) -> Meaning:
        there = self.places[known.form]
        if event not in _HERE:
            return self._of_event(known, there, event, instance, doubts)
        if there.repeats:
            return _of_record(known, there, here, instance, doubts)
        if instance not in ("", "1", "first-instance", "current-instance", "last-instance"):
            raise Untranslatable(f"The record {instance} of {known.id} is read, and no form is known to repeat.")
        if there.per_event and not here.per_event and there is not here:
            return _named(known, _event_of(known, there, here), there.id)
        return answer(known.field)

    def _of_event(self, known: Known, there: Place, event: str, instance: str, doubts: list[str]) -> Meaning:
        if not self.events:
            if event.endswith("-event-name"):
                raise Untranslatable(f"[{event}] needs to know which events there are.")
            doubts.append(_UNKNOWN_EVENTS)
            return answer(known.field)
        id_ = self.events.get(event)
        if id_ is None:
            raise Untranslatable(f"There is no event {event}.")
        if id_ not in there.events:
            raise Untranslatable(f"The form of {known.id} is not filled in at {event}.")
        if id_ in self.repeating:
            return _of_occurrence(known, (id_, there.id, known.id), instance, doubts)
        if there.repeats and (instance or id_ in there.once_at):
            return _of_occurrence(known, (id_, there.id, known.id), instance or "1", doubts)
        if there.repeats or instance:
            raise Untranslatable(f"One of several records of {known.id} at an event is read.")
        return _named(known, id_, there.id) if there.per_event else answer(known.field)


def _unknown(name: str) -> str:
    if "-" in name:
        about = _SMART.get(name.split("-", maxsplit=1)[0], "something about the project")
        return f"The smart variable [{name}] tells {about}, which is no answer."
    if name.endswith(("_complete", "_timestamp", "_return_code")):
        return f"{name} tells of the form's state, which rules do not know."
    return f"There is no field {name}."


def _named(known: Known, *before: str) -> Meaning:
    path = Field((*before, known.id), known.field.kind, known.field.form, (), known.field.values, known.field.spellings)
    return answer(path)


def _event_of(known: Known, there: Place, here: Place) -> str:
    shared = [event for event in here.events if event in there.events]
    if len(shared) == 1:
        return shared[0]
    if len(there.events) == 1:
        return there.events[0]
    raise Untranslatable(f"{known.id} has an answer in each of several events.")


def _of_record(known: Known, there: Place, here: Place, instance: str, doubts: list[str]) -> Meaning:
    """A field of a form that repeats."""
    if there is here:
        aggregates = {"": "", "current-instance": "", "previous-instance": "prev", "next-instance": "next"}
    else:
        aggregates = {"": "first", "last-instance": "last"}
        if not instance:
            doubts.append(_FIRST_MEANT)
    aggregates |= {"1": "first", "first-instance": "first"}
    name = aggregates.get(instance)
    if name is None:
        raise Untranslatable(f"The record {instance} of {known.id} is read.")
    if not name:
        return answer(known.field)
    path = Path((known.id,) if there is here else (there.id, known.id), 0)
    return Meaning(Call(name, (path,), 0), known.field.kind, frozenset({known.id}), known.field)


def _of_occurrence(known: Known, path: tuple[str, ...], instance: str, doubts: list[str]) -> Meaning:
    """A field at an event that repeats."""
    name = {"": "first", "1": "first", "first-instance": "first", "last-instance": "last"}.get(instance)
    if name is None:
        raise Untranslatable(f"The occurrence {instance} of an event is read.")
    if not instance:
        doubts.append(_FIRST_OCCURRENCE)
    return Meaning(Call(name, (Path(path, 0),), 0), known.field.kind, frozenset({known.id}), known.field)


def _chosen(found: Meaning, known: Known, code: str) -> Meaning:
    """`[f(code)]`: whether the box is ticked."""
    if known.field.kind is not Kind.CODES:
        raise Untranslatable(f"{known.id} is no multiple choice, so that ({code}) means nothing.")
    ours = known.field.spellings.get(code, code)
    if ours not in known.field.values:
        raise Untranslatable(f"{known.id} has no choice {code}.")
    return Meaning(Apply("in", (Literal(ours, 0), found.node), 0), Kind.BOOLEAN)


def _modified(found: Meaning, known: Known, modifier: str) -> Meaning:
    if modifier.split(":", maxsplit=1)[0] in ("", "value", "ymd"):
        return found
    if modifier == "label" and known.field.kind is Kind.CODE:
        return call("label", Kind.TEXT, found)
    raise Untranslatable(f"[{known.id}:{modifier}] reads the answer in words.")
