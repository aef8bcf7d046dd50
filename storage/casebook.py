"""What a hospital sees of its patients, as conditions and rows of queries: whole records, or single episodes of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import String, Subquery, and_, cast, exists, func, literal, or_, select
from sqlalchemy.sql import ColumnElement

from storage.access import Actor, grants, whole_records
from storage.tables import access, casebook, instance
from storage.tables.base import Day

NEVER, NO_END = "0001-01-01", "9999-12-31"  # instead of a day that there is not, so that it can be compared


def on_day(day: date | str) -> ColumnElement[Any]:
    """A day to compare columns with, in both databases."""
    return cast(literal(str(day), String), Day)


def seen_part(actor: Actor, at: datetime) -> ColumnElement[bool]:
    """The condition on `instance` rows of what the actor may see and is not withdrawn; of subjects enrolled in the registry."""
    there = and_(instance.c.registry.in_(("", actor.registry)), instance.c.withdrawal_id.is_(None))
    if actor.site is None:
        return there
    part = func.coalesce(instance.c.part_id, instance.c.id)
    whole = or_(whole_records(actor), instance.c.parent_id.is_(None), access.c.instance_id == part)
    granted = select(access.c.id).where(access.c.subject_id == instance.c.subject_id, grants(actor, at), whole)
    return and_(there, granted.exists())


def seen_lines(actor: Actor, at: datetime, *narrowed: ColumnElement[bool]) -> Subquery:
    """A row for each subject that the actor may see, with what lists sort by: number, state, episodes, day, closes."""
    line = casebook.c
    keys = (line.subject_id, line.number, line.state, line.episodes, line.day, line.closes)
    return select(*keys).where(own_lines(actor, at), *narrowed).subquery("seen")


def own_lines(actor: Actor, at: datetime) -> ColumnElement[bool]:
    """The condition on `casebook` rows that tell the actor of subjects that the actor may see."""
    of_whom = -actor.unit if actor.unit is not None else actor.site or 0
    mine = and_(casebook.c.registry == actor.registry, casebook.c.site_id == of_whom)
    if actor.site is None:
        return mine
    return and_(mine, exists().where(access.c.subject_id == casebook.c.subject_id, grants(actor, at)))


__all__ = ["NEVER", "NO_END", "on_day", "own_lines", "seen_lines", "seen_part"]
