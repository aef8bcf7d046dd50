"""The start of every request: who asks, in which language, and whether the route allows it. Nothing passes undeclared."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode, urlsplit

from flask import Flask, abort, current_app, g, jsonify, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from storage.accounts import session_account
from web.denials import log_refusal, log_withdrawn
from web.pages import render
from web.permissions import FLASK_OWN, permission_of
from web.places import home_of
from web.registries import LANGUAGES
from web.rescue import rescue_post
from web.roles import Permission, allows
from web.security import ENTRANCE, TRAINING_PATH, safe_next
from web.uploads import in_parts
from web.workplace import membership_in
from web.workspace import Visit, visit, workspace

# Signing in and all that goes with it belongs to the real system, which lets people in to train; so does asking for help.
CLOSED_IN_TRAINING = ("accounts.sign", "doors.", "own.", "help_requests.", "training.")


def install(app: Flask) -> None:
    """Run before everything else, also before the check of the CSRF token."""
    app.before_request(begin)
    app.before_request(leave_to_the_real)
    app.before_request(guard)


def begin() -> None:
    """Find out who asks."""
    if request.endpoint in FLASK_OWN:
        return
    space = workspace()
    now, token = space.settings.clock(), session.get("token")
    account = session_account(space.database, token, at=now) if token else None
    tongue = space.tongues[_language(account.language if account else "")]
    registry = (request.view_args or {}).get("registry", "")
    counts = membership_in(account.memberships, registry) if account else None
    g.visit = Visit(now, tongue, account, counts)
    if request.method == "POST" and not in_parts(known=account is not None):
        request.get_data(cache=True)  # once, before anything reads it as a form: the reader of forms takes it as sent


def _language(of_account: str) -> str:
    """What was asked for just now, or before, else the account's, else the browser's."""
    asked = request.args.get("language", "")
    if asked in LANGUAGES:
        if request.method == "GET":
            session["language"] = asked
        return asked
    known = session.get("language", of_account)
    return known if known in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def leave_to_the_real() -> ResponseReturnValue | None:
    """Training does not answer what belongs to the real system, nor those whose roles ended when a hospital began anew."""
    if not workspace().settings.training or request.endpoint is None or request.endpoint in FLASK_OWN:
        return None
    account = visit().account
    ended = account is not None and not account.memberships
    return redirect(entrance(), 303) if ended or request.endpoint.startswith(CLOSED_IN_TRAINING) else None


def guard() -> ResponseReturnValue | None:
    """Refuse what the route does not allow."""
    if request.endpoint is None:
        return None  # no such page, or not with this method
    permission = permission_of(current_app, request.endpoint)
    if permission is None:
        abort(403)
    if permission is Permission.PUBLIC:
        return None
    account = visit().account
    if account is None:
        return ask_to_sign_in()
    if permission is Permission.SIGNED_IN:
        return None
    membership = visit().membership
    if membership is None or not allows(membership.role, permission):
        kept = keep_withdrawn()
        if kept is not None:
            return kept
        if membership is None:
            abort(404)  # a registry of others looks like none
        log_refusal()
        abort(403)
    if membership.role in workspace().settings.second_factor_roles and not account.second_factor:
        return ask_for_second_factor()
    return None


def keep_withdrawn() -> ResponseReturnValue | None:
    """A form that was typed while the right lasted is refused, and kept; None where there is nothing to keep."""
    one = visit()
    if request.method != "POST" or one.account is None:
        return None
    rescued = rescue_post(one.now)
    if not rescued.kept or rescued.owner != one.account.id:
        return None
    log_withdrawn()
    title, text = one.words("withdrawn"), one.words("withdrawn_text")
    if wants_json():
        return jsonify(error="withdrawn", message=f"{title} {text}", kept=True), 403
    return render("failure.html", status=403, title=title, text=text, number="")


def ask_for_second_factor() -> ResponseReturnValue:
    """Some roles count only with a second factor: lead to where it is set up; a form that was posted is kept."""
    kept = request.method == "POST" and rescue_post(visit().now).kept
    target = url_for("own.second_factor")
    if wants_json():
        return jsonify(error="second_factor", message=visit().words("factor_must"), kept=kept, sign_in=target), 403
    return redirect(target, 303)


def ask_to_sign_in() -> ResponseReturnValue:
    """Lead to the sign-in, and keep what was posted."""
    now = visit().now
    kept = request.method == "POST" and rescue_post(now).kept
    target = _page_of_post() if request.method == "POST" else request.full_path.rstrip("?")
    in_training = workspace().settings.training
    if wants_json():  # the page that asks tells it; with a cookie it would undo a sign-in in another window meanwhile
        sign_in = entrance() if in_training else _way_in(url_for("accounts.signed_in"))
        message = visit().words("sign_in_again" if kept else "sign_in_first")
        answer = jsonify(error="signed_out", message=message, sign_in=sign_in, kept=kept)
        return answer, 401
    of_form = kept or request.endpoint == "forms.post"
    if of_form:  # an autosave is sent again by the page that holds it
        session["kept_at"] = now.isoformat() if kept else ""
    if in_training:
        return redirect(entrance(target if request.method == "POST" else request.script_root + target), 303)
    small = request.method == "POST" and not of_form  # what was typed is on the page before, which Back shows
    return redirect(_way_in(target, back=small), 303)


def _way_in(target: str, *, back: bool = False) -> str:
    """Where one comes in; who locked the screen is asked for the PIN there, as long as nobody else signed in."""
    locked = session.get("bench") and "token" not in session
    return url_for("doors.switch" if locked else "accounts.sign_in_page", next=target, back="yes" if back else None)


def entrance(target: str = "") -> str:
    """The page of the real system by which one comes to train; `target`: where one goes on in training."""
    real = request.script_root.removesuffix(TRAINING_PATH)
    return f"{real}{ENTRANCE}{'?' + urlencode({'next': target}) if target else ''}"


def wants_json() -> bool:
    """Whether a script asks."""
    return request.headers.get("X-Requested-With") == "fetch" or request.accept_mimetypes.best == "application/json"


def _page_of_post() -> str:
    """The page that a post came from, as its browser says, else as the address of the post does."""
    came = urlsplit(request.referrer or "")
    if came.netloc == request.host and _is_page(came.path):
        return safe_next(f"{came.path}?{came.query}".rstrip("?"), url_for("accounts.home"))
    arguments = request.view_args or {}
    if "spot" in arguments:
        return url_for("forms.show", **arguments)
    if "series" in arguments:
        return url_for("grids.show", **arguments)
    if "who" in arguments:
        return home_of(arguments["registry"], arguments["who"])
    if "registry" in arguments:
        return url_for("patients.listed", registry=arguments["registry"])
    return url_for("accounts.home")


def _is_page(path: str) -> bool:
    """Whether an address of our own can be opened: what was refused stands at that of a post."""
    routes = current_app.url_map.bind(request.host)
    try:
        routes.match(path.removeprefix(request.script_root), method="GET")
    except HTTPException:
        return False
    return True


def kept_at() -> str | None:
    """When the last post of a form was kept that came after the end of a session, '' if it was not; told once."""
    return cast("str | None", session.pop("kept_at", None))


__all__ = ["ask_to_sign_in", "begin", "guard", "install", "kept_at", "membership_in", "wants_json"]
