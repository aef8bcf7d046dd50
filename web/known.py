"""Whether a person is known already, at any hospital: asked with all three of what identifies one, answered with as little."""

from __future__ import annotations

from datetime import date
from secrets import token_urlsafe
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from engine.datatypes.calendar_dates import FIRST_YEAR
from engine.datatypes.identifiers import judge_pesel, pesel_birth_date
from engine.model.text import in_language
from engine.records.form_data import FormData
from storage.access import on_behalf
from storage.errors import Closed, DecidedMeanwhile, LockedOut, NotFound
from storage.finding import find_person
from storage.form_data import Place
from storage.form_index import index_form
from storage.identity import Person, person_in
from storage.rights import fixed_items
from storage.session_notes import leave_note, read_note
from storage.subjects import Registered, enrol_subject, is_in_registry, pseudonym_of
from storage.takeovers import GRANTED, ask_takeover, decide_takeover, own_takeovers, takeovers_to_decide
from storage.wards import join_ward
from storage.working_copy import working_copies
from web.drafts import Draft, draft_of, keep_draft
from web.entry import subject_of
from web.news import News
from web.pages import render
from web.permissions import needs
from web.registries import Version
from web.roles import Permission, allows
from web.rules import patient_form
from web.typed import line_of
from web.workspace import actor_of, has, version_of, visit, workspace

MAX_REASON = 500
REFUSED = frozenset({"takeover_decided", "void_frozen"})  # what the page of requests tells of what was not done
FIRST_BIRTH = f"{FIRST_YEAR}-01-01"  # dates in this form are in the order of their letters
FIELDS = ("pesel", "birth_date", "surname")
known = Blueprint("known", __name__, url_prefix="/<registry>")


@known.get("/known")
@needs(Permission.REGISTER)
def ask(registry: str) -> ResponseReturnValue:
    """What identifies a person: of a patient whose form was not saved, as somebody knows them, what is typed there."""
    of = request.args.get("of", "")[:40]
    return _page(registry, typed=_typed_in(version_of(registry), of), of=of) if of else _page(registry)


def _typed_in(version: Version, who: str) -> dict[str, str]:
    """What one typed in the form about a patient, and did not save."""
    one, space, name = visit(), workspace(), patient_form(version.registry)
    subject = subject_of(space.database, one.actor, who, one.now)
    form = version.registry.model.forms.get(name)
    copies = working_copies(space.database, one.actor, subject, at=one.now)
    place = next((place for place in copies if place.form == name), None)
    draft = draft_of(space.database, one.actor, subject, place, form, one.now) if form and place else None
    person = person_in(draft.data.items, version.rules.person) if draft is not None else Person()
    return {"pesel": person.pesel, "birth_date": person.birth_date, "surname": person.surname}


def _page(registry: str, *, status: int = 200, **parts: Any) -> Response:
    told: dict[str, Any] = {
        "typed": dict.fromkeys(FIELDS, ""),
        "faults": {},
        "result": "",
        "who": "",
        "note": "",
        "of": request.form.get("of", "")[:40],
        "title": "",
        "beside": "",
        "locked": "",
        "key": token_urlsafe(12),
        **parts,
    }
    told["faults"] = dict.fromkeys((*FIELDS, "reason"), "") | told["faults"]
    return render("known.html", status=status, registry=registry, longest=MAX_REASON, **told)


@known.post("/known")
@needs(Permission.REGISTER)
def look(registry: str) -> ResponseReturnValue:
    """Look the person up: limited, and noted in the audit. What was typed stands in no address."""
    one, space = visit(), workspace()
    typed = {name: " ".join(request.form.get(name, "").split())[:100] for name in FIELDS}
    person = Person(typed["surname"], _day(typed["birth_date"]), typed["pesel"].replace(" ", ""))
    faults = _faults(person)
    if faults:
        return _page(registry, status=422, typed=typed, faults=faults)
    try:
        found = find_person(space.database, one.actor, person, at=one.now)
    except LockedOut as locked:
        return _page(registry, status=429, typed=typed, locked=one.tongue.moment(locked.until, one.now))
    if found is None and request.form.get("of"):
        return _page(registry, result="differs")
    if found is None:
        note = _leave({"person": [person.pesel, person.birth_date, person.surname]})
        return _page(registry, result="unknown", note=note)
    if found.pseudonym:
        return _page(registry, result="own", who=found.pseudonym)
    beside = _beside(found.subject)
    if beside is not None:
        own, who = beside
        title = in_language(own.registry.model.title, one.language)
        note = _leave({"enrol": found.subject})
        return _page(registry, result="beside", title=title, beside=own.name, who=who, note=note)
    return _page(
        registry, result="ward" if found.in_hospital else "elsewhere", note=_leave({"takeover": found.subject})
    )


def _leave(content: dict[str, object]) -> str:
    """Who it is, kept in the session: the page and its addresses do not say."""
    return leave_note(workspace().database, str(session["token"]), content, at=visit().now)


def _beside(subject: int) -> tuple[Version, str] | None:
    """Another registry in which one's own hospital has the person, and one may see that; with the pseudonym there."""
    one, space = visit(), workspace()
    if one.account is None or is_in_registry(space.database, one.actor, subject):
        return None  # another hospital has the person in this registry, and decides
    for held in one.memberships:
        version = space.registries.current.get(held.registry)
        actor = actor_of(one.account.id, one.account.name, held)
        if held.site != one.actor.site or version is None or not has(one, held, Permission.IDENTITY):
            continue
        database = on_behalf(space.database, actor, one.now)
        try:
            return version, pseudonym_of(database, actor, subject, at=one.now)
        except NotFound:
            continue
    return None


@known.post("/known/enrol")
@needs(Permission.REGISTER)
def enrol(registry: str) -> ResponseReturnValue:
    """Take a person whom one's own hospital has in another registry into this one: what is known of who it is comes along."""
    one, space, version = visit(), workspace(), version_of(registry)
    kept = read_note(space.database, str(session["token"]), request.form.get("note", "")[:64], at=one.now)
    if not isinstance(kept, dict) or "enrol" not in kept or one.actor.site is None:
        abort(404)
    subject = kept["enrol"]
    if _beside(subject) is None:  # a second click, or another hospital was quicker
        return redirect(url_for("patients.listed", registry=registry), 303)
    try:
        who = enrol_subject(
            space.database, one.actor, subject, prefix=version.prefix, at=one.now, registry=version.registry
        )
    except Closed:
        said = News(("void_frozen",)).leave()
        return redirect(url_for("patients.listed", registry=registry, said=said), 303)
    return redirect(url_for("patients.show", registry=registry, who=who), 303)


def _faults(person: Person) -> dict[str, str]:
    """What is wrong, a key of words each."""
    faults = {} if judge_pesel(person.pesel) is None else {"pesel": "known_pesel"}
    if not person.birth_date:
        faults["birth_date"] = "known_birth_date"
    elif not FIRST_BIRTH <= person.birth_date <= visit().now.date().isoformat():
        faults["birth_date"] = "known_birth_never"
    elif not faults and str(pesel_birth_date(person.pesel)) != person.birth_date:
        faults["birth_date"] = "known_birth_pesel"
    if not person.surname:
        faults["surname"] = "known_surname"
    return faults


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def begin_with(version: Version, new: Registered) -> None:
    """What was typed when the person was looked for, as the first of one's draft."""
    one, database, name = visit(), workspace().database, patient_form(version.registry)
    kept = read_note(database, str(session["token"]), request.form.get("note", "")[:64], at=one.now)
    form, known = version.registry.model.forms.get(name), kept.get("person") if isinstance(kept, dict) else None
    if form is None or not known:
        return
    index, person = index_form(form), version.rules.person
    typed = {person.pesel: known[0], person.birth_date: known[1], person.surname: known[2]}
    items = {
        name: index.items[name].datatype.parse(text, index.items[name].facets) for name, text in typed.items()
        if name in index.items and name not in fixed_items(one.actor, index)
    }  # fmt: skip
    draft = Draft(FormData({name: value for name, value in items.items() if value is not None}), 0)
    keep_draft(database, one.actor, new.subject, Place(new.patient, form.id), form, draft, one.now)


@known.post("/known/ask")
@needs(Permission.REGISTER)
def ask_for(registry: str) -> ResponseReturnValue:
    """Ask whoever has the record to let one's own hospital see it; one's ward sees at once what the hospital has."""
    one, space, version = visit(), workspace(), version_of(registry)
    note, reason = request.form.get("note", "")[:64], line_of("reason", MAX_REASON)
    kept = read_note(space.database, str(session["token"]), note, at=one.now)
    if not isinstance(kept, dict) or "takeover" not in kept or one.actor.site is None:
        abort(404)
    if not reason:
        return _page(registry, status=422, result="elsewhere", note=note, faults={"reason": "known_reason"})
    if join_ward(space.database, one.actor, kept["takeover"], reason=reason, at=one.now):
        return _to_requests(registry, "ward_is_joined")
    asked = ask_takeover(space.database, one.actor, kept["takeover"], prefix=version.prefix, reason=reason, at=one.now)
    return _to_requests(registry, "takeover_is_asked" if asked else "takeover_was_asked")


@known.get("/requests")
@needs(Permission.READ)
def requests(registry: str) -> ResponseReturnValue:
    """What one's own hospital asked for, and what others ask of it."""
    one, database = visit(), workspace().database
    decides = allows(one.actor.role, Permission.SHARE)
    news = News.taken("said")
    return render(
        "requests.html", registry=registry, own=own_takeovers(database, one.actor, at=one.now), decides=decides,
        asked=takeovers_to_decide(database, one.actor, at=one.now) if decides else (), longest=MAX_REASON,
        said=one.words(news.said[0], who=news.who) if news.said else "", refused=REFUSED.intersection(news.said), wrong=news.wrong, about=news.event,
        may_ask=allows(one.actor.role, Permission.REGISTER) and one.actor.site is not None,
        moment=lambda at: one.tongue.moment(at, one.now),
    )  # fmt: skip


@known.post("/requests/<int:number>")
@needs(Permission.SHARE)
def decide(registry: str, number: int) -> ResponseReturnValue:
    """Grant a request or refuse it, with a reason."""
    one, answer, grant = visit(), line_of("answer", MAX_REASON), request.form.get("do") == "grant"
    if not answer and not grant:
        news = News(wrong="takeover_reason", event=str(number)).leave()
        return redirect(url_for("known.requests", registry=registry, said=news), 303)
    try:
        decide_takeover(workspace().database, one.actor, number, grant=grant, answer=answer, at=one.now)
    except Closed:
        return _to_requests(registry, "void_frozen")
    except DecidedMeanwhile as other:
        same = grant and other.decision == GRANTED  # a second click, or a colleague's
        return _to_requests(registry, "takeover_was_granted" if same else "takeover_decided", who=other.who)
    return _to_requests(registry, "takeover_is_granted" if grant else "takeover_is_refused")


def _to_requests(registry: str, said: str, who: str = "") -> ResponseReturnValue:
    return redirect(url_for("known.requests", registry=registry, said=News((said,), who=who).leave()), 303)


__all__ = ["begin_with", "known"]
