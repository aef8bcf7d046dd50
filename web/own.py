"""One's own account: password, language, PIN, second factor, sessions, and asking for access."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import quote

from flask import Blueprint, jsonify, request, session, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from engine.model.text import in_language
from storage.accounts import SHORTEST_PASSWORD, Account, set_language
from storage.errors import BadCredentials, LockedOut, NotFound, Taken
from storage.hospitals import Change, find_hospitals
from storage.invitations import ask_access
from storage.own_page import view_own
from storage.people import Scope
from storage.reminders import Reminders, set_reminders
from storage.second_factor import draw_recovery_codes, end_second_factor, new_secret, secret_text, set_up_second_factor
from storage.session_notes import leave_note, read_note, take_note
from storage.sessions import change_password, end_sessions, set_pin
from web.accounts import open_session
from web.chooser import chosen_hospital, suggestions
from web.devices import device_of
from web.granting import ASKED_FOR
from web.mail import is_address
from web.pages import render
from web.passwords import LONGEST, posted_password
from web.permissions import needs
from web.proofs import changed_notice, prove
from web.registries import LANGUAGES
from web.roles import Permission
from web.typed import Refused, Typed, done, said, typed, word_of
from web.workspace import visit, workspace

own = Blueprint("own", __name__, url_prefix="/account")
ISSUER = "KRM"
LONGEST_SEARCH = 200


@own.get("")
@needs(Permission.SIGNED_IN)
def show() -> ResponseReturnValue:
    """All that one may see and change of one's account."""
    return _page()


def _page(refused: Typed | None = None) -> ResponseReturnValue:
    one, space, account = visit(), workspace(), _account()
    view = view_own(space.database, account.id, _token(), at=one.now)
    registries = {
        name: in_language(version.registry.model.title, one.language) or name
        for name, version in space.registries.current.items()
    }
    return render(
        "own.html", status=422 if refused else 200, one=one, typed=refused or Typed(), said=said(), registries=registries,
        view=view, shortest=SHORTEST_PASSWORD, roles=[(role, one.words(f"role_{role}")) for role in ASKED_FOR],
        suggest=suggestions(), must_have=must_have_second_factor(), by_mail=is_address(account.login),
        often=[(str(each), one.words(f"reminders_{each}")) for each in Reminders],
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
        new, old = posted_password(account.login, account.name), request.form.get("old", "")[:LONGEST]
        notice = changed_notice("password", account.login, account.language)
        device = device_of(request.user_agent.string)
        open_session(
            change_password(workspace().database, account.id, old, new, at=visit().now, notice=notice, device=device)
        )
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
        prove(account)
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
        prove(account)
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
        registry, role = form.get("registry", ""), form.get("role", "")
        if registry not in workspace().registries.current or role not in ASKED_FOR:
            raise Refused(one.words("place_gone"))
        site = chosen_hospital(form.get("site", ""))
        why = word_of("why", "request_why", most=500)
        try:
            change = Change(account.name, one.now)
            ask_access(workspace().database, account.id, Scope(registry, site.id), role, why, change)
        except Taken:
            raise Refused(one.words("request_waits")) from None
        except NotFound:
            raise Refused(one.words("place_gone")) from None
        return "said_asked"

    return _act(act)


@own.get("/hospitals")
@needs(Permission.SIGNED_IN)
def hospitals() -> ResponseReturnValue:
    """`?q=…`: the hospitals that a field offers while one types."""
    found = find_hospitals(workspace().database, request.args.get("q", "")[:LONGEST_SEARCH])
    return jsonify([each.label for each in found])


@own.post("/reminders")
@needs(Permission.SIGNED_IN)
def reminders() -> ResponseReturnValue:
    """How often one is reminded of what waits."""

    def act(account: Account) -> str:
        wanted = next((each for each in Reminders if each == request.form.get("often")), None)
        if wanted is None:
            raise Refused(visit().words("admin_empty", field=visit().words("reminders")))
        set_reminders(workspace().database, account.id, wanted)
        return "said_reminders"

    return _act(act)


@own.post("/recovery")
@needs(Permission.SIGNED_IN)
def recovery() -> ResponseReturnValue:
    """New recovery codes in place of the old ones, for a code of the second factor; shown this once."""
    one, account = visit(), _account()
    try:
        code = request.form.get("code", "")[:40]
        codes = draw_recovery_codes(workspace().database, account.id, code, who=account.name, at=one.now)
    except BadCredentials:
        return _page(typed(one.words("code_wrong")))
    except LockedOut as locked:
        return _page(typed(one.words("locked_out", time=one.tongue.moment(locked.until, one.now))))
    return render("recovery.html", codes=codes, lead=one.words("recovery_new_lead"))


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
    code, wrong = request.form.get("code", "")[:40], "password_wrong"
    notice = changed_notice("factor_on", account.login, account.language)
    try:
        prove(account)
        wrong = "code_wrong"
        codes = set_up_second_factor(
            database, account.id, base64.b64decode(secret), code, who=account.name, at=one.now, notice=notice
        )
    except BadCredentials:
        return _set_up(secret, note, Typed("factor", one.words(wrong)))
    except LockedOut as locked:
        told = one.words("locked_out", time=one.tongue.moment(locked.until, one.now))
        return _set_up(secret, note, Typed("factor", told))
    take_note(database, _token(), note, at=one.now)
    return render("recovery.html", codes=codes, lead=one.words("recovery_lead"))


@own.post("/second-factor/end")
@needs(Permission.SIGNED_IN)
def end_factor() -> ResponseReturnValue:
    """No code is asked any more, where no role needs it."""

    def act(account: Account) -> str:
        if must_have_second_factor():
            raise Refused(visit().words("factor_must"))
        prove(account)
        notice = changed_notice("factor_off", account.login, account.language)
        end_second_factor(workspace().database, account.id, who=account.name, at=visit().now, notice=notice)
        return "said_factor_off"

    return _act(act)


def _set_up(secret: str, note: str, refused: Typed | None = None) -> ResponseReturnValue:
    text = secret_text(base64.b64decode(secret))
    who = quote(f"{ISSUER}:{_account().login}")
    address = f"otpauth://totp/{who}?secret={text}&issuer={ISSUER}"
    parts = " ".join(text[start : start + 4] for start in range(0, len(text), 4))
    return render(
        "second_factor.html", status=422 if refused else 200, typed=refused or Typed(), note=note, secret=parts,
        picture=drawn(address), address=address, must=must_have_second_factor(), one=visit(),
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
