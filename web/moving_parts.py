"""Moves an episode that was entered for the wrong patient, with all that is in it, to the right one."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_urlsafe

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from renderers.html.posted_data import MAX_REASON
from storage.errors import (
    Closed,
    ConfirmClear,
    Conflict,
    Erased,
    KeyReused,
    Locked,
    NotFound,
    NotUnique,
    ReasonNeeded,
    TooMany,
    WrongState,
)
from storage.form_data import InstanceRow, SubjectRecord, load_subject
from storage.moving import MovedPart, move_part
from storage.opened_forms import Deed
from storage.whereabouts import Sought, whereabouts
from web.entry import subject_of
from web.merging import book_of
from web.news import News
from web.overview import Glance
from web.pages import render
from web.parts import part_title
from web.permissions import needs
from web.posts import key_of_page, posted_reason
from web.registries import Version
from web.roles import Permission
from web.workspace import version_of, visit, workspace

moving_parts = Blueprint(
    "moving_parts", __name__, url_prefix="/<registry>/patients/<who>/parts/<int:instance>/move"
)  # fmt: skip
REFUSED: Mapping[type[Exception], str] = {
    Closed: "said_closed",
    Locked: "move_part_locked",
    NotUnique: "void_taken",
    ConfirmClear: "move_clears",
    TooMany: "move_part_many",
    Erased: "merge_erased",
    **dict.fromkeys((Conflict, KeyReused, NotFound, WrongState), "state_moved"),
}  # what is said
REFUSALS = tuple(REFUSED)


@moving_parts.get("")
@needs(Permission.VOID)
def show(registry: str, who: str, instance: int) -> ResponseReturnValue:
    """First to whom, then why."""
    version, one = version_of(registry), visit()
    _, record, row = _find(version, who, instance)
    typed, news, found = request.args.get("to", "")[:40].strip(), News.taken("said"), ""
    if "to" in request.args and not typed:
        news = News(wrong="move_empty")
    if typed:
        try:
            other = subject_of(workspace().database, one.actor, typed, one.now)
        except NotFound:
            news = News(wrong="move_nobody")
        else:
            found = typed.upper() if other != record.subject else ""
            news = news if found else News(wrong="move_part_same")
    title = part_title(Glance(version, record, (), frozenset(), one.now, one.tongue), row)
    return render(
        "move_part.html", registry=registry, who=who.upper(), title=title, news=news, typed=typed, found=found,
        forms=sum(place.instance in _inside(record, row.id) for place in record.forms), most=MAX_REASON, key=token_urlsafe(12),
        here=url_for("moving_parts.show", registry=registry, who=who, instance=instance),
    )  # fmt: skip


@moving_parts.post("")
@needs(Permission.VOID)
def move(registry: str, who: str, instance: int) -> ResponseReturnValue:
    """Move it, and on to the patient who has it now."""
    one, space, version = visit(), workspace(), version_of(registry)
    if _is_gone(version, who, instance):
        return _to_states(registry, who)
    subject, _, row = _find(version, who, instance)
    typed = request.form.get("to", "")[:40].strip()
    wanted = MovedPart(row.id, subject_of(space.database, one.actor, typed, one.now), f"move:{key_of_page()}")
    deed = Deed(subject, one.actor, one.now, posted_reason())
    try:
        there = move_part(space.database, book_of(version), deed, wanted)
    except ReasonNeeded:
        return _back(registry, who, instance, typed, News(wrong="move"))
    except REFUSALS as refused:
        if _is_gone(version, who, instance):  # somebody was quicker in the same instant
            return _to_states(registry, who)
        return _back(registry, who, instance, typed, News((REFUSED[type(refused)],)))
    news = News(("part_is_moved",), event=str(there), part=row.container)
    return redirect(url_for("patients.show", registry=registry, who=typed, said=news.leave()), 303)


def _find(version: Version, who: str, instance: int) -> tuple[int, SubjectRecord, InstanceRow]:
    """A patient, and one of the episodes that may be seen."""
    one, space = visit(), workspace()
    subject = subject_of(space.database, one.actor, who, one.now)
    record = load_subject(space.database, version.registry, one.actor, subject, one.now)
    found = next((row for row in record.instances if (row.id, row.parent) == (instance, record.root)), None)
    if found is None:
        abort(404)
    return subject, record, found


def _is_gone(version: Version, who: str, instance: int) -> bool:
    """Whether it was moved or withdrawn before: a second click, or somebody was quicker. Raises NotFound where it never was."""
    one, database = visit(), workspace().database
    subject = subject_of(database, one.actor, who, one.now)
    record = load_subject(database, version.registry, one.actor, subject, one.now)
    if any(row.id == instance for row in record.instances):
        return False
    whereabouts(database, one.actor, subject, Sought(instance, ""), at=one.now)
    return True


def _inside(record: SubjectRecord, part: int) -> set[int]:
    inside = {part}
    for row in sorted(record.instances, key=lambda row: row.id):  # what holds something came before it
        if row.parent in inside:
            inside.add(row.id)
    return inside


def _to_states(registry: str, who: str) -> ResponseReturnValue:
    said = News(("merge_changed",)).leave()
    return redirect(url_for("patient_states.show", registry=registry, who=who, said=said), 303)


def _back(registry: str, who: str, instance: int, typed: str, news: News) -> ResponseReturnValue:
    said = news.leave()
    here = url_for("moving_parts.show", registry=registry, who=who, instance=instance, to=typed, said=said)
    return redirect(here, 303)


__all__ = ["moving_parts"]
