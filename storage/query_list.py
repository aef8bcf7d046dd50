"""The list of a hospital's or a registry's queries: narrowed and paged by key in the database, in two statements."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, func, select

from storage.access import Actor
from storage.database import Database
from storage.keys import Keys
from storage.queries import EVERYTHING_SEEN, About, told
from storage.query_steps import TURNS, State, Turn
from storage.query_words import read_words
from storage.rights import Unseen
from storage.slots import utc
from storage.structure import Place
from storage.tables import (
    enrolment,
    form_instance,
    occurrence,
    query,
    query_message,
    site_subject,
    subject_key,
)
from storage.visible_forms import FORMS, hospital_of, of_site, visible_forms

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which queries a list shows."""

    states: Collection[State] = ()  # none: all
    form: str = ""
    site: int | None = None
    before: datetime | None = None  # raised before that
    after: int = 0  # the query before the page, 0 for the first page
    unseen: Unseen = EVERYTHING_SEEN  # what is hidden from the reader


@dataclass(frozen=True, slots=True)
class ListedQuery:
    """A line of the list."""

    id: int
    about: About
    place: Place
    event: str  # of the form's occurrence; '' without
    number: int
    rule: str
    state: State
    pseudonym: str  # '' where it is about the hospital's own records
    site: int | None  # whose own records it is about
    hospital: str  # where the patient was registered, or whose records they are
    raised_by: str
    raised_at: datetime
    changed_at: datetime
    messages: int
    first: str | None  # what was asked; None: erased with the patient
    last: str | None  # what was said last

    @property
    def turn(self) -> Turn:
        """Whose turn it is."""
        return TURNS[self.state]


@dataclass(frozen=True, slots=True)
class QueryPage:
    """A page of the list, whether more follow, and how many there are in each state whatever states are wanted."""

    queries: tuple[ListedQuery, ...]
    more: bool
    counts: Mapping[State, int]


def list_queries(database: Database, actor: Actor, wanted: Wanted, *, at: datetime, size: int = 50) -> QueryPage:
    """A page of the queries that the actor may see, the oldest first."""
    count = select(query.c.state, func.count()).select_from(_SOURCE).where(_narrowed(actor, wanted, at))
    with database.read() as connection:
        rows = connection.execute(_page(actor, wanted, at).limit(size + 1)).all()
        counts = {State(state): number for state, number in connection.execute(count.group_by(query.c.state))}
    return QueryPage(tuple(_line(database.keys, row) for row in rows[:size]), len(rows) > size, counts)


def all_queries(database: Database, actor: Actor, wanted: Wanted, *, at: datetime) -> Iterator[ListedQuery]:
    """All queries of the list, read batch by batch."""
    after: int | None = wanted.after
    while after is not None:
        with database.read() as connection:
            rows = connection.execute(_page(actor, replace(wanted, after=after), at).limit(_BATCH)).all()
        yield from (_line(database.keys, row) for row in rows)
        after = rows[-1].id if len(rows) == _BATCH else None


_SOURCE: FromClause = query.join(FORMS, form_instance.c.id == query.c.form_id)


def _narrowed(actor: Actor, wanted: Wanted, at: datetime) -> ColumnElement[bool]:
    """What decides besides the states."""
    conditions = [query.c.registry == actor.registry, visible_forms(actor, at), told(wanted.unseen)]
    if wanted.form:
        conditions.append(form_instance.c.form == wanted.form)
    if wanted.site is not None:
        conditions.append(of_site(actor, wanted.site))
    if wanted.before is not None:
        conditions.append(query.c.raised_at < utc(wanted.before))
    return and_(*conditions)


def _page(actor: Actor, wanted: Wanted, at: datetime) -> Select[Any]:
    first, last = query_message.alias("first"), query_message.alias("last")
    count = select(func.count()).where(query_message.c.query_id == query.c.id).scalar_subquery()
    mine = (enrolment.c.subject_id == query.c.subject_id) & (enrolment.c.registry == query.c.registry)
    source = (
        _SOURCE.outerjoin(enrolment, mine)
        .outerjoin(site_subject, site_subject.c.subject_id == query.c.subject_id)
        .outerjoin(occurrence, occurrence.c.id == form_instance.c.occurrence_id)
        .outerjoin(first, and_(first.c.query_id == query.c.id, first.c.number == 1))
        .outerjoin(last, and_(last.c.query_id == query.c.id, last.c.number == count))
        .outerjoin(subject_key, subject_key.c.subject_id == query.c.subject_id)
    )
    found = (
        select(
            query, form_instance.c.instance_id, form_instance.c.form, form_instance.c.occurrence_id,
            form_instance.c.record, occurrence.c.event, occurrence.c.number, enrolment.c.pseudonym,
            site_subject.c.site_id.label("own_site"), hospital_of(actor, query.c.subject_id).label("hospital"),
            first.c.text.label("first"), first.c.ciphertext.label("first_sealed"), last.c.number.label("messages"),
            last.c.text.label("last"), last.c.ciphertext.label("last_sealed"), subject_key.c.wrapped,
        )
        .select_from(source)
        .where(_narrowed(actor, wanted, at), query.c.id > wanted.after)
        .order_by(query.c.id)
    )  # fmt: skip
    return found.where(query.c.state.in_(sorted(wanted.states))) if wanted.states else found


def _line(keys: Keys | None, r: Row[Any]) -> ListedQuery:
    first = read_words(keys, r.wrapped, r.subject_id, r.id, 1, r.first or "", r.first_sealed)
    last = read_words(keys, r.wrapped, r.subject_id, r.id, r.messages or 0, r.last or "", r.last_sealed)
    return ListedQuery(
        r.id, About(r.form_id, r.row_id, r.item), Place(r.instance_id, r.form, r.occurrence_id, r.record), r.event or "",
        r.number or 0, r.rule, State(r.state), r.pseudonym or "", r.own_site, r.hospital or "", r.raised_by, r.raised_at,
        r.changed_at, r.messages or 0, first, last,
    )  # fmt: skip


__all__ = [
    "ListedQuery",
    "QueryPage",
    "Wanted",
    "all_queries",
    "list_queries",
]
