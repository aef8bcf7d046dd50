"""A form as it stood at any time, and at two times side by side: read from the audit, changed by nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from flask import Blueprint, abort, make_response, request
from flask.typing import ResponseReturnValue

from engine.datatypes.local_time import resolve, to_local
from engine.model.form import CheckSeverity
from engine.model.text import in_language
from engine.records.evaluation import Violation
from renderers.html import Notice
from storage.changes import paths_of
from storage.form_index import index_form
from storage.history import FormThen, LogEntry, form_history, form_then, issues_then, readable
from storage.slots import Key, Packed
from web.denials import log_seen
from web.entry import Entry, address_of, open_entry
from web.form_page import Told, band_of, reading_of
from web.history import crumbs_of_past
from web.history_words import FormWords, channel_words, field_name, state_words, words_for
from web.pages import render
from web.permissions import needs
from web.roles import Permission
from web.titles import form_words
from web.workspace import Visit, visit, workspace

past = Blueprint("past", __name__, url_prefix="/<registry>/<subject:who>/forms/<spot>/history")
YEARS = range(1900, 9999)  # beyond them no zone can be reckoned with
SAME, ADDED, REMOVED, CHANGED = "same", "added", "removed", "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """A field at two times, in words; who made the last change between them."""

    name: str
    label: str
    row: str
    left: str
    right: str
    kind: str
    by: str


@past.get("/then")
@needs(Permission.HISTORY)
def then(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """The form as it stood at ?at=, to be read."""
    one, entry = visit(), _open(registry, who, spot)
    at = read_moment(request.args.get("at", "")) or one.now
    found = _form_at(entry, at, one)
    if found is None:
        return _nothing(one, at)
    _note(entry, [found], one)
    before = _as_then(entry, found)
    notice = Notice(
        one.words("past_notice", time=one.tongue.instant(at), who=found.who, saved=one.tongue.instant(found.at))
    )
    _, evaluation, context = reading_of(before, Told((notice, Notice(one.words("past_rules")))))
    shell = replace(
        context.shell, links=replace(context.shell.links, pdf="", past="", history="", queries="", verify="")
    )
    hidden = context.hidden_items if one.actor.identities else context.hidden_items | index_form(before.form).sealed
    page = before.version.pages.form(
        entry.spot.form, language=one.language, mode="read", data=found.data, state_json="",
        evaluation=replace(evaluation, violations=_violations(entry, found, at, one)),
        context=replace(
            context, shell=shell, hidden_items=hidden, acknowledged={}, elsewhere={}, navigator=(), unsaved=False,
            crumbs=crumbs_of_past(entry, one), queries=(), badges={},
        ),
    )  # fmt: skip
    return make_response(str(page))


@past.get("/compare")
@needs(Permission.HISTORY)
def compared(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """The form at two times side by side: ?left= and ?right=, else the first save and now."""
    one, space, entry = visit(), workspace(), _open(registry, who, spot)
    assert entry.stored is not None
    blind = replace(one.actor, identities=False)  # who did it and when is all that is told of the log
    log = form_history(space.database, entry.version.registry, blind, entry.record, entry.stored, at=one.now)
    times = [read_moment(request.args.get(name, "")) for name in ("left", "right")]
    left, right = times[0] or log[-1].at, times[1] or one.now
    sides = [_form_at(entry, at, one) for at in (left, right)]
    found = [side for side in sides if side is not None]
    _note(entry, found, one)
    words = words_for(entry, [side.data for side in found], one.tongue, space.registries, one.actor, at=one.now)
    everything = "all" in request.args
    lines = list(_differences(words, sides[0], sides[1], [each for each in log if left < each.at <= right], one))
    return render(
        "compare.html", entry=entry, band=band_of(entry, one), crumbs=crumbs_of_past(entry, one), one=one,
        title=form_words(entry.version.registry.model, entry.spot.form, one.language),
        times=[one.tongue.instant(at) for at in (left, right)], fields=[_clock(at) for at in (left, right)],
        wrong=any(request.args.get(name) and not at for name, at in zip(("left", "right"), times, strict=True)),
        lines=[line for line in lines if everything or line.kind != SAME], same=sum(line.kind == SAME for line in lines),
        states=[state_words(side.state, one.tongue) if side else one.words("past_not_yet") for side in sides],
        everything=everything, address=address_of(entry, "past.compared"), past=address_of(entry, "history.of_form"),
    )  # fmt: skip


def read_moment(text: str) -> datetime | None:
    """A time of an address: with its offset, or as clocks showed it; None for none, and for what is no time."""
    try:
        read = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    if read.year not in YEARS:
        return None
    if read.tzinfo is not None:
        return read
    return next(reversed(resolve(read)), None)


def _clock(at: datetime) -> str:
    """What a field for date and time of day holds; seconds count, so that a save is met."""
    return to_local(at).replace(tzinfo=None).isoformat(timespec="seconds")


def _open(registry: str, who: str, spot: str) -> Entry:
    one = visit()
    assert registry == one.actor.registry
    entry = open_entry(workspace(), one.actor, who, spot, one.now)
    if entry.stored is None:
        abort(404)
    return entry


def _form_at(entry: Entry, at: datetime, one: Visit) -> FormThen | None:
    """The form at a time, read with the version that it had then."""
    database, stored, registries = workspace().database, entry.stored, workspace().registries
    assert stored is not None
    found = form_then(database, entry.version.registry, one.actor, entry.record, stored, at, at=one.now)
    if found is None or found.definition == entry.version.registry.hash:
        return found
    older = registries.of(found.definition).registry
    return form_then(database, older, one.actor, entry.record, stored, at, at=one.now)


def _as_then(entry: Entry, found: FormThen) -> Entry:
    """The entry with the form as it was, under the version of that time."""
    assert entry.stored is not None
    version = entry.version
    if found.definition != version.registry.hash:
        version = workspace().registries.of(found.definition)
    stored = replace(entry.stored, data=found.data, revision=found.revision, state=found.state, saved_at=found.at)
    return replace(entry, version=version, stored=stored, draft=None)


def _violations(entry: Entry, found: FormThen, at: datetime, one: Visit) -> tuple[Violation, ...]:
    """What rules said then, where it is kept."""
    assert entry.stored is not None
    paths = paths_of(found.data)
    kept = issues_then(workspace().database, one.actor, entry.record, entry.stored, at, at=one.now)
    return tuple(
        Violation(each.code, CheckSeverity(each.severity), paths.path((each.row, each.item)) if each.item else "",
                  paths.texts.get(each.row, ""), each.message or one.words("past_private"))
        for each in kept
        if not each.row or each.row in paths.texts
    )  # fmt: skip


def _note(entry: Entry, shown: list[FormThen], one: Visit) -> None:
    sealed = index_form(entry.form).sealed
    if one.actor.identities and entry.record.key is not None:
        log_seen(entry.subject, tuple(sorted({item for side in shown for _, item in side.packed if item in sealed})))


def _nothing(one: Visit, at: datetime) -> ResponseReturnValue:
    return render(
        "failure.html", status=404, title=one.words("past_not_yet"),
        text=one.words("past_not_yet_text", time=one.tongue.instant(at)), number="",
    )  # fmt: skip


def _differences(
    words: FormWords, left: FormThen | None, right: FormThen | None, log: list[LogEntry], one: Visit
) -> Iterator[Difference]:
    """All fields that hold something at one of the times, in the order of the form."""
    packed: list[dict[Key, Packed]] = [_held(side) for side in (left, right)]
    last = {change.key: each for each in reversed(log) for change in each.values}
    entry, items = words.entry, words.index("").items
    assert entry.stored is not None
    order = {item: place for place, item in enumerate(items)}
    rows = {row: place for place, row in enumerate(words.titles)}
    keys = packed[0].keys() | packed[1].keys()
    for key in sorted(keys, key=lambda key: (rows.get(key[0], -1) if key[0] else -2, order.get(key[1], 0), key)):
        before, after = (each.get(key) for each in packed)
        kind = SAME if before == after else ADDED if before is None else REMOVED if after is None else CHANGED
        item = items.get(key[1])
        old, new = (
            words.cell(item, readable(entry.record, entry.stored, key, each, one.actor)) for each in (before, after)
        )
        label = in_language(item.label, one.language) if item is not None else ""
        yield Difference(
            field_name(key),
            label or key[1],
            words.row(key[0]),
            old,
            new,
            kind,
            _by(last.get(key), one) if kind != SAME else "",
        )


def _held(side: FormThen | None) -> dict[Key, Packed]:
    """The values, without those of rows that were removed."""
    if side is None:
        return {}
    gone = {row for row, state in side.rows.items() if state.removed}
    return {key: packed for key, packed in side.packed.items() if key[0] not in gone}


def _by(entry: LogEntry | None, one: Visit) -> str:
    if entry is None:
        return ""
    told = f"{entry.who}, {one.tongue.instant(entry.at)}, {channel_words(entry.channel, one.tongue)}"
    return f"{told}. {one.words('history_why')}: {entry.reason}" if entry.reason else told


__all__ = ["YEARS", "past", "read_moment"]
