"""The log of a hospital's patients or of a registry: searched, page by page, and as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from engine.datatypes.local_time import resolve, to_local
from engine.model.form import walk_items
from engine.model.item import ItemDef
from engine.model.text import in_language
from storage.audit_search import FoundEntry, Mark, Sought, search_audit, walk_audit
from storage.errors import NotFound, NotVisible
from storage.form_index import index_form
from storage.rights import kept_items
from web.denials import log_audit_export
from web.downloads import csv_download
from web.entry import subject_of
from web.history_words import channel_words, kind_words
from web.pages import render
from web.past import YEARS
from web.permissions import needs
from web.registries import Version
from web.roles import Permission
from web.titles import form_words
from web.workspace import Visit, version_of, visit, workspace

audit_search = Blueprint("audit_search", __name__, url_prefix="/<registry>/audit")
PAGE = 50
FIELDS = ("who", "kind", "item", "patient", "since", "until")
KINDS = (
    *("register", "enrol", "open", "open_undone", "event", "event_removed", "missed_event", "missed_event_undone"),
    *(
        "open_form",
        "save",
        "acknowledge",
        *("withdraw", "withdraw_form", "withdraw_row", "restore", "restore_form", "restore_row"),
        "review",
        "unreview",
        "sign",
        "unsign",
        "lock",
        "unlock",
    ),
    *("move_form", "move_part", "merge", "unmerge", "link", "unlink", "query", "verify", "access", "erase", "help"),
    *("takeover_asked", "takeover_granted", "takeover_refused", "unlock_asked", "unlock_refused"),
    *("close_year", "reopen_year", "freeze", "unfreeze"),
)
COLUMNS = ("time", "who", "kind", "patient", "form", "items", "reason", "channel", "stream", "number")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed, what of it is looked for, and what of it is wrong (keys of words, by field)."""

    typed: Mapping[str, str]
    sought: Sought
    wrong: Mapping[str, str]


@audit_search.get("")
@needs(Permission.AUDIT)
def listed(registry: str) -> ResponseReturnValue:
    """A page of what was found, the newest first."""
    one, version = visit(), version_of(registry)
    asked, after = _asked(version, one), read_mark(request.args.get("after", ""))
    found = () if asked.wrong else search_audit(
        workspace().database, one.actor, asked.sought, at=one.now, after=after, size=PAGE + 1
    )  # fmt: skip
    shown, kept = found[:PAGE], _kept(version, one)
    return render(
        "audit.html", registry=registry, one=one, asked=asked, after=after,
        lines=[_line(version, each, one, kept) for each in shown],
        kinds=[(kind, kind_words(kind, one.tongue)) for kind in KINDS], labels=_labels(version, one),
        title=in_language(version.registry.model.title, one.language) or version.name,
        next=mark_text(shown[-1].mark) if len(found) > PAGE else "",
    )  # fmt: skip


@audit_search.get("/file")
@needs(Permission.AUDIT)
def export(registry: str) -> ResponseReturnValue:
    """All that was found, as CSV: sent while it is read. That it left the house is noted before it does."""
    one, version, database = visit(), version_of(registry), workspace().database
    asked = _asked(version, one)
    found = iter(()) if asked.wrong else walk_audit(database, one.actor, asked.sought, at=one.now)
    log_audit_export(asked.typed)
    columns = [one.words(f"audit_column_{name}") for name in COLUMNS]
    return csv_download(f"audit-{registry}.csv", columns, _rows(found, one, _kept(version, one)))


def mark_text(mark: Mark) -> str:
    """How addresses name the place after which a page begins."""
    return f"{mark.at.isoformat()}_{mark.number}_{mark.stream}"


def read_mark(text: str) -> Mark | None:
    """Read what `mark_text` made; None for anything else."""
    at, _, rest = text.partition("_")
    number, _, stream = rest.partition("_")
    try:
        read = Mark(datetime.fromisoformat(at.replace(" ", "+")), stream, int(number))
    except ValueError:
        return None
    return (
        read
        if read.at.tzinfo is not None and read.at.year in YEARS and abs(read.number) < 2**31 and "\0" not in stream
        else None
    )


def _asked(version: Version, one: Visit) -> Asked:
    typed = {name: request.args.get(name, "").strip()[:200].replace("\0", "") for name in FIELDS}
    typed = {name: text for name, text in typed.items() if text}
    wrong: dict[str, str] = {}
    since, until = (_day(typed, name, wrong) for name in ("since", "until"))
    subject = _subject(typed.get("patient", ""), one, wrong)
    sought = Sought(
        typed.get("who", ""), typed.get("kind", ""), _items(version, one, typed.get("item", ""), wrong), subject,
        begin_of(since), begin_of(until + timedelta(days=1)) if until and until.year in YEARS else None,
    )  # fmt: skip
    return Asked(typed, sought, wrong)


def _day(typed: Mapping[str, str], name: str, wrong: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(typed[name]) if name in typed else None
    except ValueError:
        wrong[name] = "audit_wrong_day"
        return None


def begin_of(day: date | None) -> datetime | None:
    """When a day begins on the local clock; midnight is never skipped there."""
    return resolve(datetime.combine(day, time()))[0] if day is not None and day.year in YEARS else None


def _subject(who: str, one: Visit, wrong: dict[str, str]) -> int | None:
    if not who:
        return None
    try:
        return subject_of(workspace().database, one.actor, who, one.now)
    except (NotFound, NotVisible):
        wrong["patient"] = "audit_wrong_patient"
        return None


def _items(version: Version, one: Visit, text: str, wrong: dict[str, str]) -> tuple[str, ...]:
    """The ids that an id or a label means: a label may stand at several items."""
    if not text:
        return ()
    plain = text.casefold()
    found = {
        item.id
        for item in _shown_items(version, one)
        if plain == item.id or plain in {label.casefold() for label in item.label.values()}
    }
    if not found:
        wrong["item"] = "audit_wrong_item"
    return tuple(sorted(found))


def _shown_items(version: Version, one: Visit) -> list[ItemDef]:
    """The items of all forms of which the reader may know that they changed."""
    forms = version.registry.model.forms.values()
    return [
        item for form in forms for item in walk_items(form) if item.id not in kept_items(one.actor, index_form(form))
    ]


def _labels(version: Version, one: Visit) -> list[str]:
    """The labels of all items, to choose from."""
    return sorted({in_language(item.label, one.language) or item.id for item in _shown_items(version, one)})


def _kept(version: Version, one: Visit) -> frozenset[str]:
    """The ids of items of which the reader is told nothing, whatever form they are in."""
    every = (item.id for form in version.registry.model.forms.values() for item in walk_items(form))
    return frozenset(every) - {item.id for item in _shown_items(version, one)}


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in words."""

    time: str
    who: str
    what: str
    form: str
    items: tuple[str, ...]
    reason: str
    channel: str
    patient: str
    href: str


def _line(version: Version, entry: FoundEntry, one: Visit, kept: frozenset[str]) -> Line:
    model = version.registry.model
    forms = [model.forms[entry.form]] if entry.form in model.forms else model.forms.values()  # a query names no form
    labels = {item.id: in_language(item.label, one.language) for form in forms for item in walk_items(form)}
    href = url_for("history.of_subject", registry=version.name, who=entry.pseudonym) if entry.pseudonym else ""
    return Line(
        one.tongue.instant(entry.mark.at), entry.who, kind_words(entry.kind, one.tongue),
        form_words(model, entry.form, one.language) if entry.form in model.forms else entry.form,
        tuple(labels.get(item) or item for item in entry.items if item not in kept), entry.reason, channel_words(entry.channel, one.tongue),
        entry.pseudonym, href,
    )  # fmt: skip


def _rows(found: Iterator[FoundEntry], one: Visit, kept: frozenset[str]) -> Iterator[list[str]]:
    for entry in found:
        yield [
            to_local(entry.mark.at).isoformat(timespec="seconds"), entry.who, kind_words(entry.kind, one.tongue), entry.pseudonym,
            entry.form, " ".join(item for item in entry.items if item not in kept), entry.reason, entry.channel, entry.mark.stream, str(entry.mark.number),
        ]  # fmt: skip


__all__ = ["audit_search", "begin_of", "mark_text", "read_mark"]
