"""Which wards of one's own hospital see a patient: beside the hospitals, on the page of who sees the record."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from storage.errors import NotFound
from storage.wards import ToWard, give_to_ward, take_from_ward
from web.entry import subject_of
from web.news import News
from web.permissions import needs
from web.roles import Permission
from web.sharing import back_to, reason_typed
from web.workspace import visit, workspace

wards = Blueprint("wards", __name__, url_prefix="/<registry>/patients/<who>/sharing/wards")


@wards.post("")
@needs(Permission.SHARE)
def give(registry: str, who: str) -> ResponseReturnValue:
    """Let a ward see an episode, or move it there."""
    one, database, given, reason = visit(), workspace().database, request.form, reason_typed()
    subject = subject_of(database, one.actor, who, one.now)
    ward, part = given.get("ward", ""), given.get("part", "")
    wrong = "ward_needs_both" if not (ward.isdigit() and part.isdigit()) else "" if reason else "known_reason"
    if wrong:
        return back_to(registry, who, News(wrong=wrong, typed=reason, part="ward"))
    to_ward = ToWard(int(ward), int(part), reason, moved=bool(given.get("moved")))
    give_to_ward(database, one.actor, subject, to_ward, at=one.now)
    return back_to(registry, who, News(("ward_is_given",)))


@wards.post("/<int:grant>")
@needs(Permission.SHARE)
def end(registry: str, who: str, grant: int) -> ResponseReturnValue:
    """Take it back."""
    one, database, reason = visit(), workspace().database, reason_typed()
    subject = subject_of(database, one.actor, who, one.now)
    if not reason:
        return back_to(registry, who, News(wrong="known_reason", event=f"w{grant}"))
    try:
        take_from_ward(database, one.actor, subject, grant, reason=reason, at=one.now)
    except NotFound:
        return back_to(registry, who, News(("share_is_over",)))
    return back_to(registry, who, News(("ward_is_ended",)))


__all__ = ["wards"]
