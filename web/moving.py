"""Moves a form that was entered at the wrong place: to another event, another episode, another patient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from secrets import token_urlsafe

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from renderers.html import Link
from renderers.html.posted_data import MAX_REASON
from storage.closing import WHOLE
from storage.errors import (
    Closed,
    ConfirmClear,
    Conflict,
    KeyReused,
    Locked,
    NotFound,
    NotUnique,
    ReasonNeeded,
    WrongDefinition,
    WrongState,
)
from storage.form_data import SubjectRecord, load_subject
from storage.form_states import Seen
from storage.moving import Goal, Move, move_form
from storage.opened_forms import Deed
from web.entry import Entry, address_of, open_entry, settle_place, subject_of
from web.form_page import band_of, crumbs_of
from web.merging import book_of
from web.news import News
from web.overview import Glance
from web.pages import render
from web.parts import part_title
from web.permissions import needs
from web.places import Spot, event_form_spot, parse_spot, place_of
from web.posts import key_of_page, posted_reason
from web.roles import Permission
from web.standing import state_address
from web.titles import event_title, form_words
from web.workspace import version_of, visit, workspace

moving = Blueprint("moving", __name__, url_prefix="/<registry>/patients/<who>/forms/<spot>/move")
REFUSED: dict[type[Exception], str] = {
    Closed: "said_closed",
    Locked: "move_locked",
    NotUnique: "void_taken",
    ConfirmClear: "move_clears",
    **dict.fromkeys((Conflict, KeyReused, NotFound, WrongDefinition, WrongState), "state_moved"),
}  # what is said
REFUSALS = tuple(REFUSED)


@dataclass(frozen=True, slots=True)
class Free:
    """An empty place for the form: how addresses name it, and its words."""

    spot: Spot
    words: str


@moving.get("")
@needs(Permission.VOID)
def show(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """Where the form may go: first to whom, then to which place."""
    entry, typed, news = _open(registry, who, spot), request.args.get("to", "")[:40].strip(), News.taken("said")
    one, found, places = visit(), "", list[Free]()
    if WHOLE in entry.around.told.closed:
        return redirect(address_of(entry, "form_states.show"), 303)  # which says that the registry is frozen
    if typed:
        try:
            subject = subject_of(workspace().database, one.actor, typed, one.now)
        except NotFound:
            news = News(wrong="move_nobody")
        else:
            found, places = typed.upper(), list(_free(entry, _record(entry, subject)))
    title = form_words(entry.version.registry.model, entry.spot.form, one.language)
    crumbs = (
        *crumbs_of(entry, one),
        Link(title, address_of(entry)),
        Link(one.words("state_page"), state_address(entry)),
    )
    return render(
        "move.html", entry=entry, band=band_of(entry, one), title=title, crumbs=crumbs, news=news, typed=typed or entry.who,
        found=found, places=places, most=MAX_REASON, key=token_urlsafe(12), revision=entry.revision,
        here=url_for("moving.show", registry=registry, who=entry.who, spot=spot),
    )  # fmt: skip


@moving.post("")
@needs(Permission.VOID)
def move(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """Move it, and on to where it is now."""
    one, space = visit(), workspace()
    if _is_gone(who, spot):  # a second click, or somebody was quicker
        return _to_states(registry, who)
    entry = _open(registry, who, spot)
    typed, goal = request.form.get("to", "")[:40].strip(), parse_spot(request.form.get("place", ""))
    subject = subject_of(space.database, one.actor, typed, one.now)
    if goal is None or goal not in {each.spot for each in _free(entry, _record(entry, subject))}:
        return _back(entry, typed, News(wrong="move_place"))
    reason = posted_reason()
    if not reason:
        return _back(entry, typed, News(wrong="move"))
    there = settle_place(space.database, open_entry(space, one.actor, typed, str(goal), one.now), one.now)
    revision = request.form.get("revision", "")
    seen = Seen(entry.place, int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else 0)
    wanted = Move(seen, Goal(subject, there.place), f"move:{entry.subject}:{key_of_page()}")
    deed = Deed(entry.subject, one.actor, one.now, reason)
    try:
        move_form(space.database, book_of(version_of(registry)), deed, wanted)
    except ReasonNeeded:
        return _back(entry, typed, News(wrong="move"))
    except REFUSALS as refused:
        if _is_gone(who, spot):  # in the same instant
            return _to_states(registry, who)
        return _back(entry, typed, News((REFUSED[type(refused)],)))
    news = News(("did_move",))
    return redirect(address_of(there, "form_states.show", said=news.leave()), 303)


def _is_gone(who: str, spot: str) -> bool:
    one = visit()
    return open_entry(workspace(), one.actor, who, spot, one.now).stored is None


def _to_states(registry: str, who: str) -> ResponseReturnValue:
    said = News(("state_moved",)).leave()
    return redirect(url_for("patient_states.show", registry=registry, who=who, said=said), 303)


def _open(registry: str, who: str, spot: str) -> Entry:
    """A form that was saved, and that may be withdrawn by itself."""
    entry = open_entry(workspace(), visit().actor, who, spot, visit().now)
    if entry.stored is None or entry.spot.form in entry.version.rules.shared_forms or entry.actor.registry != registry:
        abort(404)
    return entry


def _record(entry: Entry, subject: int) -> SubjectRecord:
    return load_subject(workspace().database, entry.version.registry, entry.actor, subject, visit().now)


def _free(entry: Entry, record: SubjectRecord) -> Iterator[Free]:
    """The places of a record where no such form stands."""
    one, version, form = visit(), entry.version, entry.form
    model, glance = version.registry.model, Glance(version, record, (), frozenset(), one.now, one.tongue)
    titles = {row.id: part_title(glance, row) for row in record.instances}
    if not form.per_event:
        for row in record.instances:
            spot = Spot(row.id, form.id, record.count(row.id, form.id) if form.repeats else 0)
            if row.container == form.container and place_of(record, spot) not in record.forms:
                yield Free(spot, titles[row.id])
        return
    for each in version.rules.schedule(version.registry, record.tree, one.now, record.beside):
        instance = int(each.instance)
        if instance in titles and form.id in model.events[each.event].forms:
            spot = event_form_spot(form, instance, each.event, each.number)
            if place_of(record, spot) not in record.forms:
                yield Free(spot, f"{titles[instance]}, {event_title(model, each.event, each.number, one.language)}")


def _back(entry: Entry, typed: str, news: News) -> ResponseReturnValue:
    place = url_for(
        "moving.show", registry=entry.version.name, who=entry.who, spot=str(entry.spot), to=typed, said=news.leave()
    )
    return redirect(place, 303)


__all__ = ["moving"]
