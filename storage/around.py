"""What a form's page is told besides the patient's record, and a patient's page: each in one statement."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from storage.access import Actor
from storage.closing import years_closed
from storage.database import Database
from storage.issues import OpenIssue, issues_of
from storage.local_numbers import number_of
from storage.queries import Query, queries_about
from storage.rights import Unseen
from storage.signatures import Signatures, compared, marks_of_forms
from storage.structure import Place
from storage.together import together
from storage.unlocking import UnlockRequest, requests_about
from storage.working_copy import WorkingCopy, copies_at, copies_of


@dataclass(frozen=True, slots=True)
class AroundForm:
    """What hangs on a form: the actor's unsaved edits, and of one that is stored what was said about it."""

    copy: WorkingCopy | None = None
    closed: frozenset[int] = frozenset()  # the years of the registry that are closed
    issues: tuple[OpenIssue, ...] = ()  # of all forms of the patient
    queries: tuple[Query, ...] = ()
    requests: tuple[UnlockRequest, ...] = ()
    signatures: Signatures = field(default_factory=Signatures)


@dataclass(frozen=True, slots=True)
class AroundPatient:
    """What hangs on a patient's record."""

    copies: tuple[Place, ...]  # forms in which the actor left unsaved edits
    issues: tuple[OpenIssue, ...]
    queries: tuple[Query, ...]
    number: str  # the hospital's own


def around_form(
    database: Database, actor: Actor, subject: int, place: Place, form: int | None, *, at: datetime, unseen: Unseen
) -> AroundForm:
    """Of a subject that the actor was found to see; `form` is the id of what is stored at the place."""
    with database.read() as connection:
        with together(connection) as asking:
            copies = asking.ask(copies_at(database, actor, subject, [place], at=at))
            closed = asking.ask(years_closed(actor.registry))
            if form is not None:
                issues = asking.ask(issues_of(actor, subject))
                queries = asking.ask(queries_about(database, actor, subject, at=at, form=form, unseen=unseen))
                requests = asking.ask(requests_about(subject, form))
                marks = asking.ask(marks_of_forms(subject, [form]))
        if form is None:
            return AroundForm(copies().get(place), closed())
        signatures = compared(connection, subject, marks(), [form])[form]
    return AroundForm(copies().get(place), closed(), issues(), queries(), requests(), signatures)


def around_forms(
    database: Database, actor: Actor, subject: int, places: Collection[Place], *, at: datetime, unseen: Unseen
) -> dict[Place, AroundForm]:
    """Unsaved edits, issues and the patient's queries of several forms that stand side by side."""
    with database.read() as connection, together(connection) as asking:
        copies = asking.ask(copies_at(database, actor, subject, places, at=at))
        issues = asking.ask(issues_of(actor, subject))
        queries = asking.ask(queries_about(database, actor, subject, at=at, unseen=unseen))
    return {place: AroundForm(copies().get(place), issues=issues(), queries=queries()) for place in places}


def around_patient(database: Database, actor: Actor, subject: int, *, at: datetime, unseen: Unseen) -> AroundPatient:
    """Of a subject that the actor was found to see."""
    with database.read() as connection, together(connection) as asking:
        copies = asking.ask(copies_of(actor, subject, at=at))
        issues = asking.ask(issues_of(actor, subject))
        queries = asking.ask(queries_about(database, actor, subject, at=at, unseen=unseen))
        number = asking.ask(number_of(actor, subject))
    return AroundPatient(copies(), issues(), queries(), number())


__all__ = ["AroundForm", "AroundPatient", "around_form", "around_forms", "around_patient"]
