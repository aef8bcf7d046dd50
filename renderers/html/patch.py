"""What the server tells a page after an autosave: the evaluation as JSON, by printed paths, in words ready to show."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from engine.datatypes.values import Unread
from engine.model.form import FormDef
from engine.records.evaluation import Elsewhere, Evaluation, Violation
from engine.records.explaining import Fact
from engine.records.form_data import FormData
from renderers.html.context import Link, Note, answer_key
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
    withheld: Mapping[str, Collection[str]] = MappingProxyType({}),
    quiet: Collection[Violation] = (),
    why: Mapping[str, Sequence[Fact]] = MappingProxyType({}),
    elsewhere: Mapping[Elsewhere, Link] = MappingProxyType({}),
    outcomes: Sequence[Note] = (),
    texts: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """The argument of `applyEvaluation` in static/form.js. The browser's own interpreter gives the same shape.

    Args:
        withheld: path -> codes that are not on offer now.
        quiet: violations that the page does not show yet.
        why: path of a calculated item -> what it was made of.
        texts: `path#part` -> label, hint or title with values in it.
        elsewhere: links to other records that violations are about.
        outcomes: what the form's answers come to, each with its value and what decided.
    """
    calculated: dict[str, str | None] = {}
    twice: list[str] = []
    for level in levels(form, data):
        for item in level.part.items:
            path = str(level.place.path.at(item.id))
            if item.calculate is not None:
                value = evaluation.calculated.get(path)
                calculated[path] = None if value is None else display(item, value, language, {})
                continue
            entered = level.data.items.get(item.id)
            if isinstance(entered, Unread) and entered.message == "ambiguous_time":
                twice.append(path)
    wanted = _wanted(form, data, evaluation)
    return {
        "visible": sorted(evaluation.visible | evaluation.groups),
        "required": sorted(evaluation.required),
        "calculated": calculated,
        "twice": twice,
        "withheld": {path: sorted(codes) for path, codes in withheld.items()},
        "why": {path: [fact_parts(fact, data) for fact in facts] for path, facts in why.items()},
        "texts": dict(texts),
        "wanted": list(wanted),
        "lacking": [path for path, there in wanted.items() if not there],
        "outcomes": [[note.text, note.detail, note.meta] for note in outcomes],
        "violations": [_violation(each, each in quiet, elsewhere) for each in evaluation.violations],
    }


def _wanted(form: FormDef, data: FormData, evaluation: Evaluation) -> dict[str, bool]:
    """What must be there, required items and groups that need rows, and whether it is."""
    found: dict[str, bool] = {}
    for level in levels(form, data):
        for item in level.part.items:
            path = str(level.place.path.at(item.id))
            if path in evaluation.required:
                found[path] = is_answer(level.data.items.get(item.id))
        for group in level.part.groups:
            path = str(level.place.path.at(group.id))
            if group.min_rows and path in evaluation.groups:
                found[path] = len(level.data.groups.get(group.id, ())) >= group.min_rows
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
