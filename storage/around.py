"""What a form's page is told besides the patient's record, and a patient's page: each in one statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, partial

from storage.access import Actor
from storage.answers import Answers, answers_of
from storage.audit import Head, desk_stream, last_entry
from storage.closing import Closing, standing_closings, years_closed
from storage.database import Database
from storage.derived import calculated_where_signed
from storage.episode_links import LinkEnd, ask_links
from storage.issues import OpenIssue, issues_of
from storage.local_numbers import number_of
from storage.queries import Query, queries_about
from storage.rights import Unseen
from storage.signatures import Signatures, compared, marks_of_forms
from storage.structure import Place
from storage.together import Asking, alone, together
from storage.unlocking import UnlockRequest, requests_about
from storage.working_copy import WorkingCopy, copies_at, copies_of


@dataclass(frozen=True, slots=True)
class Told:
    """What a form's page tells around its values."""

    noted: Head | None = None  # the last entry of the stream that is told who looks
    closed: frozenset[int] = frozenset()  # the years of the registry that are closed
    answers: Answers = field(default_factory=dict)  # to warnings of the form
    queries: tuple[Query, ...] = ()
    requests: tuple[UnlockRequest, ...] = ()
    signatures: Signatures = field(default_factory=Signatures)


@dataclass(frozen=True, slots=True)
class AroundForm:
    """What hangs on a form: the actor's unsaved edits, and what a page tells of it, which a save need not know."""

    copy: WorkingCopy | None = None
    _told: Callable[[], Told] = Told

    @property
    def told(self) -> Told:
        """What a page tells; asked for at the first time, where it was not read at once."""
        return self._told()


@dataclass(frozen=True, slots=True)
class AroundPatient:
    """What hangs on a patient's record."""

    copies: tuple[Place, ...]  # forms in which the actor left unsaved edits
    issues: tuple[OpenIssue, ...]
    queries: tuple[Query, ...]
    number: str  # the hospital's own
    links: tuple[LinkEnd, ...]  # set between episodes
    closed: tuple[Closing, ...]  # years of the registry, or the whole of it


def around_form(  # noqa: PLR0913 -- who asks about what, and how much of it
    database: Database, actor: Actor, subject: int, place: Place, form: int | None, *, at: datetime, unseen: Unseen,
    shown: bool = True,
) -> AroundForm:  # fmt: skip
    """Of a subject that the actor was found to see; `form` is the id of what is stored at the place.

    Args:
        shown: whether a page is to tell it; else it is asked for once somebody wants to know.
    """

    def ask(asking: Asking) -> Callable[[], Told]:
        noted = asking.ask(last_entry(desk_stream(actor.site, actor.registry)))
        closed = asking.ask(years_closed(actor.registry))
        if form is None:
            return lambda: Told(noted(), closed())
        answers = asking.ask(answers_of(actor, subject))
        queries = asking.ask(queries_about(database, actor, subject, at=at, form=form, unseen=unseen))
        requests = asking.ask(requests_about(subject, form))
        marks = asking.ask(marks_of_forms(subject, [form]))
        now = asking.ask(calculated_where_signed(database.dialect, subject, [form]))
        return lambda: Told(
            noted(), closed(), answers().get(form, {}), queries(), requests(), compared(marks(), now(), [form])[form]
        )

    def ask_later() -> Told:
        with replace(database, reading=None).read() as connection, together(connection) as asking:
            found = ask(asking)
        return found()

    own = copies_at(database, actor, subject, [place], at=at)
    with database.read() as connection:
        if not shown:
            return AroundForm(alone(connection, own).get(place), cache(ask_later))
        with together(connection) as asking:
            copies, told = asking.ask(own), ask(asking)
    return AroundForm(copies().get(place), cache(told))


def around_forms(
    database: Database, actor: Actor, subject: int, forms: Mapping[Place, int | None], *, at: datetime, unseen: Unseen
) -> dict[Place, AroundForm]:
    """Unsaved edits, answers to warnings and the patient's queries of several forms that stand side by side.

    `forms`: the ids of what is stored at their places.
    """
    with database.read() as connection, together(connection) as asking:
        copies = asking.ask(copies_at(database, actor, subject, forms, at=at))
        answers = asking.ask(answers_of(actor, subject))
        queries = asking.ask(queries_about(database, actor, subject, at=at, unseen=unseen))
    told = {form: Told(answers=answers().get(form or 0, {}), queries=queries()) for form in forms.values()}
    return {place: AroundForm(copies().get(place), partial(told.__getitem__, form)) for place, form in forms.items()}


def around_patient(database: Database, actor: Actor, subject: int, *, at: datetime, unseen: Unseen) -> AroundPatient:
    """Of a subject that the actor was found to see."""
    with database.read() as connection, together(connection) as asking:
        copies = asking.ask(copies_of(actor, subject, at=at))
        issues = asking.ask(issues_of(actor, subject))
        queries = asking.ask(queries_about(database, actor, subject, at=at, unseen=unseen))
        number = asking.ask(number_of(actor, subject))
        links = asking.ask(ask_links(actor, subject))
        closed = asking.ask(standing_closings(actor.registry))
    return AroundPatient(copies(), issues(), queries(), number(), links(), closed())


__all__ = ["AroundForm", "AroundPatient", "Told", "around_form", "around_forms", "around_patient"]
