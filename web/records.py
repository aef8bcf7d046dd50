"""What a hospital keeps of its own in a registry, such as its consoles: a page of lists, and the way to a new entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine.model.form import FormDef
from engine.model.item import ItemDef
from engine.model.text import in_language
from renderers.html.posted_data import MAX_REASON
from storage.closing import closings_that_stand
from storage.errors import NotFound, ReasonNeeded
from storage.form_data import FormRecord, Place, SubjectRecord, load_subject
from storage.form_index import SITE, has_site_forms
from storage.history import LogLine, subject_log
from storage.issues import OpenIssue, open_issues
from storage.opened_forms import Deed
from storage.site_records import SiteRecords, open_site_records, site_records
from storage.withdrawing import restore, withdrawals_of
from storage.working_copy import working_copies
from web.entry import subject_named
from web.lookups import plain
from web.news import News
from web.overview import UNFILLED
from web.pages import render
from web.permissions import needs
from web.places import Spot, parse_spot, site_name, whole_number
from web.posts import posted_reason
from web.registries import Version
from web.roles import Permission, allows
from web.shut import Shut
from web.titles import STATES, form_words, value_words
from web.withdrawals import REFUSALS, REFUSED, GoneLine, gone_lines
from web.workspace import Visit, version_of, visit, workspace

records = Blueprint("records", __name__, url_prefix="/<registry>/hospital")
PAGE = 50
LATEST = 20  # of what was changed
LOGGED = MappingProxyType({"open_form": "log_added", "save": "log_changed"})


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of a list: how it is called, what else it is found by, how it stands."""

    spot: Spot
    title: str
    cells: tuple[str, ...]
    state: str  # a key of the status signs
    words: str
    saved: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries of one form."""

    form: str
    title: str
    intro: str
    repeats: bool
    columns: tuple[str, ...]  # labels of what entries are found by; the first is the title
    lines: tuple[Line, ...]  # of this page
    total: int  # how many there are of what was looked for
    there: int  # how many there are at all


@dataclass(frozen=True, slots=True)
class Held:
    """A hospital's own records, and what is known of them."""

    version: Version
    record: SubjectRecord
    issues: Sequence[OpenIssue]
    drafts: frozenset[Place]
    one: Visit


@records.get("")
@needs(Permission.READ)
def listed(registry: str) -> ResponseReturnValue:
    """The own hospital's records; who sees several hospitals chooses one."""
    one, space, version = visit(), workspace(), version_of(registry)
    if not has_site_forms(version.registry.model):
        abort(404)
    seen = site_records(space.database, one.actor, at=one.now)
    wanted = one.actor.site if one.actor.site is not None else request.args.get("site", type=whole_number)
    here = next((each for each in seen if each.site == wanted), None)
    if here is None and wanted is not None and one.actor.site is None:
        abort(404)
    query, number = (
        request.args.get("q", "").strip()[:100],
        min(max(request.args.get("page", 1, type=whole_number), 1), 1000),
    )
    held = _held(version, here, one) if here is not None else None
    lists = tuple(_listing(version, held, form, one, query, number) for form in _site_forms(version))
    pages = max(-(-max((each.total for each in lists), default=0) // PAGE), 1)
    own = one.membership.site_name if one.membership else ""
    gone, shut = _gone(held) if held is not None else [], Shut(closings_that_stand(space.database, registry))
    return render(
        "records.html", registry=registry, who=site_name(here.site) if here else "", lists=lists, query=query, number=number,
        pages=pages, hospital=here.name if here else own, hospitals=seen if one.actor.site is None else (), wanted=wanted,
        title=in_language(version.registry.model.title, one.language), done=_done(version, one), one=one,
        may_enter=allows(one.actor.role, Permission.ENTER) and one.actor.site is not None and not shut.frozen,
        log=tuple(_log(held)) if held is not None else (), gone=gone, news=News.taken("said"), most=MAX_REASON,
        may_void=allows(one.actor.role, Permission.VOID) and not shut.frozen, shut=shut.notices(one, ()),
        restore_at=partial(url_for, "records.put_back", registry=registry, site=here.site if here else 0),
    )  # fmt: skip


@records.post("/<int:site>/withdrawn/<int:number>")
@needs(Permission.VOID)
def put_back(registry: str, site: int, number: int) -> ResponseReturnValue:
    """Restore an entry of a hospital, or a row of one."""
    one, space, version = visit(), workspace(), version_of(registry)
    subject = subject_named(space.database, one.actor, site_name(site), one.now)
    try:
        restore(
            space.database, version.registry, version.rules, Deed(subject, one.actor, one.now, posted_reason()), number
        )
    except ReasonNeeded:
        news = News(wrong=f"restore-{number}")
    except NotFound:  # a second click
        news = News()
    except REFUSALS as refused:
        news = News((REFUSED[type(refused)],))
    else:
        news = News(("did_restore",))
    return redirect(url_for("records.listed", registry=registry, site=site, said=news.leave()), 303)


@records.post("/add/<form>")
@needs(Permission.ENTER)
def add(registry: str, form: str) -> ResponseReturnValue:
    """On to a new entry, or to the one that somebody began and did not save yet."""
    one, space, version = visit(), workspace(), version_of(registry)
    definition = version.registry.model.forms.get(form)
    if definition is None or definition.container != SITE or definition.per_event:
        abort(404)
    here = open_site_records(space.database, version.registry, one.actor, at=one.now)
    record = load_subject(space.database, version.registry, one.actor, here.subject, one.now)
    spot = Spot(here.instance, form, record.count(here.instance, form) if definition.repeats else 0)
    return redirect(url_for("forms.show", registry=registry, who=site_name(here.site), spot=str(spot)), 303)


def _gone(held: Held) -> list[GoneLine]:
    """What is withdrawn of it."""
    found = withdrawals_of(workspace().database, held.one.actor, held.record.subject, at=held.one.now)
    return gone_lines(held.version, held.record, found)


def _site_forms(version: Version) -> list[FormDef]:
    return [form for form in version.registry.model.forms.values() if form.container == SITE and not form.per_event]


def _held(version: Version, here: SiteRecords, one: Visit) -> Held:
    database = workspace().database
    return Held(
        version,
        load_subject(database, version.registry, one.actor, here.subject, one.now),
        open_issues(database, one.actor, here.subject, at=one.now),
        frozenset(working_copies(database, one.actor, here.subject, at=one.now)),
        one,
    )


def _listing(version: Version, held: Held | None, form: FormDef, one: Visit, query: str, number: int) -> Listing:
    searched = [item for item in form.items if item.searchable]
    columns = tuple(in_language(item.label, one.language) for item in searched)
    places = _places(held, form) if held is not None else []
    lines = [_line(held, form, searched, place) for place in places] if held is not None else []
    wanted = plain(query)
    found = [line for line in lines if wanted in plain(" ".join((line.title, *line.cells)))]
    title = form_words(version.registry.model, form.id, one.language)
    return Listing(
        form.id, title, in_language(form.intro, one.language), form.repeats, columns or (title,),
        tuple(found[(number - 1) * PAGE : number * PAGE]), len(found), len(lines),
    )  # fmt: skip


def _places(held: Held, form: FormDef) -> list[Place]:
    """The entries that are saved, and one's own that are not yet."""
    known = {*held.record.forms, *held.drafts}
    return sorted((place for place in known if place.form == form.id), key=lambda place: place.record)


def _line(held: Held, form: FormDef, searched: Sequence[ItemDef], place: Place) -> Line:
    one, stored = held.one, held.record.forms.get(place)
    items = stored.data.items if stored is not None else {}
    texts = [value_words(item, items.get(item.id), one.language) for item in searched]
    title = (
        next(iter(texts), "") or f"{form_words(held.version.registry.model, form.id, one.language)} {place.record + 1}"
    )
    state, words = _state(held, stored, unsaved=place in held.drafts)
    saved = one.tongue.moment(stored.saved_at, one.now) if stored is not None else ""
    return Line(Spot(place.instance, place.form, place.record), title, tuple(texts[1:]), state, words, saved)


def _state(held: Held, stored: FormRecord | None, *, unsaved: bool) -> tuple[str, str]:
    words = held.one.tongue.words
    own = [issue for issue in held.issues if stored is not None and issue.form == stored.id]
    counts = {
        "errors": sum(issue.severity == "error" and issue.code not in UNFILLED for issue in own),
        "warnings": sum(issue.severity != "error" and not issue.acknowledged_by for issue in own),
    }
    if unsaved:
        return "draft", words.text("line_copy")
    for state, count in counts.items():
        if count:
            return state, words.count(state, count)
    state = STATES[stored.state] if stored is not None else "draft"
    return state, words.text(f"state_{state}")


def _log(held: Held) -> Iterator[tuple[str, str, str]]:
    """When, who and what, the newest first."""
    one, forms = held.one, {form.id: form.place for form in held.record.forms.values()}
    lines = subject_log(workspace().database, one.actor, held.record.subject, at=one.now)
    told: list[LogLine] = [line for line in lines if line.kind in LOGGED and line.form in forms]
    for line in told[:LATEST]:
        place = forms[line.form or 0]
        form = held.version.registry.model.forms[place.form]
        what = _line(held, form, [item for item in form.items if item.searchable], place)
        yield one.tongue.moment(line.at, one.now), line.who, one.words(LOGGED[line.kind], what=what.title)


def _done(version: Version, one: Visit) -> str:
    """The title of the form that was just completed."""
    spot = parse_spot(News.taken("done").done)
    known = spot is not None and spot.form in version.registry.model.forms
    return form_words(version.registry.model, spot.form, one.language) if spot is not None and known else ""


__all__ = ["records"]
