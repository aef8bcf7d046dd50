"""All of a subject in one query: who may see it, its containers, events, forms, rows, values and ciphertexts."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection

from storage.access import Actor, given_to, seen_by
from storage.audit import subject_stream
from storage.direct import tell
from storage.errors import NotVisible
from storage.locking import LockedSubject
from storage.slots import Cells, canonical, cells_in
from storage.subject_query import HEADS, LOAD, OWN_PARTS, SAVE


class Place(NamedTuple):
    """Where a form stands: its container instance, or the event occurrence in it when the form is per event."""

    instance: int
    form: str
    occurrence: int | None = None
    record: int = 0

    @property
    def text(self) -> str:
        """How working copies name it."""
        return canonical(list(self))


class RowState(NamedTuple):
    """A row without its values."""

    row: str
    group: str
    parent: str  # '' for the form
    position: int
    removed: bool = False


class InstanceRow(NamedTuple):
    """A container instance."""

    id: int
    parent: int | None
    container: str
    number: int


def seen_instances(instances: Collection[InstanceRow], seen: frozenset[int]) -> frozenset[int]:
    """Of a subject's instances the visible episodes, all that is below them, and the patient.

    Who was given the patient's own instance sees what belongs to the patient as a whole, and no episode by that.
    """
    parents = {row.id: row.parent for row in instances}

    def visible(instance: int) -> bool:
        parent = parents[instance]
        return parent is None or instance in seen or (parents[parent] is not None and visible(parent))

    return frozenset(row.id for row in instances if visible(row.id))


class SiteRow(NamedTuple):
    """The container instance that stands for a hospital."""

    site: int
    instance: int


class OccurrenceRow(NamedTuple):
    """An occurrence of an event."""

    id: int
    instance: int
    event: str
    number: int
    day: date | None


class MissedRow(NamedTuple):
    """An occurrence of an event of which somebody says that it did not take place."""

    instance: int
    event: str
    number: int
    reason: str
    who: str
    at: datetime


class FormRow(NamedTuple):
    """The row of a form."""

    id: int
    place: Place
    definition: str
    revision: int
    state: str
    status: str
    opened_at: datetime
    saved_at: datetime
    origin: int | None  # the form that it was before it was carried here


class Secret(NamedTuple):
    """The ciphertext of an identifying value."""

    form: int
    row: str
    item: str
    ciphertext: bytes


class Beside(NamedTuple):
    """The own records of hospitals that treat a patient, without their values: rules of the patient's forms read them."""

    sites: tuple[SiteRow, ...] = ()
    forms: tuple[FormRow, ...] = ()
    rows: Mapping[int, dict[str, RowState]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Structure:
    """A subject as it is stored."""

    subject: LockedSubject
    seen: frozenset[int] | None  # the episodes that the actor may see, None for all
    instances: tuple[InstanceRow, ...]
    occurrences: tuple[OccurrenceRow, ...]
    forms: tuple[FormRow, ...]
    rows: Mapping[int, dict[str, RowState]]  # form -> row id -> row
    secrets: tuple[Secret, ...]
    missed: tuple[MissedRow, ...]
    gone: frozenset[Place]  # the forms that are withdrawn
    gone_rows: frozenset[str]  # the rows that are withdrawn, of forms that are not
    beside: Beside
    cells: Cells  # the entered values, with those of what is beside; none where nobody asked for them


class Before(NamedTuple):
    """What a save must know of what came before, as JSON: each is read where it is written."""

    answer: list[str] | None  # storage.idempotency
    head: list[Any] | None  # storage.audit: the last entry of the subject's stream
    issues: list[list[Any]]  # storage.derived: the open ones of all forms
    form: int  # the id that a new form will have; 0 when none is opened
    withdrawal: int | None  # through which the patient is withdrawn: storage.withdrawing
    closed: frozenset[int]  # storage.closing: the years that are closed
    pending: list[list[Any]]  # storage.schedule: the events to come
    queries: list[list[Any]]  # storage.rule_queries: those that rules raised
    verified: list[list[Any]]  # storage.verification: the values that were compared, in all registries
    latest: list[list[Any]]  # storage.schedule: when the latest event of each container instance took place


def ask_structure(
    connection: Connection,
    registry: str,
    actor: Actor,
    subject: int,
    at: datetime,
    *,
    sites: bool,
    values: bool = True,
) -> Callable[[], Structure]:
    """A subject in a registry; the answer raises NotVisible when the actor has no right to it at all.

    `sites`: with the own records of the hospitals that have a right to it, or had one.
    """
    _turn_to(connection, subject, sites=sites)
    fetch = (LOAD if values else HEADS)[sites].ask(connection, _given(registry, actor, subject, at))
    return lambda: _structure(actor, subject, _only(fetch(), subject))


def ask_before(  # noqa: PLR0913 -- each is a fact of the save
    connection: Connection, registry: str, actor: Actor, subject: int, at: datetime, key: str, *, new: bool, sites: bool
) -> Callable[[], tuple[Structure, Before]]:
    """The same for a save, with its values, the answer under its idempotency key, the audit's last entry and open issues."""
    _turn_to(connection, subject, sites=sites)
    given = _given(registry, actor, subject, at) | {"account": actor.account, "key": key, "new": new}
    given["stream"] = subject_stream(subject)
    fetch = SAVE[sites].ask(connection, given)

    def answer() -> tuple[Structure, Before]:
        row = _only(fetch(), subject)
        kept, head, issues, form, gone, closed, pending, queries, verified, latest = row[OWN_PARTS + 5 :]
        answer, last = json.loads(kept) if kept else None, json.loads(head) if head else None
        years = frozenset(year for (year,) in _list(closed))
        before = Before(
            answer, last, _list(issues), form, gone, years, _list(pending), _list(queries), _list(verified), _list(latest)
        )  # fmt: skip
        return _structure(actor, subject, row), before

    return answer


def _turn_to(connection: Connection, subject: int, *, sites: bool) -> None:
    """Tell PostgreSQL which subject is at hand, and whose hospitals are to be seen beside; on the way of what is asked.

    It looks whether there is a right to anything of the subject; rules read it as a whole.
    """
    tell(connection, _AT_HAND, (str(subject) if sites else "", subject))


def _given(registry: str, actor: Actor, subject: int, at: datetime) -> dict[str, Any]:
    return given_to(actor, subject, at) | {"registry": registry}


def _only(found: list[tuple[Any, ...]], subject: int) -> tuple[Any, ...]:
    if not found:
        raise NotVisible(subject)
    return found[0]


def _structure(actor: Actor, subject: int, row: tuple[Any, ...]) -> Structure:
    erased, wrapped, enrolled, granted, instances, occurrences, forms, rows, secrets, missed, gone = row[:OWN_PARTS]
    sites, site_forms, site_rows, values, site_values = row[OWN_PARTS : OWN_PARTS + 5]
    ordered = sorted((InstanceRow(*one) for one in _list(instances)), key=lambda one: (one.number, one.id))
    ours = {one.id for one in ordered}  # an occurrence belongs to the registry of its instance
    states, gone_rows = _states(rows)
    return Structure(
        LockedSubject(subject, erased is not None, wrapped),
        seen_by(actor, subject, bool(enrolled), _list(granted)),
        tuple(ordered),
        tuple(found for one in _list(occurrences) if (found := _occurrence(*one)).instance in ours),
        tuple(_form(*one) for one in _list(forms)),
        states,
        tuple(
            Secret(form, name, item, bytes.fromhex(text))
            for form, name, item, text in _list(secrets)
            if name not in gone_rows
        ),
        tuple(decided for one in _list(missed) if (decided := _missed(*one)).instance in ours),
        frozenset(Place(*one) for one in _list(gone)),
        gone_rows,
        Beside(
            tuple(SiteRow(*one) for one in _list(sites)),
            tuple(_form(*one) for one in _list(site_forms)),
            _states(site_rows)[0],
        ),
        cells_in([*_list(values), *_list(site_values)]),
    )


def _states(rows: str | None) -> tuple[dict[int, dict[str, RowState]], frozenset[str]]:
    """The rows of each form, and the ids of those that are withdrawn."""
    states: dict[int, dict[str, RowState]] = defaultdict(dict)
    gone = set()
    for form, name, group, parent, position, removed, withdrawal in _list(rows):
        if withdrawal is None:
            states[form][name] = RowState(name, group, parent, position, bool(removed))
        else:
            gone.add(name)
    return states, frozenset(gone)


def _occurrence(occurrence: int, instance: int, event: str, number: int, day: str | None) -> OccurrenceRow:
    return OccurrenceRow(occurrence, instance, event, number, date.fromisoformat(day) if day else None)


def _missed(instance: int, event: str, number: int, reason: str, who: str, at: str) -> MissedRow:
    return MissedRow(instance, event, number, reason, who, datetime.fromisoformat(at))


def _form(form: int, place: list[Any], head: list[Any], opened: str, saved: str, origin: int | None) -> FormRow:
    definition, revision, state, status = head
    opened_at, saved_at = datetime.fromisoformat(opened), datetime.fromisoformat(saved)
    return FormRow(form, Place(*place), definition, revision, state, status, opened_at, saved_at, origin)


# A patient is read by the same plan as any other: it is made once, and not anew each time as pages are (storage.database).
_AT_HAND = (
    "SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('ecrf.subject', $1, true), "
    "ecrf_turn_to($2)"
)


def _list(stored: str | None) -> list[Any]:
    """PostgreSQL gives nothing for an empty list."""
    return json.loads(stored) if stored else []


__all__ = [
    "Before",
    "Beside",
    "FormRow",
    "InstanceRow",
    "MissedRow",
    "OccurrenceRow",
    "Place",
    "RowState",
    "Secret",
    "SiteRow",
    "Structure",
    "ask_before",
    "ask_structure",
    "seen_instances",
]
