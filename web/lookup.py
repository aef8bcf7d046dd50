"""Look-ups of long lists and dictionaries for the form's search fields."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from storage.usual_codes import usual_codes
from web.lookups import MOST, CodeIndex, Found
from web.permissions import Permission, needs
from web.registries import LANGUAGES
from web.workspace import version_of, visit, workspace

lookup = Blueprint("lookup", __name__, url_prefix="/<registry>/lookup")
LONGEST_QUERY = 100
MOST_NARROWED = 1_000  # of a list that a rule narrows: the page leaves out what is not on offer


@lookup.get("/<form>")
@needs(Permission.READ)
def by_query(registry: str, form: str) -> ResponseReturnValue:
    """`?item=…&q=…`: what the page's script asks."""
    return by_item(registry, form, request.args.get("item", "").rpartition(".")[2])


@lookup.get("/<form>/<item>")
@needs(Permission.READ)
def by_item(registry: str, form: str, item: str) -> ResponseReturnValue:
    """`?q=…`: at most 50 codes with their words, the best first; without a text those that the hospital uses most."""
    wanted, one = request.args.get("language", ""), visit()
    language = wanted if wanted in LANGUAGES else one.language
    workspace().registries.dictionaries.refresh()
    index = version_of(registry).lookups.index(form, item)
    if index is None:
        abort(404)
    query, most = request.args.get("q", "")[:LONGEST_QUERY], MOST_NARROWED if "narrowed" in request.args else MOST
    usual = () if query.strip() else tuple(_usual(index, form, item, language))
    found = usual or index.search(query, language, one.now.date(), most)
    mark = {"usual": True} if usual else {}
    answer = jsonify([{"code": each.code, "label": each.label, **mark} for each in found])
    answer.headers["Cache-Control"] = "no-store" if usual else "private, max-age=300"
    return answer


def _usual(index: CodeIndex, form: str, item: str, language: str) -> Iterator[Found]:
    """What the hospital enters most, as far as it is still on offer."""
    one = visit()
    for code in usual_codes(workspace().database, one.actor, form, item, at=one.now):
        if index.has(code) and index.is_offered(code, one.now.date()):
            yield Found(code, index.label(code, language))


__all__ = ["lookup"]
