"""Dictionaries that others keep, such as ICD-10: each version as its file was, kept once and never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, select

from engine.datatypes.dictionary import Dictionary, dropped_rows, unpack
from storage.audit import SYSTEM, AuditEntry, append_entry
from storage.database import Database
from storage.errors import DictionaryClash, NotFound
from storage.slots import utc
from storage.tables import dictionary

_NEWEST = select(func.max(dictionary.c.number)).group_by(dictionary.c.name)
_FACTS = [column for column in dictionary.c if column.name not in ("text", "dropped")]


@dataclass(frozen=True, slots=True)
class LoadedVersion:
    """A version of a dictionary without its text."""

    number: int  # counted over all dictionaries, in order of loading
    name: str
    version: str
    hash: str
    codes: int
    loaded_at: datetime
    loaded_by: str


def load_dictionary(
    database: Database, name: str, text: str, *, version: str = "", who: str, at: datetime
) -> LoadedVersion | None:
    """Keep a checked file as the newest version, by default called after the day. None: it is the newest already.

    Raises:
        DictionaryClash: another file was loaded under this version.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    with database.write() as connection:
        known = connection.execute(_versions(name)).all()
        if known and known[0].hash == digest:
            return None
        called = version or _free(at.date().isoformat(), {row.version for row in known})
        if any(row.version == called for row in known):
            raise DictionaryClash(name, called)
        earlier = _opened(connection.execute(_whole(known[0].number)).one()) if known else None
        row = {
            "name": name,
            "version": called,
            "hash": digest,
            "text": text,
            "dropped": dropped_rows(earlier, text) if earlier is not None else "",
            "codes": unpack(name, called, text).current,
            "loaded_at": utc(at),
            "loaded_by": who,
        }
        connection.execute(insert(dictionary), row)
        body = {"name": name, "version": called, "hash": digest, "codes": row["codes"]}
        append_entry(connection, AuditEntry(SYSTEM, "load_dictionary", who, at, "cli", body))
        return _facts(connection.execute(_versions(name).limit(1)).one())


def copy_dictionaries(source: Database, target: Database, *, who: str, at: datetime) -> None:
    """Load the newest versions of one database into another, where it lacks them."""
    held = {(each.name, each.hash) for each in newest_dictionaries(target)}
    for each in newest_dictionaries(source):
        if (each.name, each.hash) not in held:
            with source.read() as connection:
                text = connection.execute(
                    select(dictionary.c.text).where(dictionary.c.number == each.number)
                ).scalar_one()
            load_dictionary(target, each.name, text, version=each.version, who=who, at=at)


def newest_dictionaries(database: Database) -> tuple[LoadedVersion, ...]:
    """The newest version of each dictionary."""
    query = select(*_FACTS).where(dictionary.c.number.in_(_NEWEST)).order_by(dictionary.c.name)
    with database.read() as connection:
        return tuple(map(_facts, connection.execute(query)))


def open_dictionary(database: Database, number: int) -> Dictionary:
    """A version, ready to be asked. Raises NotFound."""
    with database.read() as connection:
        row = connection.execute(_whole(number)).one_or_none()
    if row is None:
        raise NotFound("dictionary", number)
    return _opened(row)


def _versions(name: str) -> Select[Any]:
    """The versions of a dictionary, the newest first."""
    return select(*_FACTS).where(dictionary.c.name == name).order_by(dictionary.c.number.desc())


def _whole(number: int) -> Select[Any]:
    return select(dictionary).where(dictionary.c.number == number)


def _free(day: str, taken: Collection[str]) -> str:
    """The day, or, when several are loaded on it, the day with a number."""
    names = (day, *(f"{day}.{number}" for number in range(2, len(taken) + 2)))
    return next(name for name in names if name not in taken)


def _facts(row: Row[Any]) -> LoadedVersion:
    return LoadedVersion(**row._asdict())


def _opened(row: Row[Any]) -> Dictionary:
    return unpack(row.name, row.version, row.text, row.dropped)


__all__ = ["LoadedVersion", "copy_dictionaries", "load_dictionary", "newest_dictionaries", "open_dictionary"]
