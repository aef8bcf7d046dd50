"""Look-ups of long lists and dictionaries for the form's search fields."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from web.permissions import Permission, needs
from web.registries import LANGUAGES
from web.workspace import version_of, visit

lookup = Blueprint("lookup", __name__, url_prefix="/<registry>/lookup")
LONGEST_QUERY = 100


@lookup.get("/<form>")
@needs(Permission.READ)
def by_query(registry: str, form: str) -> ResponseReturnValue:
    """`?item=…&q=…`: what the page's script asks."""
    return by_item(registry, form, request.args.get("item", "").rpartition(".")[2])


@lookup.get("/<form>/<item>")
@needs(Permission.READ)
def by_item(registry: str, form: str, item: str) -> ResponseReturnValue:
    """`?q=…`: at most 50 codes with their words, the best first."""
    language = request.args.get("language", "")
    index = version_of(registry).lookups.index(form, item, language if language in LANGUAGES else visit().language)
    if index is None:
        abort(404)
    found = index.search(request.args.get("q", "")[:LONGEST_QUERY])
    answer = jsonify([{"code": each.code, "label": each.label} for each in found])
    answer.headers["Cache-Control"] = "private, max-age=300"
    return answer


__all__ = ["lookup"]
