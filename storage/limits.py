"""How often one person, or one address, may ask for something: counted in the database, in windows of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import Connection, select

from storage.attempts import count, window
from storage.errors import LockedOut
from storage.tables import attempt


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in so long."""

    most: int
    per: timedelta


DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# By what is asked for; who asks is an account, an address or a place. Few people who work come near these numbers.
LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "look-up": Limit(100, DAY),  # of persons at all hospitals, found or not
        "identity search": Limit(120, HOUR),  # for a PESEL among the patients whom one sees
        "taken": Limit(30, HOUR),  # saves that were refused since the person or the key is known already
        "reset": Limit(20, HOUR),  # links to new passwords, of an address
        "reset of account": Limit(5, DAY),  # mails to one person
        "invitation": Limit(100, DAY),  # by one person
    }
)


def spend(connection: Connection, what: str, who: object, at: datetime) -> None:
    """Count one. Raises LockedOut for one too many: until the window is over."""
    limit = LIMITS[what]
    if count(connection, _key(what, who, at), at) > limit.most:
        raise LockedOut(window(at, limit.per) + limit.per)


def refuse_spent(connection: Connection, what: str, who: object, at: datetime) -> None:
    """Raise LockedOut where nothing is left, without counting."""
    limit = LIMITS[what]
    mine = select(attempt.c.failures).where(attempt.c.key == _key(what, who, at))
    if (connection.execute(mine).scalar_one_or_none() or 0) >= limit.most:
        raise LockedOut(window(at, limit.per) + limit.per)


def _key(what: str, who: object, at: datetime) -> str:
    return f"{what}:{who}@{window(at, LIMITS[what].per):%Y-%m-%dT%H:%M}"


__all__ = ["LIMITS", "Limit", "refuse_spent", "spend"]
