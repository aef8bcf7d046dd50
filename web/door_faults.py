"""What a door refused: a wrong password, code or PIN. Its page tells it once, after a redirect: Back leads to pages, and sends nothing again.

Nobody is signed in at a door, so it is kept in the cookie until that page, and not among the notes of a session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Self

from flask import session

from storage.errors import LockedOut
from web.workspace import Visit

_NAME = "door_fault"
_LOCKED = "locked_out"
_STATUS: Mapping[str, int] = MappingProxyType({"": 200, _LOCKED: 429})  # of the page that tells it; else 401


@dataclass(frozen=True, slots=True)
class DoorFault:
    """What is wrong (a key of words), who tried (a login, or which line of the page), and until when the door is locked."""

    key: str = ""
    who: str = ""
    until: str = ""  # ISO 8601

    @classmethod
    def of(cls, fault: Exception, key: str, who: str = "") -> Self:
        """From what storage raised: what is wrong, or that there were too many attempts."""
        return cls(_LOCKED, who, fault.until.isoformat()) if isinstance(fault, LockedOut) else cls(key, who)

    @classmethod
    def taken(cls) -> Self:
        """What was left for this page; nothing is wrong where nothing was."""
        left = session.pop(_NAME, None)
        return (
            cls(*left)
            if isinstance(left, list) and len(left) == 3 and all(isinstance(each, str) for each in left)
            else cls()
        )

    def leave(self) -> None:
        """Leave it for the next page."""
        session[_NAME] = [self.key, self.who, self.until]

    @property
    def status(self) -> int:
        """The status of the page that tells it."""
        return _STATUS.get(self.key, 401)

    def words(self, one: Visit) -> str:
        """What the page says; '' where nothing is wrong."""
        if not self.until:
            return one.words(self.key) if self.key else ""
        return one.words(self.key, time=one.tongue.moment(datetime.fromisoformat(self.until), one.now))


__all__ = ["DoorFault"]
