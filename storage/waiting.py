"""Forms that wait for somebody to vouch for them: what waits is whatever the table of states lets be reviewed or signed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, FromClause, Select, and_, bindparam, func, or_, select

from storage.access import Actor
from storage.database import Database
from storage.desks import Desk
from storage.my_day import Source, enough, task
from storage.queries import EVERYTHING_SEEN
from storage.rights import Unseen
from storage.slots import utc
from storage.states import Action, State, states_before
from storage.structure import Place
from storage.tables import enrolment, form_instance, occurrence, site_subject, working_copy
from storage.together import Part, Rows, together
from storage.visible_forms import FORMS, hospital_of, of_site, visible_forms

COUNTED = 1000  # forms are counted so far


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which forms a list shows."""

    states: Collection[State]
    form: str = ""
    site: int | None = None
    after: int = 0  # the form before the page, 0 for the first page
    unseen: Unseen = (
        EVERYTHING_SEEN  # what is hidden from the reader: a form of which nothing is seen is not vouched for
    )


@dataclass(frozen=True, slots=True)
class WaitingForm:
    """A form as a list shows it."""

    id: int
    subject: int
    place: Place
    event: str  # of its occurrence; '' without
    number: int
    pseudonym: str  # '' where it is one of the hospital's own records
    site: int | None  # whose own record it is
    hospital: str  # where the patient was registered, or whose record it is
    definition: str  # the version that it was filled with
    revision: int
    state: State
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """A page of the list, the forms begun first: whether more follow, and how many there are, counted up to COUNTED + 1."""

    forms: tuple[WaitingForm, ...]
    more: bool
    total: int
    named: Mapping[int, WaitingForm]  # beside it, those that were asked for by id
    copies: frozenset[str]  # the places (as text) in which the reader has edits that are not saved


def list_waiting(
    database: Database, actor: Actor, wanted: Wanted, named: Collection[int] = (), *, at: datetime, size: int
) -> WaitingPage:
    """A page of the forms that wait and that the actor may see, in one statement."""
    all_of_them = _forms(actor, at, wanted.unseen).where(_in_states(wanted.states))
    if wanted.form:
        all_of_them = all_of_them.where(form_instance.c.form == wanted.form)
    if wanted.site is not None:
        all_of_them = all_of_them.where(of_site(actor, wanted.site))
    page = all_of_them.where(form_instance.c.id > wanted.after).order_by(form_instance.c.id).limit(size + 1)
    few = all_of_them.with_only_columns(form_instance.c.id).limit(COUNTED + 1).subquery()
    with database.read() as connection, together(connection) as asking:
        found = asking.ask(Part(page, _read))
        total = asking.ask(Part(select(func.count()).select_from(few), lambda rows: int(rows[0][0])))
        told = asking.ask(_named(actor, at, wanted.unseen, named))
        copies = asking.ask(_copies(actor, at))
    return WaitingPage(found()[:size], len(found()) > size, total(), told(), copies())


def forms_named(
    database: Database, actor: Actor, named: Collection[int], *, at: datetime, unseen: Unseen = EVERYTHING_SEEN
) -> Mapping[int, WaitingForm]:
    """Those of these forms that the actor may see, whether they wait or not."""
    with database.read() as connection, together(connection) as asking:
        found = asking.ask(_named(actor, at, unseen, named))
    return found()


def waits_for(action: Action) -> Source:
    """The forms of patients to which somebody may do this, as tasks."""

    def tasks(desk: Desk) -> Select[Any]:
        form, held = form_instance.c, occurrence.c
        found = task(
            form.subject_id, form.instance_id, form.saved_at, form=form.form, event=held.event, number=held.number,
            record=form.record,
        )  # fmt: skip
        seen, of_patient = _seen(desk.actor, desk.at, desk.unseen), enrolment.c.subject_id.is_not(None)
        here = (seen, of_patient, _in_states(states_before((action,))))
        return enough(found.select_from(_source(desk.actor)).where(*here), form.id)

    return tasks


def _source(actor: Actor) -> FromClause:
    """Forms with what holds them, and whose they are in the registry."""
    of_patient = and_(enrolment.c.subject_id == form_instance.c.subject_id, enrolment.c.registry == actor.registry)
    of_hospital = and_(
        site_subject.c.subject_id == form_instance.c.subject_id, site_subject.c.registry == actor.registry
    )
    joined = FORMS.outerjoin(occurrence, occurrence.c.id == form_instance.c.occurrence_id)
    return joined.outerjoin(enrolment, of_patient).outerjoin(site_subject, of_hospital)


def _seen(actor: Actor, at: datetime, unseen: Unseen) -> ColumnElement[bool]:
    """The condition on these: that the actor may see the form, and something in it."""
    known = or_(enrolment.c.subject_id.is_not(None), site_subject.c.subject_id.is_not(None))
    own = form_instance.c.home.in_(("", actor.registry))
    return and_(own, known, visible_forms(actor, at), form_instance.c.form.not_in(sorted(unseen.forms)))


def _forms(actor: Actor, at: datetime, unseen: Unseen) -> Select[Any]:
    form, held = form_instance.c, occurrence.c
    columns = (
        form.id, form.subject_id, form.instance_id, form.form, form.occurrence_id, form.record, held.event, held.number,
        enrolment.c.pseudonym, site_subject.c.site_id, hospital_of(actor, form.subject_id).label("hospital"),
        form.definition, form.revision, form.state, form.saved_at,
    )  # fmt: skip
    return select(*columns).select_from(_source(actor)).where(_seen(actor, at, unseen))


def _named(actor: Actor, at: datetime, unseen: Unseen, named: Collection[int]) -> Part[Mapping[int, WaitingForm]]:
    query = _forms(actor, at, unseen).where(form_instance.c.id.in_(sorted(named)))
    return Part(query, lambda rows: {each.id: each for each in _read(rows)})


def _copies(actor: Actor, at: datetime) -> Part[frozenset[str]]:
    mine = (working_copy.c.account_id == actor.account, working_copy.c.expires_at > utc(at))
    return Part(select(working_copy.c.place).where(*mine), lambda rows: frozenset(row.place for row in rows))


def _in_states(states: Collection[State]) -> ColumnElement[bool]:
    """Written out in the statement, so that PostgreSQL finds the index of the forms that wait."""
    written: BindParameter[list[State]] = bindparam(None, sorted(states), expanding=True, literal_execute=True)
    return and_(form_instance.c.state.in_(written), form_instance.c.withdrawal_id.is_(None))


def _read(rows: Rows) -> tuple[WaitingForm, ...]:
    return tuple(
        WaitingForm(
            row.id, row.subject_id, Place(row.instance_id, row.form, row.occurrence_id, row.record), row.event or "",
            row.number or 0, row.pseudonym or "", row.site_id, row.hospital or "", row.definition, row.revision,
            State(row.state), row.saved_at,
        )
        for row in rows
    )  # fmt: skip


__all__ = ["COUNTED", "WaitingForm", "WaitingPage", "Wanted", "forms_named", "list_waiting", "waits_for"]
