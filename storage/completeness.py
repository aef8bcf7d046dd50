"""How complete the hospitals' forms are, by hospital, form and month: counted by the database, in one query."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import String, and_, case, cast, func, or_, select

from engine.datatypes.local_time import to_local
from storage.database import Database
from storage.slots import utc
from storage.states import FINISHED
from storage.tables import access, form_instance, site

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Filled:
    """Of the forms that a hospital began in a month, how many are complete."""

    site: int
    name: str
    form: str
    month: str  # 2025-07
    complete: int
    begun: int


def months_until(at: datetime) -> tuple[str, ...]:
    """The last months, this one included."""
    today = to_local(at).date()
    counted = [today.year * 12 + today.month - 1 - ago for ago in range(MONTHS - 1, -1, -1)]
    return tuple(f"{number // 12:04d}-{number % 12 + 1:02d}" for number in counted)


def completeness(
    database: Database, registry: str, sites: Collection[int] | None, *, at: datetime
) -> tuple[Filled, ...]:
    """The forms of the registry that were begun in the last months, of these hospitals (None: all); by name of hospital.

    A record that two hospitals share counts for both.
    """
    moment, first = utc(at), date.fromisoformat(f"{months_until(at)[0]}-01")
    month = func.substr(cast(form_instance.c.opened_at, String), 1, 7).label("month")
    granted = and_(
        access.c.subject_id == form_instance.c.subject_id, access.c.registry == registry,
        access.c.instance_id.is_(None), access.c.starts_at <= moment,
        or_(access.c.ends_at.is_(None), access.c.ends_at > moment),
    )  # fmt: skip
    query = (
        select(
            site.c.id, site.c.name, form_instance.c.form, month,
            func.count(case((form_instance.c.state.in_(FINISHED), 1))), func.count(),
        )
        .select_from(form_instance.join(access, granted).join(site, site.c.id == access.c.site_id))
        .where(form_instance.c.home.in_(("", registry)), form_instance.c.withdrawal_id.is_(None))
        .where(form_instance.c.opened_at >= datetime(first.year, first.month, 1, tzinfo=moment.tzinfo))
        .group_by(site.c.id, site.c.name, form_instance.c.form, month)
        .order_by(site.c.name, site.c.id)
    )  # fmt: skip
    if sites is not None:
        query = query.where(access.c.site_id.in_(sorted(sites)))
    with database.read() as connection:
        return tuple(Filled(*row) for row in connection.execute(query))


__all__ = ["MONTHS", "Filled", "completeness", "months_until"]
