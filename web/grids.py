"""The addresses of a grid: show the records of a form side by side, save those that were changed, keep what is typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from flask import Blueprint, jsonify, redirect, request, session
from flask.typing import ResponseReturnValue

from engine.records import Session
from renderers.html import Notice, evaluation_patch
from renderers.html.grid import GridMaker
from renderers.html.posted_data import read_action
from storage.errors import NotEntitled
from storage.form_index import index_form
from storage.rights import fixed_items
from web.denials import log_identities
from web.followed import open_posted_series
from web.grid_page import address, grid_page
from web.grid_saves import PostedSheet, keep_sheet, read_sheets, save_sheets
from web.news import News
from web.permissions import needs
from web.places import whole_number
from web.registries import LANGUAGES
from web.roles import Permission
from web.series import OpenSeries, Series, Sheet, open_series, parse_series
from web.strays import answer_stray_grid, answer_stray_grid_draft
from web.uploads import posted_fields
from web.workspace import version_of, visit, workspace

grids = Blueprint("grids", __name__, url_prefix="/<registry>/patients/<who>/grids/<series>")
OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "clears": "grid_clears",
        "taken": "grid_taken",
        "changed": "grid_changed",
        "partly": "grid_partly",
        "saved": "grid_saved",
        "complete": "grid_complete",
    }
)  # what came of a record -> what is said; of one that somebody else saved meanwhile the page itself tells


@grids.get("")
@needs(Permission.READ)
def show(registry: str, who: str, series: str) -> ResponseReturnValue:
    """The grid."""
    grid = _open(registry, who, series)
    stored = next((sheet.entry for sheet in grid.sheets if sheet.entry.stored is not None), None)
    if stored is not None:
        log_identities(stored)
    news = News.taken("said")
    return grid_page(grid, _maker(grid), _notices(news), strict=news.summary)


@grids.post("")
@needs(Permission.ENTER)
def post(registry: str, who: str, series: str) -> ResponseReturnValue:
    """Save what was changed; or keep it, and show the page in the other language."""
    grid, fields = _open_to_fill(registry, who, series), posted_fields(visit().language)
    if grid is None:
        return answer_stray_grid(version_of(registry), who, _series(series), fields)
    action, sheets = read_action(fields), [*read_sheets(grid, _maker(grid).kinds, fields)]
    here = fields.last("__first") or None
    if action.verb == "language":
        for one in _changed(sheets):
            keep_sheet(one)
        if action.target in LANGUAGES:
            session["language"] = action.target
        return redirect(address(grid, first=here), 303)
    complete = action.verb == "complete"
    found = save_sheets(grid, sheets, complete=complete)
    told = Counter(found.values())
    said = tuple(key for outcome, key in OUTCOMES.items() if told[outcome]) if found else ("grid_nothing",)
    if _is_stray(grid):
        said = ("grid_followed", *said)
    unfinished = complete and told["complete"] < len(found)
    return redirect(address(grid, said=News(said, summary=unfinished).leave(), first=here), 303)


@grids.post("/draft")
@needs(Permission.ENTER)
def autosave(registry: str, who: str, series: str) -> ResponseReturnValue:
    """Keep what was typed so far, as working copies of the records; answers what only the server can find wrong."""
    one, grid, fields = visit(), _open_to_fill(registry, who, series), posted_fields(visit().language)
    if grid is None:
        return answer_stray_grid_draft(registry, who)
    changed = _changed(read_sheets(grid, _maker(grid).kinds, fields))
    kept = [keep_sheet(each) for each in changed]
    if not all(kept):
        return jsonify(message=one.words("said_already"), kept=False), 409
    if _is_stray(grid):
        return jsonify(message=one.words("stray_followed"), href=address(grid), kept=True), 409
    return jsonify(saved=one.tongue.moment(one.now, one.now), columns=_said(_open(registry, who, series)))


def _said(grid: OpenSeries) -> dict[str, object]:
    """What rules say about the records that are there."""
    one = visit()
    rules = grid.session(one.now, one.language)
    there = [sheet for sheet in grid.live if sheet.number in grid.there]
    return {sheet.key: _told(grid, rules, sheet, one.language) for sheet in there}


def _told(grid: OpenSeries, rules: Session, sheet: Sheet, language: str) -> dict[str, object]:
    """What rules say about one record, and how the page is to call it: it may just have been made."""
    evaluation = grid.look(rules, sheet)
    return {
        "record": rules.focus.key,
        "revision": str(sheet.entry.start().revision),
        "violations": evaluation_patch(grid.form, sheet.entry.data, evaluation, language)["violations"],
    }


def _changed(sheets: Iterable[PostedSheet]) -> list[PostedSheet]:
    return [one for one in sheets if one.changed]


def _open(registry: str, who: str, series: str) -> OpenSeries:
    assert registry == visit().actor.registry  # the guard has made sure
    first = request.args.get("first", 0, type=whole_number) or 0
    return open_series(workspace(), visit().actor, who, series, first, visit().now)


def _open_to_fill(registry: str, who: str, series: str) -> OpenSeries | None:
    """The grid, where it is now, of one who may fill all of it; None where there is no place for it. Raises NotEntitled."""
    assert registry == visit().actor.registry  # the guard has made sure
    first = request.args.get("first", 0, type=whole_number) or 0
    grid = open_posted_series(workspace(), visit().actor, who, series, first, visit().now)
    if grid is not None and not grid.may_enter:
        raise NotEntitled(tuple(sorted(fixed_items(grid.actor, index_form(grid.form)))))
    return grid


def _is_stray(grid: OpenSeries) -> bool:
    """Whether the page was opened where the records are no more."""
    return any(sheet.entry.stray is not None for sheet in grid.sheets)


def _series(text: str) -> Series:
    series = parse_series(text)
    assert series is not None  # it was found to have been there
    return series


def _maker(grid: OpenSeries) -> GridMaker:
    return grid.version.pages.grid(grid.series.form, visit().language)


def _notices(news: News) -> tuple[Notice, ...]:
    """What has just happened."""
    tones = {"grid_saved": "ok", "grid_complete": "ok", "grid_nothing": ""}
    return tuple(Notice(visit().words(key), tones.get(key, "warn")) for key in news.said)


__all__ = ["grids"]
