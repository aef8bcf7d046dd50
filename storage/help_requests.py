"""Requests to the help centre: asked from any page, answered by a team, told by mail; each step with its audit entry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, update

from storage.access import Actor
from storage.audit import AuditEntry, append_entry, registry_stream
from storage.database import Database
from storage.errors import DecidedMeanwhile, NotFound, TooMany
from storage.help_steps import STEPS, TEAMS, Kind, Side, State, Step, Team, fits
from storage.idempotency import answer_claim, claim
from storage.mail import Mail, queue_mail
from storage.slots import canonical, utc
from storage.tables import account, help_message, help_request, membership, site
from storage.threads import Message, SaidOf

MOST_OPEN = 20  # requests of one person that nobody has answered
MOST_TOLD = 20  # people who get a mail about one step
_ASKED, _SAID = help_request.c, help_message.c
Scope = ColumnElement[bool]  # which requests somebody sees


@dataclass(frozen=True, slots=True)
class Request:
    """A request with all that was said."""

    id: int
    registry: str
    site: int | None
    site_name: str
    account: int
    asked_by: str
    team: Team
    state: State
    place: str
    asked_at: datetime
    changed_at: datetime
    messages: tuple[Message, ...]

    def next_steps(self, side: Side) -> tuple[Step, ...]:
        """What a side can do with it."""
        return tuple(step for step in STEPS.values() if fits(step, side, self.state, self.team))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is told by mail."""

    login: str
    language: str


Write = Callable[[Person, int], Mail | None]  # to a person, about a request; None: nobody can write to the person


@dataclass(frozen=True, slots=True)
class Notice:
    """How people are told of a step: which roles make up a team, and what is written to one of them, and to the asker."""

    roles: Mapping[Team, Collection[str]]
    to_team: Write
    to_asker: Write
    mails: bool = True  # whether mail is sent at all


class Said(SaidOf[Step]):
    """A step that somebody takes, in which words and when."""

    __slots__ = ()
    STEPS = STEPS


def of_asker(who: int) -> Scope:
    """The requests that a person asked."""
    return _ASKED.account_id == who


def before(actor: Actor, teams: Collection[Team]) -> Scope:
    """The requests that somebody may answer: of the own hospital, or of all."""
    here = and_(_ASKED.registry == actor.registry, _ASKED.team.in_(sorted(teams)))
    return here if actor.site is None else and_(here, _ASKED.site_id == actor.site)


def ask(database: Database, kind: Kind, place: str, said: Said, notice: Notice, *, key: str = "") -> int:
    """Ask; the request's number, under the same key once. Raises TooMany where as many of the person's wait already."""
    actor, moment = said.actor, utc(said.at)
    content = canonical([key, actor.registry, kind, said.text])  # a page that Back brought may ask something else
    claimed = f"help:{sha256(content.encode()).hexdigest()}"
    with database.write() as connection:
        earlier = claim(connection, actor.account, claimed, said.at) if key else None
        if earlier is not None:
            return int(earlier["number"])
        waiting = select(func.count()).select_from(help_request)
        open_ones = waiting.where(of_asker(actor.account), _ASKED.state == State.OPEN)
        if connection.execute(open_ones).scalar_one() >= MOST_OPEN:
            raise TooMany("help request", MOST_OPEN)
        team = _team_for(connection, kind, said, notice)
        row = {
            "registry": actor.registry, "site_id": actor.site, "account_id": actor.account, "asked_by": actor.name,
            "team": team, "state": said.row.ends, "place": place, "asked_at": moment, "changed_at": moment,
        }  # fmt: skip
        new = connection.execute(insert(help_request).values(row).returning(help_request)).one()
        _say(connection, new, said, 1, {"state": [None, said.row.ends], "team": [None, team]})
        post = Post(database, connection, new.id, said.at) if notice.mails else None
        _tell(post, notice.to_team, _others(actor.registry, actor.site, team, said, notice))
        if key:
            answer_claim(connection, actor.account, claimed, {"number": new.id})
        return int(new.id)


def take_step(database: Database, scope: Scope, side: Side, number: int, said: Said, notice: Notice) -> None:
    """Take a step. Raises NotFound where the scope has no such request, DecidedMeanwhile where it does not fit any more."""
    with database.write() as connection:
        row = connection.execute(select(help_request).where(_ASKED.id == number, scope).with_for_update()).one_or_none()
        if row is None:
            raise NotFound("help request", number)
        last = select(_SAID.number, _SAID.who).where(_SAID.request_id == number).order_by(_SAID.number.desc()).limit(1)
        told = connection.execute(last).one()
        step, old, team = said.row, State(row.state), Team(row.team)
        if not fits(step, side, old, team):
            raise DecidedMeanwhile(told.who)
        new = step.to or team
        change = {"state": step.ends, "team": new, "changed_at": utc(said.at)}
        connection.execute(update(help_request).where(_ASKED.id == number).values(change))
        _say(connection, row, said, told.number + 1, {"state": [old, step.ends], "team": [team, new]})
        post = Post(database, connection, number, said.at) if notice.mails else None
        if step.ends is State.OPEN:
            _tell(post, notice.to_team, _others(row.registry, row.site_id, new, said, notice))
        elif side is Side.TEAM:
            _tell(post, notice.to_asker, account.c.id == row.account_id)


def load_request(database: Database, scope: Scope, number: int) -> Request:
    """A request with all that was said, in one statement. Raises NotFound."""
    joined = help_request.join(help_message, _SAID.request_id == _ASKED.id).outerjoin(site, site.c.id == _ASKED.site_id)
    wanted = select(
        help_request, site.c.name.label("site_name"), _SAID.number, _SAID.step, _SAID.text, _SAID.who, _SAID.at
    )
    found = wanted.select_from(joined).where(_ASKED.id == number, scope).order_by(_SAID.number)
    with database.read() as connection:
        rows = connection.execute(found).all()
    if not rows:
        raise NotFound("help request", number)
    return _request(rows[0], tuple(Message(row.number, row.step, row.text, row.who, row.at) for row in rows))


def _request(row: Row[Any], messages: tuple[Message, ...]) -> Request:
    return Request(
        row.id, row.registry, row.site_id, row.site_name or "", row.account_id, row.asked_by, Team(row.team),
        State(row.state), row.place, row.asked_at, row.changed_at, messages,
    )  # fmt: skip


def _say(connection: Connection, request: Row[Any], said: Said, turn: int, change: Mapping[str, Any]) -> None:
    """What was said, and the entry that tells of it without the words: they may name a person."""
    actor = said.actor
    row = {
        "request_id": request.id, "number": turn, "step": said.step, "text": said.text.strip(), "who": actor.name,
        "at": utc(said.at),
    }  # fmt: skip
    connection.execute(insert(help_message), row)
    body = {"request": request.id, "step": said.step, **change}
    stream = registry_stream(request.registry)
    append_entry(connection, AuditEntry(stream, "help", actor.name, said.at, actor.channel, body))


def _team_for(connection: Connection, kind: Kind, said: Said, notice: Notice) -> Team:
    """The first team of a kind in which there is anybody but the asker; the last one where there is nobody."""
    *nearer, last = TEAMS[kind]
    home = said.actor.site
    for team in nearer if home is not None else ():  # whoever works at no hospital has no local team
        there = _others(said.actor.registry, home, team, said, notice)
        if connection.execute(select(account.c.id).where(there).limit(1)).first() is not None:
            return team
    return last


def _others(registry: str, site_id: int | None, team: Team, said: Said, notice: Notice) -> ColumnElement[bool]:
    """The accounts of a team, but for whoever takes the step."""
    held, at = membership.c, utc(said.at)
    members = select(held.account_id).where(
        held.registry == registry, held.role.in_(sorted(notice.roles[team])),
        held.site_id == site_id if team is Team.LOCAL else held.site_id.is_(None),
        held.starts_at <= at, or_(held.ends_at.is_(None), held.ends_at > at),
    )  # fmt: skip
    return and_(account.c.id.in_(members), account.c.id != said.actor.account, account.c.closed_at.is_(None))


class Post(NamedTuple):
    """Where mail about a request is put."""

    database: Database
    connection: Connection
    request: int
    at: datetime


def _tell(post: Post | None, write: Write, who: ColumnElement[bool]) -> None:
    """Tell the accounts of a step that was taken."""
    if post is None:
        return
    people = select(account.c.login, account.c.language).where(who)
    for row in post.connection.execute(people.order_by(account.c.id).limit(MOST_TOLD)).all():
        message = write(Person(*row), post.request)
        if message is not None:
            queue_mail(post.connection, post.database.master, message, post.at)


__all__ = [
    "MOST_OPEN", "Notice", "Person", "Request", "Said", "Scope", "ask", "before", "load_request", "of_asker", "take_step",
]  # fmt: skip
