"""How complete the forms of hospitals and wards are, beside who takes part in the registry: read from small kept counts, in one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, false, func, or_, select, true, union_all

from engine.datatypes.local_time import to_local
from storage.database import Database
from storage.tables import form_month, participation, site, unit
from storage.together import Part, Rows, together

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Count:
    """How many forms were begun, and how many of them are complete."""

    complete: int = 0
    begun: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.complete + other.complete, self.begun + other.begun)


@dataclass(frozen=True, slots=True)
class PlaceMonths:
    """A hospital's or ward's forms by the month in which they were begun, and the months in which it took part in the registry."""

    place: int  # the number of the hospital; of a ward its number with a minus, as the counts have it
    name: str
    since: date | None  # the first day of its first part; none: it never took part
    expected: frozenset[str] = frozenset()  # months of the last ones in which it took part, for a day at least
    counts: Mapping[str, Count] = field(default_factory=dict)

    @property
    def reported(self) -> frozenset[str]:
        """The months in which it began forms."""
        return frozenset(month for month, count in self.counts.items() if count.begun)


@dataclass(frozen=True, slots=True)
class Completeness:
    """The places by name, also those without a single form; all their forms together, by form; the wards of an only hospital."""

    places: tuple[PlaceMonths, ...]
    forms: Mapping[str, Count]
    wards: tuple[PlaceMonths, ...] = ()


@dataclass(frozen=True, slots=True)
class Own:
    """What a person oversees: hospitals as a whole (None: all) with their wards, and single wards of others."""

    sites: frozenset[int] | None
    units: frozenset[int] = frozenset()

    @property
    def only(self) -> int | None:
        """The only hospital, where there is nothing else."""
        return next(iter(self.sites)) if self.sites is not None and len(self.sites) == 1 and not self.units else None


def months_until(at: datetime) -> tuple[str, ...]:
    """The last months, this one included."""
    today = to_local(at).date()
    counted = [today.year * 12 + today.month - 1 - ago for ago in range(MONTHS - 1, -1, -1)]
    return tuple(f"{number // 12:04d}-{number % 12 + 1:02d}" for number in counted)


def completeness(
    database: Database, registry: str, own: Own, *, at: datetime, form: str = "", chosen: int | None = None
) -> Completeness:
    """Of the forms that were begun in the last months: all of them or one, at one's hospitals and wards, or at a `chosen` one.

    A form counts for each hospital that had the whole record when it was begun, and for each ward that sees it now. Of a
    place that is not one's own nothing is told.
    """
    months, column = months_until(at), form_month.c
    wanted = [column.registry == registry, column.month >= months[0], column.begun > 0]
    if form:
        wanted.append(column.form == form)
    sums = (func.sum(column.complete), func.sum(column.begun))
    counted = select(column.site_id, column.month, *sums).where(*wanted).group_by(column.site_id, column.month)
    here, hospital = _places(own, chosen), chosen if chosen is not None and chosen > 0 else own.only
    mine = column.site_id.in_(here) if here is not None else column.site_id > 0
    by_form = select(column.form, *sums).where(*wanted, mine).group_by(column.form)
    first = months[0]
    with database.read() as connection, together(connection) as asking:
        by_month = asking.ask(Part(counted.where(mine), _by_place))
        forms = asking.ask(Part(by_form, lambda rows: {name: Count(*counts) for name, *counts in rows}))
        hospitals = asking.ask(Part(_hospitals(registry, here, first), tuple))
        units = asking.ask(Part(_wards(registry, here if here is not None else _NOWHERE, first, _IN_FULL), tuple))
        of_it = _wards_of(own, hospital) if hospital is not None else _NOWHERE
        wards = asking.ask(Part(_wards(registry, of_it, first, unit.c.name), tuple))
        by_ward = asking.ask(Part(counted.where(column.site_id.in_(of_it)), _by_place))
    places = (*hospitals(), *units())
    return Completeness(
        tuple(_place_months(places, by_month(), months)), forms(), tuple(_place_months(wards(), by_ward(), months))
    )


_NOWHERE = select(site.c.id).where(false())
_IN_FULL = select(site.c.name + ", " + unit.c.name).where(site.c.id == unit.c.site_id).correlate(unit).scalar_subquery()


def _wards_of(own: Own, hospital: int) -> Select[tuple[int]]:
    """The numbers of a hospital's wards, where it is one's own."""
    return select(-unit.c.id).where(_of_own(own), unit.c.site_id == hospital)


def _of_own(own: Own) -> ColumnElement[bool]:
    return true() if own.sites is None else unit.c.site_id.in_(sorted(own.sites))


def _places(own: Own, chosen: int | None) -> Select[tuple[int]] | None:
    """The numbers of the places that are shown; None: all hospitals."""
    if chosen is not None and chosen < 0:
        return select(-unit.c.id).where(unit.c.id == -chosen, or_(_of_own(own), unit.c.id.in_(sorted(own.units))))
    if own.sites is None:
        return None if chosen is None else select(site.c.id).where(site.c.id == chosen)
    hospitals = select(site.c.id).where(site.c.id.in_(sorted(own.sites)))
    if chosen is not None:
        return hospitals.where(site.c.id == chosen)
    wards = select(-unit.c.id).where(unit.c.id.in_(sorted(own.units)))
    both: Select[tuple[int]] = select(union_all(hospitals, wards).subquery().c[0])
    return both


def _by_place(rows: Rows) -> dict[int, dict[str, Count]]:
    found: dict[int, dict[str, Count]] = defaultdict(dict)
    for number, month, *counts in rows:
        found[number][month] = Count(*counts)
    return found


def _hospitals(registry: str, here: Select[tuple[int]] | None, first: str) -> Select[Any]:
    """A row for each part that a hospital takes in the registry, and one for each that only has forms of it."""
    parts = and_(participation.c.site_id == site.c.id, participation.c.registry == registry)
    among: ColumnElement[bool] = true() if here is None else site.c.id.in_(here)
    return _taking(site, site.c.id, site.c.name, parts, registry, first).where(among)


def _wards(registry: str, here: Select[tuple[int]], first: str, name: ColumnElement[str]) -> Select[Any]:
    """The same of wards: they take part by themselves, or with their hospital."""
    part = participation.c
    alone = or_(part.unit_id.is_(None), part.unit_id == unit.c.id)
    parts = and_(part.site_id == unit.c.site_id, alone, part.registry == registry)
    return _taking(unit, -unit.c.id, name, parts, registry, first).where((-unit.c.id).in_(here))


def _taking(
    table: Table, number: ColumnElement[int], name: ColumnElement[str], parts: ColumnElement[bool], registry: str,
    first: str,
) -> Select[Any]:  # fmt: skip
    part, column = participation.c, form_month.c
    lasts = or_(part.ends_on.is_(None), part.ends_on >= f"{first}-01")
    begun = select(column.site_id).where(column.registry == registry, column.month >= first, column.begun > 0)
    takes: ColumnElement[bool] = select(part.id).where(parts, lasts).correlate(table).exists()
    query = select(number.label("id"), name.label("name"), part.starts_on, part.ends_on)
    query = query.select_from(table.outerjoin(participation, parts)).where(or_(takes, number.in_(begun)))
    return query.order_by(name, table.c.id, part.starts_on)


def _place_months(rows: Rows, counted: Mapping[int, Mapping[str, Count]], months: Sequence[str]) -> list[PlaceMonths]:
    parts: dict[tuple[int, str], list[tuple[str, str | None]]] = {}
    for row in rows:
        held = parts.setdefault((row.id, row.name), [])
        if row.starts_on is not None:
            held.append((row.starts_on, row.ends_on))
    return [
        PlaceMonths(
            number, name, date.fromisoformat(held[0][0]) if held else None,
            frozenset(month for month in months if any(_covers(month, *each) for each in held)), counted.get(number, {}),
        )
        for (number, name), held in parts.items()
    ]  # fmt: skip


def _covers(month: str, starts_on: str, ends_on: str | None) -> bool:
    """Whether a part in a registry lasts on one day of a month at least."""
    return starts_on[:7] <= month and (ends_on is None or ends_on[:7] >= month)


__all__ = ["MONTHS", "Completeness", "Count", "Own", "PlaceMonths", "completeness", "months_until"]
