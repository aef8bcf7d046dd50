"""Look-ups of long lists and dictionaries for the form's search fields."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from storage.usual_codes import usual_codes
from web.lookups import MOST, CodeIndex, Found
from web.pages import render
from web.permissions import needs
from web.registries import LANGUAGES
from web.roles import Permission
from web.titles import label_of
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
    index = _index(registry, form, item)
    query, most = request.args.get("q", "")[:LONGEST_QUERY], MOST_NARROWED if "narrowed" in request.args else MOST
    usual = () if query.strip() else tuple(_usual(index, form, item, language))
    found = usual or index.search(query, language, one.now.date(), most)
    mark = {"usual": True} if usual else {}
    answer = jsonify([{"code": each.code, "label": each.label, **mark} for each in found])
    answer.headers["Cache-Control"] = "no-store" if usual else "private, max-age=300"
    return answer


@lookup.get("/<form>/<item>/search")
@needs(Permission.READ)
def search(registry: str, form: str, item: str) -> ResponseReturnValue:
    """The same as a page of its own, for browsers without scripts: what is found there is typed into the form."""
    index, one = _index(registry, form, item), visit()
    query = request.args.get("q", "").strip()[:LONGEST_QUERY]
    found = (
        index.search(query, one.language, one.now.date()) if query else tuple(_usual(index, form, item, one.language))
    )
    title = label_of(version_of(registry).registry.model.forms[form], item, one.language)
    return render("codes.html", title=title, query=query, found=found, most=MOST)


def _index(registry: str, form: str, item: str) -> CodeIndex:
    """The codes of an item, those of the newest dictionary; where there are none there is no such page."""
    workspace().registries.dictionaries.refresh()
    index = version_of(registry).lookups.index(form, item)
    if index is None:
        abort(404)
    return index


def _usual(index: CodeIndex, form: str, item: str, language: str) -> Iterator[Found]:
    """What the hospital enters most, as far as it is still on offer."""
    one = visit()
    for code in usual_codes(workspace().database, one.actor, form, item, at=one.now):
        if index.has(code) and index.is_offered(code, one.now.date()):
            yield Found(code, index.label(code, language))


__all__ = ["lookup"]
