"""What a reference of REDCap's logic stands for, seen from the form where a rule stands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax
from engine.expressions.printer import expression_text
from exchange.document import Field
from exchange.rules.meaning import Meaning, Untranslatable, answer, call, constant, doubts_of

_HERE = frozenset({"", "event-name", "current-event-name"})
_UNTOLD_EVENTS = "[{}] needs to know which events there are."
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
    "event": "the number of the event in the database",
    "data": "the project's tables",
    "is": "how the form is filled",
    **dict.fromkeys(("current", "first", "last", "previous", "next", "new"), "which record of a form this is"),
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
class Visit:
    """An event: its id here, and what REDCap tells of it. `arm`: the number of its arm."""

    id: str
    name: str
    title: str = ""
    arm: str = "1"
    arm_title: str = ""
    repeats: bool = False


# Smart variable -> what it tells of the event in which the form is filled in.
_OF_EVENT: Mapping[str, Callable[[Visit], str]] = {
    "event-name": lambda visit: visit.name,
    "redcap-event-name": lambda visit: visit.name,
    "event-label": lambda visit: visit.title,
    "arm-number": lambda visit: visit.arm,
    "arm-label": lambda visit: visit.arm_title,
}
_ENDS: Mapping[str, str] = {"1": "first", "first-instance": "first", "last-instance": "last"}
_BESIDE: Mapping[str, str] = {"previous-instance": "prev", "next-instance": "next"}
# Word before it -> which of the events of the arm is meant: of the places of all that count, and of this one.
_RELATIVE: Mapping[str, Callable[[list[int], int], list[int]]] = {
    "previous": lambda places, here: [place for place in places if place < here][-1:],
    "next": lambda places, here: [place for place in places if place > here][:1],
    "first": lambda places, _here: places[:1],
    "last": lambda places, _here: places[-1:],
}


@dataclass(frozen=True, slots=True)
class Known:
    """A field: its id here, its form's name there, and what rules may ask of it."""

    id: str
    form: str
    field: Field
    identifying: bool = False


@dataclass(frozen=True, slots=True)
class References:
    """All fields, forms and events of a project, by REDCap's names, in its order. `record_id`: the field by which REDCap calls records."""

    fields: Mapping[str, Known]
    places: Mapping[str, Place]
    events: Mapping[str, Visit] = field(default_factory=dict)
    record_id: str = ""

    def seen_from(self, form: str, doubts: list[str]) -> Callable[[Path], Meaning | Field]:
        """For a translator: finds fields from a form. `doubts` gathers what is meant otherwise."""
        return lambda path: self._find(path, self.places[form], doubts)

    def _find(self, path: Path, here: Place, doubts: list[str]) -> Meaning | Field:
        event, name, code, instance, modifier = path.parts
        relative, _, told = name.partition("-")
        if name in _OF_EVENT or (relative in _RELATIVE and told in _OF_EVENT):
            return self._told_of_event(name, here)
        if name == "current-instance" and here.repeats:
            return Meaning(Call("row_index", (), 0), Kind.NUMBER)
        known = self.fields.get(name)
        if known is None:
            raise Untranslatable(_unknown(name))
        if name == self.record_id:
            doubts.append(_NAME_OF_RECORD.format(name))
        if known.field.kind is Kind.NOTHING:
            raise Untranslatable(f"{name} shows a text and has no answer.")

        def read(event: str) -> Meaning:
            found = self._read(known, here, event, instance, doubts)
            return _chosen(found, known, code) if code else _modified(found, known, modifier)

        relative = event.removesuffix("-event-name")
        if event.endswith("-event-name") and relative in _RELATIVE:
            return self._in_turn(event, here, self.places[known.form], read)
        return read(event)

    # events ---------------------------------------------------------------------------------------------------------

    def _targets(self, relative: str, here: Place, ids: Collection[str]) -> dict[str, Visit | None]:
        """Event at which the form is filled in -> the event that is meant there, among those of the same arm with these ids."""
        visits = list(self.events.values())
        found: dict[str, Visit | None] = {}
        for at, visit in enumerate(visits):
            if visit.id in here.events:
                there = [n for n, each in enumerate(visits) if each.arm == visit.arm and each.id in ids]
                found[visit.id] = next((visits[n] for n in _RELATIVE[relative](there, at)), None)
        return found

    def _told_of_event(self, name: str, here: Place) -> Meaning:
        """What a smart variable tells, event by event."""
        if not self.events:
            raise Untranslatable(_UNTOLD_EVENTS.format(name))
        relative, _, told = name.partition("-")
        visits: Mapping[str, Visit | None] = {each.id: each for each in self.events.values()}
        if relative in _RELATIVE:
            visits = self._targets(relative, here, visits)
        tell = _OF_EVENT.get(name) or _OF_EVENT[told]
        return by_event({id_: constant(tell(visit) if visit is not None else "") for id_, visit in visits.items()})

    def _in_turn(self, event: str, here: Place, there: Place, read: Callable[[str], Meaning]) -> Meaning:
        """`[previous-event-name][x]` and its like: which event that is depends on where the form is filled in."""
        if not self.events or not here.events:
            raise Untranslatable(_UNTOLD_EVENTS.format(event))
        targets = self._targets(event.removesuffix("-event-name"), here, there.events)
        cases = {id_: read(visit.name) if visit is not None else None for id_, visit in targets.items()}
        return by_event({id_: found or constant(None) for id_, found in cases.items()})

    # answers --------------------------------------------------------------------------------------------------------

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
                raise Untranslatable(_UNTOLD_EVENTS.format(event))
            doubts.append(_UNKNOWN_EVENTS)
            return answer(known.field)
        visit = self.events.get(event)
        if visit is None:
            raise Untranslatable(f"There is no event {event}.")
        if visit.id not in there.events:
            raise Untranslatable(f"The form of {known.id} is not filled in at {event}.")
        if visit.repeats or (there.repeats and (instance or visit.id in there.once_at)):
            if visit.repeats and not instance:
                doubts.append(_FIRST_OCCURRENCE)
            return _one_of(known, (visit.id, there.id, known.id), instance or "1", counted=not visit.repeats)
        if there.repeats or instance:
            raise Untranslatable(f"One of several records of {known.id} at an event is read.")
        return _named(known, visit.id, there.id) if there.per_event else answer(known.field)


def event_is(event: str) -> Meaning:
    """Whether the form stands in an event of ours."""
    return Meaning(Call("event_is", (Literal(event, 0),), 0), Kind.BOOLEAN)


def by_event(cases: Mapping[str, Meaning]) -> Meaning:
    """What differs by the event in which the form stands; one answer for all of them is no question."""
    there = [found for found in cases.values() if found.kind is not Kind.NOTHING]
    if not there or (not there[0].is_literal and len({expression_text(found.node) for found in cases.values()}) == 1):
        return next(iter(cases.values()))
    node: Syntax = Literal(None, 0)
    for event, found in reversed(list(cases.items())):
        if found.kind is not Kind.NOTHING:
            node = Call("if", (event_is(event).node, found.node, node), 0)
    return Meaning(node, there[0].kind, doubts_of(there), there[0].field)


def told_by_event(found: Meaning) -> dict[str, str]:
    """Event -> the constant that `by_event` has for it; nothing where it is something else."""
    told, node = dict[str, str](), found.node
    while True:
        match node:
            case Call("if", (Call("event_is", (Literal(event),)), Literal(str(text)), rest)):
                told[str(event)], node = text, rest
            case Literal(None):
                return told
            case _:
                return {}


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
        if instance in ("", "current-instance"):
            return answer(known.field)
        if instance in _BESIDE:  # rows beside this one are found without their form's name
            return _aggregate(known, Call(_BESIDE[instance], (Path((known.id,), 0),), 0))
    elif not instance:
        doubts.append(_FIRST_MEANT)
    return _one_of(known, (there.id, known.id), instance or "1", counted=True)


def _one_of(known: Known, path: tuple[str, ...], instance: str, *, counted: bool = False) -> Meaning:
    """One of several records. `counted`: they are those of a form, which have numbers of their own."""
    name = _ENDS.get(instance)
    if name is not None:
        return _aggregate(known, Call(name, (Path(path, 0),), 0))
    if not counted or not instance.isdigit():
        raise Untranslatable(f"The record {instance} of {known.id} is read.")
    numbered = Apply("=", (Call("row_index", (), 0), Literal(Decimal(instance), 0)), 0)
    return _aggregate(known, Call("first", (Path(path, 0),), 0, where=numbered))


def _aggregate(known: Known, node: Call) -> Meaning:
    return Meaning(node, known.field.kind, frozenset({known.id}), known.field)


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
