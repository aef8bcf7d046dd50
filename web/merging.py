"""Merges two records of the same person, and takes it back: which is kept, and which answers, somebody says explicitly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from secrets import token_urlsafe

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from renderers.html.posted_data import MAX_REASON
from storage.carrying import Book
from storage.errors import (
    BeingFilled,
    Closed,
    ConfirmClear,
    Conflict,
    DecidedMeanwhile,
    Erased,
    KeyReused,
    Locked,
    NotFound,
    NotUnique,
    NotVisible,
    ReasonNeeded,
    TooMany,
    WrongState,
)
from storage.form_data import SubjectRecord, load_subject
from storage.form_index import Registry, index_form
from storage.listing import Narrowed, list_subjects
from storage.merge_outlook import Difference, Outlook, outlook
from storage.merges import Merged, merged_into
from storage.merging import Merge, merge, unmerge
from storage.opened_forms import Deed
from storage.request import Rules
from storage.rights import hidden_items
from web.denials import log_seen
from web.entry import subject_of
from web.finding import keep_search, search_at
from web.news import News
from web.pages import render
from web.permissions import needs
from web.posts import key_of_page, posted_reason
from web.registries import Version
from web.roles import Permission
from web.titles import form_words, label_of, value_words
from web.workspace import Visit, version_of, visit, workspace

merging = Blueprint("merging", __name__, url_prefix="/<registry>/patients/<who>/merge")
REFUSED: Mapping[type[Exception], str] = {
    BeingFilled: "merge_busy",
    Closed: "merge_closed",
    Locked: "merge_locked",
    TooMany: "merge_many",
    ConfirmClear: "merge_clears",
    NotUnique: "void_taken",
    Erased: "merge_erased",
    DecidedMeanwhile: "merge_meanwhile",
    **dict.fromkeys((Conflict, KeyReused, NotFound, WrongState), "merge_changed"),
}  # what is said
REFUSALS = tuple(REFUSED)
KEPT, OTHER = "kept", "other"  # whose answer is chosen
FOUND = 10  # records on offer


@dataclass(frozen=True, slots=True)
class Choice:
    """An item of which the two records say different things."""

    item: str
    label: str
    kept: str  # its value in words; '' where there is none
    other: str
    chosen: str  # whose value
    missing: bool = False  # nobody said whose


@dataclass(frozen=True, slots=True)
class Typed:
    """What was sent and has to be corrected."""

    chosen: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    wrong: str = ""
    same: bool = False  # it was ticked that they are one person all the same


@dataclass(frozen=True, slots=True)
class MergedLine:
    """A record that was merged into this one."""

    number: int
    who: str
    words: str

    @property
    def name(self) -> str:
        """How the page calls its answers."""
        return f"unmerge-{self.number}"


def book_of(version: Version) -> Book:
    """A registry as storage carries from one record to another."""

    def pinned(definition: str) -> tuple[Registry, Rules]:
        earlier = workspace().registries.of(definition)
        return earlier.registry, earlier.rules

    return Book(version.registry, version.rules, pinned)


def merged_lines(merged: Iterable[Merged]) -> list[MergedLine]:
    """What was merged into a patient, in words."""
    one = visit()
    return [
        MergedLine(
            each.withdrawal, each.pseudonym,
            one.words("merged_by", who=each.who, time=one.tongue.moment(each.at, one.now), reason=each.reason),
        )
        for each in merged
    ]  # fmt: skip


@merging.get("")
@needs(Permission.VOID)
def show(registry: str, who: str) -> ResponseReturnValue:
    """First which other record it is, then what would become of both."""
    one, version = visit(), version_of(registry)
    subject = subject_of(workspace().database, one.actor, who, one.now)
    other = request.args.get("to", "")[:40].strip()
    if other:
        return _page(version, subject, who, other)
    news = News(wrong="search_empty") if "to" in request.args else News.taken("said")
    return _search_page(version, who, news)


@merging.post("/find")
@needs(Permission.VOID)
def find(registry: str, who: str) -> ResponseReturnValue:
    """Look for the other record, and on to an address that says nothing of whom."""
    found = keep_search()
    if not found:
        return _back(registry, who, "search_empty")
    return redirect(url_for("merging.show", registry=registry, who=who, found=found), 303)


def _search_page(version: Version, who: str, news: News) -> ResponseReturnValue:
    one, database = visit(), workspace().database
    search = search_at(version, request.args.get("found", ""))
    found = [search.found or search.hint] if search.found or search.hint else []
    if search.hashes:
        narrowed = Narrowed(hashes=search.hashes)
        page = list_subjects(database, one.actor, at=one.now, size=FOUND, narrowed=narrowed)
        found = [each.pseudonym for each in page.subjects]
    others = [each for each in found if each != who.upper()]
    if found and not others:
        news = News(wrong="merge_same")
    found = others
    if search.found and found:
        return redirect(url_for("merging.show", registry=version.name, who=who, to=search.found), 303)
    return render(
        "merge_find.html", registry=version.name, who=who.upper(), search=search, found=found, news=news,
        may_identify=one.actor.identities,
    )  # fmt: skip


def _page(version: Version, subject: int, who: str, other: str, typed: Typed | None = None) -> ResponseReturnValue:
    """Both records beside each other, and what is to be said before they become one."""
    one, database, sent = visit(), workspace().database, typed or Typed()
    try:
        theirs = subject_of(database, one.actor, other, one.now)
    except NotFound:
        return _back(version.name, who, "move_nobody")
    if theirs == subject:
        return _back(version.name, who, "merge_same")
    try:
        told = outlook(database, book_of(version), one.actor, theirs, subject, at=one.now)
    except NotVisible:  # of one of them the hospital sees some episodes alone
        return _back(version.name, who, "merge_partly")
    records = [load_subject(database, version.registry, one.actor, each, one.now) for each in (subject, theirs)]
    choices = list(_choices(version, told, records[0], records[1], sent))
    gaps = [each for each in choices if each.missing]
    model = version.registry.model
    return render(
        "merge.html", status=422 if sent.wrong else 200, registry=version.name, who=who.upper(), other=other.upper(),
        told=told, choices=choices, gaps=gaps, sent=sent, key=token_urlsafe(12), most=MAX_REASON,
        staying=[form_words(model, form, one.language) for form in told.staying],
    )  # fmt: skip


def _choices(
    version: Version, told: Outlook, kept: SubjectRecord, other: SubjectRecord, sent: Typed
) -> Iterator[Choice]:
    """The items that differ; values are shown to those who may see them, and that is noted."""
    one, shown = visit(), set[str]()
    for each in told.differences:
        form = version.registry.model.forms[each.form]
        index = index_form(form)
        hidden = each.item in hidden_items(one.actor, index)
        if not hidden and each.item in index.identifying:
            shown.add(each.item)
        words = (_value(version, record, each, one, hidden=hidden, filled=filled) for record, filled in
                 ((kept, each.kept), (other, each.other)))  # fmt: skip
        default = OTHER if not each.kept else ""
        ours, theirs = words
        label = label_of(form, each.item, one.language)
        chosen = sent.chosen.get(each.item, "" if sent.wrong else default)
        yield Choice(each.item, label, ours, theirs, chosen, missing=bool(sent.wrong) and not chosen)
    for record in (kept, other):
        log_seen(record.subject, tuple(sorted(shown)))


def _value(version: Version, record: SubjectRecord, each: Difference, one: Visit, *, hidden: bool, filled: bool) -> str:
    if hidden or not filled:
        return one.words("private") if filled else ""
    form = next((form for place, form in record.forms.items() if place.form == each.form), None)
    item = index_form(version.registry.model.forms[each.form]).items[each.item]
    value = form.data.items.get(each.item) if form is not None else None
    labels = {code: version.lookups.label(item, code, one.language) for code in _codes(value)}
    return value_words(item, value, one.language, {code: words for code, words in labels.items() if words})


def _codes(value: object) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(str(each) for each in value)
    return (value,) if isinstance(value, str) else ()


@merging.post("")
@needs(Permission.VOID)
def join(registry: str, who: str) -> ResponseReturnValue:
    """Merge the other record into this one, and on to it."""
    one, space, version = visit(), workspace(), version_of(registry)
    subject, other = subject_of(space.database, one.actor, who, one.now), request.form.get("to", "")[:40]
    try:
        theirs = subject_of(space.database, one.actor, other, one.now)
        told = outlook(space.database, book_of(version), one.actor, theirs, subject, at=one.now)
    except NotFound:  # a second click, or somebody was quicker
        return _back(registry, who, "merge_changed")
    except NotVisible:
        return _back(registry, who, "merge_partly")
    items = {each.item for each in told.differences}
    chosen = {item: whose for item in items if (whose := request.form.get(f"answer-{item}", "")) in (KEPT, OTHER)}
    typed = Typed(chosen, posted_reason(), same=request.form.get("same") == "1")
    if chosen.keys() != items:
        return _page(version, subject, who, other, replace(typed, wrong="merge_choose"))
    if told.two_people and not typed.same:
        return _page(version, subject, who, other, replace(typed, wrong="merge_tick"))
    taken = frozenset(item for item, whose in chosen.items() if whose == OTHER)
    deed = Deed(theirs, one.actor, one.now, typed.reason)
    try:
        merge(space.database, book_of(version), deed, Merge(subject, taken, key_of_page()))
    except ReasonNeeded:
        return _page(version, subject, who, other, replace(typed, wrong="reason_missing"))
    except DecidedMeanwhile:
        return _to_either(registry, who, other)
    except REFUSALS as refused:
        return _page(version, subject, who, other, replace(typed, wrong=REFUSED[type(refused)]))
    news = News(("merge_is_done",), who=other.upper())
    return redirect(url_for("patients.show", registry=registry, who=who, said=news.leave()), 303)


@merging.post("/<int:number>/undo")
@needs(Permission.VOID)
def part(registry: str, who: str, number: int) -> ResponseReturnValue:
    """Take a merge back, and on to the record that is one of its own again."""
    one, space, version = visit(), workspace(), version_of(registry)
    subject = subject_of(space.database, one.actor, who, one.now)
    held = merged_into(space.database, one.actor, subject, at=one.now)
    found = next((each for each in held if each.withdrawal == number), None)
    if found is None:
        abort(404)
    try:
        unmerge(
            space.database, book_of(version), Deed(found.subject, one.actor, one.now, posted_reason()), number
        )  # fmt: skip
    except ReasonNeeded:
        return _to_states(registry, who, News(wrong=f"unmerge-{number}"))
    except REFUSALS as refused:
        return _to_states(registry, who, News((REFUSED[type(refused)],)))
    news = News(("merge_is_undone",), who=who.upper())
    return redirect(url_for("patients.show", registry=registry, who=found.pseudonym, said=news.leave()), 303)


def _to_either(registry: str, who: str, other: str) -> ResponseReturnValue:
    """On to that of the two records which is still there: what somebody was quicker to do leaves no merge to show."""
    one, database = visit(), workspace().database
    try:
        subject_of(database, one.actor, who, one.now)
    except NotFound:
        who = other
    said = News(("merge_meanwhile",)).leave()
    return redirect(url_for("patients.show", registry=registry, who=who, said=said), 303)


def _to_states(registry: str, who: str, news: News) -> ResponseReturnValue:
    return redirect(url_for("patient_states.show", registry=registry, who=who, said=news.leave()), 303)


def _back(registry: str, who: str, wrong: str) -> ResponseReturnValue:
    return redirect(url_for("merging.show", registry=registry, who=who, said=News(wrong=wrong).leave()), 303)


__all__ = ["MergedLine", "book_of", "merged_lines", "merging"]
