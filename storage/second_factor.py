"""The second factor: codes of six digits that change every half minute (RFC 6238), and recovery codes for when they fail."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select, update

from storage.attempts import forget_attempts, note_attempt, refuse_if_locked
from storage.audit import SYSTEM, AuditEntry, append_entry
from storage.database import Database
from storage.errors import BadCredentials, NotFound
from storage.keys import decrypt, encrypt
from storage.mail import Mail, queue_notice
from storage.slots import utc
from storage.tables import account, recovery_code

INTERVAL = 30  # seconds
DIGITS = 6
DRIFT = 1  # intervals that a clock may be wrong by
SECRET_BYTES = 20  # as long as the hash, RFC 4226 section 4
RECOVERY_CODES = 10
RECOVERY_PART = 6
RECOVERY_LETTERS = 24  # of 31: 118 bits, so that a plain keyed hash is enough to keep them (ASVS 6.5.2 asks for 112)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


def time_code(secret: bytes, interval: int, digits: int = DIGITS) -> str:
    """The code of an interval, by HMAC-SHA-1 as all authenticators know it (RFC 6238, RFC 4226 section 5.3)."""
    digest = hmac.digest(secret, interval.to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def matching_interval(secret: bytes, code: str, at: datetime) -> int | None:
    """The interval around a time whose code this is."""
    now = int(at.timestamp()) // INTERVAL
    near = range(now - DRIFT, now + DRIFT + 1)
    return next((each for each in near if hmac.compare_digest(time_code(secret, each).encode(), code.encode())), None)


def new_secret() -> bytes:
    """A random secret."""
    return secrets.token_bytes(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """As people type it into an authenticator: Base32."""
    return base64.b32encode(secret).decode().rstrip("=")


def set_up_second_factor(
    database: Database, account_id: int, secret: bytes, code: str, *, who: str, at: datetime, notice: Mail | None = None
) -> tuple[str, ...]:
    """From now on the account is asked for codes; returns its recovery codes, which are shown once.

    Raises:
        BadCredentials: the code does not belong to the secret, so the authenticator does not have it.
    """
    interval = matching_interval(secret, _digits(code), at)
    if interval is None:
        raise BadCredentials
    kept = encrypt(database.master.noting, secret, _place(account_id))
    with database.write() as connection:
        row = update(account).where(account.c.id == account_id).values(second_factor=kept, last_code=interval)
        if not connection.execute(row).rowcount:
            raise NotFound("account", account_id)
        codes = _draw_codes(database, connection, account_id)
        _note(connection, "second_factor", who, at, {"account": account_id, "set": True})
        queue_notice(connection, database.master, notice, at)
    return codes


def draw_recovery_codes(database: Database, account_id: int, code: str, *, who: str, at: datetime) -> tuple[str, ...]:
    """New recovery codes in place of those that are left, for whoever gives a code of the second factor; shown once.

    Raises BadCredentials and LockedOut as `check_code` does.
    """
    check_code(database, account_id, code, at=at)
    with database.write() as connection:
        codes = _draw_codes(database, connection, account_id)
        _note(connection, "recovery_codes", who, at, {"account": account_id})
    return codes


def _draw_codes(database: Database, connection: Connection, account_id: int) -> tuple[str, ...]:
    codes = tuple(
        "-".join(_letters(RECOVERY_PART) for _ in range(RECOVERY_LETTERS // RECOVERY_PART))
        for _ in range(RECOVERY_CODES)
    )
    connection.execute(delete(recovery_code).where(recovery_code.c.account_id == account_id))
    rows = [{"account_id": account_id, "hash": _recovery_hash(database, account_id, each)} for each in codes]
    connection.execute(insert(recovery_code), rows)
    return codes


def _letters(number: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(number))


def end_second_factor(
    database: Database, account_id: int, *, who: str, at: datetime, reason: str = "", notice: Mail | None = None
) -> None:
    """The account is asked for no code any more: a telephone was lost, and somebody vouches for the person."""
    with database.write() as connection:
        row = update(account).where(account.c.id == account_id).values(second_factor=None, last_code=None)
        if not connection.execute(row).rowcount:
            raise NotFound("account", account_id)
        connection.execute(delete(recovery_code).where(recovery_code.c.account_id == account_id))
        _note(connection, "second_factor", who, at, {"account": account_id, "set": False}, reason)
        queue_notice(connection, database.master, notice, at)


def check_code(database: Database, account_id: int, code: str, *, at: datetime) -> None:
    """Take a code, or a recovery code, once.

    Raises:
        BadCredentials: it is wrong, or was taken before.
        LockedOut: too many were wrong.
    """
    key = f"code:{account_id}"
    with database.write() as connection:
        refuse_if_locked(connection, key, at)
        query = select(account.c.second_factor).where(account.c.id == account_id).with_for_update()
        sealed = connection.execute(query).scalar_one_or_none()
        right = sealed is not None and (
            _take_code(connection, account_id, decrypt(database.master.noting, sealed, _place(account_id)), code, at)
            or _take_recovery(connection, account_id, _recovery_hash(database, account_id, _as_drawn(code)))
        )
        if right:
            forget_attempts(connection, key)
        else:
            note_attempt(connection, key, at)
            _note(connection, "second_factor_refused", f"account {account_id}", at, {"account": account_id})
    if not right:
        raise BadCredentials


def _take_code(connection: Connection, account_id: int, secret: bytes, code: str, at: datetime) -> bool:
    """Whether a code is right and newer than the last one: what somebody overheard is worth nothing."""
    interval = matching_interval(secret, _digits(code), at)
    if interval is None:
        return False
    newer = or_(account.c.last_code.is_(None), account.c.last_code < interval)
    taken = update(account).where(account.c.id == account_id, newer).values(last_code=interval)
    return bool(connection.execute(taken).rowcount)


def _take_recovery(connection: Connection, account_id: int, hashed: bytes) -> bool:
    same = (recovery_code.c.account_id == account_id, recovery_code.c.hash == hashed)
    return bool(connection.execute(delete(recovery_code).where(*same)).rowcount)


def _recovery_hash(database: Database, account_id: int, code: str) -> bytes:
    """Keyed: nobody without the master key may try them, whatever was drawn in former times."""
    return database.master.keyed_hash(f"recovery code of {account_id}", code)


def _as_drawn(code: str) -> str:
    """A recovery code as it was written down, whatever stands between its parts and however its letters were typed."""
    letters = "".join(filter(str.isalnum, code)).casefold()
    size = RECOVERY_PART if len(letters) > 10 else 5  # shorter ones were drawn in former times
    return "-".join(letters[start : start + size] for start in range(0, len(letters), size))


def _digits(code: str) -> str:
    return "".join(code.split())


def _place(account_id: int) -> str:
    return f"second factor of {account_id}"


def _note(connection: Connection, kind: str, who: str, at: datetime, body: dict[str, object], reason: str = "") -> None:
    append_entry(connection, AuditEntry(SYSTEM, kind, who, utc(at), "web", body, reason=reason))


__all__ = [
    "check_code", "draw_recovery_codes", "end_second_factor", "matching_interval", "new_secret", "secret_text", "set_up_second_factor", "time_code",
]  # fmt: skip
