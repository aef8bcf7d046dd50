"""The list of a hospital's patients: sorted, narrowed and paged in the database, in one statement however many there are.

A page begins after the last line of the one before it: the database finds that place in an index, where it would have
to count its way to a page by number. What is counted for a line is counted for the lines of the page alone.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import (
    CTE,
    FromClause,
    Integer,
    Row,
    Select,
    Subquery,
    UnaryExpression,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.sql import ColumnElement

from engine.datatypes.local_time import to_local
from storage.access import Actor
from storage.casebook import NEVER, NO_END, on_day, seen_lines, seen_part
from storage.database import Database
from storage.issues import unanswered_warnings
from storage.slots import canonical, utc
from storage.states import FINISHED
from storage.tables import (
    casebook,
    enrolment,
    form_instance,
    identity_hash,
    instance,
    local_number,
    pending_event,
    working_copy,
)
from storage.tables.base import Day

MOST = 1000  # lines are counted so far


class Order(StrEnum):
    """What a list of subjects is sorted by; a leading minus in `list_subjects` turns it round."""

    NUMBER = "number"
    LOCAL = "local"  # the hospital's own number
    DATE = "date"  # of the latest event
    STATE = "state"
    EPISODES = "episodes"
    DUE = "due"  # what closes first


class Waiting(StrEnum):
    """Whose events are waited for: those with an event whose window is over, those with one that is open."""

    OVERDUE = "overdue"
    DUE = "due"


class State(IntEnum):
    """Of all opened forms of a subject together, as the casebook keeps it."""

    NONE = 0
    COMPLETE = 1
    IN_PROGRESS = 2


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which subjects are listed; nothing: all that the actor may see."""

    hashes: Collection[bytes] | None = None  # keyed, of what is known of a person
    waiting: Waiting | None = None
    state: State | None = None
    several: bool = False  # episodes
    since: date | None = None  # the latest event
    until: date | None = None
    withdrawn: bool = False  # those that are withdrawn instead of those that are not


@dataclass(frozen=True, slots=True)
class ListedSubject:
    """A line of a site's list."""

    subject: int
    pseudonym: str
    local: str  # the hospital's own number, '' when it gave none
    number: int
    state: State
    day: date | None  # of the latest event
    episodes: int
    saved_at: datetime | None
    forms: int
    complete: int
    copies: int  # forms in which the actor left unsaved edits
    warnings: int  # that nobody has answered
    overdue: int  # events
    due: int
    until: date | None  # when the first of these closed, or closes
    enrolled_at: datetime


@dataclass(frozen=True, slots=True)
class SubjectPage:
    """One page of a list. `total` goes no further than MOST; the marks lead to the pages beside, '' where there is none."""

    subjects: tuple[ListedSubject, ...]
    total: int
    before: str = ""
    after: str = ""


def list_subjects(  # noqa: PLR0913 -- each narrows or orders the list
    database: Database, actor: Actor, *, at: datetime, order: str = "-number", size: int = 25,
    before: str = "", after: str = "", narrowed: Narrowed = Narrowed(),
) -> SubjectPage:  # fmt: skip
    """A page of the subjects that the actor may see: the first one, or that before or after a mark of another page."""
    lines = _lines(actor, narrowed, at)
    keys = _keys(lines, actor, Order(order.removeprefix("-")))
    backwards, mark = bool(before), _read(before or after, keys)
    falling = order.startswith("-") is not backwards
    total = select(func.count()).select_from(select(literal(1)).select_from(lines).limit(MOST + 1).subquery())
    page = select(lines, *(key.label(f"key_{n}") for n, key in enumerate(keys)))
    if mark is not None:
        here, there = tuple_(*keys), tuple_(*(literal(value, key.type) for value, key in zip(mark, keys, strict=True)))
        page = page.where(here < there if falling else here > there)
    shown = page.order_by(*(_turned(key, falling) for key in keys)).limit(size + 1).cte("page")
    order_of_page = [_turned(shown.c[f"key_{n}"], falling) for n in range(len(keys))]
    with database.read() as connection:
        rows = connection.execute(_told(actor, shown, at, total, order_of_page)).all()
    more, found = len(rows) > size, rows[:size]
    if backwards:
        found = found[::-1]
    marks = (
        [_write([getattr(row, f"key_{n}") for n in range(len(keys))]) for row in (found[0], found[-1])] if found else []
    )
    return SubjectPage(
        tuple(map(_line, found)),
        rows[0].total if rows else 0,
        marks[0] if marks and (more if backwards else mark is not None) else "",
        marks[1] if marks and (more or backwards) else "",
    )


def _turned(key: ColumnElement[Any], falling: bool) -> UnaryExpression[Any]:
    return key.desc() if falling else key.asc()


def _lines(actor: Actor, narrowed: Narrowed, at: datetime) -> Subquery:
    """The lines that are listed, with what they are sorted by."""
    among: list[ColumnElement[bool]] = []
    if narrowed.hashes is not None:
        found = select(identity_hash.c.subject_id).where(identity_hash.c.hash.in_(list(narrowed.hashes)))
        among = [casebook.c.subject_id.in_(found)]
    among.append(casebook.c.withdrawn == narrowed.withdrawn)
    seen, today = seen_lines(actor, at, *among), to_local(at).date().isoformat()
    line, kept = seen.c, list[ColumnElement[bool]]()
    if narrowed.state is not None:
        kept.append(line.state == int(narrowed.state))
    if narrowed.several:
        kept.append(line.episodes > 1)
    if narrowed.since is not None or narrowed.until is not None:
        kept += [
            line.day > on_day(NEVER),
            line.day.between(on_day(narrowed.since or NEVER), on_day(narrowed.until or NO_END)),
        ]
    if narrowed.waiting is Waiting.OVERDUE:
        kept.append(line.closes < on_day(today))
    if narrowed.waiting is Waiting.DUE:
        waits = _events(actor, at).where(pending_event.c.subject_id == line.subject_id, is_open(today))
        kept.append(waits.correlate(seen).exists())
    lines = select(seen, local_number.c.name.label("local")).select_from(_with_local(actor, seen))
    return lines.where(*kept).subquery("lines")


def _with_local(actor: Actor, seen: Subquery) -> FromClause:
    """With the own numbers of the actor's hospital."""
    mine = (local_number.c.site_id == (actor.site or 0), local_number.c.registry == actor.registry)
    return seen.outerjoin(local_number, and_(local_number.c.subject_id == seen.c.subject_id, *mine))


def _keys(lines: Subquery, actor: Actor, order: Order) -> tuple[ColumnElement[Any], ...]:
    """What lines are sorted by; the number last, which no two have in common. A keeper has no own numbers."""
    line = lines.c
    numbered = actor.site is not None
    keys: dict[Order, tuple[ColumnElement[Any], ...]] = {
        Order.NUMBER: (),
        Order.LOCAL: (case((line.local.is_(None), 1), else_=0), func.coalesce(line.local, "")) if numbered else (),
        Order.DATE: (line.day,),
        Order.STATE: (line.state,),
        Order.EPISODES: (line.episodes,),
        Order.DUE: (line.closes,),
    }
    return (*keys[order], line.number)


def is_over(today: str) -> ColumnElement[bool]:
    """The condition on `pending_event` rows whose window is over."""
    return pending_event.c.closes < on_day(today)


def is_open(today: str) -> ColumnElement[bool]:
    """The condition on `pending_event` rows whose window is open; a side without a day is open."""
    opens, closes = pending_event.c.opens, pending_event.c.closes
    return and_(or_(opens.is_(None), opens <= on_day(today)), or_(closes.is_(None), closes >= on_day(today)))


def _events(actor: Actor, at: datetime) -> Select[tuple[int]]:
    """Events to come that the actor may see."""
    own = pending_event.c.registry == actor.registry
    joined = pending_event.join(instance, instance.c.id == pending_event.c.instance_id)
    return select(pending_event.c.subject_id).select_from(joined).where(own, seen_part(actor, at))


def _told(
    actor: Actor, page: CTE, at: datetime, total: Select[int], keys: Sequence[UnaryExpression[Any]]
) -> Select[Any]:
    # long: one statement
    """The lines of a page, with what is counted for them alone."""
    among, today = select(page.c.subject_id), to_local(at).date().isoformat()
    mine = and_(
        form_instance.c.subject_id.in_(among),
        form_instance.c.home.in_(("", actor.registry)),
        form_instance.c.withdrawal_id.is_(None),
    )
    held = form_instance.join(instance, instance.c.id == form_instance.c.instance_id)
    forms = (
        select(
            form_instance.c.subject_id, func.count().label("forms"), func.max(form_instance.c.saved_at).label("saved_at"),
            func.count(case((form_instance.c.state.in_(FINISHED), 1))).label("complete"),
        )
        .select_from(held)
        .where(mine, seen_part(actor, at))
        .group_by(form_instance.c.subject_id)
        .subquery("forms")
    )  # fmt: skip
    over, now = is_over(today), is_open(today)
    events = (
        _events(actor, at)
        .add_columns(
            func.count(case((over, 1))).label("overdue"), func.count(case((now, 1))).label("due"),
            func.min(case((or_(over, now), pending_event.c.closes))).label("until"),
        )
        .where(pending_event.c.subject_id.in_(among))
        .group_by(pending_event.c.subject_id)
        .subquery("events")
    )  # fmt: skip
    warned = (
        unanswered_warnings(actor, seen_part(actor, at))
        .add_columns(func.count().label("warnings"))
        .where(form_instance.c.subject_id.in_(among))
        .group_by(form_instance.c.subject_id)
        .subquery("warned")
    )
    copies = (
        select(working_copy.c.subject_id, func.count().label("copies"))
        .where(working_copy.c.account_id == actor.account, working_copy.c.expires_at > utc(at))
        .group_by(working_copy.c.subject_id)
        .subquery("copies")
    )
    enrolled = and_(enrolment.c.subject_id == page.c.subject_id, enrolment.c.registry == actor.registry)
    joined: FromClause = page.join(enrolment, enrolled)
    for part in (forms, events, warned, copies):
        joined = joined.outerjoin(part, part.c.subject_id == page.c.subject_id)
    return (
        select(
            page, enrolment.c.pseudonym, enrolment.c.enrolled_at, forms.c.saved_at, events.c.until,
            *(func.coalesce(count, 0).label(count.name) for count in (
                forms.c.forms, forms.c.complete, copies.c.copies, warned.c.warnings, events.c.overdue, events.c.due,
            )),
            total.scalar_subquery().label("total"),
        )
        .select_from(joined)
        .order_by(*keys)
    )  # fmt: skip


def _line(row: Row[Any]) -> ListedSubject:
    day, until = _day(row.day), _day(row.until)
    return ListedSubject(
        row.subject_id, row.pseudonym, row.local or "", row.number, State(row.state),
        day if day != date.min else None, row.episodes, row.saved_at, row.forms, row.complete, row.copies, row.warnings,
        row.overdue, row.due, until, row.enrolled_at,
    )  # fmt: skip


def _day(stored: date | str | None) -> date | None:
    return date.fromisoformat(stored) if isinstance(stored, str) else stored


def _write(values: Sequence[Any]) -> str:
    """A mark as addresses hold it."""
    return urlsafe_b64encode(
        canonical([str(one) if isinstance(one, date) else one for one in values]).encode()
    ).decode()


def _read(mark: str, keys: Sequence[ColumnElement[Any]]) -> list[str | int] | None:
    """What a mark says; None where it is none of this order."""
    try:
        values = json.loads(urlsafe_b64decode(mark))
    except ValueError:
        return None
    kinds = [int if isinstance(key.type, Integer) else str for key in keys]
    days = [isinstance(key.type, type(Day)) for key in keys]
    if not isinstance(values, list) or [type(value) for value in values] != kinds:
        return None
    try:
        [date.fromisoformat(value) for value, is_day in zip(values, days, strict=True) if is_day]
    except ValueError:
        return None
    return values


__all__ = [
    "MOST",
    "ListedSubject",
    "Narrowed",
    "Order",
    "State",
    "SubjectPage",
    "Waiting",
    "is_open",
    "is_over",
    "list_subjects",
]
