"""What goes wrong, as calm pages in both languages; a script gets the same as JSON."""

from __future__ import annotations

import logging
import secrets
from urllib.parse import quote

from flask import Flask, Response, g, jsonify, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, generate_csrf
from werkzeug.exceptions import HTTPException

from engine.datatypes.identifiers import holds_pesel
from renderers.html import PostTooLarge
from storage.errors import Erased, Hidden, LockedOut, NotEntitled, NotFound, NotVisible
from web.denials import log_denial, log_refusal
from web.guard import wants_json
from web.merged import to_kept
from web.news import News
from web.pages import render
from web.rescue import FORM_POSTS, rescue_post
from web.security import is_own_post
from web.typed import HoldsPesel
from web.workspace import visit

WRITTEN = ("text", "reason", "answer", "why")  # the fields of small forms in which somebody writes
SECRET = frozenset({"password", "old", "again", "pin", "code", "secret"})  # such a form is never shown again
SHOWN = frozenset({400, 403, 404, 405, 413, 419, 429, 500, 501})
NOT_THERE = 404
_LOG = logging.getLogger("ecrf.web")


def install(app: Flask) -> None:
    """One handler for each kind of failure."""
    app.register_error_handler(HTTPException, http_failure)
    app.register_error_handler(NotVisible, hidden)
    app.register_error_handler(NotFound, hidden)
    app.register_error_handler(Erased, hidden)
    app.register_error_handler(Hidden, private)
    app.register_error_handler(NotEntitled, refused)
    app.register_error_handler(LockedOut, too_often)
    app.register_error_handler(PostTooLarge, too_large)
    app.register_error_handler(HoldsPesel, to_rewrite)
    app.register_error_handler(CSRFError, stale_token)
    app.register_error_handler(Exception, broken)


def failure(status: int, **parts: str) -> Response:
    """The page of a failure."""
    one = visit()
    kind = status if status in SHOWN else 400 if status < 500 else 500
    title, text = one.words(f"failure_{kind}"), one.words(f"failure_{kind}_text")
    if wants_json():
        answer = jsonify(error=kind, message=f"{title} {text}", **parts)
        answer.status_code = status
        return answer
    return render("failure.html", status=status, title=title, text=text, number=parts.get("number", ""))


def http_failure(fault: HTTPException) -> ResponseReturnValue:
    """What Flask refuses."""
    if fault.code is not None and fault.code < 400:
        return fault
    if not hasattr(g, "visit"):  # a file that is not there
        return fault
    if fault.code == NOT_THERE and request.endpoint is not None and visit().membership is not None:
        log_denial()
    return failure(fault.code or 500)


def hidden(fault: Exception) -> ResponseReturnValue:
    """What is not there, and what is another hospital's, look the same; the attempt is noted.

    The number of a record that was merged leads on to the one that is kept, that of a withdrawn one to the page that says so.
    """
    kept = to_kept() if isinstance(fault, NotFound) and not wants_json() else None
    if kept is not None:
        return kept
    log_denial()
    return failure(404)


def private(_: Exception) -> ResponseReturnValue:
    """What the role may not see; the attempt is noted."""
    log_refusal()
    return failure(403)


def refused(fault: NotEntitled) -> ResponseReturnValue:
    """A field was sent that the page of this role does not have; the attempt is noted."""
    log_refusal(fault.items)
    return failure(403)


def too_often(_: LockedOut) -> ResponseReturnValue:
    """One person, or one address, asked for something more often than anybody who works does; noted."""
    log_refusal()
    return failure(429)


def too_large(fault: PostTooLarge) -> ResponseReturnValue:
    """More than the reader of forms takes."""
    one = visit()
    if wants_json():
        return jsonify(error=413, message=str(fault)), 413
    return render("failure.html", status=413, title=one.words("failure_413"), text=str(fault), number="")


def to_rewrite(fault: HoldsPesel) -> ResponseReturnValue:
    """A text that says who somebody is; nothing was done. It is shown with all else that was sent, to be sent without that."""
    if wants_json():
        return jsonify(error=422, message=str(fault)), 422
    sent = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    written = [(name, value) for name, value in sent if name in WRITTEN and holds_pesel(value)]
    fields = [pair for pair in sent if pair not in written] if _is_small() else None
    return render("rewrite.html", status=422, fault=str(fault), fields=fields, written=written, action=_same_address())


def stale_token(_: CSRFError) -> ResponseReturnValue:
    """The page is older than the sign-in. What it holds is kept as the draft of whoever opened it.

    A script gets a fresh token, but not for the page of another account.
    """
    one = visit()
    if one.account is not None and is_own_post(request) and request.endpoint in FORM_POSTS:
        rescued = rescue_post(one.now)
        own = rescued.owner == one.account.id
        if wants_json():
            fresh = {"csrf_token": generate_csrf()} if own else {}
            return jsonify(error=419, message=one.words("failure_419"), kept=rescued.kept, **fresh), 419
        if rescued.kept and own:
            arguments = request.view_args or {}
            return redirect(url_for("forms.show", **arguments, said=News(("late",)).leave()), 303)
        if rescued.kept:
            title, text = one.words("failure_419_other"), one.words("failure_419_other_text")
            return render("failure.html", status=419, title=title, text=text, number="")
    if request.endpoint == "accounts.sign_in_post":
        session.pop("csrf_token", None)
        return redirect(url_for("accounts.sign_in_page", next=request.form.get("next", "/")), 303)
    return _resend() if _may_resend() else failure(419)


def _may_resend() -> bool:
    """Whether the post of a small form is shown to whoever is signed in now, who may send it once more."""
    return visit().account is not None and _is_small() and is_own_post(request) and not wants_json()


def _is_small() -> bool:
    """Whether all that was posted may stand on a page again."""
    return not request.files and not SECRET.intersection(request.form) and request.endpoint not in FORM_POSTS


def _same_address() -> str:
    """Where the post went; the training mode has its own beginning."""
    return request.script_root + request.full_path.rstrip("?")


def _resend() -> Response:
    """Nothing was done: what was typed is shown with who would send it now."""
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    written = [value for name, value in fields if name in WRITTEN and value.strip()]
    return render("resend.html", status=419, fields=fields, written=written, action=_same_address())


def broken(fault: Exception) -> ResponseReturnValue:
    """A bug: the page shows a number that stands in the log."""
    number = secrets.token_hex(4).upper()
    _LOG.error("failure %s at %s %s", number, request.method, quote(request.path), exc_info=fault)
    return failure(500, number=number)


__all__ = ["SHOWN", "failure", "install"]
