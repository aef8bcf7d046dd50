"""Finds people by the keyed hashes of what is known of them; nothing is decrypted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, exists, select

from storage.access import Actor, grants, visible_subjects
from storage.attempts import note_attempt, refuse_if_locked
from storage.audit import SYSTEM, AuditEntry, append_entry
from storage.database import Database
from storage.errors import Hidden
from storage.identity import Person, is_gone, known_as
from storage.limits import spend
from storage.tables import access, enrolment, identity_hash


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person who is known to the platform, with the pseudonym where the actor's site may open the record."""

    subject: int
    pseudonym: str = ""
    in_hospital: bool = False  # where the actor works for a ward: another one has the patient


def find_person(database: Database, actor: Actor, person: Person, *, at: datetime) -> FoundPerson | None:
    """Look a person up across sites by PESEL, surname and birth date, all three; limited per account and noted.

    A record of another site is answered with its existence alone ('ask for take-over'), never with a diagnosis.
    """
    if not actor.identities:
        raise Hidden("identities")
    if not (person.surname and person.birth_date and person.pesel):
        raise ValueError("looking a person up needs the identifier, the birth date and the surname")
    wanted = person.hashes(database.master)
    by_pesel, by_name = identity_hash.alias(), identity_hash.alias()
    query = (
        select(by_pesel.c.subject_id)
        .join(by_name, by_name.c.subject_id == by_pesel.c.subject_id)
        .where(known_as(by_pesel.c.kind, actor.registry, "pesel"), by_pesel.c.hash == wanted["pesel"])
        .where(known_as(by_name.c.kind, actor.registry, "surname_birth_date"))
        .where(by_name.c.hash == wanted["surname_birth_date"])
    )
    gone = is_gone(by_pesel.c.subject_id, actor.registry)
    limit = f"look-up:{actor.account}"
    with database.write() as connection:
        refuse_if_locked(connection, limit, at)
        spend(connection, "look-up", actor.account, at)
        query = query.add_columns(gone.label("gone")).order_by("gone", by_pesel.c.subject_id)
        found = _first(connection, actor, [(row.subject_id, bool(row.gone)) for row in connection.execute(query)], at)
        if found is None:
            note_attempt(connection, limit, at)
        entry = AuditEntry(
            SYSTEM,
            "look_up",
            actor.name,
            at,
            actor.channel,
            {"site": actor.site, "found": found.subject if found is not None else None},
        )
        append_entry(connection, entry)
        return found


def _first(
    connection: Connection, actor: Actor, people: Iterable[tuple[int, bool]], at: datetime
) -> FoundPerson | None:
    """The first record that is not withdrawn; one that is, and that the actor may open, where there is no other."""
    for subject, gone in people:
        seen = select(enrolment.c.pseudonym).where(enrolment.c.subject_id == subject, visible_subjects(actor, at))
        pseudonym = connection.execute(seen).scalar_one_or_none() or ""
        if pseudonym or not gone:
            return FoundPerson(
                subject, pseudonym, in_hospital=not pseudonym and _in_hospital(connection, actor, subject, at)
            )
    return None


def _in_hospital(connection: Connection, actor: Actor, subject: int, at: datetime) -> bool:
    """Whether another ward of the actor's hospital has a patient whom the own one has not."""
    if actor.unit is None:
        return False
    of_hospital = exists().where(access.c.subject_id == subject, grants(replace(actor, unit=None), at))
    return bool(connection.execute(select(of_hospital)).scalar_one())


__all__ = ["FoundPerson", "find_person"]
