"""Source data verification: that a value was compared with its source, and what came of it; taken back when it changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from storage.access import Actor
from storage.audit import AuditEntry, Head, append_after, append_entry, subject_stream
from storage.bulk import Writes, change, upsert
from storage.database import Database
from storage.errors import DecidedMeanwhile
from storage.locking import LockedSubject, lock_subject
from storage.queries import About, Said, require_place, write_query
from storage.query_words import key_for
from storage.saved_form import SavedForm
from storage.slots import Key, utc
from storage.tables import audit_entry, form_instance, verification
from storage.verification_counts import count_forms


class Finding(StrEnum):
    """What came of a comparison."""

    VERIFIED = "verified"
    DIFFERS = "differs"
    CHANGED = "changed"  # the value changed since: it is to be compared again


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found of a value, by whom and when."""

    key: Key  # row id and item
    state: Finding
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """A form as somebody has compared it."""

    subject: int
    form: int
    revision: int
    actor: Actor
    at: datetime


def verify(database: Database, seen: Seen, keys: Collection[Key]) -> None:
    """Values agree with their sources. Raises NotFound, and DecidedMeanwhile where the form was saved since."""
    with database.write() as connection:
        _begin(connection, seen, About(seen.form))
        _mark(connection, seen, keys, Finding.VERIFIED)


def differ(database: Database, seen: Seen, key: Key, words: str) -> int:
    """A value differs from its source: it is marked so, and a query is raised; the query's id. Raises as `verify` does."""
    about, said = About(seen.form, *key), Said("raise", words, seen.actor, seen.at)
    with database.write() as connection:
        locked = _begin(connection, seen, about)
        _mark(connection, seen, [key], Finding.DIFFERS)
        return write_query(connection, key_for(database, locked, words), seen.subject, about, said)


def compared(connection: Connection, actor: Actor, form: int) -> dict[Key, Compared]:
    """What was found of the values of a form that the actor was found to see."""
    mine = (verification.c.form_id == form, verification.c.registry == actor.registry)
    found = connection.execute(select(verification).where(*mine))
    return {(r.row_id, r.item): Compared((r.row_id, r.item), Finding(r.state), r.who, r.at) for r in found}


def take_back(
    writes: Writes, known: Iterable[Sequence[Any]], one: SavedForm, last: Head | Sequence[Any] | None
) -> Head | Sequence[Any] | None:
    """Values of a form that a save changes are to be compared again, in each registry; the last entry of the audit then."""
    form, changed = one.head.id, one.changes.cells
    gone = [(registry, row, item) for registry, where, row, item in known if where == form and (row, item) in changed]
    if not gone:
        return last
    writes.add(_TAKE_BACK, [(str(Finding.CHANGED), registry, form, row, item) for registry, row, item in gone])
    request = one.request
    body = {"form": form, "state": str(Finding.CHANGED), "keys": [[row, item] for _, row, item in gone]}
    return append_after(writes, _entry(request.subject, request.actor, request.at, body), last)


def _begin(connection: Connection, seen: Seen, about: About) -> LockedSubject:
    """The lock; the form is there, may be seen, and is as it was when it was compared."""
    locked = lock_subject(connection, seen.subject)
    require_place(connection, seen.actor, seen.subject, about, seen.at)
    now = select(form_instance.c.revision).where(form_instance.c.id == seen.form)
    if connection.execute(now).scalar_one() != seen.revision:
        who = select(audit_entry.c.who).where(audit_entry.c.form_id == seen.form).order_by(audit_entry.c.number.desc())
        raise DecidedMeanwhile(str(connection.execute(who.limit(1)).scalar_one_or_none() or ""))
    return locked


def _mark(connection: Connection, seen: Seen, keys: Collection[Key], state: Finding) -> None:
    before = compared(connection, seen.actor, seen.form)
    new = sorted(key for key in keys if key not in before or before[key].state is not state)
    if not new:
        return
    head = (seen.actor.registry, seen.form)
    tail = (seen.subject, str(state), seen.actor.name, utc(seen.at))
    _WRITE.run(connection, [(*head, *key, *tail) for key in new])
    old = [before[key].state if key in before else None for key in new]
    body = {"form": seen.form, "state": str(state), "keys": [list(key) for key in new], "old": old}
    append_entry(connection, _entry(seen.subject, seen.actor, seen.at, body))
    count_forms(connection, [seen.form])


def _entry(subject: int, actor: Actor, at: datetime, body: dict[str, Any]) -> AuditEntry:
    items = tuple(sorted({item for _, item in body["keys"]}))
    stream = subject_stream(subject)
    return AuditEntry(stream, "verify", actor.name, at, actor.channel, body, subject=subject, items=items)


_WRITE = upsert(verification, ("registry", "form_id", "row_id", "item", "subject_id", "state", "who", "at"))
_TAKE_BACK = change(verification, ("registry", "form_id", "row_id", "item"), ("state",))

__all__ = ["Compared", "Finding", "Seen", "compared", "differ", "take_back", "verify"]
