"""What a form page posts: read against what is known of the form, and turned into a draft."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from flask import request

from engine.records.evaluation import Evaluation
from engine.records.path import parse_path
from renderers.html import PostedForm
from renderers.html.names import name_of, split_part
from renderers.html.posted_data import MAX_REASON
from storage.errors import NotEntitled
from web.attachments import keep_files, take_files, without_unknown
from web.drafts import Draft
from web.entry import Entry
from web.typed import line_of
from web.uploads import posted_fields


def read_post(entry: Entry, language: str, at: datetime) -> PostedForm:
    """The posted form, merged into the draft or what is stored. Raises PostTooLarge, and NotEntitled.

    Files that came with it are kept in the working copy at once, whatever the post asks for.
    """
    fields = posted_fields(language)
    refuse_fixed(entry, (*fields, *request.files))
    posted = entry.version.readers[entry.spot.form].read(fields, entry.start().data)
    data, uploads = take_files(entry.form, posted.data)
    posted = replace(posted, data=without_unknown(entry, data, uploads.values(), at))
    if not uploads:
        return posted
    kept = keep_files(entry, draft_after(entry, posted), uploads, at, page=posted.idempotency_key)
    return posted if kept is None else replace(posted, data=kept)


def refuse_fixed(entry: Entry, names: Iterable[str]) -> None:
    """Raise NotEntitled where a field was posted that the page of this role does not have."""
    fixed = entry.fixed
    refused = {item for name in names if (item := split_part(name)[0].rpartition(".")[2]) in fixed}
    if refused:
        raise NotEntitled(tuple(sorted(refused)))


def key_of_page() -> str:
    """What the page with a button made up, so that a second click is known as one."""
    return request.form.get("key", "")[:64]


def posted_reason() -> str:
    """Why something is done, in one line and not longer than it may be. Raises HoldsPesel."""
    return line_of("reason", MAX_REASON)


def draft_after(entry: Entry, posted: PostedForm, evaluation: Evaluation | None = None) -> Draft:
    """The draft after a post. With an evaluation, the values that a save will delete count as told."""
    start = entry.start()
    told = start.clears if evaluation is None else names_to_clear(posted, evaluation)
    return replace(
        start,
        data=posted.data,
        revision=posted_revision(entry, posted),
        acknowledged=answers_after(start, posted),
        clears=told,
        reason=posted.reason or start.reason,
    )


def posted_revision(entry: Entry, posted: PostedForm) -> int:
    """The revision that the page was made from; never one of the future."""
    if entry.stray is not None:
        return entry.stray.revision(posted.revision)
    if posted.revision.isascii() and posted.revision.isdigit() and len(posted.revision) < 10:
        return min(int(posted.revision), entry.revision)
    return entry.start().revision


def answers_after(start: Draft, posted: PostedForm) -> dict[str, str]:
    """Answers to warnings: those posted, and those in rows that the page showed closed."""
    kept = {key: reason for key, reason in start.acknowledged.items() if _is_closed(key, posted.shown_rows)}
    return {**kept, **posted.acknowledged}


def _is_closed(key: str, opened: frozenset[str]) -> bool:
    """Whether an answer belongs to a row whose inputs were not on the page."""
    row = key.partition("#")[0].rpartition(".")[0]
    return bool(row) and not any(name == row or name.startswith(f"{row}.") for name in opened)


def names_to_clear(posted: PostedForm, evaluation: Evaluation) -> frozenset[str]:
    """The names of the values that a save deletes because they became not applicable."""
    names = (name_of(posted.data, parse_path(path)) for path in evaluation.to_clear)
    return frozenset(name for name in names if name is not None)


__all__ = [
    "answers_after",
    "draft_after",
    "key_of_page",
    "names_to_clear",
    "posted_reason",
    "posted_revision",
    "read_post",
    "refuse_fixed",
]
