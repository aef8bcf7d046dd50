"""Episodes of one's own hospital that belong to none of its wards: found, and given to a ward, many at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine.datatypes.words import date_text
from storage.wardless import MOST, Sought, Wardless, give_many, without_ward
from web.known import MAX_REASON
from web.news import News
from web.pages import render
from web.parts import container_words
from web.permissions import needs
from web.places import whole_number
from web.roles import Permission
from web.sharing import reason_typed
from web.workspace import version_of, visit, workspace

wardless = Blueprint("wardless", __name__, url_prefix="/<registry>/wards")
ALL = "all"


@dataclass(frozen=True, slots=True)
class Posted:
    """What was chosen, and what is wrong with it: a key of words."""

    wrong: str = ""
    reason: str = ""
    ward: int = 0
    parts: frozenset[int] = field(default_factory=frozenset)
    every: bool = False


@wardless.get("")
@needs(Permission.SHARE)
def show(registry: str) -> ResponseReturnValue:
    """What no ward has yet."""
    return _page(registry, Posted())


def _page(registry: str, posted: Posted, status: int = 200) -> Response:
    one, space, version = visit(), workspace(), version_of(registry)
    sought, model = _sought(), version.registry.model
    found = without_ward(space.database, one.actor, sought, at=one.now)
    news = News.taken("said")

    def named(each: Wardless) -> str:
        held = model.containers.get(each.container)
        return f"{container_words(held, one.language) if held else each.container} {each.number}"

    return render(
        "wardless.html", status=status, registry=registry, one=one, found=found, sought=sought, posted=posted, named=named,
        said=one.tongue.words.count("wardless_given", int(news.typed)) if news.said else "", here=_address(registry, sought),
        narrows=sought != Sought(), longest=MAX_REASON, most=MOST, every=ALL,
        day=lambda day: date_text(day, one.language),
        moment=lambda at: one.tongue.moment(at, one.now), title=model.title.get(one.language, version.name),
    )  # fmt: skip


@wardless.post("")
@needs(Permission.SHARE)
def give(registry: str) -> ResponseReturnValue:
    """Give those that were chosen, or all that were found, to a ward."""
    one, given, reason, sought = visit(), request.form, reason_typed(), _sought()
    every, ward = given.get("which") == ALL, given.get("ward", "")
    parts = frozenset(int(part) for part in given.getlist("part") if part.isdigit())
    posted = Posted("", reason, int(ward) if ward.isdigit() else 0, parts, every)
    wrong = (
        "wardless_needs_ward" if not posted.ward
        else "wardless_needs_part" if not (every or parts)
        else "" if reason else "known_reason"
    )  # fmt: skip
    if wrong:
        return _page(registry, Posted(wrong, reason, posted.ward, parts, every), 422)
    chosen = None if every else parts
    number = give_many(workspace().database, one.actor, sought, chosen, posted.ward, reason=reason, at=one.now)
    news = News(("wardless_given",), typed=str(number))
    return redirect(_address(registry, sought, said=news.leave()), 303)


def _sought() -> Sought:
    """What the address says; what is not understood is left out."""
    return Sought(_day("since"), _day("until"), request.args.get("known", type=whole_number))


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _address(registry: str, sought: Sought, said: str | None = None) -> str:
    return url_for(
        "wardless.show", registry=registry, since=sought.since, until=sought.until, known=sought.known, said=said
    )


__all__ = ["wardless"]
