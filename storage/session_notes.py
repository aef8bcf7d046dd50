"""What a session notes for its own next pages: encrypted in its row, for a while, and gone with it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from storage.accounts import token_hash
from storage.database import Database
from storage.keys import decrypt, encrypt
from storage.slots import canonical, utc
from storage.tables import session

KEPT = timedelta(hours=1)
MOST = 20  # notes of a session; older ones make room

_Notes = dict[str, list[Any]]  # name -> when, content


def leave_note(database: Database, token: str, content: Any, *, at: datetime) -> str:
    """Note something (JSON); returns the name under which it is found. A session that is over notes nothing."""
    name = secrets.token_urlsafe(9)

    def added(notes: _Notes) -> _Notes:
        oldest = sorted(notes, key=lambda each: str(notes[each][0]))[: max(len(notes) - MOST + 1, 0)]
        kept = {key: note for key, note in notes.items() if key not in oldest}
        return {**kept, name: [utc(at).isoformat(), content]}

    _change(database, token, added, at)
    return name


def read_note(database: Database, token: str, name: str, *, at: datetime) -> Any:
    """What was noted under a name; None when there is nothing any more."""
    with database.read() as connection:
        query = select(session.c.notes).where(session.c.token_hash == token_hash(token))
        ciphertext = connection.execute(query).scalar_one_or_none()
    return _fresh(_opened(database, token, ciphertext), at).get(name, (None, None))[1]


def take_note(database: Database, token: str, name: str, *, at: datetime) -> Any:
    """The same, once: it is forgotten then."""
    found: list[Any] = []

    def without(notes: _Notes) -> _Notes:
        found.append(notes.pop(name, (None, None))[1])
        return notes

    _change(database, token, without, at)
    return found[0] if found else None


def _change(database: Database, token: str, change: Callable[[_Notes], _Notes], at: datetime) -> None:
    mine = session.c.token_hash == token_hash(token)
    with database.write() as connection:
        row = connection.execute(select(session.c.notes).where(mine).with_for_update()).one_or_none()
        if row is None:
            return
        notes = change(_fresh(_opened(database, token, row.notes), at))
        sealed = encrypt(database.master.noting, canonical(notes).encode(), _place(token)) if notes else None
        connection.execute(update(session).where(mine).values(notes=sealed))


def _opened(database: Database, token: str, ciphertext: bytes | None) -> _Notes:
    if ciphertext is None:
        return {}
    notes: _Notes = json.loads(decrypt(database.master.noting, ciphertext, _place(token)))
    return notes


def _fresh(notes: _Notes, at: datetime) -> _Notes:
    return {name: note for name, note in notes.items() if datetime.fromisoformat(note[0]) > utc(at) - KEPT}


def _place(token: str) -> str:
    return f"notes of session {token_hash(token).hex()}"


__all__ = ["KEPT", "leave_note", "read_note", "take_note"]
