"""Asking the help centre, and one's own requests: open to whoever is signed in, with or without a role."""

from __future__ import annotations

from secrets import token_urlsafe

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from storage.access import Actor
from storage.errors import NotFound, TooMany
from storage.help_list import list_requests
from storage.help_requests import MOST_OPEN, Said, ask, load_request, of_asker
from storage.help_steps import STEPS, Kind, Side, State
from storage.threads import LONGEST
from web.contacts import contacts_of
from web.help_places import place_of, registry_of, seen_place
from web.help_threads import SIGNS, Desk, act, last_before, notice_of, show_thread
from web.pages import render
from web.permissions import needs
from web.posts import key_of_page
from web.roles import Permission
from web.typed import Refused, done, posted_text
from web.workplace import membership_in, workplace
from web.workspace import actor_of, registry_title, visit, workspace

help_requests = Blueprint("help_requests", __name__, url_prefix="/help/requests")
PAGE = 50


@help_requests.get("")
@needs(Permission.SIGNED_IN)
def listed() -> ResponseReturnValue:
    """What one asked, the newest first."""
    one, desk = visit(), _desk()
    page = list_requests(desk.database, desk.scope, tuple(State), after=last_before(), size=PAGE)
    titles = {each.registry: registry_title(each.registry, one.language) for each in page.requests}
    return render("help_requests.html", page=page, one=one, signs=SIGNS, titles=titles)


@help_requests.get("/new")
@needs(Permission.SIGNED_IN)
def new() -> ResponseReturnValue:
    """The form of a request; `of` is the page from which one comes."""
    return _form(place_of(request.args.get("of", "")))


def _form(place: str, fault: str = "") -> ResponseReturnValue:
    one, registries = visit(), _registries()
    here = workplace(one)
    chosen = request.form.get("registry") or registry_of(place) or (here.registry if here is not None else "")
    kept = request.form.get("about", "yes") if request.form else "yes"
    return render(
        "help_ask.html", status=422 if fault else 200, one=one, place=place, seen=seen_place(place), fault=fault,
        kinds=tuple(Kind), kind=request.form.get("kind", ""), registries=registries, chosen=chosen, about=kept,
        typed=request.form.get("text", "")[: 2 * LONGEST], most=LONGEST,
        key=key_of_page() or token_urlsafe(12), contacts=contacts_of([chosen] if chosen in registries else registries, one.language),
    )  # fmt: skip


@help_requests.post("")
@needs(Permission.SIGNED_IN)
def send() -> ResponseReturnValue:
    """Ask. Two clicks in the same instant ask once."""
    one, place = visit(), place_of(request.form.get("of", ""))
    kind, registry = request.form.get("kind", ""), request.form.get("registry", "")
    if registry not in _registries():
        return _form(place, one.words("help_no_registry"))
    if kind not in tuple(Kind):
        return _form(place, one.words("help_no_kind"))
    try:
        asked = Said("ask", posted_text(), _actor(registry), one.now)
        kept = place if request.form.get("about") == "yes" else ""
        number = ask(_desk().database, Kind(kind), kept, asked, notice_of(registry), key=key_of_page())
    except ValueError:
        return _form(place, one.words("query_wrong", most=LONGEST))
    except Refused as fault:
        return _form(place, str(fault))
    except TooMany:
        return _form(place, one.words("help_too_many", most=MOST_OPEN))
    return done(url_for("help_requests.show", number=number), "help_did_ask")


@help_requests.get("/<int:number>")
@needs(Permission.SIGNED_IN)
def show(number: int) -> ResponseReturnValue:
    """The conversation."""
    return show_thread(_desk(), number)


@help_requests.post("/<int:number>/<step>")
@needs(Permission.SIGNED_IN)
def take(number: int, step: str) -> ResponseReturnValue:
    """Ask on, close, open again."""
    desk = _desk()
    if step not in STEPS or STEPS[step].side is not Side.ASKER or not STEPS[step].begins:
        raise NotFound("step", step)
    return act(desk, number, step, _actor(load_request(desk.database, desk.scope, number).registry))


def _desk() -> Desk:
    """The asker's side; the database shows the person's own requests, in all registries."""
    one = visit()
    assert one.account is not None
    database = workspace().database.on_behalf(None, "", one.now, one.account.id)

    def address(number: int, step: str = "") -> str:
        return url_for("help_requests.take" if step else "help_requests.show", number=number, step=step or None)

    return Desk(database, of_asker(one.account.id), Side.ASKER, address, url_for("help_requests.listed"))


def _actor(registry: str) -> Actor:
    """Who asks, at the hospital where the person works in that registry; somebody without a role at none."""
    one = visit()
    assert one.account is not None
    membership = membership_in(one.memberships, registry)
    if membership is not None:
        return actor_of(one.account.id, one.account.name, membership)
    return Actor(one.account.id, one.account.name, registry, None)


def _registries() -> dict[str, str]:
    """The registries that one may ask about, with their titles: one's own; all where one has none."""
    one, current = visit(), workspace().registries.current
    own = {each.registry: None for each in one.memberships if each.registry in current}
    return {name: registry_title(name, one.language) for name in own or current}


__all__ = ["help_requests"]
