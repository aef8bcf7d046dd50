"""Seals of the audit: the heads of all streams at a time, authenticated, chained, and exported to another machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text

from storage.audit import NO_HASH
from storage.database import Database
from storage.keys import Keys
from storage.slots import canonical, utc
from storage.tables import audit_entry, audit_seal
from storage.tables.base import instant_text

SEALS = "seals"  # stands in the place of a stream
Heads = dict[str, tuple[int, str]]  # stream -> number and hash (hex) of its last entry


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that is not as it was written."""

    stream: str
    number: int  # of the entry or the seal; of the form for a difference of values
    what: str


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as it is kept, and as a line of an exported file."""

    number: int
    at: datetime
    heads: str  # JSON: stream -> [number, hash] of those that grew
    previous: bytes
    mac: bytes

    @classmethod
    def of_row(cls, row: Row[Any]) -> Seal:
        """From the database."""
        return cls(row.number, row.at, row.heads, bytes(row.previous), bytes(row.mac))

    @classmethod
    def of_line(cls, line: str) -> Seal:
        """From a line of a file. Raises ValueError when it is none."""
        try:
            read = json.loads(line)
            numbers = (read["number"], *(head[0] for head in read["heads"].values()))
            if not all(type(number) is int for number in numbers):
                raise ValueError("a number is none")
            at = utc(datetime.fromisoformat(read["at"]))
            mac, previous = bytes.fromhex(read["mac"]), bytes.fromhex(read["previous"])
            return cls(read["number"], at, canonical(read["heads"]), previous, mac)
        except (KeyError, TypeError, AttributeError, IndexError) as fault:
            raise ValueError(f"{fault!r} is missing or of another kind") from None

    @property
    def line(self) -> str:
        """The line of a file."""
        parts = {"number": self.number, "at": instant_text(self.at), "heads": json.loads(self.heads)}
        return canonical({**parts, "previous": self.previous.hex(), "mac": self.mac.hex()})


def seal(database: Database, at: datetime) -> int:
    """Seal the heads of all streams that grew since the last seal; returns its number. To be done at least hourly."""
    with database.write() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("LOCK TABLE audit_seal IN EXCLUSIVE MODE"))
        last = connection.execute(select(audit_seal).order_by(audit_seal.c.number.desc()).limit(1)).one_or_none()
        known = sealed_heads(connection)
        newest = select(audit_entry.c.stream, func.max(audit_entry.c.number).label("number")).group_by(
            audit_entry.c.stream
        )
        top = newest.subquery()
        same = (audit_entry.c.stream == top.c.stream) & (audit_entry.c.number == top.c.number)
        heads = {
            row.stream: [row.number, bytes(row.hash).hex()]
            for row in connection.execute(
                select(audit_entry.c.stream, audit_entry.c.number, audit_entry.c.hash).join(top, same)
            )
            if known.get(row.stream, (0, ""))[0] != row.number
        }
        number, previous = (last.number + 1, bytes(last.mac)) if last else (1, NO_HASH)
        content = canonical(heads)
        row = {
            "number": number,
            "at": utc(at),
            "heads": content,
            "previous": previous,
            "mac": _mac(database.keys, number, at, content, previous),
        }
        connection.execute(insert(audit_seal), row)
        return number


def all_seals(database: Database, *, after: int = 0) -> Iterator[Seal]:
    """The seals after a number, in order."""
    with database.read() as connection:
        yield from _stored(connection, after)


def read_seals(lines: Iterable[str]) -> tuple[Seal, ...]:
    """Exported seals. Raises ValueError with the line that is none."""
    found = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                found.append(Seal.of_line(line))
            except ValueError as fault:
                raise ValueError(f"line {number} is no seal: {fault}") from None
    return tuple(found)


def check_seals(connection: Connection, keys: Keys | None, exported: Iterable[Seal] = ()) -> Iterator[Finding]:
    """Whether the stored seals follow one another, are authentic, and are those that were exported."""
    kept = {seal.number: seal for seal in exported}
    number, previous = 0, NO_HASH
    for seal in _stored(connection):
        if seal.number != number + 1 or seal.previous != previous:
            yield Finding(SEALS, seal.number, "does not follow the seal before it")
        if seal.mac != _mac(keys, seal.number, seal.at, seal.heads, seal.previous):
            yield Finding(SEALS, seal.number, "was changed, or sealed with another key")
        if kept.pop(seal.number, seal) != seal:
            yield Finding(SEALS, seal.number, "is not the one that was exported")
        number, previous = seal.number, seal.mac
    for seal in kept.values():
        yield Finding(SEALS, seal.number, "was removed after it was exported")


def check_exported(keys: Keys | None, exported: Iterable[Seal]) -> Iterator[Finding]:
    """Whether exported seals are authentic themselves: the file may have been changed as well."""
    for seal in exported:
        if seal.mac != _mac(keys, seal.number, seal.at, seal.heads, seal.previous):
            yield Finding("exported seals", seal.number, "was changed, or sealed with another key")


def sealed_heads(connection: Connection, exported: Iterable[Seal] = ()) -> Heads:
    """The last sealed entry of each stream; what was exported counts before what is stored."""
    heads: Heads = {}
    for seal in (*_stored(connection), *exported):
        for stream, (number, digest) in json.loads(seal.heads).items():
            if heads.get(stream, (0, ""))[0] <= number:
                heads[stream] = (number, digest)
    return heads


def _stored(connection: Connection, after: int = 0) -> Iterator[Seal]:
    query = select(audit_seal).where(audit_seal.c.number > after).order_by(audit_seal.c.number)
    return map(Seal.of_row, connection.execute(query))


def _mac(keys: Keys | None, number: int, at: datetime, heads: str, previous: bytes) -> bytes:
    content = canonical([number, instant_text(at), heads, previous.hex()]).encode()
    return keys.seal(content) if keys else hashlib.sha256(content).digest()


__all__ = [
    "SEALS",
    "Finding",
    "Heads",
    "Seal",
    "all_seals",
    "check_exported",
    "check_seals",
    "read_seals",
    "seal",
    "sealed_heads",
]
