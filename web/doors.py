"""Doors beside the sign-in: an invitation, a forgotten password, the code of the second factor, a shared computer."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from storage.accounts import SHORTEST_PASSWORD
from storage.errors import BadCredentials, LockedOut, NotFound, Taken
from storage.invitations import (
    Invitation,
    accept_invitation,
    ask_reset,
    find_invitation,
    find_reset,
    reset_password,
)
from storage.mail import Mail
from storage.session_notes import leave_note, take_note
from storage.sessions import lock_session, locked_sessions, pass_code, unlock_session, waiting_for_code
from web.accounts import kept_words, open_session
from web.door_faults import DoorFault
from web.mail import is_address, letter
from web.pages import render
from web.passwords import posted_password
from web.permissions import needs
from web.proofs import changed_notice
from web.registries import LANGUAGES
from web.roles import Permission
from web.security import forget_training, safe_next
from web.typed import Refused, Typed, typed, word_of
from web.workspace import absolute, registry_title, visit, workspace

doors = Blueprint("doors", __name__)
MOST_ON_BENCH = 6  # people whose sessions wait at one computer


# An invitation


@doors.get("/invitation/<token>")
@needs(Permission.PUBLIC)
def invitation(token: str) -> ResponseReturnValue:
    """Who is invited to what, and the form of the account."""
    try:
        return _invited(find_invitation(workspace().database, token, at=visit().now))
    except NotFound:
        return _link_is_over("invitation_over")


@doors.post("/invitation/<token>")
@needs(Permission.PUBLIC)
def accept(token: str) -> ResponseReturnValue:
    """Make the account, and on to the sign-in."""
    one, database = visit(), workspace().database
    try:
        found = find_invitation(database, token, at=one.now)
        try:
            language = request.form.get("language", "")
            name = word_of("name", "full_name")
            password = posted_password(name, found.email)
            accept_invitation(
                database, token, name, password, language if language in LANGUAGES else LANGUAGES[0], at=one.now
            )
        except Refused as fault:
            return _invited(found, typed(str(fault)))
    except (NotFound, Taken):
        return _link_is_over("invitation_over")
    return _door("account_made", login=found.email)


def _invited(found: Invitation, refused: Typed | None = None) -> ResponseReturnValue:
    return render(
        "invitation.html", status=422 if refused else 200, invited=found, typed=refused or Typed(), one=visit(),
        registry=registry_title(found.registry, visit().language), shortest=SHORTEST_PASSWORD, action=request.path,
    )  # fmt: skip


# A forgotten password


@doors.get("/password")
@needs(Permission.PUBLIC)
def forgotten() -> ResponseReturnValue:
    """Ask for a link to a new password."""
    return render("forgotten.html", typed=Typed(), asked=False, mail=bool(workspace().settings.smtp))


@doors.post("/password")
@needs(Permission.PUBLIC)
def ask() -> ResponseReturnValue:
    """Send the link; the answer is the same whether or not somebody has the address."""
    space, email = workspace(), request.form.get("email", "").strip()[:200]

    def write(token: str, language: str) -> Mail:
        tongue = space.tongues[language if language in LANGUAGES else LANGUAGES[0]]
        return letter(tongue, "reset", email, link=absolute(url_for("doors.reset", token=token)))

    if is_address(email) and space.settings.smtp:
        try:
            ask_reset(space.database, email, write, at=visit().now, address=request.remote_addr or "")
        except LockedOut as locked:
            told = visit().words("locked_out", time=visit().tongue.moment(locked.until, visit().now))
            return render("forgotten.html", status=429, typed=Typed("ask", told), asked=False, mail=True)
    return render("forgotten.html", typed=Typed(), asked=True, mail=bool(space.settings.smtp))


@doors.get("/password/<token>")
@needs(Permission.PUBLIC)
def reset(token: str) -> ResponseReturnValue:
    """The form of the new password."""
    try:
        find_reset(workspace().database, token, at=visit().now)
    except NotFound:
        return _link_is_over("reset_over")
    return render("reset.html", typed=Typed(), shortest=SHORTEST_PASSWORD, action=request.path)


@doors.post("/password/<token>")
@needs(Permission.PUBLIC)
def put(token: str) -> ResponseReturnValue:
    """The new password; all sessions of the account are over."""
    try:
        database, now = workspace().database, visit().now
        person = find_reset(database, token, at=now)
        notice = changed_notice("password", person.login, person.language)
        reset_password(database, token, posted_password(person.login, person.name), at=now, notice=notice)
    except Refused as fault:
        refused = typed(str(fault))
        return render("reset.html", status=422, typed=refused, shortest=SHORTEST_PASSWORD, action=request.path)
    except NotFound:
        return _link_is_over("reset_over")
    return _door("password_changed")


# The code of the second factor


@doors.get("/sign-in/code")
@needs(Permission.PUBLIC)
def code_page() -> ResponseReturnValue:
    """Asked after the password."""
    if waiting_for_code(workspace().database, _token(), at=visit().now) is None:
        return redirect(url_for("accounts.sign_in_page", next=_next()), 303)
    fault = DoorFault.taken()
    typed = Typed("code", fault.words(visit())) if fault.key else Typed()
    return render("code.html", status=fault.status, typed=typed, target=_next())


@doors.post("/sign-in/code")
@needs(Permission.PUBLIC)
def code() -> ResponseReturnValue:
    """Take the code; the session opens."""
    one = visit()
    try:
        pass_code(workspace().database, _token(), request.form.get("code", "")[:40], at=one.now)
    except NotFound:
        return redirect(url_for("accounts.sign_in_page", next=_next()), 303)
    except (BadCredentials, LockedOut) as fault:
        DoorFault.of(fault, "code_wrong").leave()
        return redirect(url_for("doors.code_page", next=_next()), 303)
    return redirect(_next(), 303)


# A shared computer


@doors.post("/lock")
@needs(Permission.SIGNED_IN)
def lock() -> ResponseReturnValue:
    """Leave one's session here until one comes back; where one was is noted in it, encrypted."""
    database, token = workspace().database, _token()
    place = {"next": _page_before(), "site": session.get("site")}
    note = leave_note(database, token, place, at=visit().now)
    lock_session(database, token)
    bench = [each for each in _bench() if each[0] != token]
    language = session.get("language")
    session.clear()
    session.permanent = True
    session["bench"] = [*bench, [token, note]][-MOST_ON_BENCH:]
    if language:
        session["language"] = language
    answer = make_response(redirect(url_for("doors.switch"), 303))
    answer.headers["Clear-Site-Data"] = '"cache"'  # also the pages that Back would show
    forget_training(answer, workspace().settings)
    return answer


@doors.get("/switch")
@needs(Permission.PUBLIC)
def switch() -> ResponseReturnValue:
    """Ask who comes back; `next` is an address that was asked for while the screen was locked."""
    if visit().account is not None and request.args.get("back"):
        return redirect(url_for("accounts.sign_in_page", next=_next(), back="yes"), 303)
    fault = DoorFault.taken()
    return _switch(Typed(fault.who, fault.words(visit())) if fault.key else None)


@doors.post("/switch")
@needs(Permission.PUBLIC)
def come_back() -> ResponseReturnValue:
    """Go on where one was."""
    one, database = visit(), workspace().database
    waiting = locked_sessions(database, [token for token, _ in _bench()], at=one.now)
    token = next((each for each, line in waiting.items() if line.mark == request.form.get("who")), None)
    if token is None:
        return _refused_switch("switch_over", "switch")
    try:
        unlock_session(database, token, request.form.get("secret", "")[:1000], at=one.now)
    except BadCredentials:
        return _refused_switch("switch_wrong", waiting[token].mark)
    except NotFound:
        return _refused_switch("switch_over", "switch")
    note = next(name for each, name in _bench() if each == token)
    place = take_note(database, token, note, at=one.now) or {}
    asked = (
        _next() if token == _bench()[-1][0] else "/"
    )  # Back leads through the pages of whoever locked the screen last
    if one.account is not None:
        lock_session(database, _token())  # somebody came in by another tab
    open_session(token)
    if place.get("site"):
        session["site"] = place["site"]
    return redirect(asked if asked != "/" else safe_next(place.get("next"), "/"), 303)


def _refused_switch(key: str, line: str) -> ResponseReturnValue:
    DoorFault(key, line).leave()
    return redirect(url_for("doors.switch", next=_next()), 303)


def _switch(refused: Typed | None = None) -> ResponseReturnValue:
    one = visit()
    waiting = locked_sessions(workspace().database, [token for token, _ in _bench()], at=one.now)
    if not waiting and refused is None:
        return redirect(url_for("accounts.sign_in_page", next=_next(), back=request.args.get("back")), 303)
    lines = sorted(waiting.values(), key=lambda line: line.name)
    return render(
        "switch.html", status=401 if refused else 200, waiting=lines, typed=refused or Typed(), target=_next(), kept=kept_words()
    )  # fmt: skip


def _page_before() -> str:
    """The page on which the button was pressed."""
    before = urlsplit(request.referrer or "")
    here = before.path + (f"?{before.query}" if before.query else "")
    return safe_next(here, "/") if before.netloc == request.host else "/"


def _bench() -> list[list[str]]:
    """The sessions that wait here: token, and under which note their place is found."""
    return [each for each in session.get("bench", []) if isinstance(each, list) and len(each) == 2]


def _token() -> str:
    return str(session.get("token", ""))


def _next() -> str:
    return safe_next(request.values.get("next"), "/")


def _door(said: str, login: str = "") -> ResponseReturnValue:
    """The sign-in page, with what was done just now."""
    return render("done.html", title=visit().words(f"{said}_title"), text=visit().words(f"{said}_text"), login=login)


def _link_is_over(words: str) -> ResponseReturnValue:
    return render("done.html", status=404, title=visit().words(words), text=visit().words(f"{words}_text"), login="")


__all__ = ["doors"]
