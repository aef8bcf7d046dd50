"""The rules of each form for the browser, and what they start from."""

from __future__ import annotations

import gzip
from datetime import datetime

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from engine.records import Session
from engine.records.browser import subject_state
from engine.records.form_data import Focus
from renderers.html import script_safe
from storage.errors import NotFound
from web.entry import Entry
from web.permissions import Permission, needs
from web.registries import LANGUAGES
from web.workspace import version_of, workspace

programs = Blueprint("programs", __name__, url_prefix="/<registry>/rules")


@programs.get("/<definition>/<form>/<language>.json")
@needs(Permission.READ)
def program(registry: str, definition: str, form: str, language: str) -> ResponseReturnValue:
    """The rules of a form; the address names the version, so that the answer never changes."""
    space = workspace()
    try:
        version = space.registries.of(definition)
    except NotFound:
        abort(404)
    if (
        version.name != version_of(registry).name
        or form not in version.registry.model.forms
        or language not in LANGUAGES
    ):
        abort(404)
    packed = space.programs.of(version.registry, form, language)
    plain = "gzip" not in request.headers.get("Accept-Encoding", "")
    answer = Response(gzip.decompress(packed) if plain else packed, mimetype="application/json")
    if not plain:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept-Encoding"
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return answer


def state_of(entry: Entry, at: datetime, language: str) -> str:
    """What the browser's rules start from, safe to stand in a page."""
    place = entry.place
    occurrence = str(place.occurrence) if place.occurrence is not None else None
    focus = Focus(place.form, str(place.instance), occurrence, place.record)
    tree = entry.record.tree_with({place: entry.data})
    return script_safe(subject_state(Session(entry.version.registry, tree, focus, as_of=at, language=language)))


__all__ = ["programs", "state_of"]
