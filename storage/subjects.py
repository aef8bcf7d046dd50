"""Subjects: register a person, add events, find a person by pseudonym."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, Executable, delete, insert, select, text

from storage.access import SEEN, Actor, add_access, given_to, visible_subjects
from storage.audit import AuditEntry, Head, append_after, append_entry, ask_last, subject_stream
from storage.bulk import Writes
from storage.closing import refuse_frozen
from storage.database import Database
from storage.direct import Query, in_one_trip
from storage.errors import NotFound
from storage.form_index import Registry
from storage.idempotency import answer_claim, claim
from storage.identity import create_subject_key
from storage.instances import (
    NewPart,
    ask_visible_rows,
    open_at_once,
    open_parts,
    require_instance,
    visible_rows,
)
from storage.keys import Keys
from storage.locking import lock_subject, turn_to, wait_for_subject
from storage.slots import utc
from storage.structure import Place
from storage.tables import enrolment, form_instance, instance, occurrence, pending_event, subject, working_copy
from storage.verification_counts import count_subject

_LETTERS = "ABCDEFGHJKLMNPRSTUWXYZ"  # without I, O and Q, V, which are misread


@dataclass(frozen=True, slots=True)
class Registered:
    """A subject: its id, pseudonym, and the instance that is the patient; `replayed`: registered by an earlier request."""

    subject: int
    pseudonym: str
    patient: int
    replayed: bool = False


def pseudonym(prefix: str, number: int) -> str:
    """Prefix, running number and two check characters that reveal any single wrong or two swapped characters."""
    total = 0
    for character in f"{prefix}{number:04d}":
        total = (total * 37 + int(character, 36)) % 211
    return f"{prefix}-{number:04d}-{_LETTERS[total // 10]}{total % 10}"


def register_subject(
    database: Database, actor: Actor, *, prefix: str, at: datetime, registry: Registry | None = None,
    key: str = "", empty: Registered | None = None,
) -> Registered:  # fmt: skip
    """A new person in the actor's registry, seen by the actor's site. Raises Closed while the registry is frozen.

    Args:
        registry: whose containers that are there at once are opened too, such as a first episode.
        key: the same key gives the same person, also to requests at the same time.
        empty: a record that may be taken instead of a new one.
    """
    with database.write() as connection:
        claimed = f"register:{actor.registry}:{actor.site}:{key}"
        earlier = claim(connection, actor.account, claimed, at) if key else None
        if earlier is not None:
            return Registered(**earlier, replayed=True)
        if empty is not None:
            refuse_frozen(connection, actor.registry)
        new = empty or _register(connection, database.keys, actor, prefix, at)
        if registry is not None and empty is None:
            open_at_once(connection, registry, actor, new.subject, "patient", new.patient, at)
        if key:
            answer = {"subject": new.subject, "pseudonym": new.pseudonym, "patient": new.patient}
            answer_claim(connection, actor.account, claimed, answer)
        return new


def register_with(
    database: Database, actor: Actor, parts: Sequence[NewPart], *, prefix: str, at: datetime
) -> tuple[Registered, list[int]]:
    """A new person with these episodes and what is in them; the ids of these, each before those in it."""
    with database.write() as connection:
        new = _register(connection, database.keys, actor, prefix, at)
        return new, open_parts(connection, actor, new.subject, parts, new.patient, at)


def _register(connection: Connection, keys: Keys | None, actor: Actor, prefix: str, at: datetime) -> Registered:
    moment = utc(at)
    subject_id = _inserted(connection, insert(subject).values(registered_at=moment).returning(subject.c.id))
    _grant_own(connection, actor, subject_id, at)  # first: nobody sees or adds what no access row grants
    if keys is not None:
        create_subject_key(connection, keys, subject_id)
    row = {"subject_id": subject_id, "container": "patient", "registry": "", "number": 1, "opened_at": moment}
    patient = _inserted(connection, insert(instance).values(row).returning(instance.c.id))
    name = _enrol(connection, actor, subject_id, prefix, at)
    body = {"patient": patient, "pseudonym": name, "site": actor.site}
    _note(connection, actor, subject_id, at, "register", body)
    return Registered(subject_id, name, patient)


def enrol_in(connection: Connection, actor: Actor, subject_id: int, prefix: str, at: datetime) -> str:
    """Take a known person, whose lock is held, into the actor's registry, seen by the actor's site; the pseudonym there. The caller notes it."""
    _grant_own(connection, actor, subject_id, at)
    return _enrol(connection, actor, subject_id, prefix, at)


def enrol_subject(
    database: Database, actor: Actor, subject_id: int, *, prefix: str, at: datetime, registry: Registry | None = None
) -> str:
    """Take a known person into one more registry; returns the pseudonym there. Raises Closed while that is frozen.

    With a `registry` its containers that are there at once are opened too, such as a first episode.
    """
    with database.write() as connection:
        lock_subject(connection, subject_id)
        _grant_own(connection, actor, subject_id, at)
        name = _enrol(connection, actor, subject_id, prefix, at)
        count_subject(connection, subject_id)
        _note(connection, actor, subject_id, at, "enrol", {"pseudonym": name, "site": actor.site})
        if registry is not None:
            root = select(instance.c.id).where(instance.c.subject_id == subject_id, instance.c.parent_id.is_(None))
            patient = connection.execute(root.where(instance.c.registry == "")).scalar_one()
            open_at_once(connection, registry, actor, subject_id, "patient", patient, at)
        return name


def is_in_registry(database: Database, actor: Actor, subject_id: int) -> bool:
    """Whether any hospital has, or had, a person in the actor's registry: yes or no, whoever may see it."""
    given = {"subject": subject_id, "registry": actor.registry}
    with database.read() as connection:
        if database.dialect == "postgresql" and database.acting is not None:
            return not connection.execute(_IS_FREE, given).scalar_one()
        known = select(enrolment.c.number).filter_by(subject_id=subject_id, registry=actor.registry)
        return connection.execute(known).first() is not None


def add_occurrence(  # noqa: PLR0913 -- one thing is added, and each part of it has a name
    database: Database, actor: Actor, subject_id: int, instance_id: int, event: str, *, at: datetime,
    day: date | None = None, number: int | None = None,
) -> int:  # fmt: skip
    """One more occurrence of an event in an instance; returns its id. The one with that `number`, if it is there."""
    return add_occurrences(database, actor, subject_id, [NewOccurrence(instance_id, event, number, day)], at=at)[0]


class NewOccurrence(NamedTuple):
    """An occurrence of an event that is to be added."""

    instance: int
    event: str
    number: int | None = None  # which time; the next one otherwise
    day: date | None = None


def add_occurrences(
    database: Database, actor: Actor, subject_id: int, wanted: Sequence[NewOccurrence], *, at: datetime
) -> list[int]:
    """The same for several at one time; the ids in order."""
    with database.write() as connection:
        return add_occurrences_within(connection, actor, subject_id, wanted, at)


def add_occurrences_within(
    connection: Connection, actor: Actor, subject_id: int, wanted: Sequence[NewOccurrence], at: datetime
) -> list[int]:
    """The same in a transaction that goes on."""
    with in_one_trip(connection):
        wait_for_subject(connection, subject_id)
        turn_to(connection, subject_id)
        visible = ask_visible_rows(connection, actor, subject_id, at)
        known = _OCCURRENCES.ask(connection, {"subject": subject_id})
        last = ask_last(connection, subject_stream(subject_id))
    rows, seen = visible()
    for instance_id in {one.instance for one in wanted}:
        require_instance(rows, seen, subject_id, instance_id)
    there = {(place, event, number): found for place, event, number, found in known()}
    keys = []
    for one in wanted:
        taken = [number for place, event, number in there if (place, event) == (one.instance, one.event)]
        keys.append((one.instance, one.event, one.number or max(taken, default=0) + 1))
        there.setdefault(keys[-1], 0)
    new = {key: one for key, one in zip(keys, wanted, strict=True) if not there[key]}
    if new:
        there |= write_occurrences(connection, actor, subject_id, new, at, last())
    return [there[key] for key in keys]


def write_occurrences(
    connection: Connection, actor: Actor, subject_id: int, new: Mapping[tuple[int, str, int], NewOccurrence],
    at: datetime, last: Head | None,
) -> dict[tuple[int, str, int], int]:  # fmt: skip
    """Add occurrences of an instance, an event and a number each, after the `last` entry of the subject's stream; their ids."""
    rows = [
        {
            "subject_id": subject_id,
            "instance_id": instance_id,
            "event": event,
            "number": number,
            "day": _day(connection, one.day),
            "added_at": utc(at),
        }
        for (instance_id, event, number), one in new.items()
    ]
    added = insert(occurrence).returning(occurrence.c.id, sort_by_parameter_order=True)
    ids = dict(zip(new, map(int, connection.execute(added, rows).scalars()), strict=True))
    head, writes = last, Writes()
    for (instance_id, event, number), found in ids.items():
        day = str(new[instance_id, event, number].day or "")
        body = {"occurrence": found, "instance": instance_id, "event": event, "number": number, "day": day}
        head = append_after(writes, _entry(actor, subject_id, at, "event", body), head)
    writes.send(connection)
    return ids


def remove_occurrence(
    database: Database, actor: Actor, subject_id: int, instance_id: int, event: str, number: int, *, at: datetime
) -> None:
    """Take an occurrence back that was added. Raises NotFound when it is gone, or somebody entered something in it."""
    with database.write() as connection:
        lock_subject(connection, subject_id)
        rows, seen = visible_rows(connection, actor, subject_id, at)
        require_instance(rows, seen, subject_id, instance_id)
        key = {"instance_id": instance_id, "event": event, "number": number}
        found = connection.execute(select(occurrence).filter_by(**key)).one_or_none()
        if found is None or _is_used(connection, subject_id, found.id, at):
            raise NotFound("empty occurrence", (instance_id, event, number))
        connection.execute(delete(pending_event).filter_by(registry=actor.registry, **key))
        connection.execute(delete(occurrence).where(occurrence.c.id == found.id))
        body = {"occurrence": found.id, "instance": instance_id, "event": event, "number": number}
        _note(connection, actor, subject_id, at, "event_removed", {**body, "day": str(found.day or "")})


def _is_used(connection: Connection, subject_id: int, occurrence_id: int, at: datetime) -> bool:
    """Whether a form of it was saved, or waits in somebody's working copy."""
    saved = select(form_instance.c.id).where(form_instance.c.occurrence_id == occurrence_id).limit(1)
    begun = select(working_copy.c.place).where(
        working_copy.c.subject_id == subject_id, working_copy.c.expires_at > utc(at)
    )
    return connection.execute(saved).first() is not None or any(
        Place(*json.loads(name)).occurrence == occurrence_id for name in connection.execute(begun).scalars()
    )


def find_pseudonym(database: Database, actor: Actor, name: str, *, at: datetime, withdrawn: bool = False) -> int:
    """The subject of a pseudonym that the actor may see, or of one that is withdrawn; raises NotFound."""
    given = given_to(actor, 0, at) | {"pseudonym": name.strip().upper(), "withdrawn": withdrawn}
    with database.read() as connection:
        found = _OF_PSEUDONYM.rows(connection, given)
    if not found:
        raise NotFound("subject", name)
    return int(found[0][0])


def pseudonym_of(database: Database, actor: Actor, subject_id: int, *, at: datetime) -> str:
    """The pseudonym of a subject that the actor may see; raises NotFound."""
    seen = (enrolment.c.subject_id == subject_id, visible_subjects(actor, at))
    with database.read() as connection:
        found = connection.execute(select(enrolment.c.pseudonym).where(*seen)).scalar_one_or_none()
    if found is None:
        raise NotFound("subject", subject_id)
    return str(found)


def _grant_own(connection: Connection, actor: Actor, subject_id: int, at: datetime) -> None:
    if actor.site is None:
        raise ValueError("a subject is registered by a site")
    add_access(connection, subject_id, actor.site, actor.registry, utc(at))
    if actor.unit is not None:
        add_access(connection, subject_id, actor.site, actor.registry, utc(at), unit=actor.unit)
    turn_to(connection, subject_id)  # what is opened at once is nobody's ward's before it is there


def _enrol(connection: Connection, actor: Actor, subject_id: int, prefix: str, at: datetime) -> str:
    refuse_frozen(connection, actor.registry)
    number = _next_number(connection, f"enrolment:{actor.registry}")
    name = pseudonym(prefix, number)
    row = {
        "subject_id": subject_id,
        "registry": actor.registry,
        "number": number,
        "pseudonym": name,
        "enrolled_at": utc(at),
    }
    connection.execute(insert(enrolment), row)
    return name


def _next_number(connection: Connection, name: str) -> int:
    """The next number under a name; whoever takes it makes others wait until the end of the transaction."""
    return int(connection.execute(_NEXT, {"name": name}).scalar_one())


def _inserted(connection: Connection, statement: Executable) -> int:
    return int(connection.execute(statement).scalar_one())


def _day(connection: Connection, day: date | None) -> date | str | None:
    return day.isoformat() if day and connection.dialect.name == "sqlite" else day


def _note(
    connection: Connection, actor: Actor, subject_id: int, at: datetime, kind: str, body: dict[str, object]
) -> None:
    append_entry(connection, _entry(actor, subject_id, at, kind, body))


def _entry(actor: Actor, subject_id: int, at: datetime, kind: str, body: dict[str, object]) -> AuditEntry:
    return AuditEntry(subject_stream(subject_id), kind, actor.name, at, actor.channel, body, subject=subject_id)


_OF_PSEUDONYM = Query.of(
    "SELECT e.subject_id FROM enrolment e WHERE e.registry = :actor_registry AND e.pseudonym = :pseudonym "  # noqa: S608 -- names alone
    f"AND (e.withdrawal_id IS NOT NULL) = :withdrawn AND {SEEN}"
)
_OCCURRENCES = Query.of("SELECT instance_id, event, number, id FROM occurrence WHERE subject_id = :subject")
_NEXT = text(
    "INSERT INTO counter (name, value) VALUES (:name, 1) "
    "ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value"
)

_IS_FREE = text("SELECT ecrf_is_free(CAST(:subject AS bigint))")  # row-level security shows no rows of others

__all__ = [
    "NewOccurrence",
    "Registered",
    "add_occurrence",
    "add_occurrences",
    "add_occurrences_within",
    "enrol_in",
    "enrol_subject",
    "find_pseudonym",
    "is_in_registry",
    "pseudonym",
    "pseudonym_of",
    "register_subject",
    "register_with",
    "remove_occurrence",
    "write_occurrences",
]
