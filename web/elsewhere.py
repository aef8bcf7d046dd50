"""What references may point to in other registries: records of the same patient, where one may see them there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import url_for

from engine.datatypes.words import date_text
from engine.model.form import walk_items
from engine.model.item import Elsewhere
from engine.model.text import in_language
from storage.errors import NotFound, NotVisible
from storage.form_data import FormRecord, SubjectRecord, load_subject
from storage.subjects import pseudonym_of
from web.entry import Entry
from web.places import spot_of
from web.registries import Version
from web.targets import Offers
from web.titles import event_title, form_words
from web.workspace import Visit, actor_of, workspace


@dataclass(frozen=True, slots=True)
class Beyond:
    """A record of another registry: how a reference names it, its words, and the way to it."""

    key: str
    words: str
    href: str


def offers_elsewhere(entry: Entry, one: Visit) -> dict[str, Offers]:
    """By the keys of `ItemDef.offered`. Costs one look at the patient for each other registry that the form points into."""
    wanted = {item.elsewhere for item in walk_items(entry.form) if item.elsewhere is not None}
    return {
        each.key: [(found.key, found.words) for found in records_elsewhere(one, entry.subject, each)] for each in wanted
    }


def records_elsewhere(one: Visit, subject: int, wanted: Elsewhere) -> Iterator[Beyond]:
    """The records of a form of another registry, of a person, that one may see there."""
    space = workspace()
    version = space.registries.current.get(wanted.registry)
    mine = [each for each in one.memberships if each.registry == wanted.registry]
    own = next((each for each in mine if each.site == one.actor.site), mine[0] if mine else None)
    if version is None or own is None or wanted.form not in version.registry.model.forms:
        return
    actor = actor_of(one.actor.account, one.actor.name, own)
    try:
        database = space.database.on_behalf(actor.site, actor.registry, one.now, unit=actor.unit)
        record = load_subject(database, version.registry, actor, subject, one.now)
        who = pseudonym_of(database, actor, subject, at=one.now)
    except (NotVisible, NotFound):
        return
    for place, form in record.forms.items():
        if place.form == wanted.form:
            href = url_for("forms.show", registry=version.name, who=who, spot=str(spot_of(record, place)))
            yield Beyond(f"{wanted.registry}/{form.id}", _words(version, record, form, one), href)


def _words(version: Version, record: SubjectRecord, form: FormRecord, one: Visit) -> str:
    """The form, the event in which it stands, its day and the registry."""
    model, place = version.registry.model, form.place
    held = next((each for each in record.occurrences if each.id == place.occurrence), None)
    event = event_title(model, held.event, held.number, one.language) if held is not None else ""
    day = date_text(held.day, one.language) if held is not None and held.day else one.tongue.day(form.opened_at)
    parts = (form_words(model, place.form, one.language), event, day, in_language(model.title, one.language))
    return ", ".join(filter(None, parts))


__all__ = ["Beyond", "offers_elsewhere", "records_elsewhere"]
