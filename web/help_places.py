"""The page that a request to the help centre is about: kept as a path inside the system, shown as far as its reader may open it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from engine.model.form import FormDef
from engine.model.text import in_language
from storage.access import Actor, on_behalf, require_access
from storage.errors import NotFound, NotVisible
from web.entry import subject_named
from web.navigation import ENTRIES
from web.permissions import permission_of
from web.places import parse_spot, site_named
from web.roles import Permission, allows
from web.workplace import membership_in
from web.workspace import Visit, actor_of, visit, workspace

LONGEST = 500  # characters of a path


@dataclass(frozen=True, slots=True)
class Seen:
    """A page, in words; no address where the reader may not open it."""

    words: str
    href: str = ""


def place_of(address: str) -> str:
    """The path of an address, if it is a page of ours that somebody may ask about; else ''. What stands behind the ? is left out."""
    path = urlsplit(address).path[:LONGEST] if address.startswith("/") else ""
    return path if path and _target(path) is not None else ""


def registry_of(path: str) -> str:
    """The registry of a page; '' where it has none."""
    target = _target(path)
    return str(target[1].get("registry", "")) if target is not None else ""


def seen_place(path: str) -> Seen | None:
    """The page as its reader may see it now; None where there is none."""
    target = _target(path) if path else None
    if target is None:
        return None
    one, (endpoint, parts) = visit(), target
    permission = permission_of(current_app, endpoint)
    if permission is Permission.SIGNED_IN:
        return Seen(path, path)
    membership = membership_in(one.memberships, str(parts.get("registry", "")))
    if permission is None or membership is None or not allows(membership.role, permission):
        return Seen(one.words("help_place_hidden"))
    actor = actor_of(one.account.id if one.account else 0, one.account.name if one.account else "", membership)
    form = _form(parts)
    if (form is not None and not form.rights.may_see(actor.role)) or not _sees(actor, parts, one.now):
        return Seen(one.words("help_place_hidden"))
    return Seen(_words(one, endpoint, parts), path)


def _sees(actor: Actor, parts: Mapping[str, Any], at: datetime) -> bool:
    """Whether somebody sees the patient, and the part of the record, of a page; of one about no patient there is none to see."""
    who, spot = str(parts.get("who", "")), parse_spot(str(parts.get("spot", "")))
    if not who:
        return True
    database = on_behalf(workspace().database, actor, at)
    try:
        subject = subject_named(database, actor, who, at)
        with database.read() as connection:
            require_access(connection, actor, subject, at, spot.instance if spot is not None else None)
    except (NotFound, NotVisible):
        return False
    return True


def _form(parts: Mapping[str, Any]) -> FormDef | None:
    """The form that a page is about."""
    version, spot = (
        workspace().registries.current.get(str(parts.get("registry", ""))),
        parse_spot(str(parts.get("spot", ""))),
    )
    return version.registry.model.forms.get(spot.form) if version is not None and spot is not None else None


def _target(path: str) -> tuple[str, Mapping[str, Any]] | None:
    """The endpoint of a path that is read, and the parts of it; None for no page, and for those that are open to all.

    Such pages need no help to be found, and the address of an invitation is a secret.
    """
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None
    try:
        endpoint, parts = adapter.match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    open_to_all = permission_of(current_app, endpoint) in (Permission.PUBLIC, None)
    return None if open_to_all or endpoint.startswith("help_requests.") else (endpoint, parts)


def _words(one: Visit, endpoint: str, parts: Mapping[str, Any]) -> str:
    """What a page is called: its place in the navigation, the patient, the form."""
    who, form = str(parts.get("who", "")), _form(parts)
    entry = next((each for each in ENTRIES if endpoint.startswith(each.covers)), None)
    title = in_language(form.title, one.language) or form.id if form is not None else ""
    names = (one.words(entry.word) if entry else "", "" if site_named(who) else who, title)
    return " · ".join(filter(None, names)) or endpoint


__all__ = ["Seen", "place_of", "registry_of", "seen_place"]
