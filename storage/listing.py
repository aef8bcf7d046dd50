"""The list of a site's patients: sorted, narrowed and paged in the database, in two statements however many there are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, String, Subquery, and_, case, cast, func, not_, or_, select
from sqlalchemy.sql import ColumnElement

from engine.datatypes.local_time import to_local
from storage.access import Actor, visible_subjects
from storage.database import Database
from storage.slots import utc
from storage.states import FINISHED
from storage.tables import enrolment, form_instance, pending_event, working_copy


class Order(StrEnum):
    """What a list of subjects is sorted by; a leading minus in `list_subjects` turns it round."""

    NUMBER = "number"
    DATE = "date"
    STATE = "state"
    DUE = "due"  # what is overdue longest first, then what has to be done first


class Waiting(StrEnum):
    """Whose events are waited for: those with an event whose window is over, those with one that is open."""

    OVERDUE = "overdue"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class ListedSubject:
    """A line of a site's list; `state` is none, in_progress or complete."""

    subject: int
    pseudonym: str
    number: int
    enrolled_at: datetime
    saved_at: datetime | None
    forms: int
    complete: int
    copies: int  # forms in which the actor left unsaved edits
    overdue: int  # events
    due: int
    until: date | None  # when the first of these closed, or closes

    @property
    def state(self) -> str:
        """Of all opened forms together."""
        return "none" if not self.forms else "complete" if self.complete == self.forms else "in_progress"


@dataclass(frozen=True, slots=True)
class SubjectPage:
    """One page of a list, and how many subjects there are in all."""

    subjects: tuple[ListedSubject, ...]
    total: int


def list_subjects(  # noqa: PLR0913 -- each narrows or orders the list
    database: Database, actor: Actor, *, at: datetime, order: str = "-number", first: int = 0, size: int = 25,
    among: Collection[int] | None = None, waiting: Waiting | None = None, withdrawn: bool = False,
) -> SubjectPage:  # fmt: skip
    """A page of the subjects that the actor may see (of those `among` some, or waited for, or `withdrawn`, where asked)."""
    there = enrolment.c.withdrawal_id.is_(None)
    seen = and_(visible_subjects(actor, at), not_(there) if withdrawn else there)
    if among is not None:
        seen = and_(seen, enrolment.c.subject_id.in_(sorted(among)))
    events = _waited_for(actor, seen, to_local(at).date().isoformat())
    if waiting is not None:
        seen = and_(seen, func.coalesce(events.c[waiting], 0) > 0)
    home = form_instance.c.home.in_(("", actor.registry))
    mine = and_(form_instance.c.subject_id == enrolment.c.subject_id, home, form_instance.c.withdrawal_id.is_(None))
    forms = func.count(form_instance.c.id)
    complete = func.count(case((form_instance.c.state.in_(FINISHED), 1)))
    overdue, due, until = func.coalesce(events.c.overdue, 0), func.coalesce(events.c.due, 0), events.c.until
    sorts: dict[Order, tuple[ColumnElement[object], ...]] = {
        Order.NUMBER: (enrolment.c.number,),
        Order.DATE: (enrolment.c.enrolled_at,),
        Order.STATE: (case((forms == 0, 0), (complete < forms, 1), else_=2),),
        Order.DUE: (case((overdue > 0, 0), (due > 0, 1), else_=2), func.coalesce(until, "9999")),
    }
    keys = sorts[Order(order.removeprefix("-"))]
    turned = [key.desc() for key in keys] if order.startswith("-") else list(keys)
    here = enrolment.outerjoin(events, events.c.subject_id == enrolment.c.subject_id)
    columns = enrolment.c.subject_id, enrolment.c.pseudonym, enrolment.c.number, enrolment.c.enrolled_at
    query = (
        select(
            *columns, func.max(form_instance.c.saved_at).label("saved_at"), forms.label("forms"),
            complete.label("complete"), _copies(actor, at).label("copies"), overdue.label("overdue"), due.label("due"), until,
        )
        .select_from(here.outerjoin(form_instance, mine))
        .where(seen)
        .group_by(*columns, events.c.overdue, events.c.due, until)
        .order_by(*turned, enrolment.c.number)
        .limit(size)
        .offset(first)
    )  # fmt: skip
    with database.read() as connection:
        rows = tuple(_line(row) for row in connection.execute(query))
        count = select(func.count()).select_from(here).where(seen)
        return SubjectPage(rows, connection.execute(count).scalar_one())


def _waited_for(actor: Actor, seen: ColumnElement[bool], today: str) -> Subquery:
    """How many events of a subject are overdue and due, and when the first of them closed or closes."""
    opens, closes = (cast(column, String) for column in (pending_event.c.opens, pending_event.c.closes))
    over = closes < today
    now = and_(or_(opens.is_(None), opens <= today), or_(closes.is_(None), closes >= today))
    return (
        select(
            pending_event.c.subject_id,
            func.count(case((over, 1))).label(Waiting.OVERDUE),
            func.count(case((now, 1))).label(Waiting.DUE),
            func.min(case((or_(over, now), closes))).label("until"),
        )
        .where(pending_event.c.registry == actor.registry)
        .where(pending_event.c.subject_id.in_(select(enrolment.c.subject_id).where(seen)))  # not those of the country
        .group_by(pending_event.c.subject_id)
        .subquery("events")
    )


def _copies(actor: Actor, at: datetime) -> ColumnElement[int]:
    """Forms in which the actor left unsaved edits."""
    return (
        select(func.count())
        .select_from(working_copy)
        .where(
            working_copy.c.subject_id == enrolment.c.subject_id,
            working_copy.c.account_id == actor.account,
            working_copy.c.expires_at > utc(at),
        )
        .scalar_subquery()
    )


def _line(row: Row[Any]) -> ListedSubject:
    until = date.fromisoformat(row.until) if row.until else None
    return ListedSubject(
        row.subject_id, row.pseudonym, row.number, row.enrolled_at, row.saved_at, row.forms, row.complete, row.copies,
        row.overdue, row.due, until,
    )  # fmt: skip


__all__ = ["ListedSubject", "Order", "SubjectPage", "Waiting", "list_subjects"]
