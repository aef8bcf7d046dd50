"""The help centre of a registry: what waits for an answer, and the conversations, for those who answer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from storage.errors import NotFound
from storage.help_list import list_requests, waits_for
from storage.help_requests import before
from storage.help_steps import STEPS, Side, State
from web.help_threads import SIGNS, Desk, act, last_before, show_thread, teams_of
from web.pages import render
from web.permissions import needs
from web.roles import Permission
from web.typed import said
from web.workspace import registry_title, visit, workspace

help_centre = Blueprint("help_centre", __name__, url_prefix="/<registry>/help-centre")
PAGE = 50
WAITING = "waiting"  # for an answer of one's own
SHOWN: Mapping[str, tuple[State, ...]] = MappingProxyType(
    {WAITING: (State.OPEN,), **{str(state): (state,) for state in State}, "all": tuple(State)}
)


@help_centre.get("")
@needs(Permission.HELP)
def listed(registry: str) -> ResponseReturnValue:
    """What waits, or all there was; the newest first."""
    one, desk = visit(), _desk(registry)
    show, after = request.args.get("show", ""), last_before()
    show = show if show in SHOWN else WAITING
    scope = waits_for(one.actor, teams_of(one.actor.role), one.now) if show == WAITING else desk.scope
    page = list_requests(desk.database, scope, SHOWN[show], after=after, size=PAGE)
    return render(
        "help_centre.html", registry=registry, page=page, one=one, signs=SIGNS, shown=SHOWN, show=show, said=said(),
        title=registry_title(registry, one.language),
    )  # fmt: skip


@help_centre.get("/<int:number>")
@needs(Permission.HELP)
def show(registry: str, number: int) -> ResponseReturnValue:
    """The conversation."""
    return show_thread(_desk(registry), number)


@help_centre.post("/<int:number>/<step>")
@needs(Permission.HELP)
def take(registry: str, number: int, step: str) -> ResponseReturnValue:
    """Answer, settle, pass on."""
    if step not in STEPS or STEPS[step].side is not Side.TEAM:
        raise NotFound("step", step)
    return act(_desk(registry), number, step, visit().actor)


def _desk(registry: str) -> Desk:
    """The side of those who answer."""
    actor = visit().actor

    def address(number: int, step: str = "") -> str:
        endpoint = "help_centre.take" if step else "help_centre.show"
        return url_for(endpoint, registry=registry, number=number, step=step or None)

    back = url_for("help_centre.listed", registry=registry)
    return Desk(workspace().database, before(actor, teams_of(actor.role)), Side.TEAM, address, back)


__all__ = ["help_centre"]
