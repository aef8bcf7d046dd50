"""The state of a form: its page, and one address for each action of the table that leads to another state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine.datatypes.identifiers import holds_pesel
from renderers.html import Fields
from storage.errors import BadCredentials, Closed, Locked, LockedOut, NotReady, ReasonNeeded, Unanswered, WrongState
from storage.form_states import Seen, SignRequest, sign_form, take_steps
from storage.opened_forms import Deed
from storage.signatures import Meaning
from storage.states import TRANSITIONS, Action
from storage.unlocking import ask_unlock, refuse_unlock
from storage.withdrawing import Target, withdraw
from web.entry import Entry, NotFound, address_of, open_entry
from web.form_page import given_answers
from web.news import News
from web.permissions import needs
from web.places import home_of, site_named
from web.posts import posted_reason
from web.proofs import prove
from web.roles import Permission
from web.state_page import Posted, at_signing, obstacles_of, state_page, told_at_signing
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
    assert entry.stored is not None
    meaning = next((each for each in Meaning if each == request.form.get("meaning")), None)
    fields = Fields(request.form.items(multi=True), one.language)
    posted = Posted(meaning or "", entry.version.readers[entry.spot.form].answers(fields, entry.stored.data))
    if meaning is None:
        return _unsigned(entry, posted.leave(wrong="sign_meaning"))
    if any(each.unmet for each in obstacles_of(entry, posted)):
        return _unsigned(entry, posted.leave(wrong="sign_reasons"))
    if any(map(holds_pesel, posted.answers.values())):
        return _unsigned(entry, posted.leave("sign_pesel"))
    try:
        prove(one.account, "password")
    except BadCredentials:
        return _unsigned(entry, posted.leave(wrong="sign_password"))
    except LockedOut as locked:
        return _unsigned(entry, posted.leave(wrong="locked_out", time=one.tongue.moment(locked.until, one.now)))
    answers = given_answers(entry.stored.data, at_signing(entry), posted.answers)
    told = told_at_signing(entry.version, entry.spot.form, entry.actor)
    wanted = SignRequest(_seen(entry), meaning, entry.version.rules, answers, told)
    try:
        sign_form(space.database, entry.version.registry, _deed(entry, ""), wanted)
    except (NotReady, Unanswered, WrongState) as refused:
        return _unsigned(entry, posted.leave(_NOT_SIGNED[type(refused)]))
    return _back(entry, "did_sign")


def _unsigned(entry: Entry, said: str) -> ResponseReturnValue:
    return redirect(address_of(entry, "form_states.show", said=said), 303)


_NOT_SIGNED: Mapping[type[Exception], str] = MappingProxyType(
    {NotReady: "sign_unready", Unanswered: "sign_asks_more", WrongState: "state_moved"}
)  # what is said where something changed since the page was made


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
        return _back(entry, "state_moved", kept="withdraw")
    target, version = Target(place=entry.place, row=row), version_of(registry)  # other forms go by the newest rules
    try:
        withdraw(workspace().database, version.registry, version.rules, _deed(entry, posted_reason()), target)
    except ReasonNeeded:
        return _back(entry, wrong="withdraw")
    except (Closed, Locked, WrongState) as refused:
        return _back(entry, REFUSED.get(type(refused), "state_moved"), kept="withdraw")
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
        return _back(entry, "state_moved", kept=word)
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
        return _back(entry, f"did_{action}") if done else _back(entry, "state_moved", kept=action)

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


def _back(entry: Entry, said: str = "", *, wrong: str = "", kept: str = "") -> ResponseReturnValue:
    """To the page of the state, which tells what came of it; a reason that led to nothing is `kept` at what it was for."""
    news = News((said,) if said else (), wrong=wrong, part=kept, typed=posted_reason() if kept else "")
    return redirect(address_of(entry, "form_states.show", said=news.leave()), 303)


__all__ = ["form_states"]
