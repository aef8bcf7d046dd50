"""Signing in and out with a local account; the hospital for which one works."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from storage.accounts import sign_in, sign_out
from storage.errors import BadCredentials, LockedOut
from storage.sessions import waiting_for_code
from web.devices import device_of
from web.door_faults import DoorFault
from web.guard import kept_at
from web.navigation import first_place
from web.pages import render
from web.permissions import needs
from web.roles import Permission
from web.security import forget_training, safe_next
from web.workplace import LAST, days_of, workplace
from web.workspace import visit, workspace

accounts = Blueprint("accounts", __name__)


@accounts.get("/sign-in")
@needs(Permission.PUBLIC)
def sign_in_page() -> ResponseReturnValue:
    """The door; for whoever comes by Back from where the sign-in led, a step on the way back to what was typed before it."""
    target, one, fault = safe_next(request.args.get("next"), "/"), visit(), DoorFault.taken()
    if one.account is not None and request.args.get("back"):
        return render("nothing.html", title=one.words("signed_in"), text=one.words("went_back"), back=True)
    if one.account is not None:
        return redirect(target, 303)
    if fault.key:
        return door(target, login=fault.who, fault=fault.words(one)), fault.status
    return door(target, kept=kept_words())


@accounts.post("/sign-in")
@needs(Permission.PUBLIC)
def sign_in_post() -> ResponseReturnValue:
    """Open a session; its id is new, and the cookie holds nothing of the one before."""
    space, now = workspace(), visit().now
    target = safe_next(request.form.get("next"), "/")
    login = "".join(filter(str.isprintable, request.form.get("login", "")))[:200]
    try:
        token = sign_in(
            space.database,
            login,
            request.form.get("password", "")[:1000],
            at=now,
            address=request.remote_addr or "",
            address_failures=space.settings.address_failures,
            device=device_of(request.user_agent.string),
        )
    except (BadCredentials, LockedOut) as fault:
        DoorFault.of(fault, "wrong_credentials", login).leave()
        return redirect(url_for("accounts.sign_in_page", next=target), 303)
    open_session(token)
    if waiting_for_code(space.database, token, at=now) is not None:
        return redirect(url_for("doors.code_page", next=target), 303)
    return redirect(target, 303)


def open_session(token: str) -> None:
    """Begin the cookie anew; only the language stays, and which other sessions wait at this computer."""
    language, bench = session.get("language"), [each for each in session.get("bench", []) if each[0] != token]
    session.clear()
    if bench:
        session["bench"] = bench
    session.permanent = True
    session["token"] = token
    if language:
        session["language"] = language


@accounts.post("/sign-out")
@needs(Permission.PUBLIC)
def sign_out_post() -> ResponseReturnValue:
    """End the session."""
    token = session.get("token")
    if token:
        sign_out(workspace().database, token)
    bench = session.get("bench")
    session.clear()
    if bench:
        session["bench"] = bench  # others whose sessions wait here
    answer = make_response(redirect(url_for("accounts.sign_in_page"), 303))
    answer.headers["Clear-Site-Data"] = '"cache"'
    forget_training(answer, workspace().settings)
    return answer


@accounts.get("/signed-in")
@needs(Permission.SIGNED_IN)
def signed_in() -> ResponseReturnValue:
    """The end of a sign-in in a second tab, while a form waits in the first."""
    return render("nothing.html", title=visit().words("signed_in"), text=visit().words("signed_in_text"))


@accounts.get("/")
@needs(Permission.SIGNED_IN)
def home() -> ResponseReturnValue:
    """The first page after signing in: what waits in all of one's registries; later on the one where one works."""
    one, known = visit(), workspace().registries.current
    held = [each for each in one.memberships if each.registry in known]
    if session.get(LAST) is None and len(days_of(one)) > 1:
        return redirect(url_for("days.show"), 303)
    last = workplace(one)
    place = first_place([last, *held] if last else held)
    if place:
        return redirect(place, 303)
    title, text = ("no_place", "no_place_text") if held else ("no_registry", "no_registry_text")
    return render("nothing.html", title=one.words(title), text=one.words(text))


@accounts.post("/site")
@needs(Permission.SIGNED_IN)
def choose_site() -> ResponseReturnValue:
    """Work for another of one's hospitals."""
    wanted = request.form.get("site", "")
    if wanted in {one.key for one in visit().memberships}:
        session["site"] = wanted
    return redirect(safe_next(request.form.get("next"), url_for("accounts.home")), 303)


def door(target: str, *, login: str = "", fault: str = "", kept: str = "") -> Response:
    """The sign-in page."""
    return render(
        "sign_in.html", target=target, login=login, fault=fault, kept=kept, ended="token" in session, bench=bool(session.get("bench"))
    )  # fmt: skip


def kept_words() -> str:
    """What became of a post that came after the end of a session, told once; '' where none did."""
    one, kept = visit(), kept_at()
    if request.args.get("back"):
        return one.words("kept_back")
    if kept is None:
        return ""
    return (
        one.words("kept_changes", time=one.tongue.moment(datetime.fromisoformat(kept), one.now))
        if kept
        else one.words("kept_nothing")
    )


__all__ = ["accounts", "door", "kept_words", "open_session"]
