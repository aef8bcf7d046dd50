"""One's own account: password, language, PIN, second factor, sessions, and asking for access."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import quote

from flask import Blueprint, request, session, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from engine.datatypes.local_time import to_local
from engine.model.text import in_language
from storage.accounts import SHORTEST_PASSWORD, Account, set_language
from storage.errors import BadCredentials, LockedOut, NotFound, Taken
from storage.hospitals import Change, list_hospitals
from storage.invitations import ask_access, requests_of
from storage.people import Scope
from storage.second_factor import end_second_factor, new_secret, secret_text, set_up_second_factor
from storage.session_notes import leave_note, read_note, take_note
from storage.sessions import change_password, end_sessions, list_sessions, set_pin
from web.accounts import open_session
from web.granting import ASKED_FOR
from web.pages import render
from web.permissions import needs
from web.registries import LANGUAGES
from web.roles import Permission
from web.typed import Refused, Typed, done, said, typed, word_of
from web.workspace import visit, workspace

own = Blueprint("own", __name__, url_prefix="/account")
ISSUER = "KRM"


@own.get("")
@needs(Permission.SIGNED_IN)
def show() -> ResponseReturnValue:
    """All that one may see and change of one's account."""
    return _page()


def _page(refused: Typed | None = None) -> ResponseReturnValue:
    one, space, account = visit(), workspace(), _account()
    day = to_local(one.now).date()
    registries = {
        name: in_language(version.registry.model.title, one.language) or name
        for name, version in space.registries.current.items()
    }
    anywhere = list_hospitals(space.database, "", day=day, size=1000).hospitals
    return render(
        "own.html", status=422 if refused else 200, one=one, typed=refused or Typed(), said=said(), registries=registries,
        sessions=list_sessions(space.database, account.id, _token(), at=one.now), shortest=SHORTEST_PASSWORD,
        requests=requests_of(space.database, account.id), roles=[(role, one.words(f"role_{role}")) for role in ASKED_FOR],
        hospitals=[(each.id, each.name) for each in anywhere if each.ended_at is None], must_have=must_have_second_factor(),
    )  # fmt: skip


def must_have_second_factor() -> bool:
    """Whether one of the roles at hand needs it."""
    return bool({each.role for each in visit().memberships} & workspace().settings.second_factor_roles)


def _act(act: Callable[[Account], str]) -> ResponseReturnValue:
    """Do it and tell so; what is refused stands beside what was typed."""
    one = visit()
    try:
        told = act(_account())
    except (Refused, ValueError) as fault:
        return _page(typed(str(fault)))
    except BadCredentials:
        return _page(typed(one.words("password_wrong")))
    except LockedOut as locked:
        return _page(typed(one.words("locked_out", time=one.tongue.moment(locked.until, one.now))))
    return done(url_for("own.show"), told)


@own.post("/password")
@needs(Permission.SIGNED_IN)
def password() -> ResponseReturnValue:
    """Another password; all other sessions end."""

    def act(account: Account) -> str:
        words, new = visit().words, request.form.get("password", "")[:1000]
        if len(new) < SHORTEST_PASSWORD:
            raise Refused(words("password_short", least=SHORTEST_PASSWORD))
        if new != request.form.get("again", "")[:1000]:
            raise Refused(words("password_differs"))
        old = request.form.get("old", "")[:1000]
        open_session(change_password(workspace().database, account.id, old, new, at=visit().now))
        return "said_password"

    return _act(act)


@own.post("/language")
@needs(Permission.SIGNED_IN)
def language() -> ResponseReturnValue:
    """Another language, from now on."""

    def act(account: Account) -> str:
        wanted = request.form.get("language", "")
        if wanted not in LANGUAGES:
            raise Refused(visit().words("admin_empty", field=visit().words("language")))
        set_language(workspace().database, account.id, wanted)
        session["language"] = wanted
        return "said_language"

    return _act(act)


@own.post("/pin")
@needs(Permission.SIGNED_IN)
def pin() -> ResponseReturnValue:
    """A PIN for coming back at a shared computer."""

    def act(account: Account) -> str:
        try:
            set_pin(
                workspace().database, account.id, request.form.get("pin", "")[:40], who=account.name, at=visit().now
            )
        except ValueError:
            raise Refused(visit().words("pin_wrong")) from None
        return "said_pin"

    return _act(act)


@own.post("/sessions/end")
@needs(Permission.SIGNED_IN)
def end() -> ResponseReturnValue:
    """End one session, or all but this one."""

    def act(account: Account) -> str:
        mark = request.form.get("session", "")[:40]
        end_sessions(workspace().database, account.id, who=account.name, at=visit().now, mark=mark, keep=_token())
        return "said_sessions_ended"

    return _act(act)


@own.post("/access")
@needs(Permission.SIGNED_IN)
def access() -> ResponseReturnValue:
    """Ask for a role at a hospital."""

    def act(account: Account) -> str:
        one, form = visit(), request.form
        registry, site, role = form.get("registry", ""), form.get("site", ""), form.get("role", "")
        if registry not in workspace().registries.current or role not in ASKED_FOR or not site.isdecimal():
            raise Refused(one.words("place_gone"))
        why = word_of("why", "request_why", most=500)
        try:
            change = Change(account.name, one.now)
            ask_access(workspace().database, account.id, Scope(registry, int(site[:18])), role, why, change)
        except Taken:
            raise Refused(one.words("request_waits")) from None
        except NotFound:
            raise Refused(one.words("place_gone")) from None
        return "said_asked"

    return _act(act)


@own.get("/second-factor")
@needs(Permission.SIGNED_IN)
def second_factor() -> ResponseReturnValue:
    """A new secret to be taken by an authenticator; it counts once a code of it was given."""
    secret = base64.b64encode(new_secret()).decode()
    note = leave_note(workspace().database, _token(), secret, at=visit().now)
    return _set_up(secret, note)


@own.post("/second-factor")
@needs(Permission.SIGNED_IN)
def set_up() -> ResponseReturnValue:
    """The secret counts from now on; the recovery codes are shown this once."""
    one, database, account = visit(), workspace().database, _account()
    note = request.form.get("note", "")[:40]
    secret = read_note(database, _token(), note, at=one.now)
    if not isinstance(secret, str):
        return second_factor()
    try:
        codes = set_up_second_factor(
            database,
            account.id,
            base64.b64decode(secret),
            request.form.get("code", "")[:40],
            who=account.name,
            at=one.now,
        )
    except BadCredentials:
        return _set_up(secret, note, Typed("factor", one.words("code_wrong")))
    take_note(database, _token(), note, at=one.now)
    return render("recovery.html", codes=codes)


@own.post("/second-factor/end")
@needs(Permission.SIGNED_IN)
def end_factor() -> ResponseReturnValue:
    """No code is asked any more, where no role needs it."""

    def act(account: Account) -> str:
        if must_have_second_factor():
            raise Refused(visit().words("factor_must"))
        end_second_factor(workspace().database, account.id, who=account.name, at=visit().now)
        return "said_factor_off"

    return _act(act)


def _set_up(secret: str, note: str, refused: Typed | None = None) -> ResponseReturnValue:
    text = secret_text(base64.b64decode(secret))
    who = quote(f"{ISSUER}:{_account().login}")
    address = f"otpauth://totp/{who}?secret={text}&issuer={ISSUER}"
    parts = " ".join(text[start : start + 4] for start in range(0, len(text), 4))
    return render(
        "second_factor.html", status=422 if refused else 200, typed=refused or Typed(), note=note, secret=parts,
        picture=drawn(address), must=must_have_second_factor(), one=visit(),
    )  # fmt: skip


def drawn(text: str) -> Markup:
    """A QR code as SVG without styles of its own."""
    import segno  # noqa: PLC0415 -- once in the life of an account

    code = segno.make(text, error="m", micro=False)
    drawing = code.svg_inline(
        scale=5, border=4, dark="#000", light="#fff", omitsize=False, svgclass="qr", lineclass=None
    )
    return Markup(drawing)  # noqa: S704 -- drawn here, of a text that stands in it only as squares


def _account() -> Account:
    account = visit().account
    assert account is not None
    return account


def _token() -> str:
    return str(session.get("token", ""))


__all__ = ["must_have_second_factor", "own"]
