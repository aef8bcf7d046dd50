"""What hangs on the fields of a form's page of its queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import url_for

from engine.records.form_data import FormData
from renderers.html import Badge, Note
from renderers.html.names import levels
from storage.access import Actor
from storage.form_data import SubjectRecord
from storage.queries import About, Query
from storage.query_steps import State
from web.entry import Entry, address_of
from web.places import Spot, spot_of
from web.query_words import SIGNS, about_words, message_words, row_names
from web.registries import Version
from web.roles import Permission, allows
from web.titles import event_title, form_words
from web.workspace import Visit, visit


def place_names(entry: Entry) -> dict[str, str]:
    """Row id -> name of the row, of what is stored."""
    data = entry.stored.data if entry.stored is not None else FormData()
    return {level.place.steps[-1][1]: level.place.name for level in levels(entry.form, data) if level.place.steps}


def name_at(names: dict[str, str], about: About) -> str:
    """The name of what a query is about; '' for the form, and for a row that is gone."""
    if about.row and about.row not in names:
        return ""
    return ".".join(filter(None, (names.get(about.row, ""), about.item)))


def badges_of(entry: Entry) -> tuple[dict[str, Badge], tuple[Note, ...]]:
    """What hangs on the fields and rows of a form, by name, and its pending queries for the rail."""
    one, found = visit(), entry.around.told.queries
    if entry.stored is None or not allows(entry.actor.role, Permission.HISTORY):
        return {}, ()
    names = place_names(entry) if found else {}
    counts: dict[str, int] = {}
    for each in found:
        for name in {name_at(names, each.about), names.get(each.about.row, "")} - ({""} if each.about.item else set()):
            counts[name] = counts.get(name, 0) + each.pending  # of a row with those of its items: it may be closed
    badges = {
        name: Badge(query=address_of(entry, "queries.at", at=name), pending=count) for name, count in counts.items()
    }
    titles = row_names(entry.form, entry.stored.data, one) if found else {}
    notes = tuple(
        Note(
            about_words(entry.form, each.about, one.language, titles),
            message_words(each.messages[0], each.rule, entry.version.registry.model, one)[:200],
            one.words(f"query_turn_{each.turn}"),
            address_of(entry, "queries.at", query=str(each.id)),
        )
        for each in found
        if each.pending
    )
    return badges, notes


def cell_badges(entry: Entry) -> dict[str, Badge]:
    """What was asked about a record of a grid, by item; '' about the whole."""
    if entry.stored is None or not allows(entry.actor.role, Permission.HISTORY):
        return {}
    counts: dict[str, int] = {}
    for each in entry.around.told.queries:
        if each.about.form == entry.stored.id:
            counts[each.about.item] = counts.get(each.about.item, 0) + each.pending
    return {
        item: Badge(query=address_of(entry, "queries.at", at=item), pending=count) for item, count in counts.items()
    }


@dataclass(frozen=True, slots=True)
class PatientQuery:
    """A query in the list of a patient's page."""

    about: str
    form: str
    asked: str
    state: State
    sign: str
    turn: str  # '' where nobody has anything to do
    href: str


def patient_queries(
    version: Version, record: SubjectRecord, who: str, actor: Actor, found: Iterable[Query]
) -> tuple[PatientQuery, ...]:
    """The queries of a patient, those first in which somebody has something to do."""
    one = visit()
    if not allows(actor.role, Permission.HISTORY):
        return ()
    model, places = version.registry.model, {form.id: place for place, form in record.forms.items()}
    return tuple(
        _in_list(each, version, spot_of(record, place), who, one)
        for each in sorted(found, key=lambda each: not each.pending)
        if (place := places.get(each.about.form)) is not None and place.form in model.forms
    )


def _in_list(each: Query, version: Version, spot: Spot, who: str, one: Visit) -> PatientQuery:
    model = version.registry.model
    event = event_title(model, spot.event, spot.number, one.language) if spot.event in model.events else ""
    return PatientQuery(
        about_words(model.forms[spot.form], each.about, one.language),
        ", ".join(filter(None, (form_words(model, spot.form, one.language), event))),
        message_words(each.messages[0], each.rule, model, one),
        each.state,
        SIGNS[each.state],
        one.words(f"query_turn_{each.turn}") if each.pending else "",
        url_for("queries.at", registry=version.name, who=who, spot=str(spot), query=each.id),
    )


__all__ = ["PatientQuery", "badges_of", "cell_badges", "name_at", "patient_queries", "place_names"]
