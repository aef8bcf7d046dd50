"""What a session notes for its own next pages: encrypted, for a while, and gone with it."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.sql import ColumnElement

from storage.accounts import token_hash
from storage.database import Database
from storage.keys import decrypt, encrypt
from storage.slots import canonical, utc
from storage.tables import session, session_note
from storage.tables.base import Moment

KEPT = timedelta(hours=1)


def leave_note(database: Database, token: str, content: Any, *, at: datetime) -> str:
    """Note something (JSON); returns the name under which it is found. A session that is over notes nothing."""
    name = secrets.token_urlsafe(9)
    sealed = encrypt(database.master.noting, canonical(content).encode(), _place(token, name))
    given = {"token": token_hash(token), "name": name, "at": utc(at), "sealed": sealed}
    with database.alone(writes=True) as connection:
        connection.execute(_LEAVE, given)
    return name


def read_note(database: Database, token: str, name: str, *, at: datetime) -> Any:
    """What was noted under a name; None when there is nothing any more."""
    with database.alone() as connection:
        found = connection.execute(select(_SEALED).where(*_fresh(token, name, at))).scalar_one_or_none()
    return _opened(database, token, name, found)


def take_note(database: Database, token: str, name: str, *, at: datetime) -> Any:
    """The same, once: it is forgotten then."""
    with database.alone(writes=True) as connection:
        taken = delete(session_note).where(*_fresh(token, name, at)).returning(_SEALED)
        found = connection.execute(taken).scalar_one_or_none()
    return _opened(database, token, name, found)


def purge_notes(database: Database, *, at: datetime) -> int:
    """Delete what nobody fetched in time; returns how many."""
    with database.write() as connection:
        return connection.execute(delete(session_note).where(session_note.c.noted_at <= utc(at) - KEPT)).rowcount


_SEALED = session_note.c.ciphertext
_LEAVE = insert(session_note).from_select(  # of a session that is there
    ["token_hash", "name", "noted_at", "ciphertext"],
    select(
        session.c.token_hash, bindparam("name"), bindparam("at", type_=Moment()), bindparam("sealed", type_=_SEALED.type)
    )
    .where(session.c.token_hash == bindparam("token"))
    .with_for_update(read=True, key_share=True),  # nor is it signed out meanwhile
)  # fmt: skip


def _fresh(token: str, name: str, at: datetime) -> tuple[ColumnElement[bool], ...]:
    mine = session_note.c.token_hash == token_hash(token)
    return mine, session_note.c.name == name, session_note.c.noted_at > utc(at) - KEPT


def _opened(database: Database, token: str, name: str, ciphertext: bytes | None) -> Any:
    if ciphertext is None:
        return None
    return json.loads(decrypt(database.master.noting, ciphertext, _place(token, name)))


def _place(token: str, name: str) -> str:
    return f"note {name} of session {token_hash(token).hex()}"


__all__ = ["KEPT", "leave_note", "purge_notes", "read_note", "take_note"]
