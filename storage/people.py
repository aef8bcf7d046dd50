"""People and their roles in a registry, as those see them who give and end roles: of their own hospital, or of all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    Select,
    String,
    and_,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from storage.audit import SYSTEM, AuditEntry, append_entry, registry_stream
from storage.database import Database
from storage.errors import NotFound, Taken
from storage.hospitals import Change
from storage.identity import normalised_name
from storage.slots import utc
from storage.tables import account, attempt, membership, session, site, unit
from storage.together import Asking, Part, Rows, together


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose people one looks after: those of a registry at one hospital, or at all (no site)."""

    registry: str
    site: int | None


@dataclass(frozen=True, slots=True)
class Role:
    """A role of a person in the registry, from–to."""

    id: int
    account: int
    role: str
    site: int | None
    site_name: str
    unit_name: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Person:
    """A person with the roles that the scope shows; `locked_until`: after too many wrong passwords or codes."""

    account: int
    login: str
    name: str
    language: str
    closed_at: datetime | None
    second_factor: bool
    locked_until: datetime | None
    seen_at: datetime | None
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """One page of the list, and how many people there are in all."""

    people: tuple[Person, ...]
    total: int


def list_people(
    database: Database, scope: Scope, *, at: datetime, text: str = "", first: int = 0, size: int = 25
) -> PeoplePage:
    """People by name who have or had a role that the scope shows, and whose name or login holds the text."""
    with database.read() as connection, together(connection) as asking:
        page = ask_people(asking, scope, at=at, text=text, first=first, size=size)
    return page()


def ask_people(
    asking: Asking, scope: Scope, *, at: datetime, text: str = "", first: int = 0, size: int = 25
) -> Callable[[], PeoplePage]:
    """The same as part of something larger."""
    wanted = and_(_seen(scope), account.c.found_by.contains(normalised_name(text), autoescape=True))

    def page_of(query: Select[Any]) -> Select[Any]:
        return query.where(wanted).order_by(account.c.name, account.c.id).limit(size).offset(first)

    people = asking.ask(Part(page_of(_people(at)), tuple))
    total = asking.ask(Part(select(func.count()).select_from(account).where(wanted), _first))
    roles = asking.ask(_roles(scope, membership.c.account_id.in_(page_of(select(account.c.id)))))
    return lambda: PeoplePage(tuple(_person(row, roles()) for row in people()), total())


def load_person(database: Database, scope: Scope, account_id: int, *, at: datetime) -> Person:
    """One of them; raises NotFound for people of others as for numbers of nobody."""
    with database.read() as connection, together(connection) as asking:
        found = ask_person(asking, scope, account_id, at=at)
    return found()


def ask_person(asking: Asking, scope: Scope, account_id: int, *, at: datetime) -> Callable[[], Person]:
    """The same as part of something larger."""
    person = asking.ask(Part(_people(at).where(account.c.id == account_id, _seen(scope)), tuple))
    roles = asking.ask(_roles(scope, membership.c.account_id == account_id))

    def answer() -> Person:
        if not person():
            raise NotFound("person", account_id)
        return _person(person()[0], roles())

    return answer


def give_role(
    database: Database, scope: Scope, account_id: int, role: str, change: Change, *, unit_id: int | None = None
) -> None:
    """A role in the scope from now on. Raises Taken where the person has it, NotFound for a hospital or unit that is not there."""
    with database.write() as connection:
        put_role(connection, scope, account_id, role, change, unit_id=unit_id)


def put_role(
    connection: Connection, scope: Scope, account_id: int, role: str, change: Change, *, unit_id: int | None = None
) -> None:
    """The same as part of something larger."""
    row = {
        "account_id": account_id,
        "site_id": scope.site,
        "unit_id": unit_id,
        "registry": scope.registry,
        "role": role,
    }
    require_place(connection, scope.site, unit_id)
    connection.execute(select(account.c.id).where(account.c.id == account_id).with_for_update())
    same = and_(*(membership.c[name].is_not_distinct_from(value) for name, value in row.items()))
    lasts = or_(membership.c.ends_at.is_(None), membership.c.ends_at > utc(change.at))
    if connection.execute(select(membership.c.id).where(same, lasts)).first() is not None:
        raise Taken("role", role)
    connection.execute(insert(membership), {**row, "starts_at": utc(change.at)})
    body = {"account": account_id, "site": scope.site, "unit": unit_id, "role": role}
    _note(connection, scope.registry, change, body)


def end_role(database: Database, scope: Scope, role_id: int, may_end: Collection[str], change: Change) -> None:
    """End a role now: the next request of the person is refused. Raises NotFound where it is not one of `may_end`."""
    with database.write() as connection:
        if not _end(connection, scope, membership.c.id == role_id, may_end, change):
            raise NotFound("role", role_id)


def end_all_roles(database: Database, scopes: Mapping[Scope, Collection[str]], account_id: int, change: Change) -> int:
    """End all that may be ended of the roles of a person in some scopes, for somebody who leaves; how many there were."""
    mine = membership.c.account_id == account_id
    with database.write() as connection:
        return sum(_end(connection, scope, mine, may_end, change) for scope, may_end in scopes.items())


def _end(
    connection: Connection, scope: Scope, which: ColumnElement[bool], may_end: Collection[str], change: Change
) -> int:
    lasts = and_(membership.c.ends_at.is_(None), membership.c.role.in_(list(may_end)))
    found = connection.execute(select(membership).where(which, in_scope(scope), lasts)).all()
    for row in found:
        connection.execute(update(membership).where(membership.c.id == row.id).values(ends_at=utc(change.at)))
        body = {"account": row.account_id, "site": row.site_id, "unit": row.unit_id, "role": row.role, "ended": True}
        _note(connection, scope.registry, change, body)
    return len(found)


def lift_lockout(database: Database, person: Person, change: Change) -> None:
    """Forget the wrong passwords and codes of a person."""
    with database.write() as connection:
        connection.execute(delete(attempt).where(attempt.c.key.in_(_lock_keys(person.account, person.login))))
        body = {"account": person.account}
        append_entry(connection, AuditEntry(SYSTEM, "unlock", change.who, change.at, change.channel, body))


def require_place(connection: Connection, site_id: int | None, unit_id: int | None) -> None:
    """Raise NotFound for a hospital that is not there or has ended, and for a unit that it does not have."""
    if site_id is not None:
        wanted = select(site.c.id).where(site.c.id == site_id, site.c.ended_at.is_(None))
        if connection.execute(wanted).first() is None:
            raise NotFound("hospital", site_id)
    if unit_id is not None:
        own = select(unit.c.id).where(unit.c.id == unit_id, unit.c.site_id == site_id, unit.c.ended_at.is_(None))
        if connection.execute(own).first() is None:
            raise NotFound("unit", unit_id)


def _first(rows: Rows) -> Any:
    return rows[0][0]


def locked_until(at: datetime) -> ScalarSelect[Any]:
    """Of an account, until when it is locked after too many wrong passwords or codes."""
    return (
        select(func.max(attempt.c.locked_until))
        .where(or_(attempt.c.key == "login:" + account.c.login, attempt.c.key == "code:" + cast(account.c.id, String)))
        .where(attempt.c.locked_until > utc(at))
        .correlate(account)
        .scalar_subquery()
    )


def _people(at: datetime) -> Any:
    seen = select(func.max(session.c.seen_at)).where(session.c.account_id == account.c.id).scalar_subquery()
    return select(
        account.c.id, account.c.login, account.c.name, account.c.language, account.c.closed_at,
        account.c.second_factor.is_not(None).label("second_factor"), locked_until(at).label("locked_until"), seen.label("seen_at"),
    )  # fmt: skip


def in_scope(scope: Scope) -> ColumnElement[bool]:
    """The condition on `membership` rows of a scope."""
    here = membership.c.site_id == scope.site if scope.site is not None else true()
    return and_(membership.c.registry == scope.registry, here)


def _seen(scope: Scope) -> ColumnElement[bool]:
    return account.c.id.in_(select(membership.c.account_id).where(in_scope(scope)))


def _roles(scope: Scope, whose: ColumnElement[bool]) -> Part[dict[int, list[Role]]]:
    query: Select[Any] = (
        select(
            membership.c.id, membership.c.account_id, membership.c.role, membership.c.site_id,
            func.coalesce(site.c.name, "").label("site_name"), func.coalesce(unit.c.name, "").label("unit_name"),
            membership.c.starts_at, membership.c.ends_at,
        )
        .select_from(
            membership.outerjoin(site, site.c.id == membership.c.site_id).outerjoin(unit, unit.c.id == membership.c.unit_id)
        )
        .where(in_scope(scope), whose)
        .order_by(membership.c.ends_at.is_not(None), membership.c.starts_at.desc(), membership.c.id)
    )  # fmt: skip

    def read(rows: Rows) -> dict[int, list[Role]]:
        found: dict[int, list[Role]] = {}
        for row in rows:
            found.setdefault(row.account_id, []).append(Role(*row))
        return found

    return Part(query, read)


def _person(row: Row[Any], roles: dict[int, list[Role]]) -> Person:
    return Person(
        row.id, row.login, row.name, row.language, row.closed_at, bool(row.second_factor), row.locked_until, row.seen_at,
        tuple(roles.get(row.id, ())),
    )  # fmt: skip


def _lock_keys(account_id: int, login: str) -> list[str]:
    return [f"login:{login}", f"code:{account_id}", f"password:{account_id}"]


def _note(connection: Connection, registry: str, change: Change, body: Mapping[str, object]) -> None:
    stream = registry_stream(registry)
    entry = AuditEntry(stream, "membership", change.who, change.at, change.channel, body, reason=change.reason)
    append_entry(connection, entry)


__all__ = [
    "PeoplePage", "Person", "Role", "Scope", "ask_people", "ask_person", "end_role", "give_role", "in_scope", "lift_lockout", "list_people", "load_person",
    "locked_until", "put_role", "require_place",
]  # fmt: skip
