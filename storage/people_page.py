"""What the pages of people show, each asked in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.database import Database
from storage.hospitals import HospitalName, Unit, hospitals_like, units_of
from storage.invitations import AccessRequest, Invitation, invitations_of, requests_to
from storage.people import PeoplePage, Person, Scope, ask_people, ask_person
from storage.sessions import SessionLine, sessions_of
from storage.together import together

NOBODY = 0  # no hospital has this number


@dataclass(frozen=True, slots=True)
class PeopleView:
    """A page of people, what waits for a decision, and the units for which a role may be given."""

    page: PeoplePage
    requests: tuple[AccessRequest, ...]
    invitations: tuple[Invitation, ...]
    units: tuple[Unit, ...]
    hospitals: tuple[HospitalName, ...]  # the first to choose from


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person, the sessions, and the units for which a role may be given."""

    person: Person
    sessions: tuple[SessionLine, ...]
    units: tuple[Unit, ...]
    hospitals: tuple[HospitalName, ...]


def view_people(database: Database, scope: Scope, *, at: datetime, text: str, first: int, size: int) -> PeopleView:
    """People of the scope by name."""
    with database.read() as connection, together(connection) as asking:
        page = ask_people(asking, scope, at=at, text=text, first=first, size=size)
        requests = asking.ask(requests_to(scope))
        invitations = asking.ask(invitations_of(scope, at=at))
        units, hospitals = asking.ask(units_of(scope.site or NOBODY)), asking.ask(hospitals_like(""))
    return PeopleView(page(), requests(), invitations(), units(), hospitals())


def view_person(database: Database, scope: Scope, account: int, *, at: datetime) -> PersonView:
    """One of them; raises NotFound for people of others as for numbers of nobody."""
    with database.read() as connection, together(connection) as asking:
        person = ask_person(asking, scope, account, at=at)
        sessions = asking.ask(sessions_of(account, "", at=at))
        units, hospitals = asking.ask(units_of(scope.site or NOBODY)), asking.ask(hospitals_like(""))
    return PersonView(person(), sessions(), units(), hospitals())


__all__ = ["PeopleView", "PersonView", "view_people", "view_person"]
