"""Freezing a registry and closing its reporting years, and taking that back."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine.datatypes.local_time import to_local
from renderers.html.posted_data import MAX_REASON
from storage.closing import WHOLE, close, reopen
from storage.closing import closings as all_closings
from storage.errors import NotFound, ReasonNeeded
from web.news import News
from web.pages import render
from web.permissions import needs
from web.posts import posted_reason
from web.roles import Permission
from web.workspace import visit, workspace

closings = Blueprint("closings", __name__, url_prefix="/<registry>/closing")
FIRST_YEAR = 1990
OFFERED = 10  # years


@closings.get("")
@needs(Permission.FREEZE)
def show(registry: str) -> ResponseReturnValue:
    """What is closed, and what may be."""
    one = visit()
    held, this = all_closings(workspace().database, registry), to_local(one.now).year
    news = News.taken("said")
    closed = {each.year for each in held if each.reopened_at is None}
    return render(
        "closing.html", registry=registry, held=held, news=news, most=MAX_REASON, whole=WHOLE,
        chosen=dict(news.rest).get("year", ""),
        years=[year for year in range(this, this - OFFERED, -1) if year not in closed], frozen=WHOLE in closed,
        moment=lambda at: one.tongue.moment(at, one.now),
    )  # fmt: skip


@closings.post("")
@needs(Permission.FREEZE)
def shut(registry: str) -> ResponseReturnValue:
    """Close a year, or freeze the registry."""
    one, typed = visit(), request.form.get("year", "")
    year = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else None
    if year is None or not (year == WHOLE or FIRST_YEAR <= year <= to_local(one.now).year):
        return _back(registry, News(wrong="closing_year", typed=posted_reason()))
    try:
        done = close(workspace().database, one.actor, year, at=one.now, reason=posted_reason())
    except ReasonNeeded:
        return _back(registry, News(wrong="close", rest=(("year", typed),)))
    return _back(registry, News(("did_close" if done else "closing_there",), event=str(year)))


@closings.post("/<int:number>")
@needs(Permission.FREEZE)
def take_back(registry: str, number: int) -> ResponseReturnValue:
    """Open again."""
    one = visit()
    try:
        year = reopen(workspace().database, one.actor, number, at=one.now, reason=posted_reason())
    except ReasonNeeded:
        return _back(registry, News(wrong=f"reopen-{number}"))
    except NotFound:
        return _back(registry, News(("closing_moved",)))
    return _back(registry, News(("did_reopen",), event=str(year)))


def _back(registry: str, news: News) -> ResponseReturnValue:
    return redirect(url_for("closings.show", registry=registry, said=news.leave()), 303)


__all__ = ["closings"]
