"""How complete the hospitals' forms are, beside who takes part in the registry: read from small kept counts, in one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from engine.datatypes.local_time import to_local
from storage.database import Database
from storage.tables import form_month, participation, site
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
class HospitalMonths:
    """A hospital's forms by the month in which it began them, and the months in which it took part in the registry."""

    site: int
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
    """The hospitals by name, also those without a single form; and all their forms together, by form."""

    hospitals: tuple[HospitalMonths, ...]
    forms: Mapping[str, Count]


def months_until(at: datetime) -> tuple[str, ...]:
    """The last months, this one included."""
    today = to_local(at).date()
    counted = [today.year * 12 + today.month - 1 - ago for ago in range(MONTHS - 1, -1, -1)]
    return tuple(f"{number // 12:04d}-{number % 12 + 1:02d}" for number in counted)


def completeness(
    database: Database, registry: str, sites: Collection[int] | None, *, at: datetime, form: str = ""
) -> Completeness:
    """Of the forms that were begun in the last months: all of them or one, at these hospitals (None: all).

    A form counts for each hospital that had the whole record when it was begun.
    """
    months, column = months_until(at), form_month.c
    wanted = [column.registry == registry, column.month >= months[0], column.begun > 0]
    if form:
        wanted.append(column.form == form)
    if sites is not None:
        wanted.append(column.site_id.in_(sorted(sites)))
    sums = (func.sum(column.complete), func.sum(column.begun))
    by_month = select(column.site_id, column.month, *sums).where(*wanted).group_by(column.site_id, column.month)
    by_form = select(column.form, *sums).where(*wanted).group_by(column.form)
    with database.read() as connection, together(connection) as asking:
        counted = asking.ask(Part(by_month, _by_site))
        forms = asking.ask(Part(by_form, lambda rows: {name: Count(*counts) for name, *counts in rows}))
        hospitals = asking.ask(Part(_hospitals(registry, sites, months[0]), tuple))
    return Completeness(tuple(_hospital_months(hospitals(), counted(), months)), forms())


def _by_site(rows: Rows) -> dict[int, dict[str, Count]]:
    found: dict[int, dict[str, Count]] = defaultdict(dict)
    for number, month, *counts in rows:
        found[number][month] = Count(*counts)
    return found


def _hospitals(registry: str, sites: Collection[int] | None, first: str) -> Select[Any]:
    """A row for each part that a hospital takes in the registry, and one for each that only has forms of it."""
    part, column = participation.c, form_month.c
    parts = and_(part.site_id == site.c.id, part.registry == registry)
    lasts = or_(part.ends_on.is_(None), part.ends_on >= f"{first}-01")
    begun = select(column.site_id).where(column.registry == registry, column.month >= first, column.begun > 0)
    takes: ColumnElement[bool] = select(part.id).where(parts, lasts).correlate(site).exists()
    query = select(site.c.id, site.c.name, part.starts_on, part.ends_on).select_from(
        site.outerjoin(participation, parts)
    )
    if sites is not None:
        query = query.where(site.c.id.in_(sorted(sites)))
    return query.where(or_(takes, site.c.id.in_(begun))).order_by(site.c.name, site.c.id, part.starts_on)


def _hospital_months(
    rows: Rows, counted: Mapping[int, Mapping[str, Count]], months: Sequence[str]
) -> list[HospitalMonths]:
    parts: dict[tuple[int, str], list[tuple[str, str | None]]] = {}
    for row in rows:
        held = parts.setdefault((row.id, row.name), [])
        if row.starts_on is not None:
            held.append((row.starts_on, row.ends_on))
    return [
        HospitalMonths(
            number, name, date.fromisoformat(held[0][0]) if held else None,
            frozenset(month for month in months if any(_covers(month, *each) for each in held)), counted.get(number, {}),
        )
        for (number, name), held in parts.items()
    ]  # fmt: skip


def _covers(month: str, starts_on: str, ends_on: str | None) -> bool:
    """Whether a part in a registry lasts on one day of a month at least."""
    return starts_on[:7] <= month and (ends_on is None or ends_on[:7] >= month)


__all__ = ["MONTHS", "Completeness", "Count", "HospitalMonths", "completeness", "months_until"]
