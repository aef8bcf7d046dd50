"""The way from the number of a record that was merged into another one, or withdrawn, to what is there of it."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from storage.errors import NotFound
from storage.merges import Merged, merge_of
from storage.subjects import find_pseudonym, pseudonym_of
from web.news import News
from web.workspace import visit, workspace


def to_kept() -> ResponseReturnValue | None:
    """On to what is there of a record that is not: the one that it was merged into, or the page that says it is withdrawn.

    What was posted to a withdrawn one is not led on: nothing was done, and no page may look as if it were.
    """
    who, registry, one = (request.view_args or {}).get("who"), (request.view_args or {}).get("registry"), visit()
    if not isinstance(who, str) or not isinstance(registry, str) or one.membership is None:
        return None
    database = workspace().database
    try:
        merged = merged_as(who)
        kept = pseudonym_of(database, one.actor, merged.kept, at=one.now) if merged is not None else ""
    except NotFound:
        return None
    if not kept and request.method == "GET":
        return redirect(url_for("withdrawals.show", registry=registry, who=who), 303)
    if not kept:
        return None
    news = News(("merge_was_done",), who=who.upper())
    return redirect(url_for("patients.show", registry=registry, who=kept, said=news.leave()), 303)


def merged_as(who: str) -> Merged | None:
    """What is told of a record that was merged. Raises NotFound for a number that no withdrawn record has."""
    one, database = visit(), workspace().database
    subject = find_pseudonym(database, one.actor, who[:40], at=one.now, withdrawn=True)
    return merge_of(database, one.actor, subject, at=one.now)


__all__ = ["merged_as", "to_kept"]
