"""Counts failed attempts, by account and by address, and locks what fails too often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import Connection, delete, select, text, update

from storage.errors import LockedOut
from storage.slots import utc
from storage.tables import attempt

FREE_ATTEMPTS = 5
LOCK = timedelta(minutes=1)  # doubles with each further failure
LONGEST_LOCK = timedelta(hours=1)
ADDRESS_FAILURES = 100  # in a window: a hospital has one address, and few failures must not lock all its people out
ADDRESS_WINDOW = timedelta(minutes=15)
FORGOTTEN = timedelta(days=1)  # after the last failure; every lock is over by then


def refuse_if_locked(connection: Connection, key: str, at: datetime) -> None:
    """Raise LockedOut while a key (a login, whoever looks persons up) is locked."""
    until = connection.execute(select(attempt.c.locked_until).where(attempt.c.key == key)).scalar_one_or_none()
    if until is not None and until > utc(at):
        raise LockedOut(until)


def refuse_address_if_locked(connection: Connection, address: str, at: datetime) -> None:
    """The same for an address; none ('') is never locked."""
    if address:
        refuse_if_locked(connection, _address_key(address, at), at)


def note_attempt(connection: Connection, key: str, at: datetime) -> None:
    """Count a failure; from the fifth on the key is locked, each time for twice as long."""
    failures = count(connection, key, at)
    if failures >= FREE_ATTEMPTS:
        _lock(connection, key, utc(at) + min(LOCK * 2 ** min(failures - FREE_ATTEMPTS, 10), LONGEST_LOCK))


def note_address(connection: Connection, address: str, at: datetime, *, most: int) -> None:
    """Count a failure of an address; too many lock it until the end of the window."""
    if address and count(connection, _address_key(address, at), at) >= most:
        _lock(connection, _address_key(address, at), window(at, ADDRESS_WINDOW) + ADDRESS_WINDOW)


def forget_attempts(connection: Connection, key: str) -> None:
    """After a success."""
    connection.execute(delete(attempt).where(attempt.c.key == key))


def count(connection: Connection, key: str, at: datetime) -> int:
    """One more failure; how many there are now. Counters that have rested for long go on the way."""
    connection.execute(delete(attempt).where(attempt.c.last_at < utc(at) - FORGOTTEN))
    return int(connection.execute(_COUNT, {"key": key, "at": _stored(connection, at)}).scalar_one())


def _lock(connection: Connection, key: str, until: datetime) -> None:
    connection.execute(update(attempt).where(attempt.c.key == key).values(locked_until=until))


def _address_key(address: str, at: datetime) -> str:
    return f"address:{origin(address)}@{window(at, ADDRESS_WINDOW):%Y-%m-%dT%H:%M}"


def origin(address: str) -> str:
    """Where an address counts: whoever has one of IPv6 has the /64 network around it."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((known, 64), strict=False)) if known.version == 6 else str(known)


def window(at: datetime, length: timedelta) -> datetime:
    """The beginning of the window of this length in which a time lies."""
    return utc(at) - (utc(at) - datetime.min.replace(tzinfo=UTC)) % length


def _stored(connection: Connection, at: datetime) -> datetime | str:
    moment = utc(at)
    return moment.isoformat(timespec="microseconds") if connection.dialect.name == "sqlite" else moment


_COUNT = text(
    "INSERT INTO attempt (key, failures, last_at) VALUES (:key, 1, :at) "
    "ON CONFLICT (key) DO UPDATE SET failures = attempt.failures + 1, last_at = excluded.last_at RETURNING failures"
)

__all__ = [
    "ADDRESS_FAILURES",
    "count",
    "forget_attempts",
    "note_address",
    "note_attempt",
    "origin",
    "refuse_address_if_locked",
    "refuse_if_locked",
    "window",
]
