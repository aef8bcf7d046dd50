"""What waits for a person: a query with the same columns for each source, and all of them asked in one statement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CompoundSelect,
    Date,
    Row,
    Select,
    String,
    and_,
    any_,
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
from storage.casebook import NO_END, on_day, own_lines, seen_part
from storage.database import Database
from storage.desks import Desk, Kept, example_of
from storage.issues import unanswered_warnings
from storage.listing import is_over
from storage.queries import told
from storage.query_steps import State
from storage.slots import utc
from storage.tables import (
    access,
    casebook,
    enrolment,
    form_instance,
    instance,
    issue,
    occurrence,
    pending_event,
    promise,
    query,
    site,
    working_copy,
)

MOST = 99  # tasks of a source are counted so far
SHOWN = 8  # of a source
NO_SUBJECT = 0  # what a task is about that is about no patient
_ENOUGH = MOST + 1  # of a source are looked at, the most pressing ones
_MANY = 10 * _ENOUGH  # queries, of which several may be about one form


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits, and where: an event without a form, or a form."""

    pseudonym: str  # '' where it is about no patient
    instance: int
    form: str
    event: str
    number: int  # which time of the event
    record: int
    state: str  # a word of the source about it
    about: str  # of whom it is, where it is about no patient
    day: date | None  # until when, or since when


@dataclass(frozen=True, slots=True)
class Waiting:
    """The tasks of a source, the most pressing first: how many there are (counted up to MOST + 1), and the first of them."""

    total: int
    tasks: tuple[Task, ...]


NOTHING = Waiting(0, ())
Source = Callable[[Desk], Select[Any] | CompoundSelect[Any]]


def task(  # noqa: PLR0913 -- each is a column
    subject: ColumnElement[Any], instance_id: ColumnElement[Any], day: ColumnElement[Any], *,
    form: ColumnElement[Any] | None = None, event: ColumnElement[Any] | None = None,
    number: ColumnElement[Any] | None = None, record: ColumnElement[Any] | None = None,
    state: ColumnElement[Any] | None = None, about: ColumnElement[Any] | None = None,
) -> Select[Any]:  # fmt: skip
    """The columns that each source gives; the caller says from where, in which order, and takes `enough` of them."""
    texts = [func.coalesce(one, "") if one is not None else literal("", String) for one in (form, event, state, about)]
    numbers = [func.coalesce(one, 0) if one is not None else literal(0, BigInteger) for one in (number, record)]
    named = zip(("form", "event", "state", "about", "number", "record"), (*texts, *numbers), strict=True)
    shown = func.substr(cast(func.coalesce(cast(day, String), NO_END), String), 1, 10)
    return select(
        subject.label("subject_id"), instance_id.label("instance_id"), *(one.label(name) for name, one in named),
        shown.label("day"),
    )  # fmt: skip


def enough(found: Select[Any], *by: ColumnElement[Any]) -> Select[Any]:
    """As many of the most pressing ones as are told of; by columns of an index, it is not looked further."""
    return found.order_by(*by).limit(_ENOUGH)


def overdue(desk: Desk) -> Select[Any]:
    """Events whose window is over: none is more pressing than those of the patients whose first window closed first."""
    late = enough(_lines(desk).where(casebook.c.closes < on_day(desk.today)), casebook.c.closes)
    found = _events(desk).where(_among(desk, pending_event.c.subject_id, late), is_over(desk.today))
    return enough(found, pending_event.c.closes)


def due(desk: Desk) -> CompoundSelect[Any]:
    """Events whose window is open: those that will close, and those that never do."""
    event, found = pending_event.c, _events(desk)
    if desk.actor.site is not None:
        found = found.where(event.subject_id.in_(_lines(desk)))
    opened = found.where(or_(event.opens.is_(None), event.opens <= on_day(desk.today)))
    closing = enough(opened.where(event.closes >= on_day(desk.today)), event.closes)
    return union_all(*(select(each.subquery()) for each in (closing, enough(opened.where(event.closes.is_(None))))))


def _lines(desk: Desk) -> Select[tuple[int]]:
    """The subjects that the person sees."""
    return select(casebook.c.subject_id).where(own_lines(desk.actor, desk.at), casebook.c.withdrawn.is_(False))


def _among(desk: Desk, column: ColumnElement[int], few: Select[tuple[int]]) -> ColumnElement[bool]:
    """That a column is one of a few, which PostgreSQL is to find first."""
    return column == any_(func.array(few.scalar_subquery())) if desk.dialect == "postgresql" else column.in_(few)


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
    return enough(found.select_from(joined).where(*mine, seen_part(desk.actor, desk.at)), copy.saved_at)


def _of_place(desk: Desk, part: int) -> ColumnElement[Any]:
    """A part of the name of a place: instance, form, occurrence, record."""
    if desk.dialect == "sqlite":
        return func.json_extract(working_copy.c.place, f"$[{part}]")
    return func.json_extract_path_text(cast(working_copy.c.place, JSON), str(part))


def warnings(desk: Desk) -> Select[Any]:
    """Forms with warnings that nobody has answered, of the patients with the most of them."""
    warned = enough(_lines(desk).where(casebook.c.warnings > 0), casebook.c.warnings.desc(), casebook.c.number.desc())
    forms = select(form_instance.c.id).where(_among(desk, form_instance.c.subject_id, warned))
    theirs = _among(desk, issue.c.form_id, forms)
    wanted = unanswered_warnings(desk.actor, theirs, seen_part(desk.actor, desk.at))
    since = func.min(issue.c.raised_at).label("day")
    return _forms(enough(wanted.with_only_columns(*_FORM, since).group_by(*_FORM), since))


def to_complete(desk: Desk) -> CompoundSelect[Any]:
    """Forms with values that somebody promised to bring later: those of the registry, and those that all share."""
    return union_all(*(select(_promised(desk, home).subquery()) for home in ("", desk.actor.registry)))


def _promised(desk: Desk, home: str) -> Select[Any]:
    joined = promise.join(form_instance, form_instance.c.id == promise.c.form_id)
    joined = joined.join(instance, instance.c.id == form_instance.c.instance_id)
    here = [promise.c.home == home, form_instance.c.withdrawal_id.is_(None)]
    if desk.actor.site is not None:
        here.append(promise.c.subject_id.in_(_lines(desk)))
    found = select(*_FORM, promise.c.since.label("day")).select_from(joined)
    return _forms(enough(found.where(*here, seen_part(desk.actor, desk.at)), promise.c.since))


def open_queries(desk: Desk) -> Select[Any]:
    """Forms with queries that wait for the hospital, of the queries that were raised first."""
    joined = query.join(form_instance, form_instance.c.id == query.c.form_id)
    joined = joined.join(instance, instance.c.id == form_instance.c.instance_id)
    here = [
        query.c.registry == desk.actor.registry,
        query.c.state == State.OPEN,
        form_instance.c.withdrawal_id.is_(None),
        seen_part(desk.actor, desk.at),
        told(desk.unseen),
    ]
    if desk.actor.site is not None:
        here.append(query.c.subject_id.in_(_lines(desk)))
    raised = select(*_FORM, query.c.changed_at).select_from(joined).where(*here).order_by(query.c.id).limit(_MANY)
    first = raised.subquery("raised")
    form, since = [first.c[column.name] for column in _FORM], func.min(first.c.changed_at).label("day")
    return _forms(enough(select(*form, since).group_by(*form), since))


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
    if not sources:
        return {}
    asked = _asked(example_of(desk), tuple(sources.items()))
    with database.read() as connection:
        rows = connection.execute(asked.statement, asked.given(desk)).all()
    each = {key: [row for row in rows if row.source == key] for key in sources}
    return {key: Waiting(own[0].total, tuple(map(_task, own))) if own else NOTHING for key, own in each.items()}


@lru_cache(maxsize=64)  # roles, and what is hidden from each in a registry
def _asked(example: Desk, sources: tuple[tuple[str, Source], ...]) -> Kept:
    found = union_all(*(_part(key, of_enrolled(example, source(example))) for key, source in sources)).subquery("found")
    return Kept.of(select(found).order_by(found.c.day, found.c.enrolled))


def of_enrolled(desk: Desk, found: Select[Any] | CompoundSelect[Any]) -> Select[Any]:
    """Tasks of a source with the pseudonyms of their patients, without those of patients who are not in the registry."""
    tasks = found.subquery()
    enrolled = and_(
        enrolment.c.subject_id == tasks.c.subject_id, enrolment.c.registry == desk.actor.registry,
        enrolment.c.withdrawal_id.is_(None),
    )  # fmt: skip
    who = func.coalesce(enrolment.c.pseudonym, "").label("pseudonym"), enrolment.c.number.label("enrolled")
    told = select(tasks, *who).outerjoin_from(tasks, enrolment, enrolled)
    return told.where(or_(enrolment.c.subject_id.is_not(None), tasks.c.subject_id == NO_SUBJECT))


def _part(key: str, found: Select[Any]) -> Select[Any]:
    """The first of a source, each with the number of all that it gives."""
    tasks = found.subquery()
    first = select(literal(key).label("source"), tasks, func.count().over().label("total"))
    return select(first.order_by(tasks.c.day, tasks.c.subject_id).limit(SHOWN).subquery())


def _task(row: Row[Any]) -> Task:
    day = date.fromisoformat(row.day) if row.day != NO_END else None
    return Task(row.pseudonym, row.instance_id, row.form, row.event, row.number, row.record, row.state, row.about, day)


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
    """The hospitals by name. Behind PostgreSQL's policies, which show one hospital at a time, a function counts them."""
    behind = database.dialect == "postgresql" and database.acting is not None
    counts = _counted(at) if behind else _counts(registry, at)
    found = counts.subquery("counts")
    days = (
        select(site.c.id, site.c.name, func.coalesce(found.c.overdue, 0), func.coalesce(found.c.begun, 0))
        .select_from(site.outerjoin(found, found.c.site_id == site.c.id))
        .where(site.c.id.in_(sorted(sites)))
        .order_by(site.c.name)
    )
    with database.read() as connection:
        return tuple(HospitalDay(*row) for row in connection.execute(days))


def _counts(registry: str, at: datetime) -> Select[Any]:
    """Of each hospital, how many of its patients are overdue, and have forms in progress."""
    line, today = casebook.c, on_day(to_local(at).date())
    there = exists().where(
        access.c.subject_id == line.subject_id, access.c.site_id == line.site_id, access.c.registry == registry,
        access.c.unit_id.is_(None), access.c.starts_at <= utc(at), or_(access.c.ends_at.is_(None), access.c.ends_at > utc(at)),
    )  # fmt: skip
    late, begun = func.count(case((line.closes < today, 1))), func.count(case((line.state == 2, 1)))
    counted = select(line.site_id, late.label("overdue"), begun.label("begun")).group_by(line.site_id)
    return counted.where(line.registry == registry, line.withdrawn.is_(False), there)


def _counted(at: datetime) -> Select[Any]:
    """The same from the function of migration 0023, of the hospitals where the person at work has a role."""
    today = cast(to_local(at).date(), Date)
    return select(func.ecrf_hospital_days(today).table_valued("site_id", "overdue", "begun"))


__all__ = [
    "MOST", "NOTHING", "NO_SUBJECT", "SHOWN", "HospitalDay", "Source", "Task", "Waiting", "drafts", "due", "enough",
    "hospital_days", "of_enrolled", "open_queries", "overdue", "task", "to_complete", "warnings", "what_waits",
]  # fmt: skip
