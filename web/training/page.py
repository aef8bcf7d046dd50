"""The page of the real system that leads to training; and training begun anew by those who may."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from storage.accounts import Membership, Site, sites
from web.devices import device_of
from web.navigation import first_place
from web.pages import render
from web.permissions import needs
from web.roles import Permission, allows
from web.security import ENTRANCE, TRAINING_PATH, safe_next
from web.training.mode import MODE, TrainingMode
from web.training.people import PASSWORD, Trainee, TrainingRole
from web.typed import done, said
from web.workplace import workplace
from web.workspace import visit, workspace

training = Blueprint("training", __name__)


@training.get(ENTRANCE)
@needs(Permission.SIGNED_IN)
def show() -> ResponseReturnValue:
    """What training is, and the way in."""
    _mode()
    return _page()


def _page(*, unsure: str = "") -> ResponseReturnValue:
    one = visit()
    keeper = next((each for each in one.memberships if _keeps_all(each)), None)
    own = {
        each.site: each for each in one.memberships if each.site is not None and allows(each.role, Permission.PEOPLE)
    }
    return render(
        "training.html", status=422 if unsure else 200, said=said(), unsure=unsure, target=_target(),
        word=PASSWORD, roles=bool(one.memberships), keeper=keeper, hospitals=sorted(own.values(), key=lambda each: each.site_name),
    )  # fmt: skip


@training.post(ENTRANCE)
@needs(Permission.SIGNED_IN)
def enter() -> ResponseReturnValue:
    """Go and train, as the person that one is."""
    answer = make_response(redirect(_target(), 303))
    _mode().enter(_trainee(), workspace().database, answer)
    return answer


@training.post("/<registry>/training/hospital")
@needs(Permission.PEOPLE)
def renew_hospital(registry: str) -> ResponseReturnValue:
    """One of one's own hospitals begins anew in training."""
    mode, held, wanted = _mode(), visit().memberships, request.form.get("hospital", "")
    own = {str(each.site) for each in held if each.registry == registry and allows(each.role, Permission.PEOPLE)}
    site = next((each for each in sites(workspace().database) if str(each.id) == wanted and wanted in own), None)
    if site is None:
        abort(404)
    if not request.form.get("sure"):
        return _page(unsure=wanted)
    mode.renew_hospital(site.code, _who())
    return done(url_for("training.show"), "training_renewed", hospital=site.name)


@training.post("/<registry>/training/all")
@needs(Permission.ADMINISTER)
def begin_anew(registry: str) -> ResponseReturnValue:
    """All of training begins anew."""
    mode = _mode()
    if not any(each.registry == registry and _keeps_all(each) for each in visit().memberships):
        abort(403)
    if not request.form.get("sure"):
        return _page(unsure="all")
    mode.begin_anew(_who())
    return done(url_for("training.show"), "training_anew")


def _mode() -> TrainingMode:
    found = current_app.extensions.get(MODE)
    if not isinstance(found, TrainingMode):
        abort(404)
    return found


def _trainee() -> Trainee:
    one, known = visit(), {site.id: site for site in sites(workspace().database)}
    assert one.account is not None
    roles = tuple(TrainingRole(each.registry, each.role, _hospital(each, known)) for each in one.memberships)
    return Trainee(one.account.login, one.account.name, one.language, roles, device_of(request.user_agent.string))


def _hospital(held: Membership, known: dict[int, Site]) -> Site | None:
    return known[held.site] if held.site is not None else None


def _keeps_all(held: Membership) -> bool:
    return held.site is None and allows(held.role, Permission.ADMINISTER)


def _who() -> str:
    account = visit().account
    assert account is not None
    return account.login


def _target() -> str:
    """Where one goes on: a page of training, the one on which one was or the first."""
    begin = f"{request.script_root}{TRAINING_PATH}/"
    here = workplace(visit())  # the registry where one is in the real system
    first = begin + first_place([here] if here is not None else ()).removeprefix(f"{request.script_root}/")
    target = safe_next(request.values.get("next"), first)
    return target if target.startswith(begin) else first


__all__ = ["training"]
