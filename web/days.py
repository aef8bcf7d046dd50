"""What waits in all registries of a person: a row of numbers each, which leads to the day there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from engine.datatypes.local_time import to_local
from engine.datatypes.words import date_text
from storage.accounts import Membership
from storage.days import Workplace, count_waiting
from storage.desks import Desk
from web.discretion import unseen_by
from web.my_day import SOURCES, number_text, rows_for
from web.pages import render
from web.permissions import needs
from web.roles import Permission
from web.workplace import days_of
from web.workspace import Visit, actor_of, has, registry_title, version_of, visit, workspace

days = Blueprint("days", __name__, url_prefix="/day")

# Column of the table -> the kinds of tasks that it counts, as in My day. Its words are `days_` and its key.
_SINGLE = ("overdue", "due", "drafts", "warnings", "to_complete", "queries")
_VOUCHING = ("reviews", "signatures")
_OTHERS = tuple(row.key for row in SOURCES if row.key not in (*_SINGLE, *_VOUCHING))
COLUMNS = {key: (key,) for key in _SINGLE} | {"vouching": _VOUCHING, "others": _OTHERS}


@dataclass(frozen=True, slots=True)
class Line:
    """A registry: how many tasks of each column there are; None where the role has none of that kind."""

    title: str
    place: str
    href: str
    numbers: tuple[str | None, ...]
    counts: bool  # whether the role does: with the second factor that it wants


@days.get("")
@needs(Permission.SIGNED_IN)
def show() -> ResponseReturnValue:
    """Numbers of all registries; whoever has one registry is led to its day."""
    one, held = visit(), days_of(visit())
    if len(held) < 2:
        return redirect(url_for("accounts.home"), 303)
    places = [_workplace(one, each) for each in held]
    found = count_waiting(workspace().database, places)
    lines = [_line(one, *each) for each in zip(held, places, found, strict=True)]
    return render(
        "days.html", lines=lines, columns=[one.words(f"days_{key}") for key in COLUMNS], one=one,
        today=date_text(to_local(one.now).date(), one.language),
    )  # fmt: skip


def _workplace(one: Visit, held: Membership) -> Workplace:
    """What is counted in a registry: what My day shows there."""
    assert one.account is not None
    actor = actor_of(one.account.id, one.account.name, held)
    unseen = unseen_by(version_of(held.registry).registry, actor)
    mine = rows_for(held.role) if has(one, held, Permission.DAY) else ()
    desk = Desk(actor, one.now, workspace().database.dialect, unseen)
    return Workplace(desk, {row.key: row.source for row in mine})


def _line(one: Visit, held: Membership, place: Workplace, found: Mapping[str, int]) -> Line:
    own = {column: [found[key] for key in keys if key in place.sources] for column, keys in COLUMNS.items()}
    return Line(
        registry_title(held.registry, one.language), held.place, url_for("my_day.show", registry=held.registry),
        tuple(number_text(sum(each)) if each else None for each in own.values()), bool(place.sources),
    )  # fmt: skip


__all__ = ["COLUMNS", "days"]
