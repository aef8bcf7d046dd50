"""Sessions after they were opened: the code of the second factor, locking and unlocking, the list of them, their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from storage.accounts import (
    CODE_DUE,
    LOCKED,
    LONGEST_SESSION,
    OPEN,
    hashed_password,
    matches_password,
    open_session,
    put_password,
    token_hash,
)
from storage.attempts import forget_attempts, note_attempt, refuse_if_locked
from storage.audit import SYSTEM, AuditEntry, append_entry
from storage.database import Database
from storage.errors import BadCredentials, NotFound
from storage.mail import Mail, queue_notice
from storage.second_factor import check_code
from storage.slots import utc
from storage.tables import account, session
from storage.together import Part, Rows, alone

MOST_TRIES = 3  # to unlock; then the session is over and the full sign-in is asked for
SHORTEST_PIN, LONGEST_PIN = 6, 12
_MARK = 16  # hex digits of a session's hash that name it in a list


@dataclass(frozen=True, slots=True)
class LockedSession:
    """A session that waits on this computer for its person."""

    mark: str
    account: int
    name: str
    has_pin: bool


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session in the list of a person's own."""

    mark: str
    created_at: datetime
    seen_at: datetime
    stage: str
    current: bool
    device: str  # browser and system in two words, as the list shows them; empty: unknown


def admit(database: Database, account_id: int, *, who: str, at: datetime, device: str = "") -> str:
    """The token of a session for somebody whom another system has let in; no password was asked for."""
    with database.write() as connection:
        _note(connection, "admit", who, at, {"account": account_id})
        return open_session(connection, account_id, at, device=device)


def waiting_for_code(database: Database, token: str, *, at: datetime) -> int | None:
    """The account whose session waits for the code of its second factor."""
    with database.read() as connection:
        found = _session(connection, token, CODE_DUE, at)
    return found.account_id if found is not None else None


def pass_code(database: Database, token: str, code: str, *, at: datetime) -> None:
    """Open a session that waits for its code. Raises NotFound, BadCredentials or LockedOut."""
    waiting = waiting_for_code(database, token, at=at)
    if waiting is None:
        raise NotFound("session", "that waits for a code")
    check_code(database, waiting, code, at=at)
    opened = {"stage": OPEN, "seen_at": utc(at), "expires_at": utc(at) + LONGEST_SESSION}
    with database.write() as connection:
        mine = (session.c.token_hash == token_hash(token), session.c.stage == CODE_DUE)
        connection.execute(update(session).where(*mine).values(opened))


def lock_session(database: Database, token: str) -> None:
    """Nobody goes on with it until its person has unlocked it."""
    with database.write() as connection:
        mine = (session.c.token_hash == token_hash(token), session.c.stage == OPEN)
        connection.execute(update(session).where(*mine).values(stage=LOCKED, tries=0))


def locked_sessions(database: Database, tokens: Sequence[str], *, at: datetime) -> dict[str, LockedSession]:
    """Those of the tokens that wait for their person: token -> whose."""
    by_hash = {token_hash(token): token for token in tokens}
    query = (
        select(session.c.token_hash, account.c.id, account.c.name, account.c.pin_hash)
        .join(account, account.c.id == session.c.account_id)
        .where(session.c.token_hash.in_(by_hash), session.c.stage == LOCKED, session.c.expires_at > utc(at))
        .where(account.c.closed_at.is_(None))
        .order_by(account.c.name)
    )
    with database.read() as connection:
        rows = connection.execute(query).all()
    return {
        by_hash[bytes(row.token_hash)]: LockedSession(_mark(row.token_hash), row.id, row.name, row.pin_hash is not None)
        for row in rows
    }


def unlock_session(database: Database, token: str, secret: str, *, at: datetime) -> None:
    """Go on with a locked session by the person's PIN, or the password.

    Raises:
        BadCredentials: it is neither.
        NotFound: nothing is locked under this token any more: it is over, or was tried too often.
    """
    with database.read() as connection:
        found = _session(connection, token, LOCKED, at)
        row = (
            connection.execute(select(account).where(account.c.id == found.account_id, account.c.closed_at.is_(None)))
            .one_or_none() if found is not None else None
        )  # fmt: skip
    if row is None:
        raise NotFound("session", "that is locked")
    right = (row.pin_hash is not None and matches_password(row.pin_hash, _pin(secret))) or matches_password(
        row.password_hash, secret
    )
    with database.write() as connection:
        # The count and the stage are asked for again: of many tries at once no more than the three count.
        mine = (session.c.token_hash == token_hash(token), session.c.stage == LOCKED, session.c.tries < MOST_TRIES)
        new: dict[str, Any] = (
            {"stage": OPEN, "seen_at": utc(at), "tries": 0} if right else {"tries": session.c.tries + 1}
        )
        done = connection.execute(update(session).where(*mine).values(new)).rowcount
        connection.execute(
            delete(session).where(session.c.token_hash == token_hash(token), session.c.tries >= MOST_TRIES)
        )
        if not right:
            _note(connection, "unlock_refused", row.login, at, {"account": row.id})
        left = _session(connection, token, OPEN if right else LOCKED, at)
    if not done or left is None:
        raise NotFound("session", "that is locked")
    if not right:
        raise BadCredentials


def set_pin(database: Database, account_id: int, pin: str, *, who: str, at: datetime) -> None:
    """A PIN with which the person comes back to a locked session. Raises ValueError for another length, letters, or an easy one."""
    digits = pin.isascii() and pin.isdecimal()
    if not (SHORTEST_PIN <= len(pin) <= LONGEST_PIN and digits) or len(set(pin)) < 3 or _is_run(pin):
        raise ValueError(f"a PIN has {SHORTEST_PIN} to {LONGEST_PIN} digits, not all alike and not one after the other")
    hashed = hashed_password(_pin(pin))
    with database.write() as connection:
        connection.execute(update(account).where(account.c.id == account_id).values(pin_hash=hashed))
        _note(connection, "pin", who, at, {"account": account_id})


def _is_run(pin: str) -> bool:
    """Whether the digits run up or down by one, as on the keys: 0 follows 9."""
    return {(int(after) - int(before)) % 10 for before, after in pairwise(pin)} in ({1}, {9})


def list_sessions(database: Database, account_id: int, token: str, *, at: datetime) -> tuple[SessionLine, ...]:
    """All sessions of an account that are not over, the newest first."""
    with database.read() as connection:
        return alone(connection, sessions_of(account_id, token, at=at))


def sessions_of(account_id: int, token: str, *, at: datetime) -> Part[tuple[SessionLine, ...]]:
    """The same as part of something larger."""
    own = token_hash(token)
    query = select(session).where(session.c.account_id == account_id, session.c.expires_at > utc(at))

    def read(rows: Rows) -> tuple[SessionLine, ...]:
        return tuple(
            SessionLine(
                _mark(row.token_hash), row.created_at, row.seen_at, row.stage, bytes(row.token_hash) == own, row.device
            )
            for row in rows
        )

    return Part(query.order_by(session.c.seen_at.desc()), read)


def end_sessions(
    database: Database, account_id: int, *, who: str, at: datetime, mark: str = "", keep: str = "", reason: str = ""
) -> int:
    """End one session (by its mark) or all but the one whose token is kept; returns how many. The next request is refused."""
    with database.write() as connection:
        rows = connection.execute(select(session.c.token_hash).where(session.c.account_id == account_id)).scalars()
        kept = token_hash(keep) if keep else b""
        gone = [each for each in rows if bytes(each) != kept and (not mark or _mark(each) == mark)]
        connection.execute(delete(session).where(session.c.token_hash.in_(gone)))
        _note(connection, "end_sessions", who, at, {"account": account_id, "sessions": len(gone)}, reason)
    return len(gone)


def change_password(
    database: Database, account_id: int, old: str, new: str, *, at: datetime, notice: Mail | None = None,
    device: str = "",
) -> str:  # fmt: skip
    """A new password by the person; all sessions end, and the token of a new one is returned.

    Raises:
        BadCredentials: the old one is wrong. LockedOut: too often.
        ValueError: the new one is too short.
    """
    key = f"password:{account_id}"
    with database.read() as connection:
        refuse_if_locked(connection, key, at)
        row = connection.execute(select(account).where(account.c.id == account_id)).one()
    right, hashed = matches_password(row.password_hash, old), hashed_password(new)
    with database.write() as connection:
        if right:
            forget_attempts(connection, key)
            put_password(connection, account_id, hashed, row.name, at)
            token = open_session(connection, account_id, at, device=device)
            queue_notice(connection, database.master, notice, at)
        else:
            note_attempt(connection, key, at)
            _note(connection, "password_refused", row.login, at, {"account": account_id})
    if not right:
        raise BadCredentials
    return token


def _session(connection: Connection, token: str, stage: str, at: datetime) -> Row[Any, Any] | None:
    query = select(session.c.account_id, session.c.tries)
    mine = (session.c.token_hash == token_hash(token), session.c.stage == stage, session.c.expires_at > utc(at))
    return connection.execute(query.where(*mine)).one_or_none()


def _pin(pin: str) -> str:
    """What is hashed: longer than a PIN, so that a password is never a PIN as well."""
    return f"PIN of a person: {pin}"


def _mark(hashed: bytes) -> str:
    return bytes(hashed).hex()[:_MARK]


def _note(connection: Connection, kind: str, who: str, at: datetime, body: dict[str, object], reason: str = "") -> None:
    append_entry(connection, AuditEntry(SYSTEM, kind, who, at, "web", body, reason=reason))


__all__ = [
    "LockedSession", "SessionLine", "admit", "change_password", "end_sessions", "list_sessions", "lock_session", "locked_sessions",
    "pass_code", "sessions_of", "set_pin", "unlock_session", "waiting_for_code",
]  # fmt: skip
