"""The states of all forms of a patient, and what is done to several of them at once: reviewed, locked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from renderers.html import Band, Notice
from renderers.html.posted_data import MAX_REASON
from storage.closing import closings_that_stand
from storage.form_data import SubjectRecord, load_subject
from storage.form_states import Seen, take_steps
from storage.merges import gone_and_merged
from storage.opened_forms import Deed
from storage.states import Action, actions_in
from web.entry import subject_of
from web.form_page import facts_of
from web.merging import merged_lines
from web.news import News
from web.overview import Glance
from web.pages import render
from web.parts import part_title
from web.permissions import needs
from web.places import parse_spot, place_of, spot_of
from web.registries import Version
from web.roles import Permission, allows
from web.shut import Shut
from web.titles import STATES, event_title, form_words
from web.withdrawals import gone_lines
from web.workspace import version_of, visit, workspace

patient_states = Blueprint("patient_states", __name__, url_prefix="/<registry>/patients/<who>/states")
BULK = {Action.REVIEW: Permission.REVIEW, Action.LOCK: Permission.LOCK}  # these need no reason
MOST = 500  # forms at once


@dataclass(frozen=True, slots=True)
class StateLine:
    """A form with its state."""

    title: str
    event: str
    state: str
    value: str  # what is posted of it
    form: str
    href: str
    may: bool  # something may be done to it together with others


@patient_states.get("")
@needs(Permission.READ)
def show(registry: str, who: str) -> ResponseReturnValue:
    """All forms that were saved, with their states."""
    one, space, version = visit(), workspace(), version_of(registry)
    subject = subject_of(space.database, one.actor, who, one.now)
    record = load_subject(space.database, version.registry, one.actor, subject, one.now)
    gone, merged = gone_and_merged(space.database, one.actor, subject, at=one.now)
    actions = [action for action, permission in BULK.items() if allows(one.actor.role, permission)]
    shut, news = Shut(closings_that_stand(space.database, registry)), News.taken("said")
    may_void = allows(one.actor.role, Permission.VOID) and not shut.frozen
    facts = (*facts_of(version, record, one), one.membership.place if one.membership else "")
    return render(
        "states.html", registry=registry, who=who.upper(), band=Band(version.prefix, who.upper(), tuple(filter(None, facts))),
        lines=[*_lines(version, record, who.upper(), actions)], actions=actions, notices=[*_notices(news)], news=news,
        gone=gone_lines(version, record, gone), parts=_parts(version, record) if may_void else None, most=MAX_REASON,
        may_void=may_void, merged=merged_lines(merged), episodes=_episodes(version, record) if may_void else (),
        shut=shut.notices(one, ()),
    )  # fmt: skip


def _lines(version: Version, record: SubjectRecord, who: str, actions: list[Action]) -> Iterator[StateLine]:
    """In the order of the definition, the records of a form one after the other."""
    model, language = version.registry.model, visit().language
    order = list(model.forms)
    known = [form for form in record.forms.values() if form.place.form in model.forms]
    for form in sorted(known, key=lambda form: (order.index(form.place.form), form.place.instance, form.id)):
        spot = spot_of(record, form.place)
        title = form_words(model, spot.form, language) + (f" {spot.record + 1}" if spot.record else "")
        event = event_title(model, spot.event, spot.number, language) if spot.event in model.events else ""
        name, address = version.name, str(spot)
        yield StateLine(
            title, event, STATES[form.state], f"{spot}:{form.revision}", url_for("forms.show", registry=name, who=who, spot=address),
            url_for("form_states.show", registry=name, who=who, spot=address), any(row.action in actions for row in actions_in(form.state)),
        )  # fmt: skip


def _parts(version: Version, record: SubjectRecord) -> list[tuple[int, str]]:
    """The parts of the record that may be withdrawn: instance and title."""
    one = visit()
    glance = Glance(version, record, (), frozenset(), one.now, one.tongue)
    return [(row.id, part_title(glance, row)) for row in record.instances if row.parent is not None]


def _episodes(version: Version, record: SubjectRecord) -> list[tuple[str, str]]:
    """The episodes that may be moved to another patient: the way there, and the title."""
    one = visit()
    glance = Glance(version, record, (), frozenset(), one.now, one.tongue)
    return [
        (url_for("moving_parts.show", **{**(request.view_args or {}), "instance": row.id}), part_title(glance, row))
        for row in record.instances
        if row.parent == record.root
    ]


def _notices(news: News) -> Iterator[Notice]:
    """How many forms the action was done to, and how many were left alone."""
    words = visit().tongue.words
    done, left = (int(number) for number in (news.typed or "0 0").split())
    for key in news.said:
        if not news.typed:
            yield Notice(words.text(key), "ready" if key.startswith("did_") else "soft")
            continue
        if done or not left:
            yield Notice(
                words.count(f"bulk_did_{key}", done) if done else words.text("bulk_nothing"),
                "ready" if done else "soft",
            )
        if left:
            yield Notice(words.count("bulk_left", left), "soft")


def _do(action: Action) -> Callable[..., ResponseReturnValue]:
    """The view of an action."""

    def do(registry: str, who: str) -> ResponseReturnValue:
        one, space, version = visit(), workspace(), version_of(registry)
        subject = subject_of(space.database, one.actor, who, one.now)
        record = load_subject(space.database, version.registry, one.actor, subject, one.now)
        wanted = [*_posted(record)]
        deed = Deed(subject, one.actor, one.now)
        done = take_steps(space.database, version.registry, deed, action, wanted) if wanted else frozenset()
        news = News((action.value,), typed=f"{len(done)} {len(wanted) - len(done)}")
        return redirect(url_for("patient_states.show", registry=registry, who=who, said=news.leave()), 303)

    return do


for _action, _permission in BULK.items():
    patient_states.post(f"/{_action}", endpoint=_action.value)(needs(_permission)(_do(_action)))


def _posted(record: SubjectRecord) -> Iterator[Seen]:
    """The forms that were ticked, as they were seen; what is no form of this patient is left out."""
    for value in request.form.getlist("form")[:MOST]:
        spot, _, revision = value.rpartition(":")
        found = parse_spot(spot)
        place = place_of(record, found) if found is not None else None
        if (
            place is not None
            and place in record.forms
            and revision.isascii()
            and revision.isdigit()
            and len(revision) < 10
        ):
            yield Seen(place, int(revision))


__all__ = ["patient_states"]
