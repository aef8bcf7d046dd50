"""Whether a person is known already, at any hospital: asked with all three of what identifies one, answered with as little."""

from __future__ import annotations

from datetime import date
from secrets import token_urlsafe
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from engine.datatypes.identifiers import judge_pesel
from storage.errors import LockedOut
from storage.finding import find_person
from storage.identity import Person
from storage.session_notes import leave_note, read_note
from storage.takeovers import ask_takeover, decide_takeover, own_takeovers, takeovers_to_decide
from web.news import News
from web.pages import render
from web.permissions import needs
from web.roles import Permission, allows
from web.workspace import version_of, visit, workspace

MAX_REASON = 500
FIELDS = ("pesel", "birth_date", "surname")
known = Blueprint("known", __name__, url_prefix="/<registry>")


@known.get("/known")
@needs(Permission.REGISTER)
def ask(registry: str) -> ResponseReturnValue:
    """What identifies a person."""
    return _page(registry)


def _page(registry: str, *, status: int = 200, **parts: Any) -> Response:
    told: dict[str, Any] = {
        "typed": dict.fromkeys(FIELDS, ""),
        "faults": {},
        "result": "",
        "who": "",
        "note": "",
        "locked": "",
        "key": token_urlsafe(12),
        **parts,
    }
    told["faults"] = dict.fromkeys((*FIELDS, "reason"), "") | told["faults"]
    return render("known.html", status=status, registry=registry, longest=MAX_REASON, **told)


@known.post("/known")
@needs(Permission.REGISTER)
def look(registry: str) -> ResponseReturnValue:
    """Look the person up: limited, and noted in the audit. What was typed stands in no address."""
    one, space = visit(), workspace()
    typed = {name: " ".join(request.form.get(name, "").split())[:100] for name in FIELDS}
    person = Person(typed["surname"], _day(typed["birth_date"]), typed["pesel"].replace(" ", ""))
    faults = _faults(person)
    if faults:
        return _page(registry, status=422, typed=typed, faults=faults)
    try:
        found = find_person(space.database, one.actor, person, at=one.now)
    except LockedOut as locked:
        return _page(registry, status=429, typed=typed, locked=one.tongue.moment(locked.until, one.now))
    if found is None:
        return _page(registry, result="unknown")
    if found.pseudonym:
        return _page(registry, result="own", who=found.pseudonym)
    return _page(registry, result="elsewhere", note=_leave(found.subject))


def _leave(subject: int) -> str:
    """The person, kept in the session: the page names only where."""
    return leave_note(workspace().database, str(session["token"]), {"takeover": subject}, at=visit().now)


def _faults(person: Person) -> dict[str, str]:
    """What is wrong, a key of words each."""
    faults = {} if judge_pesel(person.pesel) is None else {"pesel": "known_pesel"}
    if not person.birth_date:
        faults["birth_date"] = "known_birth_date"
    if not person.surname:
        faults["surname"] = "known_surname"
    return faults


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


@known.post("/known/ask")
@needs(Permission.REGISTER)
def ask_for(registry: str) -> ResponseReturnValue:
    """Ask whoever has the record to let one's own hospital see it."""
    one, space, version = visit(), workspace(), version_of(registry)
    note, reason = request.form.get("note", "")[:64], _reason("reason")
    kept = read_note(space.database, str(session["token"]), note, at=one.now)
    if not isinstance(kept, dict) or "takeover" not in kept or one.actor.site is None:
        abort(404)
    if not reason:
        return _page(registry, status=422, result="elsewhere", note=note, faults={"reason": "known_reason"})
    asked = ask_takeover(space.database, one.actor, kept["takeover"], prefix=version.prefix, reason=reason, at=one.now)
    return _to_requests(registry, "takeover_is_asked" if asked else "takeover_was_asked")


@known.get("/requests")
@needs(Permission.READ)
def requests(registry: str) -> ResponseReturnValue:
    """What one's own hospital asked for, and what others ask of it."""
    one, database = visit(), workspace().database
    decides = allows(one.actor.role, Permission.SHARE)
    news = News.taken("said")
    return render(
        "requests.html", registry=registry, own=own_takeovers(database, one.actor, at=one.now), decides=decides,
        asked=takeovers_to_decide(database, one.actor, at=one.now) if decides else (), longest=MAX_REASON,
        said=one.words(news.said[0]) if news.said else "", wrong=news.wrong, about=news.event,
        may_ask=allows(one.actor.role, Permission.REGISTER) and one.actor.site is not None,
        moment=lambda at: one.tongue.moment(at, one.now),
    )  # fmt: skip


@known.post("/requests/<int:number>")
@needs(Permission.SHARE)
def decide(registry: str, number: int) -> ResponseReturnValue:
    """Grant a request or refuse it, with a reason."""
    one, answer, grant = visit(), _reason("answer"), request.form.get("do") == "grant"
    if not answer and not grant:
        news = News(wrong="takeover_reason", event=str(number)).leave()
        return redirect(url_for("known.requests", registry=registry, said=news), 303)
    decide_takeover(workspace().database, one.actor, number, grant=grant, answer=answer, at=one.now)
    return _to_requests(registry, "takeover_is_granted" if grant else "takeover_is_refused")


def _reason(name: str) -> str:
    return " ".join(request.form.get(name, "").split())[:MAX_REASON]


def _to_requests(registry: str, said: str) -> ResponseReturnValue:
    return redirect(url_for("known.requests", registry=registry, said=News((said,)).leave()), 303)


__all__ = ["known"]
