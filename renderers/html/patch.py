"""What the server tells a page after an autosave: the evaluation as JSON, by printed paths, in words ready to show."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from engine.datatypes.values import Unread
from engine.model.form import FormDef, walk_groups
from engine.records.evaluation import Elsewhere, Evaluation, Violation
from engine.records.explaining import Fact
from engine.records.form_data import FormData
from engine.records.path import parse_path, part_at
from renderers.html.context import Link, Note, answer_key, nothing_of
from renderers.html.facts import fact_parts
from renderers.html.names import levels
from renderers.html.request import is_answer
from renderers.html.values import display


def evaluation_patch(  # noqa: PLR0913 -- each is a part of the answer
    form: FormDef,
    data: FormData,
    evaluation: Evaluation,
    language: str,
    *,
    open_rows: Collection[str] | None = None,
    withheld: Callable[[str], Collection[str]] = nothing_of,
    quiet: Collection[Violation] = (),
    why: Callable[[str], Sequence[Fact]] = nothing_of,
    elsewhere: Mapping[Elsewhere, Link] = MappingProxyType({}),
    outcomes: Sequence[Note] = (),
    texts: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """The argument of `applyEvaluation` in static/form.js. The browser's own interpreter gives the same shape.

    Args:
        open_rows: names of the rows whose fields the page shows; None: of all. Of others it is told what is wrong, and
            how many of their fields are filled.
        withheld: path -> codes that are not on offer now.
        quiet: violations that the page does not show yet.
        why: path of a calculated item -> what it was made of.
        texts: `path#part` -> label, hint or title with values in it.
        elsewhere: links to other records that violations are about.
        outcomes: what the form's answers come to, each with its value and what decided.
    """
    shown = tuple(levels(form, data, open_rows))
    groups = {str(level.place.path.at(group.id)) for level in shown for group in level.part.groups}
    items = {str(level.place.path.at(item.id)): item for level in shown for item in level.part.items}
    calculated = {path: evaluation.calculated.get(path) for path, item in items.items() if item.calculate is not None}
    return {
        "visible": sorted((items.keys() & evaluation.visible) | (groups & evaluation.groups)),
        "required": sorted(items.keys() & evaluation.required),
        "calculated": {
            path: None if value is None else display(items[path], value, language, {})
            for path, value in calculated.items()
        },
        "twice": [
            str(level.place.path.at(name))
            for level in shown
            for name, entered in level.data.items.items()
            if isinstance(entered, Unread) and entered.message == "ambiguous_time"
        ],
        "withheld": {path: sorted(withheld(path)) for path, item in items.items() if item.only is not None},
        "why": {path: [fact_parts(fact, data) for fact in why(path)] for path in calculated},
        "texts": dict(texts),
        "progress": _progress(form, data, evaluation),
        "outcomes": [[note.text, note.detail, note.meta] for note in outcomes],
        "violations": [_violation(each, each in quiet, elsewhere) for each in evaluation.violations],
    }


def _progress(form: FormDef, data: FormData, evaluation: Evaluation) -> dict[str, list[int]]:
    """How much must be there, required items and groups that need rows, and how much of it is: by item or group of the form."""
    found: dict[str, list[int]] = {}

    def want(path: str, *, there: bool) -> None:
        counts = found.setdefault(path.partition(".")[0].partition("[")[0], [0, 0])
        counts[0] += there
        counts[1] += 1

    for path in evaluation.required:
        place = parse_path(path)
        part = part_at(data, place)
        want(path, there=part is not None and is_answer(part.items.get(place.item or "")))
    least = {group.id: group.min_rows for group in walk_groups(form) if group.min_rows}
    for path in evaluation.groups if least else ():
        place = parse_path(path)
        part = part_at(data, place)
        if part is not None and place.item in least:
            want(path, there=len(part.groups.get(place.item, ())) >= least[place.item])
    return found


def where_json(link: Link) -> dict[str, str]:
    """A link to another record as the script takes it."""
    return {"text": link.text, "href": link.href}


def _violation(violation: Violation, quiet: bool, elsewhere: Mapping[Elsewhere, Link]) -> dict[str, Any]:
    home = violation.home
    where = where_json(elsewhere.get(home, Link(home.form))) if home is not None else None
    return {
        "code": violation.code,
        "severity": str(violation.severity),
        "item": violation.item,
        "row": violation.row,
        "message": violation.message,
        "key": answer_key(violation),
        "quiet": quiet,
        "where": where,
    }


def script_safe(data: Any) -> str:
    """JSON that may stand inside a <script type="application/json"> element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return (
        text.replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )
