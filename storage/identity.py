"""Identifying values: encrypted under the subject's own key, found by keyed hashes, lost for good at erasure."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, delete, insert, select, update

from storage.access import Actor, require_access, visible_subjects
from storage.audit import AuditEntry, append_entry, site_stream, subject_stream
from storage.bulk import upsert
from storage.database import Database
from storage.errors import Erased, Hidden, NotVisible
from storage.keys import Keys, decrypt, encrypt, new_key
from storage.locking import LockedSubject, lock_subject
from storage.slots import SEALED, Cell, Key, Packed, canonical, unpack, utc
from storage.tables import (
    attachment,
    enrolment,
    form_instance,
    identity,
    identity_hash,
    local_number,
    subject,
    subject_key,
    unique_key,
    working_copy,
)

STARTS = 3  # letters of a surname by which it is found
PARTS = 4  # of a compound surname that are found alone


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """A subject's key, unwrapped, with what makes a place in its record."""

    subject: int
    key: bytes

    def seal(self, form: int, key: Key, cell: Cell) -> bytes:
        """A value encrypted for its place."""
        return encrypt(self.key, canonical(cell).encode(), _place(self.subject, form, key))

    def open(self, form: int, key: Key, ciphertext: bytes) -> Cell:
        """The value back; raises InvalidTag when it was moved or changed."""
        cell = unpack(json.loads(decrypt(self.key, ciphertext, _place(self.subject, form, key))))
        assert cell is not None
        return cell

    def open_packed(self, form: int, key: Key, packed: Packed | None) -> Cell | None:
        """A value of the audit, decrypted when it is encrypted."""
        if packed is not None and packed[0] == SEALED:
            return self.open(form, key, base64.b64decode(packed[1]))
        return unpack(packed)


def sealed(ciphertext: bytes) -> Cell:
    """A ciphertext as the audit keeps it."""
    return Cell(SEALED, base64.b64encode(ciphertext).decode())


def subject_key_of(keys: Keys, locked: LockedSubject) -> SubjectKey:
    """The subject's key; raises Erased when it was destroyed."""
    if locked.wrapped is None:
        raise Erased(locked.id)
    return SubjectKey(locked.id, keys.unwrap(locked.wrapped, locked.id))


def create_subject_key(connection: Connection, keys: Keys, subject_id: int) -> None:
    """A new random key for a new subject."""
    wrapped = keys.wrap(new_key(), subject_id)
    connection.execute(insert(subject_key), {"subject_id": subject_id, "wrapped": wrapped})


@dataclass(frozen=True, slots=True)
class PersonItems:
    """The items of the patient form by which a person is found."""

    surname: str = "last_name"
    birth_date: str = "birth_date"
    pesel: str = "pesel"

    @property
    def all(self) -> frozenset[str]:
        """Their ids."""
        return frozenset((self.surname, self.birth_date, self.pesel))


@dataclass(frozen=True, slots=True)
class Person:
    """What a person is looked up by; each part may be missing."""

    surname: str = ""
    birth_date: str = ""  # ISO
    pesel: str = ""

    def hashes(self, keys: Keys) -> dict[str, bytes | None]:
        """The keyed hashes by kind; nothing where a part is missing."""
        name = normalised_name(self.surname)
        texts = {
            "surname": name,
            "surname_start": name[:STARTS],
            **_parts(self.surname),
            "surname_birth_date": f"{name} {self.birth_date}" if name and self.birth_date else "",
            "pesel": "".join(filter(str.isdigit, self.pesel)),
        }
        return {kind: keys.keyed_hash(kind.partition("/")[0], text) if text else None for kind, text in texts.items()}


def _parts(surname: str) -> dict[str, str]:
    """Each part of a compound surname, to be found like a whole one; always the same kinds, so that old ones go."""
    parts = [part for part in map(normalised_name, re.split(r"[\s\u2010-\u2015-]+", surname)) if part]
    named = dict(enumerate(parts if len(parts) > 1 else ()))
    return {
        f"{kind}/{place}": named.get(place, "")[:length]
        for place in range(PARTS)
        for kind, length in (("surname", None), ("surname_start", STARTS))
    }


def searched_hashes(keys: Keys, text: str) -> list[bytes]:
    """The hashes under which a surname, a part of one, its first three letters or a PESEL may be found."""
    name, digits = normalised_name(text), "".join(filter(str.isdigit, text))
    wanted = {"surname": name, "surname_start": name if len(name) == STARTS else "", "pesel": digits}
    return [keys.keyed_hash(kind, sought) for kind, sought in wanted.items() if sought]


def normalised_name(name: str) -> str:
    """Small letters without marks, blanks and hyphens: 'Nowak-Żuk ' and 'NOWAK ZUK' are found alike."""
    flat = unicodedata.normalize("NFKD", name.casefold().replace("ł", "l"))
    return "".join(letter for letter in flat if letter.isalnum())


def person_in(values: Mapping[str, object], items: PersonItems) -> Person:
    """The person of a patient form's values."""
    found = (values.get(name) for name in (items.surname, items.birth_date, items.pesel))
    return Person(*(str(value) if isinstance(value, str | date) else "" for value in found))


def write_hashes(connection: Connection, keys: Keys, subject_id: int, person: Person) -> None:
    """Bring the hashes by which a subject is found up to date."""
    _WRITE_HASHES.run(connection, [(subject_id, kind, value) for kind, value in person.hashes(keys).items()])


def page_identities(
    database: Database, actor: Actor, subjects: Iterable[int], items: Iterable[str], at: datetime
) -> dict[int, dict[str, Cell]]:
    """Decrypt some items of the subjects shown on one page, and note who saw whom in the site's stream.

    Raises Hidden for a role that may not know who somebody is.
    """
    if not actor.identities:
        raise Hidden("identities")
    wanted, names, shown = list(subjects), list(items), dict[int, dict[str, Cell]]()
    with database.write() as connection:
        _require_all(connection, actor, wanted, at)
        query = (
            select(identity, subject_key.c.wrapped)
            .join(subject_key, subject_key.c.subject_id == identity.c.subject_id)
            .where(identity.c.subject_id.in_(wanted), identity.c.item.in_(names), identity.c.ciphertext.is_not(None))
        )
        for row in connection.execute(query):
            key = SubjectKey(row.subject_id, database.master.unwrap(row.wrapped, row.subject_id))
            cell = key.open(row.form_id, (row.row_id, row.item), row.ciphertext)
            shown.setdefault(row.subject_id, {})[row.item] = cell
        stream = site_stream(actor.site or 0)
        body = {"subjects": wanted}
        entry = AuditEntry(stream, "identities", actor.name, at, actor.channel, body, items=tuple(names))
        append_entry(connection, entry)
    return shown


def _require_all(connection: Connection, actor: Actor, wanted: list[int], at: datetime) -> None:
    seen = select(enrolment.c.subject_id).where(enrolment.c.subject_id.in_(wanted), visible_subjects(actor, at))
    for hidden in set(wanted) - set(connection.execute(seen).scalars()):
        raise NotVisible(hidden)


def erase(database: Database, actor: Actor, subject_id: int, at: datetime, *, reason: str) -> None:
    """Destroy the key and all that leads to the person; what remains is pseudonymous, the audit still verifies."""
    with database.write() as connection:
        require_access(connection, actor, subject_id, at)
        lock_subject(connection, subject_id)
        for table in (subject_key, identity_hash, identity, working_copy, attachment, local_number):
            connection.execute(delete(table).where(table.c.subject_id == subject_id))
        connection.execute(delete(unique_key).where(unique_key.c.subject_id == subject_id))
        connection.execute(update(subject).where(subject.c.id == subject_id).values(erased_at=utc(at)))
        forms = connection.execute(select(form_instance.c.id).where(form_instance.c.subject_id == subject_id))
        body = {"forms": [row.id for row in forms]}
        stream = subject_stream(subject_id)
        entry = AuditEntry(stream, "erase", actor.name, at, actor.channel, body, reason=reason, subject=subject_id)
        append_entry(connection, entry)


def _place(subject_id: int, form: int, key: Key) -> str:
    return f"{subject_id}/{form}/{key[0]}/{key[1]}"


_WRITE_HASHES = upsert(identity_hash, ("subject_id", "kind", "hash"))

__all__ = [
    "Person",
    "PersonItems",
    "SubjectKey",
    "create_subject_key",
    "erase",
    "normalised_name",
    "page_identities",
    "person_in",
    "sealed",
    "searched_hashes",
    "subject_key_of",
    "write_hashes",
]
