"""The rules of each form for the browser."""

from __future__ import annotations

import gzip

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from storage.errors import NotFound
from web.permissions import needs
from web.registries import LANGUAGES
from web.roles import Permission
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


__all__ = ["programs"]
