"""Withdraws an episode, another part of a record or a patient, and restores what is withdrawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from renderers.html.posted_data import MAX_REASON
from storage.closing import closings_that_stand
from storage.errors import Closed, Locked, MovedAway, NotFound, NotUnique, Occupied, ReasonNeeded
from storage.form_data import SubjectRecord, load_subject
from storage.opened_forms import Deed
from storage.subjects import find_pseudonym
from storage.withdrawing import Level, Target, Withdrawal, restore, withdraw, withdrawals_of
from web.entry import subject_of
from web.merged import merged_as
from web.news import News
from web.overview import Glance
from web.pages import render
from web.parts import part_title
from web.permissions import needs
from web.places import spot_of
from web.posts import posted_reason
from web.registries import Version
from web.roles import Permission, allows
from web.shut import Shut
from web.titles import event_title, form_words
from web.workspace import version_of, visit, workspace

withdrawals = Blueprint("withdrawals", __name__, url_prefix="/<registry>/patients/<who>/withdrawn")
PATIENT = "patient"
REFUSED: Mapping[type[Exception], str] = {
    Closed: "void_frozen",
    Locked: "void_locked",
    MovedAway: "void_moved",
    NotUnique: "void_taken",
    Occupied: "void_occupied",
}  # what is said
REFUSALS = tuple(REFUSED)


@dataclass(frozen=True, slots=True)
class GoneLine:
    """Something withdrawn, in words."""

    number: int
    title: str
    words: str

    @property
    def name(self) -> str:
        """How the page calls its answers."""
        return f"restore-{self.number}"


def gone_lines(version: Version, record: SubjectRecord, found: Iterable[Withdrawal]) -> list[GoneLine]:
    """What is withdrawn of a patient, the newest first."""
    one = visit()
    return [
        GoneLine(
            each.id, _title(version, record, each),
            one.words("withdrawn_by", who=each.who, time=one.tongue.moment(each.at, one.now), reason=each.reason),
        )
        for each in found
    ]  # fmt: skip


def _title(version: Version, record: SubjectRecord, each: Withdrawal) -> str:
    one, model = visit(), version.registry.model
    if each.part is not None:
        return part_title(Glance(version, record, (), frozenset(), one.now, one.tongue), each.part)
    if each.place is None or each.place.form not in model.forms:
        return one.words("column_patient")
    spot = spot_of(record, each.place)
    event = event_title(model, spot.event, spot.number, one.language) if spot.event in model.events else ""
    form = form_words(model, spot.form, one.language) + (f" {spot.record + 1}" if spot.record else "")
    title = ", ".join(filter(None, (form, event)))
    return one.words("withdrawn_row", form=title) if each.level is Level.ROW else title


@withdrawals.get("")
@needs(Permission.READ)
def show(registry: str, who: str) -> ResponseReturnValue:
    """A patient who is withdrawn: by whom, when and why, and the way back."""
    one, version = visit(), version_of(registry)
    if merged_as(who) is not None:
        raise NotFound("subject", who)  # which leads on to the record that is kept
    subject = _withdrawn(who)
    record = load_subject(workspace().database, version.registry, one.actor, subject, one.now)
    gone = withdrawals_of(workspace().database, one.actor, subject, at=one.now)
    may_void, shut = allows(one.actor.role, Permission.VOID), Shut(closings_that_stand(workspace().database, registry))
    return render(
        "withdrawn_patient.html", registry=registry, who=who.upper(), gone=gone_lines(version, record, gone[:1]),
        may_void=may_void and not shut.frozen, may_history=may_void and allows(one.actor.role, Permission.HISTORY),
        shut=shut.notices(one, ()), most=MAX_REASON, news=News.taken("said"),
    )  # fmt: skip


@withdrawals.post("")
@needs(Permission.VOID)
def take_out(registry: str, who: str) -> ResponseReturnValue:
    """Withdraw a part of the record, or the patient."""
    one, space, version = visit(), workspace(), version_of(registry)
    part = request.form.get("part", "")
    try:
        subject = subject_of(space.database, one.actor, who, one.now)
    except NotFound:  # a second click, or there is no such patient
        return redirect(url_for("withdrawals.show", registry=registry, who=who), 303)
    if part != PATIENT and not (part.isascii() and part.isdigit() and len(part) < 18):
        abort(404)
    target = Target() if part == PATIENT else Target(instance=int(part))
    deed = Deed(subject, one.actor, one.now, posted_reason())
    try:
        withdraw(space.database, version.registry, version.rules, deed, target)
    except ReasonNeeded:
        return _back(registry, who, News(wrong="void"))
    except NotFound:  # a second click, or somebody was quicker
        return _back(registry, who, News(("merge_changed",)))
    except REFUSALS as refused:
        return _back(registry, who, News((REFUSED[type(refused)],)))
    if part == PATIENT:
        return redirect(url_for("withdrawals.show", registry=registry, who=who), 303)
    return _back(registry, who, News(("did_withdraw",)))


@withdrawals.post("/<int:number>")
@needs(Permission.VOID)
def put_back(registry: str, who: str, number: int) -> ResponseReturnValue:
    """Restore something."""
    one, space, version = visit(), workspace(), version_of(registry)
    try:
        subject, out = subject_of(space.database, one.actor, who, one.now), False
    except NotFound:
        subject, out = _withdrawn(who), True
    deed = Deed(subject, one.actor, one.now, posted_reason())
    here = "withdrawals.show" if out else "patient_states.show"
    try:
        restore(space.database, version.registry, version.rules, deed, number)
    except ReasonNeeded:
        return _back(registry, who, News(wrong=f"restore-{number}"), here)
    except NotFound:  # a second click
        return _back(registry, who, News())
    except REFUSALS as refused:
        return _back(registry, who, News((REFUSED[type(refused)],)), here)
    return _back(registry, who, News(("did_restore",)))


def _withdrawn(who: str) -> int:
    """The subject of a withdrawn patient. Raises NotFound."""
    one = visit()
    return find_pseudonym(workspace().database, one.actor, who[:40], at=one.now, withdrawn=True)


def _back(registry: str, who: str, news: News, where: str = "patient_states.show") -> ResponseReturnValue:
    return redirect(url_for(where, registry=registry, who=who, said=news.leave()), 303)


__all__ = ["GoneLine", "gone_lines", "withdrawals"]
