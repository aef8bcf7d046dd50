"""People who sign in: accounts, memberships and sessions, all of them database rows."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.attempts import (
    ADDRESS_FAILURES,
    forget_attempts,
    note_address,
    note_attempt,
    refuse_address_if_locked,
    refuse_if_locked,
)
from storage.audit import SYSTEM, AuditEntry, append_entry, registry_stream
from storage.database import Database
from storage.errors import BadCredentials, NotFound, Taken
from storage.held_roles import IN_ORDER, ROLE, Membership, lasts
from storage.identity import normalised_name
from storage.slots import utc
from storage.tables import account, membership, session, site
from storage.tables.base import Moment

IDLE = timedelta(minutes=30)
LONGEST_SESSION = timedelta(hours=12)
MOST_SESSIONS = 20  # of one account at a time; one more ends the one that has rested longest
TIME_FOR_CODE = timedelta(minutes=10)  # between the password and the code of the second factor
SHORTEST_PASSWORD = 12
OPEN, CODE_DUE, LOCKED = "open", "code", "locked"  # stages of a session; what is locked waits for its person
_HASHER = PasswordHasher()  # argon2id with the library's current parameters; stateless


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in."""

    id: int
    login: str
    name: str
    language: str
    second_factor: bool = False  # asked for a code after the password
    memberships: tuple[Membership, ...] = ()  # the roles at the moment of a request


@dataclass(frozen=True, slots=True)
class Site:
    """A hospital."""

    id: int
    code: str
    name: str


def create_account(
    database: Database, login: str, name: str, password: str, *, who: str, at: datetime, language: str = "pl"
) -> int:
    """A new account; returns its id. Raises ValueError for a short password, Taken for a login that somebody has."""
    row: dict[str, Any] = {
        "login": normal_login(login),
        "name": name,
        "password_hash": hashed_password(password),
        "language": language,
        "created_at": utc(at),
        "found_by": normalised_name(name + normal_login(login)),
    }
    with _only_one("login", row["login"]), database.write() as connection:
        return insert_account(connection, row, who, at)


def insert_account(connection: Connection, row: Mapping[str, Any], who: str, at: datetime) -> int:
    """The same as part of something larger; the password is hashed already."""
    account_id = int(connection.execute(insert(account).values(row).returning(account.c.id)).scalar_one())
    _note(connection, SYSTEM, "account", who, at, {"account": account_id, "login": row["login"]})
    return account_id


def set_password(database: Database, account_id: int, password: str, *, who: str, at: datetime) -> None:
    """A new password; all sessions of the account end."""
    hashed = hashed_password(password)  # outside the transaction, since it takes long
    with database.write() as connection:
        put_password(connection, account_id, hashed, who, at)


def put_password(connection: Connection, account_id: int, hashed: str, who: str, at: datetime) -> None:
    """The same as part of something larger."""
    found = update(account).where(account.c.id == account_id).values(password_hash=hashed)
    if not connection.execute(found).rowcount:
        raise NotFound("account", account_id)
    connection.execute(delete(session).where(session.c.account_id == account_id))
    _note(connection, SYSTEM, "password", who, at, {"account": account_id})


def set_language(database: Database, account_id: int, language: str) -> None:
    """The language a person reads."""
    with database.write() as connection:
        connection.execute(update(account).where(account.c.id == account_id).values(language=language))


def close_account(database: Database, account_id: int, *, who: str, at: datetime, reason: str = "") -> None:
    """Nobody signs in with it any more; its name stays in the audit."""
    with database.write() as connection:
        connection.execute(update(account).where(account.c.id == account_id).values(closed_at=utc(at)))
        connection.execute(delete(session).where(session.c.account_id == account_id))
        _note(connection, SYSTEM, "close", who, at, {"account": account_id}, reason=reason)


def reopen_account(database: Database, account_id: int, *, who: str, at: datetime, reason: str = "") -> None:
    """Its person signs in again, with the roles that did not end. Raises NotFound where it is not closed."""
    closed = and_(account.c.id == account_id, account.c.closed_at.is_not(None))
    with database.write() as connection:
        if not connection.execute(update(account).where(closed).values(closed_at=None)).rowcount:
            raise NotFound("closed account", account_id)
        _note(connection, SYSTEM, "reopen", who, at, {"account": account_id}, reason=reason)


def create_site(database: Database, code: str, name: str, *, who: str, at: datetime) -> int:
    """A new hospital; returns its id. Raises Taken for a code that another one has."""
    with _only_one("hospital with the code", code), database.write() as connection:
        row = insert(site).values(code=code, name=name, found_by=normalised_name(code + name)).returning(site.c.id)
        site_id = int(connection.execute(row).scalar_one())
        _note(connection, SYSTEM, "site", who, at, {"site": site_id, "code": code})
        return site_id


def sites(database: Database) -> tuple[Site, ...]:
    """All hospitals, by name."""
    with database.read() as connection:
        query = select(site.c.id, site.c.code, site.c.name).order_by(site.c.name)
        return tuple(Site(*row) for row in connection.execute(query))


def add_membership(
    database: Database, account_id: int, registry: str, role: str, *, site_id: int | None, who: str, at: datetime
) -> None:
    """Give an account a role at a site in a registry; no site: all sites. Raises NotFound for a site that is not there."""
    row = {"account_id": account_id, "site_id": site_id, "registry": registry, "role": role, "starts_at": utc(at)}
    with database.write() as connection:
        if site_id is not None and connection.execute(select(site.c.id).where(site.c.id == site_id)).first() is None:
            raise NotFound("hospital", site_id)
        connection.execute(insert(membership), row)
        body = {"account": account_id, "site": site_id, "role": role}
        _note(connection, registry_stream(registry), "membership", who, at, body)


def memberships(database: Database, account_id: int, *, at: datetime) -> tuple[Membership, ...]:
    """The roles of an account at a time."""
    query = (
        select(*ROLE)
        .select_from(membership.outerjoin(site, site.c.id == membership.c.site_id))
        .where(membership.c.account_id == account_id, lasts(at))
        .order_by(*IN_ORDER)
    )
    with database.read() as connection:
        return tuple(Membership(*row) for row in connection.execute(query))


def end_membership(
    database: Database, account_id: int, registry: str, role: str, *, site_id: int | None, who: str, at: datetime
) -> None:
    """Take a role back. Raises NotFound where the account does not have it."""
    same = and_(
        membership.c.account_id == account_id,
        membership.c.registry == registry,
        membership.c.role == role,
        membership.c.site_id.is_(None) if site_id is None else membership.c.site_id == site_id,
    )
    with database.write() as connection:
        ended = update(membership).where(same, membership.c.ends_at.is_(None)).values(ends_at=utc(at))
        if not connection.execute(ended).rowcount:
            raise NotFound(f"role in {registry}", role)
        body = {"account": account_id, "site": site_id, "role": role, "ended": True}
        _note(connection, registry_stream(registry), "membership", who, at, body)


def sign_in(
    database: Database,
    login: str,
    password: str,
    *,
    at: datetime,
    address: str = "",
    address_failures: int = ADDRESS_FAILURES,
    device: str = "",
) -> str:
    """A new session's token; where a second factor is set, the session waits for its code.

    Raises:
        BadCredentials: login and password do not belong together.
        LockedOut: after too many failures of login or address.
    """
    with _proving(database, login, password, at, address, address_failures, "sign_in") as (connection, found):
        return open_session(connection, found.id, at, code_due=found.second_factor is not None, device=device)


def confirm_password(
    database: Database, login: str, password: str, *, at: datetime, address: str = "",
    address_failures: int = ADDRESS_FAILURES,
) -> None:  # fmt: skip
    """Whoever acts proves once more who it is, under the limits of signing in. Raises as `sign_in` does."""
    with _proving(database, login, password, at, address, address_failures, "confirm"):
        return


@contextmanager
def _proving(
    database: Database, login: str, password: str, at: datetime, address: str, address_failures: int, kind: str
) -> Iterator[tuple[Connection, Any]]:
    """The transaction in which a password was right, and whose it is; noted in the audit, as a wrong one is."""
    name = normal_login(login)
    of_login = f"login:{name}"
    query = select(account.c.id, account.c.password_hash, account.c.second_factor)
    query = query.where(account.c.login == name, account.c.closed_at.is_(None))
    with database.read() as connection:
        refuse_if_locked(connection, of_login, at)
        refuse_address_if_locked(connection, address, at)
        found = connection.execute(query).one_or_none()
    # Outside any transaction, since it takes long; against a dummy when the login is unknown, to take as long.
    right = matches_password(found.password_hash if found else _DUMMY, password) and found is not None
    with database.write() as connection:
        if not right or found is None:
            note_attempt(connection, of_login, at)
            note_address(connection, address, at, most=address_failures)
        else:
            forget_attempts(connection, of_login)
            yield connection, found
        _note(connection, SYSTEM, kind if right else f"{kind}_refused", name, at, {"address": address}, channel="web")
    if not right:
        raise BadCredentials


def session_account(database: Database, token: str, *, at: datetime, idle: timedelta = IDLE) -> Account | None:
    """Who a token belongs to while the session lasts, with the roles, in one statement; each use prolongs it."""
    moment, hashed = utc(at), token_hash(token)
    with database.alone() as connection:
        found = connection.execute(_OF_SESSION, {"token": hashed, "at": moment, "used": moment - idle}).all()
    if not found:
        return None
    if moment - found[0].seen_at > idle / 30:  # not at each request
        with database.alone(writes=True) as connection:
            connection.execute(update(session).where(session.c.token_hash == hashed).values(seen_at=moment))
    number, login, name, language, second_factor = found[0][:5]
    roles = tuple(Membership(*row[6:]) for row in found if row.role is not None)
    return Account(number, login, name, language, bool(second_factor), roles)


_AT = bindparam("at", type_=Moment())
_OF_SESSION = (  # asked at each request: made once
    select(
        account.c.id, account.c.login, account.c.name, account.c.language, account.c.second_factor.is_not(None),
        session.c.seen_at, *ROLE,
    )
    .select_from(
        session.join(account, session.c.account_id == account.c.id)
        .outerjoin(membership, and_(membership.c.account_id == account.c.id, lasts(_AT)))
        .outerjoin(site, site.c.id == membership.c.site_id)
    )
    .where(
        session.c.token_hash == bindparam("token"), session.c.expires_at > _AT,
        session.c.seen_at > bindparam("used", type_=Moment()), account.c.closed_at.is_(None), session.c.stage == OPEN,
    )
    .order_by(*IN_ORDER)
)  # fmt: skip


def find_account(database: Database, login: str) -> Account:
    """The account of a login; raises NotFound."""
    query = select(account.c.id, account.c.login, account.c.name, account.c.language)
    with database.read() as connection:
        found = connection.execute(query.where(account.c.login == normal_login(login))).one_or_none()
    if found is None:
        raise NotFound("account", login)
    return Account(*found)


def sign_out(database: Database, token: str) -> None:
    """End a session."""
    with database.write() as connection:
        connection.execute(delete(session).where(session.c.token_hash == token_hash(token)))


def purge_sessions(database: Database, *, at: datetime) -> int:
    """Delete the sessions that are over; returns how many."""
    with database.write() as connection:
        return connection.execute(delete(session).where(session.c.expires_at <= utc(at))).rowcount


def normal_login(login: str) -> str:
    """Logins differ in more than capitals and outer blanks."""
    return login.strip().casefold()


def open_session(
    connection: Connection, account_id: int, at: datetime, *, code_due: bool = False, device: str = ""
) -> str:
    """A new session's token; with `code_due` it opens once the code of the second factor was given, soon."""
    token, moment = secrets.token_urlsafe(32), utc(at)
    row = {
        "token_hash": token_hash(token),
        "account_id": account_id,
        "created_at": moment,
        "seen_at": moment,
        "expires_at": moment + (TIME_FOR_CODE if code_due else LONGEST_SESSION),
        "stage": CODE_DUE if code_due else OPEN,
        "device": device,
    }
    mine = select(session.c.token_hash).where(session.c.account_id == account_id).order_by(session.c.seen_at.desc())
    rested = connection.execute(mine.offset(MOST_SESSIONS - 1)).scalars().all()
    if rested:
        connection.execute(delete(session).where(session.c.token_hash.in_(rested)))
    connection.execute(insert(session), row)
    return token


def hashed_password(password: str) -> str:
    """As a password is kept. Raises ValueError for a short one."""
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(f"a password has at least {SHORTEST_PASSWORD} characters")
    return _HASHER.hash(password)


def matches_password(stored: str, password: str) -> bool:
    """Whether it is the password that was kept."""
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def token_hash(token: str) -> bytes:
    """How a session's token is kept."""
    return hashlib.sha256(token.encode()).digest()


@contextmanager
def _only_one(kind: str, key: str) -> Iterator[None]:
    """What is written here holds a name that only one may have."""
    try:
        yield
    except IntegrityError:
        raise Taken(kind, key) from None


def _note(  # noqa: PLR0913, PLR0917 -- an entry has that many sides
    connection: Connection, stream: str, kind: str, who: str, at: datetime, body: Mapping[str, object],
    channel: str = "admin", reason: str = "",
) -> None:  # fmt: skip
    append_entry(connection, AuditEntry(stream, kind, who, at, channel, body, reason=reason))


_DUMMY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43
__all__ = [
    "CODE_DUE",
    "LOCKED",
    "OPEN",
    "Account",
    "Membership",
    "Site",
    "add_membership",
    "close_account",
    "confirm_password",
    "create_account",
    "create_site",
    "end_membership",
    "find_account",
    "hashed_password",
    "insert_account",
    "matches_password",
    "memberships",
    "open_session",
    "purge_sessions",
    "put_password",
    "reopen_account",
    "session_account",
    "set_language",
    "set_password",
    "sign_in",
    "sign_out",
    "sites",
    "token_hash",
]
