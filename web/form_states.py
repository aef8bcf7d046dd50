"""The state of a form: its page, and one address for each action of the table that leads to another state."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from storage.accounts import confirm_password
from storage.errors import BadCredentials, Closed, Locked, LockedOut, NotReady, ReasonNeeded, WrongState
from storage.form_states import Seen, SignRequest, sign_form, take_steps
from storage.opened_forms import Deed
from storage.signatures import Meaning
from storage.states import TRANSITIONS, Action
from storage.unlocking import ask_unlock, refuse_unlock
from storage.withdrawing import Target, withdraw
from web.entry import Entry, NotFound, address_of, open_entry
from web.news import News
from web.permissions import needs
from web.places import home_of, site_named
from web.posts import posted_reason
from web.roles import Permission
from web.state_page import state_page
from web.withdrawals import REFUSED
from web.workspace import version_of, visit, workspace

form_states = Blueprint("form_states", __name__, url_prefix="/<registry>/<subject:who>/forms/<spot>/state")
STEPS = {
    row.action: Permission(row.permission)
    for row in TRANSITIONS
    if row.action not in (Action.SAVE, Action.COMPLETE, Action.SIGN)
}


@form_states.get("")
@needs(Permission.READ)
def show(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """How the form stands, who reviewed and signed it, and what can be done."""
    return state_page(_open(registry, who, spot), News.taken("said"))


@form_states.post("/sign")
@needs(Permission.SIGN)
def sign(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """Sign the form: with the password, at this moment, and with a meaning."""
    one, space, entry = visit(), workspace(), _open(registry, who, spot)
    assert one.account is not None
    meaning = next((each for each in Meaning if each == request.form.get("meaning")), None)
    if meaning is None:
        return state_page(entry, News(wrong="sign_meaning")), 422
    try:
        confirm_password(
            space.database, one.account.login, request.form.get("password", "")[:1000], at=one.now,
            address=request.remote_addr or "", address_failures=space.settings.address_failures,
        )  # fmt: skip
    except BadCredentials:
        return state_page(entry, News(wrong="sign_password", typed=meaning)), 401
    except LockedOut as locked:
        time = one.tongue.moment(locked.until, one.now)
        return state_page(entry, News(wrong="locked_out", typed=meaning), time=time), 429
    wanted = SignRequest(_seen(entry), meaning, entry.version.rules)
    try:
        sign_form(space.database, entry.version.registry, _deed(entry, ""), wanted)
    except NotReady:
        return _back(entry, "sign_unready")
    except WrongState:
        return _back(entry, "state_moved")
    return _back(entry, "did_sign")


@form_states.post("/ask")
@needs(Permission.ENTER)
def ask(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """Ask that a locked form be unlocked."""
    return _request(ask_unlock, "ask", registry, who, spot)


@form_states.post("/refuse")
@needs(Permission.LOCK)
def refuse(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """Leave a form locked although somebody asked, and say why."""
    return _request(refuse_unlock, "refuse", registry, who, spot)


@form_states.post("/withdraw", endpoint="withdraw")
@needs(Permission.VOID)
def withdraw_form(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """Withdraw the form, or a row of it."""
    entry, row = open_entry(workspace(), visit().actor, who, spot, visit().now), request.form.get("row", "")[:40]
    if entry.stored is None and entry.place in entry.record.gone:  # a second click
        return _to_gone(registry, who, News())
    if _seen(entry).revision != entry.revision:
        return _back(entry, "state_moved")
    target, version = Target(place=entry.place, row=row), version_of(registry)  # other forms go by the newest rules
    try:
        withdraw(workspace().database, version.registry, version.rules, _deed(entry, posted_reason()), target)
    except ReasonNeeded:
        return _back(entry, wrong="withdraw")
    except (Closed, Locked, WrongState) as refused:
        return _back(entry, REFUSED.get(type(refused), "state_moved"))
    if row:
        return _back(entry, "did_withdraw_row")
    return _to_gone(registry, who, News(("did_withdraw",)))


def _to_gone(registry: str, who: str, news: News) -> ResponseReturnValue:
    """To the page that lists what is withdrawn: of the patient, or of the hospital's own records."""
    told = {"said": news.leave()} if news.said else {}
    site = site_named(who)
    if site is not None:
        return redirect(home_of(registry, who, site=str(site), **told), 303)
    return redirect(url_for("patient_states.show", registry=registry, who=who, **told), 303)  # type: ignore[arg-type]  # parts of the query


def _request(do: Callable[..., None], word: str, registry: str, who: str, spot: str) -> ResponseReturnValue:
    entry = _open(registry, who, spot)
    try:
        do(workspace().database, entry.version.registry, _deed(entry, posted_reason()), entry.place)
    except ReasonNeeded:
        return _back(entry, wrong=word)
    except NotFound:  # somebody unlocked it meanwhile
        return _back(entry, "state_moved")
    return _back(entry, f"did_{word}")


def _step(action: Action) -> Callable[..., ResponseReturnValue]:
    """The view of an action that needs nothing but a reason."""

    def step(registry: str, who: str, spot: str) -> ResponseReturnValue:
        entry = _open(registry, who, spot)
        deed, seen = _deed(entry, posted_reason()), _seen(entry)
        try:
            done = take_steps(workspace().database, entry.version.registry, deed, action, [seen])
        except ReasonNeeded:
            return _back(entry, wrong=action)
        return _back(entry, f"did_{action}" if done else "state_moved")

    return step


for _action, _permission in STEPS.items():
    form_states.post(f"/{_action}", endpoint=_action.value)(needs(_permission)(_step(_action)))


def _open(registry: str, who: str, spot: str) -> Entry:
    """The form of an address; one that was never saved has no state."""
    assert registry == visit().actor.registry  # the guard has made sure
    entry = open_entry(workspace(), visit().actor, who, spot, visit().now)
    if entry.stored is None:
        raise NotFound("form", spot)
    return entry


def _deed(entry: Entry, reason: str) -> Deed:
    return Deed(entry.subject, entry.actor, visit().now, reason)


def _seen(entry: Entry) -> Seen:
    """The form as the page showed it."""
    typed = request.form.get("revision", "")
    return Seen(entry.place, int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0)


def _back(entry: Entry, said: str = "", *, wrong: str = "") -> ResponseReturnValue:
    """To the page of the state, which tells what came of it."""
    news = News((said,) if said else (), wrong=wrong)
    return redirect(address_of(entry, "form_states.show", said=news.leave()), 303)


__all__ = ["form_states"]
