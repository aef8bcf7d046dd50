"""Finds people by the keyed hashes of what is known of them; nothing is decrypted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from storage.access import Actor, visible_subjects
from storage.attempts import note_attempt, refuse_if_locked
from storage.audit import SYSTEM, AuditEntry, append_entry
from storage.database import Database
from storage.errors import Hidden
from storage.identity import Person
from storage.tables import enrolment, identity_hash


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person who is known to the platform, with the pseudonym where the actor's site may open the record."""

    subject: int
    pseudonym: str = ""


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
        .where(by_pesel.c.kind == "pesel", by_pesel.c.hash == wanted["pesel"])
        .where(by_name.c.kind == "surname_birth_date", by_name.c.hash == wanted["surname_birth_date"])
    )
    limit = f"look-up:{actor.account}"
    with database.write() as connection:
        refuse_if_locked(connection, limit, at)
        found = connection.execute(query).scalars().first()
        if found is None:
            note_attempt(connection, limit, at)
        entry = AuditEntry(SYSTEM, "look_up", actor.name, at, actor.channel, {"site": actor.site, "found": found})
        append_entry(connection, entry)
        if found is None:
            return None
        seen = select(enrolment.c.pseudonym).where(enrolment.c.subject_id == found, visible_subjects(actor, at))
        return FoundPerson(found, connection.execute(seen).scalar_one_or_none() or "")


__all__ = ["FoundPerson", "find_person"]
