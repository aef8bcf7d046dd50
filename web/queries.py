"""Queries: the list of a hospital or registry, its export, and the conversations at a field, a row or a form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from storage.errors import DecidedMeanwhile
from storage.hospitals import find_hospitals
from storage.queries import Said, raise_query, take_step
from storage.query_list import ListedQuery, Wanted, all_queries, list_queries
from storage.query_steps import ASK, PENDING, STEPS, State
from storage.threads import LONGEST
from web.chooser import Narrowing, narrowed, suggestions
from web.denials import log_export
from web.discretion import unseen_by
from web.downloads import csv_download
from web.entry import address_of
from web.guard import wants_json
from web.news import News
from web.pages import render
from web.permissions import needs
from web.places import Spot, site_name, whole_number
from web.query_place import QueryPlace, read_place
from web.query_words import SIGNS, about_words, rule_words, said_words
from web.roles import Permission, allows
from web.titles import event_title, form_words
from web.typed import Refused, posted_text
from web.workspace import Visit, version_of, visit, workspace

queries = Blueprint("queries", __name__, url_prefix="/<registry>")
PAGE = 50
AGES = (7, 14, 30, 90)  # days
SHOWN: Mapping[str, tuple[State, ...]] = MappingProxyType(
    {"pending": PENDING, **{state: (state,) for state in State}, "all": ()}
)
COLUMNS = (
    *("number", "state", "turn", "hospital", "patient", "form", "event", "item", "row", "rule"),
    *("raised_by", "raised_at", "changed_at", "messages", "asked", "last"),
)
AT = "/<subject:who>/forms/<spot>/queries"


@queries.get("/queries")
@needs(Permission.HISTORY)
def listed(registry: str) -> ResponseReturnValue:
    """A page of the list, the oldest first."""
    one, space, version = visit(), workspace(), version_of(registry)
    narrow = narrowed(one.actor.site is None)
    wanted = _wanted(one, narrow)
    page = list_queries(space.database, one.actor, wanted, at=one.now, size=PAGE)
    forms = {form: form_words(version.registry.model, form, one.language) for form in version.registry.model.forms}
    chosen = {name: request.args[name] for name in ("show", "form", "hospital", "age") if request.args.get(name)}
    offered = find_hospitals(space.database, "") if one.actor.site is None else ()
    return render(
        "queries.html", registry=registry, version=version, page=page, chosen=chosen, wanted=wanted, one=one, forms=forms,
        lines=tuple(_line(one, registry, each) for each in page.queries), shown=SHOWN,
        keeper=one.actor.site is None, narrow=narrow, offered=offered, suggest=suggestions(),
        may_ask=allows(one.actor.role, Permission.QUERY),
        age_options=[(days, one.tongue.words.count("query_days", days)) for days in AGES],
        pending=sum(page.counts.get(state, 0) for state in PENDING), total=sum(page.counts.values()),
        title=version.registry.model.title.get(one.language, version.name),
    )  # fmt: skip


@queries.get("/queries.csv")
@needs(Permission.HISTORY)
def export(registry: str) -> ResponseReturnValue:
    """The list as a file, as it is narrowed. That it left the house is noted before it does."""
    one, space = visit(), workspace()
    wanted = _wanted(one, narrowed(one.actor.site is None))
    found = list(all_queries(space.database, one.actor, wanted, at=one.now))
    log_export("queries", [each.id for each in found])
    columns = [one.words(f"query_column_{name}") for name in COLUMNS]
    return csv_download(f"queries-{registry}.csv", columns, _rows(one, registry, found))


@queries.get(AT)
@needs(Permission.HISTORY)
def at(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """The conversations about one field, row or form; for a script without the page around them."""
    return _shown(read_place(registry, who, spot))


@queries.post(AT)
@needs(Permission.QUERY)
def ask(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """Raise a query."""
    place = read_place(registry, who, spot)
    if place.about is None:
        abort(404)
    try:
        said = _said("raise")
    except Refused as fault:
        return _shown(place, wrong="new", fault=str(fault))
    number = raise_query(workspace().database, place.entry.subject, place.about, said)
    return _arrived(place, number, "raise")


@queries.post(f"{AT}/<int:number>/answer")
@needs(Permission.ANSWER)
def answer(registry: str, who: str, spot: str, number: int) -> ResponseReturnValue:
    """Answer a query."""
    return _step(registry, who, spot, number, "answer")


@queries.post(f"{AT}/<int:number>/<step>")
@needs(Permission.QUERY)
def settle(registry: str, who: str, spot: str, number: int, step: str) -> ResponseReturnValue:
    """Whatever else may be done with a query."""
    if step not in STEPS or STEPS[step].permission != ASK or not STEPS[step].begins:
        abort(404)
    return _step(registry, who, spot, number, step)


def _step(registry: str, who: str, spot: str, number: int, step: str) -> ResponseReturnValue:
    place = read_place(registry, who, spot, number)
    try:
        take_step(workspace().database, number, _said(step))
    except Refused as fault:
        return _shown(place, wrong=str(number), fault=str(fault))
    except DecidedMeanwhile as fault:
        return _shown(read_place(registry, who, spot, number), wrong=str(number), decided=fault.who)
    return _arrived(place, number, step)


def _said(step: str) -> Said:
    """What was typed. Raises Refused where it is nothing, or too much, or tells who somebody is."""
    text = posted_text()
    try:
        return Said(step, text, visit().actor, visit().now)
    except ValueError:
        raise Refused(visit().words("query_wrong", most=LONGEST)) from None


def _arrived(place: QueryPlace, number: int, step: str) -> ResponseReturnValue:
    """On to the page as it is now; a script is sent what it shows."""
    if wants_json():
        again = read_place(place.entry.version.name, place.entry.who, str(place.entry.spot), number)
        return _shown(again, done=step)
    news = News(said=(f"query_did_{step}",)).leave()
    return redirect(f"{address_of(place.entry, 'queries.at', query=str(number), said=news)}#q-{number}", 303)


def _shown(
    place: QueryPlace, *, wrong: str = "", fault: str = "", decided: str = "", done: str = ""
) -> ResponseReturnValue:
    one, news = visit(), News.taken("said")
    typed = request.form.get("text", "")[: 2 * LONGEST] if wrong else ""
    told = one.words(f"query_did_{done}") if done else one.words(news.said[0]) if news.said else ""
    return render(
        "query_thread.html" if wants_json() else "query_place.html", status=422 if wrong else 200, place=place, one=one,
        wrong=wrong, fault=fault, decided=decided, typed=typed, told=told, may_ask=allows(one.actor.role, Permission.QUERY),
        may={step.name: allows(one.actor.role, Permission(step.permission)) for step in STEPS.values() if step.permission},
    )  # fmt: skip


def _wanted(one: Visit, narrow: Narrowing) -> Wanted:
    given = request.args
    age = given.get("age", type=whole_number)
    return Wanted(
        SHOWN.get(given.get("show", ""), PENDING),
        given.get("form", "")[:100],
        narrow.site,
        one.now - timedelta(days=min(age, 3650)) if age and age > 0 else None,
        max(given.get("after", 0, type=whole_number) or 0, 0),
        unseen_by(version_of(one.actor.registry).registry, one.actor),
    )


def _line(one: Visit, registry: str, each: ListedQuery) -> dict[str, str]:
    """A query in the words of the list."""
    model = version_of(registry).registry.model
    form = model.forms.get(each.place.form)
    spot = Spot(each.place.instance, each.place.form, each.place.record, each.event, each.number)
    who = each.pseudonym or site_name(each.site or 0)
    known = each.event in model.events
    return {
        "who": each.pseudonym,
        "sign": SIGNS[each.state],
        "about": about_words(form, each.about, one.language) if form is not None else each.about.item,
        "form": form_words(model, form.id, one.language) if form is not None else each.place.form,
        "event": event_title(model, each.event, each.number, one.language) if known else "",
        "asked": said_words(each.first, one) or rule_words(model, each.rule, one.language),
        "href": url_for("queries.at", registry=registry, who=who, spot=str(spot), query=each.id),
    }


def _rows(one: Visit, registry: str, found: list[ListedQuery]) -> Iterator[list[str]]:
    """The lines of the file."""
    for each in found:
        line = _line(one, registry, each)
        last = said_words(each.last, one) if each.messages > 1 else ""
        state, turn = one.words(f"query_{each.state}"), one.words(f"query_turn_{each.turn}")
        yield [
            str(each.id), state, turn, each.hospital, each.pseudonym, line["form"], line["event"], line["about"],
            each.about.row, each.rule, each.raised_by, each.raised_at.isoformat(timespec="seconds"),
            each.changed_at.isoformat(timespec="seconds"), str(each.messages), line["asked"], last,
        ]  # fmt: skip


__all__ = ["queries"]
