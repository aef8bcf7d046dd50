"""The roles that accounts hold, as columns and conditions of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from storage.slots import utc
from storage.tables import membership, site, unit


@dataclass(frozen=True, slots=True)
class Membership:
    """A role of an account at a site in a registry; no site: the registry's keeper."""

    site: int | None
    site_name: str
    registry: str
    role: str
    unit: int | None = None  # the ward for which alone it counts; none: the whole hospital
    unit_name: str = ""

    @property
    def key(self) -> str:
        """How the choice of one's place names it: a hospital, or a ward of it."""
        return f"{self.site}.{self.unit or ''}".rstrip(".")

    @property
    def place(self) -> str:
        """The hospital's name, with that of the ward."""
        return ", ".join(filter(None, (self.site_name, self.unit_name)))


ROLE: tuple[ColumnElement[Any], ...] = (  # of `membership` joined with its `site`
    membership.c.site_id,
    func.coalesce(site.c.name, "").label("site_name"),
    membership.c.registry,
    membership.c.role,
    membership.c.unit_id,
    func.coalesce(select(unit.c.name).where(unit.c.id == membership.c.unit_id).scalar_subquery(), "").label(
        "unit_name"
    ),
)
IN_ORDER = (membership.c.registry, membership.c.id)


def lasts(at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """The condition on `membership` rows that count at a time."""
    moment = utc(at) if isinstance(at, datetime) else at
    over = or_(membership.c.ends_at.is_(None), membership.c.ends_at > moment)
    return and_(membership.c.starts_at <= moment, over)


__all__ = ["IN_ORDER", "ROLE", "Membership", "lasts"]
