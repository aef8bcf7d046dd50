"""Renders the pages that are no forms, and the frame that all pages share."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Response, make_response, request, url_for
from flask_wtf.csrf import generate_csrf

from renderers.html import Links, Shell
from storage.accounts import Membership
from web.navigation import first_place, help_address, navigation, other_registries
from web.registries import LANGUAGES, STATIC_URL
from web.security import TRAINING_PATH
from web.workplace import remember_workplace, workplace
from web.workspace import Visit, visit, workspace


def render(template: str, *, status: int = 200, links: Links | None = None, **parts: object) -> Response:
    """A page of our own."""
    one = visit()
    page = one.tongue.environment.get_template(template)
    text = page.render(shell=shell_of(one, links), csrf_token=generate_csrf(), visit=one, url_for=url_for, **parts)
    return make_response(text, status)


def shell_of(one: Visit, links: Links | None = None, languages: Mapping[str, str] | None = None) -> Shell:
    """The frame of a page."""
    user = one.account.name if one.account else ""
    held = workplace(one)
    remember_workplace(one)
    return Shell(
        user=user,
        registry=workspace().registries.current[held.registry].prefix if held else "",
        registries=other_registries(one),
        navigation=navigation(one),
        languages=languages or {code: language_href(code) for code in LANGUAGES},
        definition=_definition(one.membership),
        synthetic=workspace().settings.synthetic,
        training=workspace().settings.training,
        links=links or links_of(one),
    )


def links_of(one: Visit, **more: str) -> Links:
    """Where the frame leads."""
    held = workplace(one)
    home = first_place([held] if held else ()) or url_for("accounts.home")
    more = {"help": help_address(request.endpoint or ""), "accessibility": url_for("statement.show"), **more}
    settings = workspace().settings
    if settings.training:  # one's account and the help centre belong to the real system
        return Links(home=home, leave=f"{request.script_root.removesuffix(TRAINING_PATH)}/", **more)
    if one.account is None:
        return Links(home=home, **more)
    more |= {"ask": url_for("help_requests.new", of=request.path), "asked": url_for("help_requests.listed")}
    if settings.training_folder is not None:
        more |= {"train": url_for("training.show")}
    account, lock, out = url_for("own.show"), url_for("doors.lock"), url_for("accounts.sign_out_post")
    return Links(home=home, account=account, lock=lock, sign_out=out, **more)


def _definition(membership: Membership | None) -> str:
    if membership is None:
        return ""
    model = workspace().registries.current[membership.registry].registry.model
    return f"{model.registry} {model.version}"


def language_href(code: str) -> str:
    """This page in another language."""
    if request.method != "GET":
        return url_for("accounts.home", language=code)
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "language"]
    return f"{request.script_root}{request.path}?{urlencode([*kept, ('language', code)])}"


__all__ = ["STATIC_URL", "language_href", "links_of", "render", "shell_of"]
