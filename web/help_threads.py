"""A conversation with the help centre as both sides see it: its words, its steps, and whom mail tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from flask import request, url_for
from flask.typing import ResponseReturnValue

from storage.access import Actor
from storage.database import Database
from storage.errors import DecidedMeanwhile
from storage.help_requests import Notice, Person, Request, Said, Scope, load_request, take_step
from storage.help_steps import STEPS, Side, State, Step, Team
from storage.mail import Mail
from storage.threads import LONGEST
from web.help_places import Seen, seen_place
from web.mail import is_address, letter
from web.pages import render
from web.places import whole_number
from web.registries import LANGUAGES
from web.roles import ROLES, Permission, allows
from web.typed import Refused, done, posted_text, said
from web.workspace import Visit, absolute, registry_title, visit, workspace

SIGNS: Mapping[State, str] = MappingProxyType(  # keys of the status signs
    {State.OPEN: "query", State.ANSWERED: "reviewed", State.CLOSED: "complete"}
)
ANSWERS: Mapping[Team, Permission] = MappingProxyType(  # what a role needs to be of a team
    {
        Team.LOCAL: Permission.HELP_TECHNICAL,
        Team.CENTRAL: Permission.HELP_TECHNICAL,
        Team.REGISTRY: Permission.HELP_SUBSTANTIVE,
    }
)


MOST_NUMBER = 2**62


class Address(Protocol):
    """The address of a request on one side's page."""

    def __call__(self, number: int, step: str = "") -> str: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """One side of a conversation: which requests it has, where its pages are."""

    database: Database
    scope: Scope
    side: Side
    address: Address
    back: str  # the list


@dataclass(frozen=True, slots=True)
class Thread:
    """A request as its page shows it."""

    request: Request
    desk: Desk
    registry: str  # its title
    place: Seen | None
    steps: tuple[Step, ...]

    @property
    def sign(self) -> str:
        """The sign of its state."""
        return SIGNS[self.request.state]

    def words(self, one: Visit) -> list[tuple[str, str, str, str, bool]]:
        """Of each message: who, when, what was done, what was said, whether this side said it."""
        told = self.request.messages
        return [
            (
                each.who, one.tongue.moment(each.at, one.now), one.words(f"help_step_{each.step}"), each.text or "",
                STEPS[each.step].side is self.desk.side,
            )
            for each in told
        ]  # fmt: skip


def teams_of(role: str) -> tuple[Team, ...]:
    """The teams that a role is of."""
    return tuple(team for team in Team if allows(role, ANSWERS[team]))


def show_thread(desk: Desk, number: int, *, wrong: str = "", decided: str = "") -> ResponseReturnValue:
    """The page of a conversation."""
    one = visit()
    found = load_request(desk.database, desk.scope, number)
    thread = Thread(
        found, desk, registry_title(found.registry, one.language), seen_place(found.place), found.next_steps(desk.side)
    )
    return render(
        "help_thread.html", status=422 if wrong else 200, thread=thread, one=one, said=said(), wrong=wrong, decided=decided,
        typed=request.form.get("text", "")[: 2 * LONGEST] if wrong or decided else "", most=LONGEST,
    )  # fmt: skip


def act(desk: Desk, number: int, step: str, actor: Actor) -> ResponseReturnValue:
    """Take a step, and on to the conversation; what was passed on may be out of one's sight."""
    one = visit()
    try:
        taken = Said(step, posted_text(), actor, one.now)
    except ValueError:
        return show_thread(desk, number, wrong=one.words("query_wrong", most=LONGEST))
    except Refused as fault:
        return show_thread(desk, number, wrong=str(fault))
    try:
        take_step(desk.database, desk.scope, desk.side, number, taken, notice_of(actor.registry))
    except DecidedMeanwhile as fault:
        return show_thread(desk, number, decided=fault.who)
    stays = taken.row.to is None or taken.row.to in teams_of(actor.role)
    return done(desk.address(number) if stays else desk.back, f"help_did_{step}")


def last_before() -> int:
    """The request after which a page of a list goes on; 0 on its first page."""
    return min(max(request.args.get("after", 0, type=whole_number), 0), MOST_NUMBER)


def notice_of(registry: str) -> Notice:
    """Who is told, and in which words: the number and the address alone, nothing of what was said."""
    space = workspace()
    roles = {team: [role for role in ROLES if allows(role, permission)] for team, permission in ANSWERS.items()}

    def write(kind: str, endpoint: str, person: Person, **place: object) -> Mail | None:
        if not is_address(person.login):
            return None
        language = person.language if person.language in LANGUAGES else LANGUAGES[0]
        parts = {"registry": registry_title(registry, language), "number": str(place["number"])}
        link = absolute(url_for(endpoint, **place))  # type: ignore[arg-type]  # parts of an address
        return letter(space.tongues[language], kind, person.login, link=link, **parts)

    def to_team(person: Person, number: int) -> Mail | None:
        return write("help_waits", "help_centre.show", person, registry=registry, number=number)

    def to_asker(person: Person, number: int) -> Mail | None:
        return write("help_answered", "help_requests.show", person, number=number)

    return Notice(roles, to_team, to_asker, mails=bool(space.settings.smtp))


__all__ = [
    "SIGNS",
    "Desk",
    "Thread",
    "act",
    "last_before",
    "notice_of",
    "show_thread",
    "teams_of",
]
