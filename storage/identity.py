"""Identifying values: encrypted under the subject's own key, found by keyed hashes, lost for good at erasure."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    literal,
    not_,
    or_,
    select,
    text,
    update,
)

from engine.datatypes.identifiers import judge_pesel
from storage.access import Actor, require_access, visible_subjects
from storage.audit import AuditEntry, append_entry, site_stream, subject_stream
from storage.bulk import upsert
from storage.database import Database
from storage.errors import Erased, Hidden, KnownPerson, NotVisible
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
    withdrawal,
    working_copy,
)
from storage.verification_counts import count_subject

STARTS = 3  # letters of a surname by which it is found
PARTS = 4  # of a compound surname that are found alone
PESEL_DIGITS = 11
NUMBERS = ("pesel", "document")  # by which one person is told from all others
_MERGED = "merged:"  # how kinds of hashes begin that came of another record
_WITHDRAWN = "withdrawn:"  # how kinds begin that are no hash


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
    document: tuple[str, ...] = ()  # of those without a PESEL: all of them together

    @property
    def all(self) -> frozenset[str]:
        """Their ids."""
        return frozenset((self.surname, self.birth_date, *self.numbers))

    @property
    def numbers(self) -> frozenset[str]:
        """Those that tell one person from all others."""
        return frozenset((self.pesel, *self.document))


@dataclass(frozen=True, slots=True)
class Person:
    """What a person is looked up by; each part may be missing."""

    surname: str = ""
    birth_date: str = ""  # ISO
    pesel: str = ""
    document: tuple[str, ...] = ()

    def hashes(self, keys: Keys) -> dict[str, bytes | None]:
        """The keyed hashes by kind; nothing where a part is missing."""
        name, digits = normalised_name(self.surname), "".join(filter(str.isdigit, self.pesel))
        texts = {
            "surname": name,
            "surname_start": name[:STARTS],
            **_parts(self.surname),
            "surname_birth_date": f"{name} {self.birth_date}" if name and self.birth_date else "",
            "pesel": digits,
            "document": " ".join(self.document).upper() if all(self.document) else "",
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

    def told(name: str) -> str:
        value = values.get(name)
        return str(value) if isinstance(value, str | date) else ""

    return Person(
        told(items.surname), told(items.birth_date), told(items.pesel), tuple(told(name) for name in items.document)
    )


def are_two(one: Person, other: Person) -> bool:
    """Whether two records are plainly of two people: their PESELs say so, else surname and birth date both differ."""
    pesels = {one.pesel, other.pesel}
    if all(judge_pesel(pesel) is None for pesel in pesels):
        return len(pesels) > 1
    born = one.birth_date and other.birth_date and one.birth_date != other.birth_date
    names = {normalised_name(one.surname), normalised_name(other.surname)}
    return bool(born) and len(names) > 1 and "" not in names


def write_hashes(connection: Connection, keys: Keys, subject_id: int, person: Person) -> None:
    """Bring the hashes by which a subject is found up to date."""
    _WRITE_HASHES.run(connection, [(subject_id, kind, value) for kind, value in person.hashes(keys).items()])


def share_hashes(connection: Connection, registry: str, subject_id: int, kept: int) -> None:
    """Let a person be found under what is known of a record that was merged into another one."""
    found = select(literal(kept), literal(_merged(registry, subject_id)) + identity_hash.c.kind, identity_hash.c.hash)
    known = found.where(identity_hash.c.subject_id == subject_id, identity_hash.c.hash.is_not(None))
    connection.execute(insert(identity_hash).from_select(["subject_id", "kind", "hash"], known))


def unshare_hashes(connection: Connection, registry: str, subject_id: int, kept: int) -> None:
    """Take that back."""
    shared = identity_hash.c.kind.startswith(_merged(registry, subject_id), autoescape=True)
    connection.execute(delete(identity_hash).where(identity_hash.c.subject_id == kept, shared))


def known_as(column: ColumnElement[str], registry: str, kind: str) -> ColumnElement[bool]:
    """The condition on the kinds of hashes: that it is one's own, or that of a record that was merged in the registry."""
    merged = and_(
        column.startswith(f"{_MERGED}{registry}:", autoescape=True), column.endswith(f":{kind}", autoescape=True)
    )
    return or_(column == kind, merged)


def is_gone(subjects: ColumnElement[int], registry: str) -> ColumnElement[bool]:
    """Whether a subject is withdrawn from a registry, or another name for one that was kept: its hashes tell it everywhere."""
    mark = identity_hash.alias("mark")
    return exists().where(mark.c.subject_id == subjects, mark.c.kind == f"{_WITHDRAWN}{registry}")


def mark_gone(connection: Connection, registry: str, subject_id: int, *, gone: bool) -> None:
    """Note that a subject is withdrawn from a registry, or that it is not any more."""
    key = {"subject_id": subject_id, "kind": f"{_WITHDRAWN}{registry}"}
    connection.execute(delete(identity_hash).filter_by(**key))
    if gone:
        connection.execute(insert(identity_hash), {**key, "hash": None})


def refuse_known(connection: Connection, keys: Keys, registry: str, subject_id: int, person: Person) -> None:
    """Raise KnownPerson where another subject of whatever registry has the PESEL or the document; who writes it waits."""
    wanted = _numbers(keys, person)
    if not wanted:
        return
    if connection.dialect.name == "postgresql":
        for value in sorted(wanted.values()):
            lock = {"name": f"person:{value.hex()}"}
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), lock)
    others = _having(registry, tuple(wanted)).where(identity_hash.c.subject_id != subject_id)
    if connection.execute(others, wanted).first() is not None:
        raise KnownPerson(("person",))


class Taken(Enum):
    """Whether somebody has a number that tells one person from all others."""

    NOBODY = "nobody"
    OTHER = "other"
    SAME = "same"  # in the registry, under the same name and born on the same day


def taken_by(database: Database, registry: str, person: Person) -> Taken:
    """Who has the PESEL or the document of a person that is made up. At work nothing of this is told."""
    wanted, named = _numbers(database.master, person), person.hashes(database.master)["surname_birth_date"]
    if not wanted:
        return Taken.NOBODY
    with database.read() as connection:
        found = connection.execute(_alike(registry, tuple(wanted)), {**wanted, "named": named}).all()
    return Taken.SAME if any(same for _, same in found) else Taken.OTHER if found else Taken.NOBODY


def _numbers(keys: Keys, person: Person) -> dict[str, bytes]:
    """The keyed hashes of the PESEL, where it is whole, and of the document."""
    hashes, whole = person.hashes(keys), sum(map(str.isdigit, person.pesel)) == PESEL_DIGITS
    return {kind: value for kind in NUMBERS if (value := hashes[kind]) is not None and (whole or kind != "pesel")}


@lru_cache(maxsize=64)  # asked at each save of who somebody is: made once
def _having(registry: str, kinds: tuple[str, ...]) -> Select[Any]:
    """The subjects that have one of the numbers of these kinds, which are its parameters."""
    known = identity_hash.c
    same = or_(*(and_(known_as(known.kind, registry, kind), known.hash == bindparam(kind)) for kind in kinds))
    return select(known.subject_id).where(same, not_(is_gone(known.subject_id, registry)))


@lru_cache(maxsize=64)
def _alike(registry: str, kinds: tuple[str, ...]) -> Select[Any]:
    """The same, and whether each is in the registry under a name and day of birth, whose hash is `named`."""
    here = exists().where(enrolment.c.subject_id == identity_hash.c.subject_id, enrolment.c.registry == registry)
    own = identity_hash.alias("own")
    alike = exists().where(own.c.subject_id == identity_hash.c.subject_id, own.c.hash == bindparam("named"))
    return _having(registry, kinds).add_columns(and_(here, alike))


def _merged(registry: str, subject_id: int) -> str:
    return f"{_MERGED}{registry}:{subject_id}:"


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
    """Destroy the key and all that leads to the person; what remains is pseudonymous, the audit still verifies.

    The same of records that were merged with this one: they are of the same person.
    """
    with database.write() as connection:
        require_access(connection, actor, subject_id, at)
        people = [subject_id]
        for one in people:
            pairs = select(withdrawal.c.subject_id, withdrawal.c.kept_id).where(
                or_(withdrawal.c.subject_id == one, withdrawal.c.kept_id == one),
                withdrawal.c.kept_id.is_not(None), withdrawal.c.restored_at.is_(None),
            )  # fmt: skip
            people += sorted({other for pair in connection.execute(pairs) for other in pair}.difference(people))
        for one in sorted(people):
            _erase(connection, actor, one, at, reason)


def _erase(connection: Connection, actor: Actor, subject_id: int, at: datetime, reason: str) -> None:
    lock_subject(connection, subject_id)
    for table in (subject_key, identity_hash, identity, working_copy, attachment, local_number):
        connection.execute(delete(table).where(table.c.subject_id == subject_id))
    connection.execute(delete(unique_key).where(unique_key.c.subject_id == subject_id))
    connection.execute(update(subject).where(subject.c.id == subject_id).values(erased_at=utc(at)))
    count_subject(connection, subject_id)
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
    "Taken",
    "are_two",
    "create_subject_key",
    "erase",
    "is_gone",
    "known_as",
    "mark_gone",
    "normalised_name",
    "page_identities",
    "person_in",
    "refuse_known",
    "sealed",
    "searched_hashes",
    "share_hashes",
    "subject_key_of",
    "taken_by",
    "unshare_hashes",
    "write_hashes",
]
