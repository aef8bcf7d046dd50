"""Hospitals, their units, and which of them take part in which registry, since when and until when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, case, delete, func, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from engine.datatypes.local_time import to_local
from storage.audit import AuditEntry, append_entry, site_stream
from storage.database import Database
from storage.errors import NotFound, NoTime, Overlapping, Taken
from storage.identity import normalised_name
from storage.slots import utc
from storage.tables import membership, participation, site, unit
from storage.together import Part, Rows, alone

MOST_OFFERED = 50  # hospitals to choose from at once: further ones are found by typing
_LABEL = re.compile(r"\s*\(([^()]+)\)\s*$")


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes something, when, and why."""

    who: str
    at: datetime
    reason: str = ""
    channel: str = "web"


@dataclass(frozen=True, slots=True)
class Unit:
    """A ward or a laboratory of a hospital."""

    id: int
    code: str
    name: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Participation:
    """A hospital's part in a registry, from its first to its last day; no unit: the hospital as a whole."""

    id: int
    unit: int | None
    registry: str
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital with all that belongs to it."""

    id: int
    code: str
    name: str
    ended_at: datetime | None
    units: tuple[Unit, ...]
    participations: tuple[Participation, ...]


@dataclass(frozen=True, slots=True)
class ListedHospital:
    """A line of the list; `since` is the first day of its present part in the registry."""

    id: int
    code: str
    name: str
    ended_at: datetime | None
    units: int
    since: date | None


class HospitalName(NamedTuple):
    """A hospital by which one chooses it."""

    id: int
    code: str
    name: str

    @property
    def label(self) -> str:
        """As a list offers it, and as it may be typed."""
        return f"{self.name} ({self.code})"


@dataclass(frozen=True, slots=True)
class HospitalPage:
    """One page of the list, and how many hospitals there are in all."""

    hospitals: tuple[ListedHospital, ...]
    total: int


def list_hospitals(
    database: Database, registry: str, *, day: date, text: str = "", part: bool = False, first: int = 0, size: int = 25
) -> HospitalPage:
    """Hospitals by name whose code or name holds the text (`part`: and that take part on the day); two statements."""
    units = select(func.count()).where(unit.c.site_id == site.c.id, unit.c.ended_at.is_(None)).scalar_subquery()
    of_site = and_(participation.c.site_id == site.c.id, _lasts(registry, day))
    since = select(func.min(participation.c.starts_on)).where(of_site).scalar_subquery()
    wanted = site.c.found_by.contains(normalised_name(text), autoescape=True)
    wanted = and_(wanted, select(participation.c.id).where(of_site).exists() if part else true())
    query = select(site.c.id, site.c.code, site.c.name, site.c.ended_at, units, since).where(wanted)
    with database.read() as connection:
        rows = connection.execute(query.order_by(site.c.name, site.c.id).limit(size).offset(first)).all()
        total = connection.execute(select(func.count()).select_from(site).where(wanted)).scalar_one()
    return HospitalPage(tuple(ListedHospital(*row[:5], _day(row[5])) for row in rows), total)


def load_hospital(database: Database, site_id: int) -> Hospital:
    """A hospital with its units and its parts in registries, newest first; raises NotFound."""
    parts = select(participation).where(participation.c.site_id == site_id).order_by(participation.c.starts_on.desc())
    with database.read() as connection:
        row = _row_of(connection, site_id)
        units = connection.execute(select(unit).where(unit.c.site_id == site_id).order_by(unit.c.name)).all()
        return Hospital(
            row.id, row.code, row.name, row.ended_at, tuple(Unit(u.id, u.code, u.name, u.ended_at) for u in units),
            tuple(_participation(each) for each in connection.execute(parts)),
        )  # fmt: skip


def hospitals_like(text: str, *, size: int = MOST_OFFERED) -> Part[tuple[HospitalName, ...]]:
    """Hospitals that have not ended, by name: the one with this code, or of this label, alone; else those that hold the text."""
    named = _LABEL.search(text)
    codes, like = [text.strip(), named[1] if named else ""], normalised_name(_LABEL.sub("", text))
    exact = case((site.c.code.in_(codes), 0), else_=1)
    found = or_(exact == 0, site.c.found_by.contains(like, autoescape=True))
    query = select(site.c.id, site.c.code, site.c.name).where(found, site.c.ended_at.is_(None))

    def read(rows: Rows) -> tuple[HospitalName, ...]:
        names = tuple(HospitalName(*row) for row in rows)
        return names[:1] if names and names[0].code in codes else names

    return Part(query.order_by(exact, site.c.name, site.c.id).limit(size), read)


def find_hospitals(database: Database, text: str, *, size: int = MOST_OFFERED) -> tuple[HospitalName, ...]:
    """The same alone."""
    with database.read() as connection:
        return alone(connection, hospitals_like(text, size=size))


def units_of(site_id: int) -> Part[tuple[Unit, ...]]:
    """The units of a hospital that are there, by name."""
    query = select(unit).where(unit.c.site_id == site_id, unit.c.ended_at.is_(None)).order_by(unit.c.name)
    return Part(query, lambda rows: tuple(Unit(row.id, row.code, row.name, None) for row in rows))


def hospitals_by_code(database: Database) -> dict[str, int]:
    """Code -> id of all hospitals."""
    with database.read() as connection:
        return {code: number for number, code in connection.execute(select(site.c.id, site.c.code))}


def taking_part(database: Database, registry: str, *, day: date) -> frozenset[tuple[int, int | None]]:
    """(hospital, unit or None) of all parts in a registry that last on a day: whose records completeness counts."""
    query = select(participation.c.site_id, participation.c.unit_id).where(_lasts(registry, day))
    with database.read() as connection:
        return frozenset((row.site_id, row.unit_id) for row in connection.execute(query))


def add_hospital(database: Database, code: str, name: str, change: Change) -> int:
    """A new hospital; returns its id. Raises Taken for a code that another one has."""
    row = {"code": code, "name": name, "found_by": normalised_name(code + name)}
    try:
        with database.write() as connection:
            site_id = int(connection.execute(insert(site).values(row).returning(site.c.id)).scalar_one())
            _note(connection, site_id, "site", change, None, {"code": code, "name": name})
    except IntegrityError:
        raise Taken("hospital with the code", code) from None
    return site_id


def change_hospital(database: Database, site_id: int, code: str, name: str, change: Change) -> None:
    """Another code or name. Raises NotFound, or Taken for a code that another one has."""
    new = {"code": code, "name": name}
    try:
        with database.write() as connection:
            old = _row_of(connection, site_id)
            found_by = normalised_name(code + name)
            connection.execute(update(site).where(site.c.id == site_id).values(**new, found_by=found_by))
            _note(connection, site_id, "site", change, {"code": old.code, "name": old.name}, new)
    except IntegrityError:
        raise Taken("hospital with the code", code) from None


def end_hospital(database: Database, site_id: int, change: Change) -> None:
    """A hospital is no more: its parts in registries end today, its units and the roles of its people now."""
    moment, today = utc(change.at), _today(change)
    with database.write() as connection:
        _row_of(connection, site_id)
        connection.execute(update(site).where(site.c.id == site_id).values(ended_at=moment))
        connection.execute(
            update(unit).where(unit.c.site_id == site_id, unit.c.ended_at.is_(None)).values(ended_at=moment)
        )
        _end_roles(connection, membership.c.site_id == site_id, moment)
        _end_parts(connection, participation.c.site_id == site_id, today)
        _note(connection, site_id, "site", change, {"ended": None}, {"ended": today})


def add_unit(database: Database, site_id: int, code: str, name: str, change: Change) -> int:
    """A new unit of a hospital; returns its id. Raises NotFound, or Taken for a code that another unit of it has."""
    try:
        with database.write() as connection:
            _row_of(connection, site_id)
            row = insert(unit).values(site_id=site_id, code=code, name=name).returning(unit.c.id)
            unit_id = int(connection.execute(row).scalar_one())
            _note(connection, site_id, "unit", change, None, {"unit": unit_id, "code": code, "name": name})
    except IntegrityError:
        raise Taken("unit with the code", code) from None
    return unit_id


def change_unit(database: Database, site_id: int, unit_id: int, code: str, name: str, change: Change) -> None:
    """Another code or name of a unit. Raises NotFound, or Taken for a code that another unit of the hospital has."""
    new = {"unit": unit_id, "code": code, "name": name}
    try:
        with database.write() as connection:
            old = _unit_of(connection, site_id, unit_id)
            connection.execute(update(unit).where(unit.c.id == unit_id).values(code=code, name=name))
            _note(connection, site_id, "unit", change, {"unit": unit_id, "code": old.code, "name": old.name}, new)
    except IntegrityError:
        raise Taken("unit with the code", code) from None


def end_unit(database: Database, site_id: int, unit_id: int, change: Change) -> None:
    """A unit is no more: its parts in registries end today, and the roles of people who have them for it alone now."""
    moment, today = utc(change.at), _today(change)
    with database.write() as connection:
        _unit_of(connection, site_id, unit_id)
        connection.execute(update(unit).where(unit.c.id == unit_id).values(ended_at=moment))
        _end_roles(connection, membership.c.unit_id == unit_id, moment)
        _end_parts(connection, participation.c.unit_id == unit_id, today)
        _note(connection, site_id, "unit", change, {"unit": unit_id, "ended": None}, {"unit": unit_id, "ended": today})


def add_participation(
    database: Database, site_id: int, registry: str, starts_on: date, change: Change, *, unit_id: int | None = None,
    ends_on: date | None = None,
) -> int:  # fmt: skip
    """A hospital or one of its units takes part in a registry; returns the part's id.

    Raises:
        NotFound: no such hospital, or it has no such unit.
        Overlapping: the same one takes part on some of these days already.
        NoTime: it would end before it begins.
    """
    if ends_on is not None and ends_on < starts_on:
        raise NoTime(starts_on, ends_on)
    row = {
        "site_id": site_id, "unit_id": unit_id, "registry": registry, "starts_on": starts_on.isoformat(),
        "ends_on": ends_on.isoformat() if ends_on else None,
    }  # fmt: skip
    with database.write() as connection:
        # The lock of the hospital: of two who add the same part at once, the second finds the first one's.
        connection.execute(select(site.c.id).where(site.c.id == site_id).with_for_update())
        _row_of(connection, site_id)
        if unit_id is not None:
            _unit_of(connection, site_id, unit_id)
        _refuse_overlap(connection, row)
        part = int(connection.execute(insert(participation).values(row).returning(participation.c.id)).scalar_one())
        _note(connection, site_id, "participation", change, None, {"part": part, **row})
    return part


def end_participation(
    database: Database, site_id: int, registry: str, part: int, ends_on: date, change: Change
) -> None:
    """The last day of a part in a registry. Raises NotFound, or NoTime for a day before the first."""
    wanted = and_(participation.c.id == part, participation.c.site_id == site_id, participation.c.registry == registry)
    with database.write() as connection:
        old = connection.execute(select(participation).where(wanted)).one_or_none()
        if old is None:
            raise NotFound("participation", part)
        if ends_on.isoformat() < old.starts_on:
            raise NoTime(date.fromisoformat(old.starts_on), ends_on)
        connection.execute(update(participation).where(wanted).values(ends_on=ends_on.isoformat()))
        before, after = {"part": part, "ends_on": old.ends_on}, {"part": part, "ends_on": ends_on.isoformat()}
        _note(connection, site_id, "participation", change, before, after)


def _lasts(registry: str, day: date) -> ColumnElement[bool]:
    over = or_(participation.c.ends_on.is_(None), participation.c.ends_on >= day.isoformat())
    return and_(participation.c.registry == registry, participation.c.starts_on <= day.isoformat(), over)


def _refuse_overlap(connection: Connection, row: Mapping[str, object]) -> None:
    same = (
        participation.c.site_id == row["site_id"],
        participation.c.registry == row["registry"],
        participation.c.unit_id.is_not_distinct_from(row["unit_id"]),
    )
    later = or_(participation.c.ends_on.is_(None), participation.c.ends_on >= row["starts_on"])
    sooner = participation.c.starts_on <= row["ends_on"] if row["ends_on"] else true()
    found = connection.execute(select(participation).where(*same, later, sooner).limit(1)).one_or_none()
    if found is not None:
        raise Overlapping(date.fromisoformat(found.starts_on), _day(found.ends_on))


def _end_parts(connection: Connection, which: ColumnElement[bool], today: str) -> None:
    """Parts that go on end today; those that have not begun yet are left out."""
    open_ones = and_(which, or_(participation.c.ends_on.is_(None), participation.c.ends_on > today))
    connection.execute(delete(participation).where(open_ones, participation.c.starts_on > today))
    connection.execute(update(participation).where(open_ones).values(ends_on=today))


def _end_roles(connection: Connection, which: ColumnElement[bool], moment: datetime) -> None:
    connection.execute(update(membership).where(which, membership.c.ends_at.is_(None)).values(ends_at=moment))


def _row_of(connection: Connection, site_id: int) -> Row[Any]:
    found = connection.execute(select(site).where(site.c.id == site_id)).one_or_none()
    if found is None:
        raise NotFound("hospital", site_id)
    return found


def _unit_of(connection: Connection, site_id: int, unit_id: int) -> Row[Any]:
    found = connection.execute(select(unit).where(unit.c.id == unit_id, unit.c.site_id == site_id)).one_or_none()
    if found is None:
        raise NotFound("unit", unit_id)
    return found


def _participation(row: Row[Any]) -> Participation:
    return Participation(row.id, row.unit_id, row.registry, date.fromisoformat(row.starts_on), _day(row.ends_on))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _today(change: Change) -> str:
    return to_local(change.at).date().isoformat()


def _note(
    connection: Connection, site_id: int, kind: str, change: Change, old: Mapping[str, object] | None,
    new: Mapping[str, object],
) -> None:  # fmt: skip
    body = {"site": site_id, "old": old, "new": new}
    entry = AuditEntry(site_stream(site_id), kind, change.who, change.at, change.channel, body, reason=change.reason)
    append_entry(connection, entry)


__all__ = [
    "Change", "Hospital", "HospitalName", "HospitalPage", "ListedHospital", "Participation", "Unit", "add_hospital", "add_participation",
    "add_unit", "change_hospital", "change_unit", "end_hospital", "end_participation", "end_unit", "find_hospitals", "hospitals_by_code", "hospitals_like",
    "list_hospitals",
    "load_hospital", "taking_part", "units_of",
]  # fmt: skip
