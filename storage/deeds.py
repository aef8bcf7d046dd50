"""What people did to accounts, roles and hospitals, and their sign-ins: searched by those who keep people, without any patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import JSON, ColumnElement, Row, Select, Text, and_, cast, literal, or_, select, true, tuple_, union

from storage.audit import SYSTEM, registry_stream, site_stream
from storage.audit_search import Mark
from storage.database import Database
from storage.identity import normalised_name
from storage.people import Scope
from storage.slots import utc
from storage.tables import account, audit_entry, membership, site, unit
from storage.tables.base import Moment

# What may be looked for -> the kinds of entries. A kind that is not here is not found: it may tell of patients.
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sign_in": ("sign_in", "confirm"),
        "refused": (
            "sign_in_refused",
            "confirm_refused",
            "password_refused",
            "unlock_refused",
            "second_factor_refused",
            "denied",
            "reset_asked",
        ),
        "account": (
            *("account", "close", "reopen", "password", "pin", "second_factor", "recovery_codes"),
            *("end_sessions", "unlock"),
        ),
        "role": ("membership", "invitation", "access_request", "access_decision"),
        "hospital": ("site", "unit", "participation"),
    }
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is empty is not asked."""

    group: str = ""
    text: str = ""  # in the name or login of who did it, or to whom
    since: datetime | None = None
    until: datetime | None = None  # not included


@dataclass(frozen=True, slots=True)
class AdminDeed:
    """Something that was done: by whom, to whose account, role or hospital."""

    mark: Mark
    kind: str
    who: str
    channel: str
    reason: str
    person: str  # '' where it is about nobody, or a login or address that has no account
    place: str  # the hospital, and its unit
    role: str
    over: bool  # that something ended


def search_deeds(
    database: Database, scope: Scope, wanted: Wanted, *, after: Mark | None = None, size: int
) -> tuple[AdminDeed, ...]:
    """So many deeds of the scope, the newest first: of a hospital those to its people and itself, else all of the registry."""
    e = audit_entry.c
    order = (e.at.desc(), e.stream.desc(), e.number.desc())
    page = (
        select(
            e.at, e.stream, e.number, e.kind, e.who, e.channel, e.reason, e.body,
            *(_number(name).label(name) for name in ("account", "site", "unit")), _text("role").label("role"),
        )
        .where(e.subject_id.is_(None), *_narrowed(wanted), _of(scope))
        .order_by(*order)
        .limit(size)
    )  # fmt: skip
    if after is not None:
        place = tuple_(literal(after.at, Moment()), literal(after.stream), literal(after.number))
        page = page.where(e.at <= utc(after.at), tuple_(e.at, e.stream, e.number) < place)
    with database.read() as connection:
        return tuple(_deed(row) for row in connection.execute(_named(page)))


def _narrowed(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    e = audit_entry.c
    every = (kind for kinds in GROUPS.values() for kind in kinds)
    yield e.kind.in_(sorted(GROUPS.get(wanted.group, every)))
    if wanted.text:
        found = account.c.found_by.contains(normalised_name(wanted.text), autoescape=True)
        ids = select(account.c.id).where(found)
        yield or_(e.who.in_(_names(found)), _number("account").in_(ids), e.who == wanted.text.strip().casefold())
    if wanted.since is not None:
        yield e.at >= utc(wanted.since)
    if wanted.until is not None:
        yield e.at < utc(wanted.until)


def _of(scope: Scope) -> ColumnElement[bool]:
    """Whether an entry belongs to the scope."""
    e = audit_entry.c
    here = membership.c.site_id == scope.site if scope.site is not None else true()
    people = select(membership.c.account_id).where(membership.c.registry == scope.registry, here)
    mine = account.c.id.in_(people)
    own = or_(e.who.in_(_names(mine)), _number("account").in_(people))
    if scope.site is None:
        of_hospitals = e.kind.in_(GROUPS["hospital"])
        return or_(e.stream == registry_stream(scope.registry), of_hospitals, and_(e.stream == SYSTEM, own))
    of_roles = and_(e.stream == registry_stream(scope.registry), _number("site") == scope.site)
    return or_(e.stream == site_stream(scope.site), of_roles, and_(e.stream == SYSTEM, own))


def _names(which: ColumnElement[bool]) -> Any:
    """What entries call people: by name, or by login where somebody signs in."""
    return union(select(account.c.name).where(which), select(account.c.login).where(which))


def _named(page: Select[Any]) -> Select[Any]:
    """A page with the names of whom and what it is about."""
    found = page.subquery("found")
    joined = (
        found.outerjoin(account, account.c.id == found.c.account)
        .outerjoin(site, site.c.id == found.c.site)
        .outerjoin(unit, unit.c.id == found.c.unit)
    )
    names = (account.c.name.label("person"), site.c.name.label("hospital"), unit.c.name.label("ward"))
    query = select(found, *names).select_from(joined)
    return query.order_by(found.c.at.desc(), found.c.stream.desc(), found.c.number.desc())


def _deed(row: Row[Any]) -> AdminDeed:
    place = ", ".join(filter(None, (row.hospital, row.ward)))
    return AdminDeed(
        Mark(row.at, row.stream, row.number), row.kind, row.who, row.channel, row.reason, row.person or "", place,
        row.role or "", '"ended":true' in row.body or '"withdrawn":true' in row.body,
    )  # fmt: skip


def _body(name: str) -> Any:
    return cast(audit_entry.c.body, JSON().with_variant(Text(), "sqlite"))[name]


def _number(name: str) -> ColumnElement[int]:
    found: ColumnElement[int] = _body(name).as_integer()
    return found


def _text(name: str) -> ColumnElement[str]:
    found: ColumnElement[str] = _body(name).as_string()
    return found


__all__ = ["GROUPS", "AdminDeed", "Wanted", "search_deeds"]
