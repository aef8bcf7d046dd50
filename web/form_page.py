"""The page of a form: joins what the entry knows with the frame, the patient band and the ways to other forms."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from flask import Response, make_response, request, url_for
from flask_wtf.csrf import generate_csrf

from engine.model.form import CheckSeverity, walk_items
from engine.records.browser_state import subject_state
from engine.records.evaluation import Elsewhere, Evaluation, Violation
from engine.records.form_data import FormData, RowData
from engine.records.path import ItemPath, parse_path, part_at
from engine.records.piping import texts_of
from engine.records.session import Session
from renderers.html import (
    Band,
    Link,
    Notice,
    PageContext,
    Save,
    Step,
    Steps,
    acknowledgement,
    script_safe,
    where_json,
)
from renderers.html.names import ids_in, name_of
from renderers.paper import can_print
from storage.answers import Answer, AnswerKey, answer_key
from storage.changes import paths_of, walk_rows
from storage.form_data import SubjectRecord
from web.attachments import files_address
from web.discretion import discreet, items_of, veiled_keys
from web.elsewhere import offers_elsewhere
from web.entry import Entry, address_of
from web.outcomes import outcome_notes
from web.pages import links_of, shell_of
from web.places import Spot, event_form_spot, home_of, place_of, site_named
from web.query_badges import badges_of
from web.registries import Version
from web.rescue import owner_mark
from web.roles import Permission, allows
from web.rules import patient_form
from web.schedule_words import outside_words
from web.series import OpenSeries, Series, is_series, series_words
from web.standing import standing_of
from web.targets import targets_of, words_of
from web.titles import STATES, event_title, form_words, label_of, value_words
from web.workspace import Visit, visit, workspace


@dataclass(frozen=True, slots=True)
class Told:
    """What the page says besides the form: notices, the summary of errors, conflicts."""

    notices: tuple[Notice, ...] = ()
    summary: bool = False  # somebody tried to complete the form
    open_rows: frozenset[str] = frozenset()


def form_page(entry: Entry, told: Told, *, status: int = 200) -> Response:
    """The page of a form as it stands."""
    one = visit()
    entry, standing = standing_of(entry)
    mode = "edit" if standing.may_edit else "read"
    told = replace(told, notices=(*told.notices, *standing.notices))
    opened = ids_in(told.open_rows) if mode == "edit" else None
    session, evaluation, context = reading_of(entry, told, opened)
    touched = None if told.summary else entry.touched
    page = entry.version.pages.form(
        entry.spot.form, language=one.language, mode=mode, data=entry.data, evaluation=evaluation, context=context,
        state_json=script_safe(subject_state(session, touched, partial(_where_json, entry))) if mode == "edit" else "",
    )  # fmt: skip
    return make_response(str(page), status)


def reading_of(
    entry: Entry, told: Told, opened: Collection[str] | None = None
) -> tuple[Session, Evaluation, PageContext]:
    """What the page shows besides the values, with the rows of these ids open: what the rules say, and all around."""
    one = visit()
    registry, form = entry.version.registry, entry.spot.form
    session, veiled = entry.session(entry.data, one.now, one.language), veiled_keys(registry, entry.actor)
    evaluation = _outspoken(entry, session.evaluation, None if told.summary else entry.touched)
    evaluation = discreet(registry, form, evaluation, veiled)
    context = replace(
        _context(entry, one, evaluation, told),
        targets={**targets_of(session, one.language, _own_site(entry)), **offers_elsewhere(entry, one)},
        clears=clear_words(entry, session, evaluation, one.language),
        withheld=session.withheld,
        why=session.why,
        outcomes=outcome_notes(session, evaluation, one, veiled),
        hidden_items=items_of(form, veiled),
        fixed_items=entry.fixed,
        texts=texts_of(session, one.language, opened),
    )
    return session, evaluation, context


def _own_site(entry: Entry) -> str:
    """The instance of the hospital whose own records are on offer."""
    own = entry.record.sites.get(entry.actor.site or 0)
    return own.id if own is not None else ""


def _outspoken(entry: Entry, evaluation: Evaluation, touched: Collection[ItemPath] | None) -> Evaluation:
    """The evaluation without what a form that was only just begun is not told."""
    quiet = entry.quiet(evaluation, touched)
    return replace(evaluation, violations=tuple(v for v in evaluation.violations if v not in quiet))


def _context(entry: Entry, one: Visit, evaluation: Evaluation, told: Told) -> PageContext:
    badges, notes = badges_of(entry)
    may_ask = entry.stored is not None and entry.draft is None and allows(entry.actor.role, Permission.QUERY)
    links = links_of(
        one,
        queries=f"{address_of(entry, 'queries.at')}?at=" if may_ask else "",
        verify=address_of(entry, "verification.form") if _may_verify(entry) else "",
        action=address_of(entry, "forms.post"),
        autosave=address_of(entry, "forms.autosave"),
        files=files_address(entry),
        program=url_for(
            "programs.program", registry=entry.version.name, definition=entry.version.registry.hash,
            form=entry.spot.form, language=one.language,
        ),
        **_past(entry),
        pdf=address_of(entry, "forms.printed") if can_print() else "",
        lookup=url_for("lookup.by_query", registry=entry.version.name, form=entry.spot.form),
    )  # fmt: skip
    return PageContext(
        shell=shell_of(one, links),
        band=band_of(entry, one),
        save=_save_state(entry, one),
        crumbs=crumbs_of(entry, one),
        state=STATES[entry.stored.state if entry.stored else ""],
        unsaved=entry.draft is not None,
        revision=str(entry.start().revision),
        csrf_token=generate_csrf(),
        owner=owner_mark(
            entry.actor.account, {"registry": entry.version.name, "who": entry.who, "spot": str(entry.spot)}, one.now
        ),
        idempotency_key=secrets.token_urlsafe(18),
        open_rows=told.open_rows,
        badges=badges,
        queries=notes,
        summary=told.summary,
        acknowledged=answers_of(entry, evaluation),
        elsewhere=elsewhere_of(entry, evaluation),
        labels=dictionary_words(entry, one.language),
        navigator=_navigator(entry, one),
        notices=(*told.notices, *_window_notice(entry, evaluation, one)),
    )


def _may_verify(entry: Entry) -> bool:
    return entry.stored is not None and allows(entry.actor.role, Permission.VERIFY)


def _past(entry: Entry) -> dict[str, str]:
    """The ways to what the form and its fields were before; none while nothing is saved."""
    if entry.stored is None or not allows(entry.actor.role, Permission.HISTORY):
        return {}
    past = address_of(entry, "history.of_form")
    return {"past": past, "history": f"{past}?field="}


def _window_notice(entry: Entry, evaluation: Evaluation, one: Visit) -> tuple[Notice, ...]:
    """What the schedule says of the form's event, while nothing is saved in it yet."""
    if entry.stored is not None:
        return ()
    which = entry.spot.event, entry.spot.number
    said = (
        outside_words(each, one.now, one.tongue) for each in evaluation.events if (each.event, each.number) == which
    )
    return tuple(Notice(words) for words in said if words)


def band_of(entry: Entry | OpenSeries, one: Visit) -> Band:
    """Who the patient is, in the words that may always be shown."""
    hospital = one.membership.place if one.membership else ""
    if site_named(entry.who) is not None:
        return Band(entry.version.prefix, hospital or one.words("records"), ())
    facts = (*facts_of(entry.version, entry.record, one), hospital)
    return Band(entry.version.prefix, entry.who, tuple(fact for fact in facts if fact))


def facts_of(version: Version, record: SubjectRecord, one: Visit) -> tuple[str, ...]:
    """Sex and age, as the patient form has them."""
    name = patient_form(version.registry)
    stored = next((form for place, form in record.forms.items() if place.form == name), None)
    form = version.registry.model.forms.get(name)
    if stored is None or form is None:
        return ()
    sex = next((item for item in form.items if item.id == "sex"), None)
    words = value_words(sex, stored.data.items.get("sex"), one.language) if sex else ""
    born = stored.data.items.get("birth_date")
    age = one.tongue.words.count("years", age_at(born, one.now.date())) if isinstance(born, date) else ""
    return (", ".join(filter(None, (words, age))),)


def age_at(born: date, today: date) -> int:
    """Completed years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _save_state(entry: Entry, one: Visit) -> Save:
    if not allows(entry.actor.role, Permission.ENTER):
        return Save("read_only")
    if entry.draft is not None:
        return Save("copy", one.tongue.moment(entry.draft.saved_at, one.now) if entry.draft.saved_at else "")
    return Save("saved", one.tongue.moment(entry.stored.saved_at, one.now)) if entry.stored else Save("new")


def crumbs_of(entry: Entry, one: Visit) -> tuple[Link, ...]:
    """The way to the form from the list of patients, or from what the hospital keeps of its own."""
    model, name = entry.version.registry.model, entry.version.name
    if site_named(entry.who) is not None:
        return (Link(one.words("records"), home_of(name, entry.who)),)
    crumbs = [
        Link(one.words("patients"), url_for("patients.listed", registry=name)),
        Link(entry.who, url_for("patients.show", registry=name, who=entry.who)),
    ]
    series = Series.of(entry.spot)
    if is_series(model, series):
        grid = url_for("grids.show", registry=name, who=entry.who, series=str(series))
        crumbs.append(Link(one.words("grid_open", form=series_words(model, series, one.language)), grid))
    if entry.spot.event:
        crumbs.append(Link(event_title(model, entry.spot.event, entry.spot.number, one.language)))
    return tuple(crumbs)


def _navigator(entry: Entry, one: Visit) -> tuple[Steps, ...]:
    """The other forms of the same event, or of the events that collect this form."""
    model = entry.version.registry.model
    events = (
        [entry.spot.event]
        if entry.spot.event
        else [e.id for e in model.events.values() if entry.spot.form in e.forms][:1]
    )
    found = []
    for event in events:
        number = entry.spot.number or 1
        spots = [
            event_form_spot(model.forms[form], entry.spot.instance, event, number) for form in model.events[event].forms
        ]
        steps = tuple(_step(entry, spot, one) for spot in spots if spot != entry.spot)
        if steps:
            found.append(Steps(one.words("in_this_event"), steps))
    return tuple(found)


def _step(entry: Entry, spot: Spot, one: Visit) -> Step:
    model = entry.version.registry.model
    place = place_of(entry.record, spot)
    stored = entry.record.forms.get(place) if place else None
    href = url_for("forms.show", registry=entry.version.name, who=entry.who, spot=str(spot))
    return Step(form_words(model, spot.form, one.language), href, STATES[stored.state if stored else ""])


def elsewhere_of(entry: Entry, evaluation: Evaluation) -> dict[Elsewhere, Link]:
    """Links to the other records that violations are about."""
    return {each.home: link_to(entry, each.home) for each in evaluation.violations if each.home is not None}


def link_to(entry: Entry | OpenSeries, home: Elsewhere) -> Link:
    """The way to another record of the same patient."""
    one, model = visit(), entry.version.registry.model
    event = event_title(model, home.event, home.number, one.language) if home.event else ""
    title = ", ".join(filter(None, (form_words(model, home.form, one.language), event)))
    spot = Spot(int(home.instance), home.form, home.record, home.event, home.number)
    href = url_for("forms.show", registry=entry.version.name, who=entry.who, spot=str(spot))
    return Link(one.words("about_form", form=title), href)


def _where_json(entry: Entry, home: Elsewhere) -> dict[str, str]:
    return where_json(link_to(entry, home))


def answers_of(
    entry: Entry, evaluation: Evaluation, tell: Callable[[Answer], str] = lambda answer: answer.reason
) -> Mapping[str, str]:
    """The answers to warnings: those of the draft, else those that are stored, as `tell` tells them."""
    if entry.draft is not None:
        return entry.draft.acknowledged
    if entry.stored is None:
        return {}
    known = entry.around.told.answers
    return {
        acknowledgement(name, violation): tell(known[key])
        for name, violation, key in warnings_of(entry.data, evaluation)
        if key in known
    }


def warnings_of(data: FormData, evaluation: Evaluation) -> list[tuple[str, Violation, AnswerKey]]:
    """The warnings of a form with the name that the page gives their place, and the key of their answers."""
    keys, paths = workspace().database.keys, paths_of(data)
    return [
        (name_of(data, parse_path(each.place)) or "", each, answer_key(keys, paths, each))
        for each in evaluation.violations
        if each.severity is not CheckSeverity.ERROR
    ]


def given_answers(data: FormData, evaluation: Evaluation, posted: Mapping[str, str]) -> dict[AnswerKey, str]:
    """The answers that a page sent, to those warnings of a form whose wish they meet."""
    given = ((key, each, posted.get(acknowledgement(name, each))) for name, each, key in warnings_of(data, evaluation))
    return {key: answer.strip() for key, each, answer in given if answer is not None and each.is_met_by(answer)}


def dictionary_words(entry: Entry, language: str, data: FormData | None = None) -> dict[str, str]:
    """The words of the codes that the form holds, or would with other data, from dictionaries of others."""
    looked_up = {item.id: item for item in walk_items(entry.form) if item.facets.open_list}
    if not looked_up:
        return {}
    found: dict[str, str] = {}
    data = entry.data if data is None else data
    parts: list[FormData | RowData] = [data, *(row for *_, row in walk_rows(data))]
    for part in parts:
        for name in looked_up.keys() & part.items.keys():
            value = part.items[name]
            codes = (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()
            found.update({code: entry.version.lookups.label(looked_up[name], code, language) for code in codes})
    return {code: words for code, words in found.items() if words}


def clear_words(entry: Entry, session: Session, evaluation: Evaluation, language: str) -> tuple[str, ...]:
    """The answers that a save will delete, in words."""
    if not evaluation.to_clear:
        return ()
    items = {item.id: item for item in walk_items(entry.form)}
    labels = {**dictionary_words(entry, language), **words_of(session, language)}
    said = []
    for path in map(parse_path, evaluation.to_clear):
        part, item = part_at(entry.data, path), items.get(path.item or "")
        if part is not None and item is not None:
            value = part.items.get(item.id)
            said.append(f"{label_of(entry.form, item.id, language)}: {value_words(item, value, language, labels)}")
    return tuple(said)


def rows_to_open() -> frozenset[str]:
    """The rows that the address names."""
    return frozenset(request.args.getlist("open")[:50])


__all__ = [
    "Told",
    "answers_of",
    "band_of",
    "clear_words",
    "crumbs_of",
    "dictionary_words",
    "elsewhere_of",
    "facts_of",
    "form_page",
    "given_answers",
    "link_to",
    "reading_of",
    "rows_to_open",
    "warnings_of",
]
