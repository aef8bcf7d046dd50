"""Lists of requests to the help centre: of whoever asked, and of those who answer; paged by key, in two statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, and_, func, literal, or_, select

from storage.access import Actor
from storage.database import Database
from storage.desks import Desk
from storage.help_requests import Scope, before, of_asker
from storage.help_steps import WAITS_LOCALLY, State, Team
from storage.my_day import NO_SUBJECT, enough, task
from storage.slots import utc
from storage.tables import help_message, help_request, site

_ASKED = help_request.c


@dataclass(frozen=True, slots=True)
class ListedRequest:
    """A line of the list."""

    id: int
    registry: str
    team: Team
    state: State
    asked_by: str
    hospital: str
    changed_at: datetime
    messages: int
    first: str  # what was asked
    last: str  # what was said last


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A page of the list, whether more follow, and how many there are in each state."""

    requests: tuple[ListedRequest, ...]
    more: bool
    counts: Mapping[State, int]


def list_requests(
    database: Database, scope: Scope, states: Collection[State], *, after: int = 0, size: int = 50
) -> RequestPage:
    """A page of the requests in a scope, the newest first; `after` is the last of the page before."""
    said = help_message.c
    told = select(said.text).where(said.request_id == _ASKED.id, said.text != "")
    wanted = (
        select(
            _ASKED.id, _ASKED.registry, _ASKED.team, _ASKED.state, _ASKED.asked_by, func.coalesce(site.c.name, ""),
            _ASKED.changed_at, select(func.count()).where(said.request_id == _ASKED.id, said.text != "").scalar_subquery(),
            told.order_by(said.number).limit(1).scalar_subquery(),
            told.order_by(said.number.desc()).limit(1).scalar_subquery(),
        )
        .select_from(help_request.outerjoin(site, site.c.id == _ASKED.site_id))
        .where(scope, _ASKED.state.in_(sorted(states)))
    )  # fmt: skip
    if after:
        wanted = wanted.where(_ASKED.id < after)
    count = select(_ASKED.state, func.count()).where(scope).group_by(_ASKED.state)
    with database.read() as connection:
        rows = connection.execute(wanted.order_by(_ASKED.id.desc()).limit(size + 1)).all()
        counts = {State(state): number for state, number in connection.execute(count)}
    found = (ListedRequest(one, name, Team(team), State(state), *rest) for one, name, team, state, *rest in rows[:size])
    return RequestPage(tuple(found), len(rows) > size, counts)


def waits_for(actor: Actor, teams: Collection[Team], at: datetime) -> Scope:
    """The open requests that somebody has to answer; of hospitals those that wait there too long."""
    late = and_(_ASKED.team == Team.LOCAL, _ASKED.changed_at < utc(at) - WAITS_LOCALLY)
    of_all = or_(_ASKED.team != Team.LOCAL, late)
    own = _ASKED.team == Team.LOCAL if actor.site is not None else of_all
    return and_(before(actor, teams), _ASKED.state == State.OPEN, own)


def help_answers(desk: Desk) -> Select[Any]:
    """What the help centre answered to the person, as tasks."""
    mine = and_(of_asker(desk.actor.account), _ASKED.registry == desk.actor.registry)
    return _tasks(and_(mine, _ASKED.state == State.ANSWERED))


def help_questions(desk: Desk) -> Select[Any]:
    """What waits for the coordinators of a registry, as tasks."""
    return _tasks(waits_for(desk.actor, [Team.REGISTRY], desk.at))


def help_technical(desk: Desk) -> Select[Any]:
    """What waits for the administrators of a hospital, or of all, as tasks."""
    return _tasks(waits_for(desk.actor, [Team.LOCAL, Team.CENTRAL], desk.at))


def _tasks(wanted: Scope) -> Select[Any]:
    nobody = literal(NO_SUBJECT, BigInteger)
    found = task(nobody, nobody, _ASKED.changed_at, number=_ASKED.id).select_from(help_request).where(wanted)
    return enough(found, _ASKED.changed_at)


__all__ = [
    "ListedRequest",
    "RequestPage",
    "help_answers",
    "help_questions",
    "help_technical",
    "list_requests",
    "waits_for",
]
