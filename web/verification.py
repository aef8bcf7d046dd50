"""Source data verification: what is left by hospital and patient, and a form compared value by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine.datatypes.identifiers import holds_pesel
from engine.datatypes.values import FileValue, Unread
from engine.model.metadata_version import VerificationDef
from renderers.html.names import levels
from storage.errors import DecidedMeanwhile, NotFound
from storage.form_data import FormRecord, load_subject
from storage.hospitals import find_hospitals
from storage.slots import Key
from storage.threads import LONGEST
from storage.verification import Compared, Finding, Seen, compared, differ, verify
from storage.verification_plan import is_due, overlook
from web.chooser import narrowed, suggestions
from web.entry import Entry, address_of, open_entry, subject_of
from web.form_page import band_of, crumbs_of, dictionary_words
from web.news import News
from web.pages import render
from web.permissions import needs
from web.places import site_named, spot_of, whole_number
from web.query_words import row_names
from web.registries import Version
from web.roles import Permission
from web.titles import event_title, form_words, label_of, value_words
from web.workspace import version_of, visit, workspace

verification = Blueprint("verification", __name__, url_prefix="/<registry>")
PAGE = 50
NO_PLAN = VerificationDef()
AT = "/<subject:who>/forms/<spot>/verification"


@dataclass(frozen=True, slots=True)
class Value:
    """A value to be compared, with what was found of it."""

    name: str  # as the form's page has it
    key: Key
    label: str
    row: str
    words: str
    due: bool
    found: Compared | None

    @property
    def state(self) -> str:
        """verified, differs, changed, or '' where nobody compared it."""
        return str(self.found.state) if self.found is not None else ""

    @property
    def open(self) -> bool:
        """Whether it is still to be compared."""
        return self.state in ("", Finding.CHANGED)


@verification.get("/verification")
@needs(Permission.VERIFY)
def overview(registry: str) -> ResponseReturnValue:
    """How far each hospital is, and the patients of whom something is left."""
    one, space, version = visit(), workspace(), version_of(registry)
    plan = plan_of(version)
    keeper = one.actor.site is None
    narrow = narrowed(keeper)
    after = max(request.args.get("after", 0, type=whole_number) or 0, 0)
    found = overlook(space.database, one.actor, at=one.now, site=narrow.site, after=after, size=PAGE)
    return render(
        "verification.html", registry=registry, plan=plan if plan is not NO_PLAN else None, patients=found.patients, more=found.more,
        hospitals=found.hospitals, narrow=narrow,
        offered=find_hospitals(space.database, "") if keeper else (), keeper=keeper, suggest=suggestions(), after=after, one=one,
        title=version.registry.model.title.get(one.language, version.name),
    )  # fmt: skip


@verification.get("/patients/<who>/verification")
@needs(Permission.VERIFY)
def patient(registry: str, who: str) -> ResponseReturnValue:
    """The forms of a patient, with what is left in each."""
    one, space, version = visit(), workspace(), version_of(registry)
    subject = subject_of(space.database, one.actor, who, one.now)
    record = load_subject(space.database, version.registry, one.actor, subject, one.now)
    model, plan, lines = version.registry.model, plan_of(version), []
    for place, stored in record.forms.items():
        if place.form not in model.forms:
            continue
        found = _found(stored)
        keys = [key for key in stored.cells if is_due(plan, subject, place.form, key[1])]
        counts = [
            sum(key in found and found[key].state == state for key in keys)
            for state in (Finding.VERIFIED, Finding.DIFFERS)
        ]
        spot = spot_of(record, place)
        event = event_title(model, spot.event, spot.number, one.language) if spot.event in model.events else ""
        address = url_for("verification.form", registry=registry, who=who.upper(), spot=str(spot))
        lines.append((form_words(model, place.form, one.language), event, len(keys), *counts, address))
    return render("verification_patient.html", registry=registry, who=who.upper(), lines=lines, one=one)


@verification.get(AT)
@needs(Permission.VERIFY)
def form(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """A form, value by value."""
    news = News.taken("said")
    told = visit().words(news.said[0]) if news.said else ""
    return _shown(_read(registry, who, spot), told=told, rest=news.rest)


@verification.post(AT)
@needs(Permission.VERIFY)
def mark(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """Those that were ticked agree with their sources, or all of them; or one differs, and the hospital is asked."""
    one, database = visit(), workspace().database
    entry, stored = _read(registry, who, spot)
    values = {value.name: value for value in values_of(entry, stored)}
    seen = Seen(entry.subject, stored.id, request.form.get("revision", 0, type=whole_number) or 0, one.actor, one.now)
    name, said, words = request.form.get("differs", ""), "verify_did", ""
    rest = _rest(name)
    try:
        if name:
            if name not in values:
                abort(404)
            words = request.form.get(f"text:{name}", "").replace("\r\n", "\n")
            if holds_pesel(words):
                told = one.words("text_pesel")
                return _shown((entry, stored), refused=told, open_at=name, typed=words, rest=rest)
            if not words.strip() or len(words) > LONGEST:
                return _shown((entry, stored), wrong=name, open_at=name, typed=words, rest=rest)
            found = values[name].found
            if found is not None and found.state is Finding.DIFFERS:
                told = one.words("verify_asked_already", who=found.who)
                return _shown((entry, stored), refused=told, open_at=name, typed=words, rest=rest)
            differ(database, seen, values[name].key, words)
            said = "verify_did_differ"
        else:
            agreeing = [values[each].key for each in _agreeing(values) if each in values]
            if not agreeing:
                return _shown((entry, stored), refused=one.words("verify_none_ticked"), rest=rest)
            verify(database, seen, agreeing)
            rest = tuple(each for each in rest if each[0] != "item")
    except DecidedMeanwhile as fault:
        told = one.words("verify_decided", who=fault.who)
        return _shown(_read(registry, who, spot), open_at=name, typed=words, refused=told)
    return redirect(address_of(entry, "verification.form", said=News(said=(said,), rest=rest).leave()), 303)


def _rest(name: str) -> tuple[tuple[str, str], ...]:
    """What was ticked and typed of other values: it is not lost when one of them is asked about."""
    posted = ((field, words[:LONGEST]) for field, words in request.form.items(multi=True) if words.strip())
    kept = (each for each in posted if each[0] == "item" or each[0].startswith("text:"))
    return tuple(each for each in kept if name not in (each[1], each[0].removeprefix("text:")))


def _agreeing(values: Mapping[str, Value]) -> Sequence[str]:
    """The names of what somebody says to agree; 'all' leaves out what was said to differ."""
    if again := request.form.get("agrees"):
        return [again]
    if request.form.get("do") == "all":
        return [name for name, value in values.items() if value.state != Finding.DIFFERS]
    return request.form.getlist("item")


def plan_of(version: Version) -> VerificationDef:
    """What the registry compares; nothing where its definition does not say."""
    return version.registry.model.verification or NO_PLAN


def values_of(entry: Entry, stored: FormRecord) -> list[Value]:
    """What was entered in a form, in the order of its page."""
    one, plan, found = visit(), plan_of(version_of(entry.version.name)), _found(stored)
    rows, labels = row_names(entry.form, stored.data, one), dictionary_words(entry, one.language, stored.data)
    values = []
    for level in levels(entry.form, stored.data):
        row = level.place.steps[-1][1] if level.place.steps else ""
        for item in level.part.items:
            entered = level.data.items.get(item.id)
            if entered is None or isinstance(entered, Unread) or item.calculate is not None:
                continue
            words = entered.name if isinstance(entered, FileValue) else value_words(item, entered, one.language, labels)
            key, due = (row, item.id), is_due(plan, entry.subject, entry.form.id, item.id)
            label = label_of(entry.form, item.id, one.language)
            values.append(Value(level.place.at + item.id, key, label, rows.get(row, ""), words, due, found.get(key)))
    return values


def _found(stored: FormRecord) -> dict[Key, Compared]:
    with workspace().database.read() as connection:
        return compared(connection, visit().actor, stored.id)


def _read(registry: str, who: str, spot: str) -> tuple[Entry, FormRecord]:
    one = visit()
    assert registry == one.actor.registry  # the guard has made sure
    entry = open_entry(workspace(), one.actor, who, spot, one.now)
    if entry.stored is None:
        raise NotFound("form", spot)
    return entry, entry.stored


def _forms_of(entry: Entry) -> str:
    """The page of the patient's other forms; '' of a hospital's own records."""
    if site_named(entry.who) is not None:
        return ""
    return url_for("verification.patient", registry=visit().actor.registry, who=entry.who.upper())


def _shown(
    read: tuple[Entry, FormRecord],
    *,
    told: str = "",
    wrong: str = "",
    open_at: str = "",
    typed: str = "",
    refused: str = "",
    rest: Sequence[tuple[str, str]] = (),
) -> ResponseReturnValue:
    (entry, stored), one = read, visit()
    values = values_of(entry, stored)
    return render(
        "verification_form.html", status=422 if wrong or refused else 200, entry=entry, values=values, told=told, wrong=wrong,
        texts={**dict(rest), **({f"text:{open_at}": typed} if open_at else {})}, refused=refused,
        ticked={value for name, value in rest if name == "item"}, one=one, band=band_of(entry, one), crumbs=crumbs_of(entry, one), revision=stored.revision,
        title=form_words(entry.version.registry.model, entry.form.id, one.language), most=LONGEST,
        forms_href=_forms_of(entry), form_href=address_of(entry), action=address_of(entry, "verification.mark"),
        left=sum(value.due and value.open for value in values), due=sum(value.due for value in values),
    )  # fmt: skip


__all__ = ["plan_of", "values_of", "verification"]
