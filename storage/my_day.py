"""What waits for a person: a query with the same columns for each source, and all of them asked in one statement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql import ColumnElement

from engine.datatypes.local_time import to_local
from engine.model.form import walk_items
from engine.model.metadata_version import MetaDataVersion
from storage.access import Actor
from storage.casebook import NO_END, on_day, own_lines, seen_part
from storage.database import Database
from storage.issues import unanswered_warnings
from storage.listing import is_open, is_over
from storage.query_steps import State
from storage.slots import utc
from storage.tables import (
    access,
    casebook,
    enrolment,
    form_instance,
    instance,
    issue,
    item_data,
    occurrence,
    pending_event,
    query,
    site,
    working_copy,
)

MOST = 99  # tasks of a source are counted so far
SHOWN = 8  # of a source
NO_SUBJECT = 0  # what a task is about that is about no patient


@dataclass(frozen=True, slots=True)
class Desk:
    """For whom, when and in which registry."""

    actor: Actor
    at: datetime
    model: MetaDataVersion
    dialect: str

    @property
    def today(self) -> str:
        """The local day."""
        return to_local(self.at).date().isoformat()


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits, and where: an event without a form, or a form."""

    pseudonym: str  # '' where it is about no patient
    instance: int
    form: str
    event: str
    number: int  # which time of the event
    record: int
    day: date | None  # until when, or since when


@dataclass(frozen=True, slots=True)
class Waiting:
    """The tasks of a source, the most pressing first: how many there are (counted up to MOST + 1), and the first of them."""

    total: int
    tasks: tuple[Task, ...]


NOTHING = Waiting(0, ())
Source = Callable[[Desk], Select[Any]]


def task(
    subject: ColumnElement[Any], instance_id: ColumnElement[Any], day: ColumnElement[Any], *,
    form: ColumnElement[Any] | None = None, event: ColumnElement[Any] | None = None,
    number: ColumnElement[Any] | None = None, record: ColumnElement[Any] | None = None,
) -> Select[Any]:  # fmt: skip
    """The columns that each source gives; the caller says from where."""
    texts = [func.coalesce(one, "") if one is not None else literal("", String) for one in (form, event)]
    numbers = [func.coalesce(one, 0) if one is not None else literal(0, BigInteger) for one in (number, record)]
    named = zip(("form", "event", "number", "record"), (*texts, *numbers), strict=True)
    shown = func.substr(cast(func.coalesce(cast(day, String), NO_END), String), 1, 10)
    return select(
        subject.label("subject_id"), instance_id.label("instance_id"), *(one.label(name) for name, one in named),
        shown.label("day"),
    )  # fmt: skip


def overdue(desk: Desk) -> Select[Any]:
    """Events whose window is over."""
    late = _lines(desk).where(casebook.c.closes < on_day(desk.today))
    return _events(desk).where(pending_event.c.subject_id.in_(late), is_over(desk.today))


def due(desk: Desk) -> Select[Any]:
    """Events whose window is open."""
    found = _events(desk).where(is_open(desk.today))
    return found if desk.actor.site is None else found.where(pending_event.c.subject_id.in_(_lines(desk)))


def _lines(desk: Desk) -> Select[tuple[int]]:
    """The subjects that the person sees."""
    return select(casebook.c.subject_id).where(own_lines(desk.actor, desk.at), casebook.c.withdrawn.is_(False))


def _events(desk: Desk) -> Select[Any]:
    event = pending_event.c
    found = task(event.subject_id, event.instance_id, event.closes, event=event.event, number=event.number)
    joined = pending_event.join(instance, instance.c.id == event.instance_id)
    return found.select_from(joined).where(event.registry == desk.actor.registry, seen_part(desk.actor, desk.at))


def drafts(desk: Desk) -> Select[Any]:
    """Forms in which the person left unsaved edits."""
    copy, held = working_copy.c, occurrence.c
    of_place = [_of_place(desk, part) for part in range(4)]
    found = task(
        copy.subject_id, instance.c.id, copy.saved_at, form=of_place[1], event=held.event, number=held.number,
        record=cast(of_place[3], BigInteger),
    )  # fmt: skip
    joined = working_copy.join(instance, instance.c.id == cast(of_place[0], BigInteger))
    joined = joined.outerjoin(occurrence, held.id == cast(of_place[2], BigInteger))
    mine = (copy.account_id == desk.actor.account, copy.expires_at > utc(desk.at))
    return found.select_from(joined).where(*mine, seen_part(desk.actor, desk.at))


def _of_place(desk: Desk, part: int) -> ColumnElement[Any]:
    """A part of the name of a place: instance, form, occurrence, record."""
    if desk.dialect == "sqlite":
        return func.json_extract(working_copy.c.place, f"$[{part}]")
    return func.json_extract_path_text(cast(working_copy.c.place, JSON), str(part))


def warnings(desk: Desk) -> Select[Any]:
    """Forms with warnings that nobody has answered."""
    warned = form_instance.c.subject_id.in_(_lines(desk).where(casebook.c.warnings > 0))
    wanted = unanswered_warnings(desk.actor, warned, seen_part(desk.actor, desk.at))
    since = func.min(issue.c.raised_at).label("day")
    return _forms(wanted.with_only_columns(*_FORM, since).group_by(*_FORM))


def to_complete(desk: Desk) -> Select[Any]:
    """Forms with values that somebody promised to bring later."""
    lists = [item.missing for form in desk.model.forms.values() for item in walk_items(form)]
    promised = sorted({reason for one in lists for reason in one.unsigned})
    joined = item_data.join(form_instance, form_instance.c.id == item_data.c.form_id)
    joined = joined.join(instance, instance.c.id == form_instance.c.instance_id)
    found = select(*_FORM, func.max(form_instance.c.saved_at).label("day")).select_from(joined).group_by(*_FORM)
    here = and_(form_instance.c.home.in_(("", desk.actor.registry)), form_instance.c.withdrawal_id.is_(None))
    return _forms(found.where(item_data.c.missing.in_(promised), here, seen_part(desk.actor, desk.at)))


def open_queries(desk: Desk) -> Select[Any]:
    """Forms with queries that wait for the hospital."""
    joined = query.join(form_instance, form_instance.c.id == query.c.form_id)
    joined = joined.join(instance, instance.c.id == form_instance.c.instance_id)
    here = (
        query.c.registry == desk.actor.registry,
        query.c.state == State.OPEN,
        form_instance.c.withdrawal_id.is_(None),
        seen_part(desk.actor, desk.at),
    )
    found = select(*_FORM, func.min(query.c.changed_at).label("day")).select_from(joined).where(*here)
    return _forms(found.group_by(*_FORM))


_FORM = (
    form_instance.c.id, form_instance.c.subject_id, form_instance.c.instance_id, form_instance.c.form,
    form_instance.c.occurrence_id, form_instance.c.record,
)  # fmt: skip


def _forms(found: Select[Any]) -> Select[Any]:
    """Forms that a query gives with a day, with the event that holds each."""
    form, held = found.subquery("found"), occurrence.c
    wanted = task(
        form.c.subject_id, form.c.instance_id, form.c.day, form=form.c.form, event=held.event, number=held.number,
        record=form.c.record,
    )  # fmt: skip
    return wanted.select_from(form.outerjoin(occurrence, held.id == form.c.occurrence_id))


def what_waits(database: Database, desk: Desk, sources: Mapping[str, Source]) -> dict[str, Waiting]:
    """What each source has for a person; of subjects those that are enrolled in the registry."""
    parts = [_part(key, source(desk)) for key, source in sources.items()]
    if not parts:
        return {}
    found = union_all(*parts).subquery("found")
    enrolled = and_(
        enrolment.c.subject_id == found.c.subject_id, enrolment.c.registry == desk.actor.registry,
        enrolment.c.withdrawal_id.is_(None),
    )  # fmt: skip
    told = select(found, func.coalesce(enrolment.c.pseudonym, "").label("pseudonym"))
    told = told.outerjoin_from(found, enrolment, enrolled)
    told = told.where(or_(enrolment.c.subject_id.is_not(None), found.c.subject_id == NO_SUBJECT))
    with database.read() as connection:
        rows = connection.execute(told.order_by(found.c.day, enrolment.c.number)).all()
    each = {key: [row for row in rows if row.source == key] for key in sources}
    return {key: Waiting(own[0].total, tuple(map(_task, own))) if own else NOTHING for key, own in each.items()}


def _part(key: str, found: Select[Any]) -> Select[Any]:
    tasks = found.subquery()
    counted = select(literal(1)).select_from(tasks).limit(MOST + 1).subquery()
    total = select(func.count()).select_from(counted).scalar_subquery()
    first = select(literal(key).label("source"), tasks, total.label("total"))
    return select(first.order_by(tasks.c.day, tasks.c.subject_id).limit(SHOWN).subquery())


def _task(row: Row[Any]) -> Task:
    day = date.fromisoformat(row.day) if row.day != NO_END else None
    return Task(row.pseudonym, row.instance_id, row.form, row.event, row.number, row.record, day)


@dataclass(frozen=True, slots=True)
class HospitalDay:
    """How many patients of a hospital wait for something."""

    site: int
    name: str
    overdue: int
    begun: int  # with forms in progress


def hospital_days(
    database: Database, registry: str, sites: Collection[int], *, at: datetime
) -> tuple[HospitalDay, ...]:
    """The hospitals by name."""
    line, today = casebook.c, on_day(to_local(at).date())
    there = exists().where(
        access.c.subject_id == line.subject_id, access.c.site_id == line.site_id, access.c.registry == registry,
        access.c.starts_at <= utc(at), or_(access.c.ends_at.is_(None), access.c.ends_at > utc(at)),
    )  # fmt: skip
    counted = (
        select(
            site.c.id, site.c.name, func.count(case((line.closes < today, 1))), func.count(case((line.state == 2, 1)))
        )
        .select_from(
            site.outerjoin(
                casebook, and_(line.site_id == site.c.id, line.registry == registry, line.withdrawn.is_(False), there)
            )
        )
        .where(site.c.id.in_(sorted(sites)))
        .group_by(site.c.id, site.c.name)
        .order_by(site.c.name)
    )
    with database.read() as connection:
        return tuple(HospitalDay(*row) for row in connection.execute(counted))


__all__ = [
    "MOST", "NOTHING", "NO_SUBJECT", "SHOWN", "Desk", "HospitalDay", "Source", "Task", "Waiting", "drafts", "due", "hospital_days",
    "open_queries",
    "overdue", "task", "to_complete", "warnings", "what_waits",
]  # fmt: skip
