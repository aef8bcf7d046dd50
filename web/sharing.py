"""Who sees a patient: which hospitals, what of the record, from when to when; given to one more, and taken back."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from secrets import token_urlsafe

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine.datatypes.local_time import to_local
from storage.errors import NotFound
from storage.form_data import load_subject
from storage.hospitals import find_hospitals
from storage.sharing import Grant, Share, grants_of, share, take_back, was_shared
from storage.wards import WardGrant, wards, wards_of
from web.chooser import chosen_hospital, suggestions
from web.entry import subject_of
from web.known import MAX_REASON
from web.news import News
from web.pages import render
from web.parts import container_words
from web.permissions import needs
from web.posts import key_of_page
from web.roles import Permission
from web.typed import Refused, line_of
from web.workspace import version_of, visit, workspace

sharing = Blueprint("sharing", __name__, url_prefix="/<registry>/patients/<who>/sharing")
WHOLE = "whole"


@sharing.get("")
@needs(Permission.SHARE)
def show(registry: str, who: str) -> ResponseReturnValue:
    """Who sees the patient."""
    one, space, version = visit(), workspace(), version_of(registry)
    subject = subject_of(space.database, one.actor, who, one.now)
    held = grants_of(space.database, one.actor, subject, at=one.now)
    record = load_subject(space.database, version.registry, one.actor, subject, one.now)
    root = {row.id for row in record.instances if row.parent is None}
    containers = version.registry.model.containers

    def named(container: str, number: int) -> str:
        return (
            f"{container_words(containers[container], one.language)} {number}" if container in containers else container
        )

    def seen(grant: Grant | WardGrant) -> str:
        if grant.part in root or (grant.part is None and isinstance(grant, WardGrant)):
            return one.words("share_person")
        return named(grant.container, grant.number) if grant.part is not None else one.words("share_whole")

    news, of_hospital = News.taken("said"), one.actor.site is not None
    return render(
        "sharing.html", wards=wards(space.database, one.actor) if of_hospital else (),
        in_wards=wards_of(space.database, one.actor, subject, at=one.now) if of_hospital else (),
        registry=registry, who=who.upper(), grants=held, seen=seen, news=news, longest=MAX_REASON,
        parts=[(row.id, named(row.container, row.number)) for row in record.instances if row.parent in root],
        offered=[each for each in find_hospitals(space.database, "") if each.id != one.actor.site], suggest=suggestions(),
        own=one.actor.site, key=token_urlsafe(12),
        moment=lambda at: one.tongue.moment(at, one.now),
    )  # fmt: skip


@sharing.post("")
@needs(Permission.SHARE)
def give(registry: str, who: str) -> ResponseReturnValue:
    """Let another hospital see the patient, or an episode."""
    one, database, given = visit(), workspace().database, request.form
    key = f"{who.upper()}:{key_of_page()}"
    try:
        subject = subject_of(database, one.actor, who, one.now)
    except NotFound:
        if was_shared(database, one.actor, key):  # a second click: the first one handed the record over
            return _handed_over(registry)
        raise
    reason, site, part = reason_typed(), _chosen(), given.get("part", WHOLE)
    until = _end_of(given.get("until", ""))
    wrong = (
        "share_needs_site" if site is None
        else "known_reason" if not reason
        else "share_needs_day" if given.get("until") and (until is None or until <= one.now)
        else ""
    )  # fmt: skip
    if wrong or site is None:
        return back_to(registry, who, News(wrong=wrong, typed=reason))
    number = int(part) if part.isdigit() else None
    leaving = bool(given.get("leaving")) and number is None
    share(database, one.actor, subject, Share(site, number, reason, until, leaving, key), at=one.now)
    if leaving:
        return _handed_over(registry)
    return back_to(registry, who, News(("share_is_given",)))


@sharing.post("/<int:grant>")
@needs(Permission.SHARE)
def end(registry: str, who: str, grant: int) -> ResponseReturnValue:
    """Take it back."""
    one, database, reason = visit(), workspace().database, reason_typed()
    subject = subject_of(database, one.actor, who, one.now)
    if not reason:
        return back_to(registry, who, News(wrong="known_reason", event=str(grant)))
    try:
        take_back(database, one.actor, subject, grant, reason=reason, at=one.now)
    except NotFound:
        return back_to(registry, who, News(("share_is_over",)))
    return back_to(registry, who, News(("share_is_ended",)))


def _handed_over(registry: str) -> ResponseReturnValue:
    """To the list, since there is no more to see of the patient."""
    said = News(("share_is_handed",)).leave()
    return redirect(url_for("patients.listed", registry=registry, said=said), 303)


def _chosen() -> int | None:
    """The hospital that was typed; None where it is none, or could be several."""
    try:
        return chosen_hospital(request.form.get("site", "")).id
    except Refused:
        return None


def _end_of(text: str) -> datetime | None:
    """The end of a local day."""
    try:
        day = date.fromisoformat(text) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return datetime.combine(day, time(), tzinfo=to_local(visit().now).tzinfo)


def reason_typed() -> str:
    """Why it is done."""
    return line_of("reason", MAX_REASON)


def back_to(registry: str, who: str, news: News) -> ResponseReturnValue:
    """The page again, with what has just happened."""
    return redirect(url_for("sharing.show", registry=registry, who=who, said=news.leave()), 303)


__all__ = ["back_to", "reason_typed", "sharing"]
