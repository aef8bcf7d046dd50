"""How people come to accounts, roles and new passwords: invitations, requests for access, resets; each told by mail."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from storage.accounts import Account, hashed_password, insert_account, normal_login, put_password, token_hash
from storage.attempts import forget_attempts, origin
from storage.audit import SYSTEM, AuditEntry, append_entry, registry_stream
from storage.database import Database
from storage.errors import DecidedMeanwhile, LockedOut, NotFound, Taken
from storage.hospitals import Change
from storage.identity import normalised_name
from storage.limits import refuse_spent, spend
from storage.mail import Mail, queue_mail, queue_notice
from storage.people import Scope, put_role, require_place
from storage.slots import utc
from storage.tables import access_request, account, invitation, password_reset, site
from storage.together import Part, alone

INVITED_FOR = timedelta(days=7)
RESET_WITHIN = timedelta(minutes=30)
RESET_AGAIN = timedelta(minutes=2)  # so soon no second mail is sent
GRANTED, REFUSED = "granted", "refused"
MOST_REQUESTS = 5  # of one person that wait for an answer

Write = Callable[[str], Mail]  # token -> the mail that carries it


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody is asked to make an account with a role."""

    id: int
    email: str
    registry: str
    site: int | None
    site_name: str
    unit: int | None
    role: str
    invited_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Somebody asks for a role at a hospital; `granted` is None while nobody has decided."""

    id: int
    account: int
    name: str
    login: str
    language: str
    registry: str
    site_name: str
    role: str
    why: str
    asked_at: datetime
    granted: bool | None
    answer: str


def invite(  # noqa: PLR0913 -- who invites whom to what
    database: Database, scope: Scope, email: str, role: str, change: Change, write: Write, *, inviter: int,
    unit_id: int | None = None,
) -> str:  # fmt: skip
    """Ask somebody by mail to make an account with a role; returns the token of the link, which is kept as a hash alone.

    Args:
        inviter: the account that is counted for: two people may have one name, and one may change it.

    Raises:
        Taken: there is an account with this address already: give it the role.
        NotFound: no such hospital or unit.
        LockedOut: too many on one day.
    """
    login, token = normal_login(email), secrets.token_urlsafe(32)
    row = {
        "token_hash": token_hash(token), "email": login, "registry": scope.registry, "site_id": scope.site,
        "unit_id": unit_id, "role": role, "invited_by": change.who, "invited_at": utc(change.at),
        "expires_at": utc(change.at) + INVITED_FOR,
    }  # fmt: skip
    with database.write() as connection:
        require_place(connection, scope.site, unit_id)
        if connection.execute(select(account.c.id).where(account.c.login == login)).first() is not None:
            raise Taken("account", login)
        spend(connection, "invitation", inviter, change.at)
        connection.execute(insert(invitation), row)
        queue_mail(connection, database.master, write(token), change.at)
        body = {"email": login, "site": scope.site, "unit": unit_id, "role": role}
        _note(connection, registry_stream(scope.registry), "invitation", change, body)
    return token


def open_invitations(database: Database, scope: Scope, *, at: datetime) -> tuple[Invitation, ...]:
    """Those of the scope that wait, the newest first."""
    with database.read() as connection:
        return alone(connection, invitations_of(scope, at=at))


def invitations_of(scope: Scope, *, at: datetime) -> Part[tuple[Invitation, ...]]:
    """The same as part of something larger."""
    here = invitation.c.site_id == scope.site if scope.site is not None else true()
    mine = and_(invitation.c.registry == scope.registry, here, waits(at))
    query = _INVITATIONS.where(mine).order_by(invitation.c.id.desc()).limit(100)
    return Part(query, lambda rows: tuple(Invitation(*row) for row in rows))


def withdraw_invitation(database: Database, scope: Scope, number: int, change: Change) -> None:
    """Its link leads nowhere any more. Raises NotFound."""
    here = invitation.c.site_id == scope.site if scope.site is not None else true()
    mine = and_(invitation.c.id == number, invitation.c.registry == scope.registry, here, waits(change.at))
    with database.write() as connection:
        if not connection.execute(update(invitation).where(mine).values(done_at=utc(change.at))).rowcount:
            raise NotFound("invitation", number)
        body = {"invitation": number, "withdrawn": True}
        _note(connection, registry_stream(scope.registry), "invitation", change, body)


def find_invitation(database: Database, token: str, *, at: datetime) -> Invitation:
    """What a link invites to; raises NotFound for one that was used, is over, or never was."""
    with database.read() as connection:
        row = connection.execute(
            _INVITATIONS.where(invitation.c.token_hash == token_hash(token), waits(at))
        ).one_or_none()
    if row is None:
        raise NotFound("invitation", "of this link")
    return Invitation(*row)


def accept_invitation(
    database: Database, token: str, name: str, password: str, language: str, *, at: datetime
) -> Invitation:
    """Make the account, once: its login is the address, its role the one of the invitation.

    Raises:
        NotFound: the link was used, is over, or never was. Taken: an account of this address was made meanwhile.
        ValueError: the password is too short.
    """
    found, hashed = find_invitation(database, token, at=at), hashed_password(password)
    row = {
        "login": found.email, "name": name, "password_hash": hashed, "language": language, "created_at": utc(at),
        "found_by": normalised_name(name + found.email),
    }  # fmt: skip
    change = Change(found.invited_by, at, "invitation")
    try:
        with database.write() as connection:
            mine = and_(invitation.c.token_hash == token_hash(token), waits(at))
            if not connection.execute(update(invitation).where(mine).values(done_at=utc(at))).rowcount:
                raise NotFound("invitation", "of this link")
            account_id = insert_account(connection, row, name, at)
            put_role(connection, Scope(found.registry, found.site), account_id, found.role, change, unit_id=found.unit)
    except IntegrityError:
        raise Taken("account", found.email) from None
    return found


def ask_access(database: Database, account_id: int, scope: Scope, role: str, why: str, change: Change) -> None:
    """Ask for a role at a hospital. Raises Taken for a request that waits already, or too many of them; NotFound."""
    assert scope.site is not None
    mine = and_(access_request.c.account_id == account_id, access_request.c.decided_at.is_(None))
    row = {
        "account_id": account_id, "registry": scope.registry, "site_id": scope.site, "role": role, "why": why,
        "asked_at": utc(change.at),
    }  # fmt: skip
    with database.write() as connection:
        require_place(connection, scope.site, None)
        connection.execute(select(account.c.id).where(account.c.id == account_id).with_for_update())
        waiting = connection.execute(select(access_request).where(mine)).all()
        same = [
            each for each in waiting if (each.registry, each.site_id, each.role) == (scope.registry, scope.site, role)
        ]
        if same or len(waiting) >= MOST_REQUESTS:
            raise Taken("request", role)
        connection.execute(insert(access_request), row)
        body = {"account": account_id, "site": scope.site, "role": role}
        _note(connection, registry_stream(scope.registry), "access_request", change, body)


def open_requests(database: Database, scope: Scope) -> tuple[AccessRequest, ...]:
    """Those of the scope that wait for an answer, the oldest first."""
    with database.read() as connection:
        return alone(connection, requests_to(scope))


def requests_to(scope: Scope) -> Part[tuple[AccessRequest, ...]]:
    """The same as part of something larger."""
    here = access_request.c.site_id == scope.site if scope.site is not None else true()
    mine = and_(access_request.c.registry == scope.registry, here, access_request.c.decided_at.is_(None))
    return Part(_REQUESTS.where(mine).limit(100), lambda rows: tuple(AccessRequest(*row) for row in rows))


def requests_of(database: Database, account_id: int) -> tuple[AccessRequest, ...]:
    """The last of a person's own."""
    with database.read() as connection:
        return alone(connection, requests_by(account_id))


def requests_by(account_id: int) -> Part[tuple[AccessRequest, ...]]:
    """The same as part of something larger."""
    query = _REQUESTS.where(access_request.c.account_id == account_id)
    return Part(query, lambda rows: tuple(AccessRequest(*row) for row in reversed(rows[-20:])))


def decide_request(  # noqa: PLR0913 -- who decides what about which
    database: Database, scope: Scope, number: int, may_give: Collection[str], change: Change, *, grant: bool,
    write: Callable[[AccessRequest], Mail | None], decider: int | None = None,
) -> AccessRequest:  # fmt: skip
    """Give what was asked for, or refuse it; the person is told by mail. Nobody (`decider`) decides on an own request.

    Raises:
        NotFound: none of this scope has the number, or its role is not one of `may_give`.
        DecidedMeanwhile: somebody has decided.
        Taken: the person has the role already.
    """
    here = access_request.c.site_id == scope.site if scope.site is not None else true()
    mine = and_(
        access_request.c.id == number, access_request.c.registry == scope.registry, here,
        access_request.c.role.in_(list(may_give)), access_request.c.account_id.is_distinct_from(decider),
    )  # fmt: skip
    with database.write() as connection:
        row = connection.execute(_REQUESTS.where(mine)).one_or_none()
        place = connection.execute(select(access_request.c.site_id).where(access_request.c.id == number)).scalar()
        decided = {
            "decided_at": utc(change.at), "decided_by": change.who, "granted": grant, "answer": change.reason,
        }  # fmt: skip
        if row is None:
            raise NotFound("request", number)
        waiting = and_(mine, access_request.c.decided_at.is_(None))
        if not connection.execute(update(access_request).where(waiting).values(decided)).rowcount:
            known = select(access_request.c.decided_by, access_request.c.granted).where(mine)
            who, granted = connection.execute(known).one()
            raise DecidedMeanwhile(who or "", GRANTED if granted else REFUSED)
        found = AccessRequest(*row)
        if grant:
            put_role(connection, Scope(scope.registry, place), found.account, found.role, change)
        body = {"request": number, "account": found.account, "role": found.role, "granted": grant}
        _note(connection, registry_stream(scope.registry), "access_decision", change, body)
        message = write(found)
        if message is not None:
            queue_mail(connection, database.master, message, change.at)
    return found


def ask_reset(
    database: Database, email: str, write: Callable[[str, str], Mail], *, at: datetime, address: str = ""
) -> None:
    """Mail a link to a new password to whoever has the e-mail address for a login; nobody learns whether somebody has.

    `write` gets the token and the language of the person. Raises LockedOut where too much came from one address of the network.
    """
    login, token = normal_login(email), secrets.token_urlsafe(32)
    found = select(account.c.id, account.c.language).where(account.c.login == login, account.c.closed_at.is_(None))
    with database.write() as connection:
        if address:
            spend(connection, "reset", origin(address), at)
        person = connection.execute(found.with_for_update()).one_or_none()
        if person is None or "@" not in login or _has_enough(connection, person.id, at):
            return
        own = password_reset.c.account_id == person.id
        latest = connection.execute(select(func.max(password_reset.c.expires_at)).where(own)).scalar()
        if latest is not None and latest > utc(at) + RESET_WITHIN - RESET_AGAIN:
            return
        spend(connection, "reset of account", person.id, at)
        connection.execute(delete(password_reset).where(own))
        row = {"token_hash": token_hash(token), "account_id": person.id, "expires_at": utc(at) + RESET_WITHIN}
        connection.execute(insert(password_reset), row)
        queue_mail(connection, database.master, write(token, person.language), at)
        _note(connection, SYSTEM, "reset_asked", Change(login, at), {"account": person.id})


def _has_enough(connection: Connection, account_id: int, at: datetime) -> bool:
    """Whether so many mails went to a person on this day that a further one would only trouble them."""
    try:
        refuse_spent(connection, "reset of account", account_id, at)
    except LockedOut:
        return True
    return False


def find_reset(database: Database, token: str, *, at: datetime) -> Account:
    """Whom a link leads to a new password. Raises NotFound for one that was used, is over, or never was."""
    with database.read() as connection:
        return _of_reset(connection, token, at)


def reset_password(database: Database, token: str, password: str, *, at: datetime, notice: Mail | None = None) -> None:
    """A new password by a mailed link, once; all sessions end and a lockout is over. The second factor stays.

    Args:
        database: where.
        token: the link's.
        password: the new one.
        at: now.
        notice: what the person is told of it.

    Raises:
        NotFound: the link was used, is over, or never was. ValueError: the password is too short.
    """
    find_reset(database, token, at=at)
    hashed = hashed_password(password)
    with database.write() as connection:
        person = _of_reset(connection, token, at)
        if not connection.execute(delete(password_reset).where(_resets(token, at))).rowcount:
            raise NotFound("reset", "of this link")
        put_password(connection, person.id, hashed, person.login, at)
        forget_attempts(connection, f"login:{person.login}")
        queue_notice(connection, database.master, notice, at)


def _of_reset(connection: Connection, token: str, at: datetime) -> Account:
    query = select(account.c.id, account.c.login, account.c.name, account.c.language)
    query = query.join(password_reset, password_reset.c.account_id == account.c.id)
    row = connection.execute(query.where(_resets(token, at), account.c.closed_at.is_(None))).one_or_none()
    if row is None:
        raise NotFound("reset", "of this link")
    return Account(*row)


def _resets(token: str, at: datetime) -> Any:
    return and_(password_reset.c.token_hash == token_hash(token), password_reset.c.expires_at > utc(at))


def waits(at: datetime) -> ColumnElement[bool]:
    """The condition on `invitation` rows of those whose link still leads somewhere."""
    return and_(invitation.c.done_at.is_(None), invitation.c.expires_at > utc(at))


def _note(connection: Connection, stream: str, kind: str, change: Change, body: Mapping[str, object]) -> None:
    append_entry(
        connection, AuditEntry(stream, kind, change.who, change.at, change.channel, body, reason=change.reason)
    )


_INVITATIONS = select(
    invitation.c.id, invitation.c.email, invitation.c.registry, invitation.c.site_id, func.coalesce(site.c.name, "").label("site_name"),
    invitation.c.unit_id, invitation.c.role, invitation.c.invited_by, invitation.c.expires_at,
).select_from(invitation.outerjoin(site, site.c.id == invitation.c.site_id))  # fmt: skip
_REQUESTS: Any = (  # more columns than SQLAlchemy knows types of
    select(
        access_request.c.id, access_request.c.account_id, account.c.name, account.c.login, account.c.language,
        access_request.c.registry, site.c.name.label("site_name"), access_request.c.role, access_request.c.why, access_request.c.asked_at,
        access_request.c.granted, func.coalesce(access_request.c.answer, "").label("answer"),
    )
    .join(account, account.c.id == access_request.c.account_id)
    .join(site, site.c.id == access_request.c.site_id)
    .order_by(access_request.c.id)
)  # fmt: skip

__all__ = [
    "GRANTED", "REFUSED", "AccessRequest", "Invitation", "accept_invitation", "ask_access", "ask_reset", "decide_request", "find_invitation", "find_reset",
    "invitations_of", "invite", "open_invitations", "open_requests", "requests_by", "requests_of", "requests_to", "reset_password", "waits",
    "withdraw_invitation",
]  # fmt: skip
