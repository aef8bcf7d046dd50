"""The patients of one's own hospital: the list, search by number or surname, registration, and one patient's page."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from secrets import token_urlsafe

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from engine.datatypes.identifiers import holds_pesel, is_pesel
from engine.datatypes.words import date_text
from renderers.html import Band
from renderers.html.posted_data import MAX_REASON
from storage.access import on_behalf
from storage.around import around_patient
from storage.closing import closings_that_stand
from storage.errors import Closed, NotFound, Taken
from storage.form_data import load_subject
from storage.history import subject_log
from storage.identity import page_identities
from storage.instances import may_remove
from storage.listing import MOST, list_subjects
from storage.local_numbers import set_local_number
from storage.subjects import Registered, register_subject
from storage.working_copy import working_copies
from web.discretion import unseen_by, veiled_keys
from web.entry import subject_of
from web.episode_links import other_ends
from web.finding import keep_search, search_at
from web.form_page import facts_of
from web.known import begin_with
from web.linked_episodes import linked_episodes
from web.links import ties_of
from web.list_page import NAMES, asked_at, closing_words, names_on, page_of, person_words
from web.merged import merged_as
from web.news import News
from web.overview import Glance
from web.pages import render
from web.parts import container_words, parts_of
from web.permissions import needs
from web.places import Spot, parse_spot, read_occasion
from web.posts import key_of_page
from web.query_badges import patient_queries
from web.registries import Version
from web.roles import Permission, allows
from web.rules import patient_form
from web.schedule_page import SchedulePage
from web.shut import Shut
from web.steps import next_steps
from web.timeline import timeline
from web.titles import event_title, form_words
from web.workspace import Visit, version_of, visit, workspace

patients = Blueprint("patients", __name__, url_prefix="/<registry>/patients")
LONGEST_NUMBER = 40
SAME_CLICK = timedelta(hours=1)  # an empty record that one opened so recently is opened again instead of a new one


@patients.get("")
@needs(Permission.READ)
def listed(registry: str) -> ResponseReturnValue:
    """A page of the list."""
    one, version = visit(), version_of(registry)
    search = search_at(version, request.args.get("found", ""))
    if search.found:
        return redirect(url_for("patients.show", registry=registry, who=search.found), 303)
    asked = asked_at(registry, search)
    page, shut = page_of(asked, search), Shut(closings_that_stand(workspace().database, registry))
    return render(
        "patients.html", registry=registry, page=page, asked=asked, search=search, most=MOST, one=one,
        names=names_on(page.subjects) if asked.names else None, title=_title(version, one),
        may_register=allows(one.actor.role, Permission.REGISTER) and not shut.frozen, may_identify=one.actor.identities,
        shut=shut.notices(one, ()),
        key=token_urlsafe(12), said=News.taken("said").said, sites=_sites(one, registry), moment=one.tongue.moment, until=partial(closing_words, one),
        day=lambda day: date_text(day, one.language),
    )  # fmt: skip


@patients.post("/search")
@needs(Permission.READ)
def search(registry: str) -> ResponseReturnValue:
    """Look for a patient, and on to an address that says nothing of whom."""
    return redirect(url_for("patients.listed", registry=registry, found=keep_search() or None), 303)


def _sites(one: Visit, registry: str) -> list[tuple[str, str, bool]]:
    """The hospitals and wards one may choose from; none where there is but one."""
    own = [each for each in one.memberships if each.registry == registry and each.site is not None]
    return [(each.key, each.place, each == one.membership) for each in own] if len(own) > 1 else []


def _title(version: Version, one: Visit) -> str:
    return version.registry.model.title.get(one.language, version.name)


@patients.post("")
@needs(Permission.REGISTER)
def register(registry: str) -> ResponseReturnValue:
    """A new patient with a first episode, and on to what is asked of the patient. Two clicks in the same instant make one."""
    one, space, version = visit(), workspace(), version_of(registry)
    try:
        new = register_subject(
            space.database, one.actor, prefix=version.prefix, at=one.now, registry=version.registry, key=key_of_page(),
            empty=_own_empty(version),
        )  # fmt: skip
    except Closed:
        said = News(("void_frozen",)).leave()
        return redirect(url_for("patients.listed", registry=registry, said=said), 303)
    if new.replayed and _is_begun(version, new.subject):
        return redirect(url_for("patients.listed", registry=registry), 303)  # the page was an old one
    if not new.replayed:
        begin_with(version, new)
    return _to_first(version, new)


def _is_begun(version: Version, subject: int) -> bool:
    one, space = visit(), workspace()
    now = space.settings.clock()  # the request that registered the patient may have begun after this one
    database = on_behalf(space.database, one.actor, now)
    record = load_subject(database, version.registry, one.actor, subject, now)
    return bool(record.forms or working_copies(database, one.actor, subject, at=now))


def _own_empty(version: Version) -> Registered | None:
    """A record that one opened just now and left empty: it is opened again, so that none is left behind."""
    one, database = visit(), workspace().database
    for each in list_subjects(database, one.actor, at=one.now, order="-number", size=3).subjects:
        if (
            each.forms
            or one.now - each.enrolled_at > SAME_CLICK
            or working_copies(database, one.actor, each.subject, at=one.now)
        ):
            continue
        log = subject_log(database, one.actor, each.subject, at=one.now)
        if any(line.kind == "register" and line.who == one.actor.name for line in log) and all(
            line.who == one.actor.name for line in log
        ):
            record = load_subject(database, version.registry, one.actor, each.subject, one.now)
            if any(may_remove(version.registry.model.containers, row) for row in record.instances):
                continue  # somebody added a part to it
            return Registered(each.subject, each.pseudonym, record.root)
    return None


def _to_first(version: Version, new: Registered) -> ResponseReturnValue:
    """On to the form that tells who the patient is; where there is none, to the patient's page."""
    form, name, who = patient_form(version.registry), version.name, new.pseudonym
    if not form:
        return redirect(url_for("patients.show", registry=name, who=who), 303)
    return redirect(url_for("forms.show", registry=name, who=who, spot=str(Spot(new.patient, form))), 303)


@patients.get("/<who>")
@needs(Permission.READ)
def show(registry: str, who: str) -> ResponseReturnValue:
    """One patient."""
    one, space, version = visit(), workspace(), version_of(registry)
    try:
        subject = subject_of(space.database, one.actor, who, one.now)
    except NotFound:
        if merged_as(who) is not None:
            raise
        return redirect(url_for("withdrawals.show", registry=registry, who=who), 303)
    record = load_subject(space.database, version.registry, one.actor, subject, one.now)
    around = around_patient(
        space.database, one.actor, subject, at=one.now, unseen=unseen_by(version.registry, one.actor)
    )
    glance = Glance(
        version,
        record,
        around.issues,
        frozenset(around.copies),
        one.now,
        one.tongue,
        veiled_keys(version.registry, one.actor),
    )
    parts, links = parts_of(glance), other_ends(glance, who.upper(), around.links, one)
    names = _names_of(subject) if "names" in request.args and one.actor.identities else ""
    may_enter, news = allows(one.actor.role, Permission.ENTER), News.taken("said")
    shut = Shut(around.closed).of_record(version, record, [lane for part in parts for lane in part.lanes])
    steps = tuple(step for step in next_steps(parts, one.tongue) if shut.year(step.spot) is None)
    return render(
        "patient.html", registry=registry, who=who.upper(), may_identify=one.actor.identities, own_number=around.number,
        longest=LONGEST_NUMBER, parts=parts, steps=steps, names=names, shut=shut.notices(one), may_add=not shut.shut.frozen,
        may_states=bool(glance.record.forms) or allows(one.actor.role, Permission.VOID), band=_band(glance, one, who.upper()), title=_title(version, one),
        done=_done(version, one), version=version,
        may_register=allows(one.actor.role, Permission.REGISTER), may_enter=may_enter,
        may_share=allows(one.actor.role, Permission.SHARE),
        may_history=allows(one.actor.role, Permission.HISTORY),
        queries=patient_queries(version, record, who.upper(), one.actor, around.queries), today=one.tongue.day(one.now), decided=_decided(version, one, news),
        ties=ties_of(glance, who.upper(), links, one), linked=linked_episodes(parts, glance, links), most=MAX_REASON,
        lines={part.instance: timeline(part.lanes, glance.today, one.tongue) for part in parts},
        page=SchedulePage(registry, who.upper(), may_enter, token_urlsafe(12), generate_csrf(), news, one.tongue),
    )  # fmt: skip


@patients.post("/<who>/own-number")
@needs(Permission.REGISTER)
def own_number(registry: str, who: str) -> ResponseReturnValue:
    """Give a patient the hospital's own number, or take it away."""
    one, database = visit(), workspace().database
    subject = subject_of(database, one.actor, who, one.now)
    typed = " ".join("".join(filter(str.isprintable, request.form.get("number", ""))).split())
    news = News(("number_kept" if typed else "number_gone",), typed=typed)
    if len(typed) > LONGEST_NUMBER or holds_pesel(typed) or is_pesel(typed):
        wrong = "number_long" if len(typed) > LONGEST_NUMBER else "number_pesel"
        news = News(wrong=wrong, typed=typed[:LONGEST_NUMBER])
    else:
        try:
            if not set_local_number(database, one.actor, subject, typed, at=one.now):
                news = News()
        except Taken:
            news = News(wrong="number_taken", typed=typed)
    return redirect(url_for("patients.show", registry=registry, who=who, said=news.leave()), 303)


def _names_of(subject: int) -> str:
    one = visit()
    cells = page_identities(workspace().database, one.actor, [subject], NAMES, one.now).get(subject, {})
    return person_words(cells) or one.words("names_empty")


def _band(glance: Glance, one: Visit, who: str) -> Band:
    facts = (*facts_of(glance.version, glance.record, one), one.membership.place if one.membership else "")
    return Band(glance.version.prefix, who, tuple(filter(None, facts)))


def _decided(version: Version, one: Visit, news: News) -> str:
    """What was just decided about an event, or done to a part of the record."""
    if not news.said:
        return ""
    occasion, model = read_occasion(news.event), version.registry.model
    if news.part in model.containers:
        part = model.containers[news.part]
        return one.words(news.said[0], part=container_words(part, one.language), most=part.most)
    if news.said[0].startswith("number_"):
        return one.words(news.said[0], number=news.typed)
    known = occasion is not None and occasion.event in model.events
    title = event_title(model, occasion.event, occasion.number, one.language) if occasion and known else ""
    return one.words(news.said[0], event=title, who=news.who)


def _done(version: Version, one: Visit) -> str:
    """The title of the form that was just completed."""
    spot = parse_spot(News.taken("done").done)
    if spot is None or spot.form not in version.registry.model.forms:
        return ""
    return form_words(version.registry.model, spot.form, one.language)


__all__ = ["patients"]
