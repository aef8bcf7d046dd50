"""A form under work: the patient's record, the form's place in it, what is stored, what is drafted, what rules say."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from flask import url_for

from engine.model.form import FormDef
from engine.records import evaluate
from engine.records.evaluation import Evaluation
from engine.records.form_data import Focus, FormData
from storage.access import Actor
from storage.database import Database
from storage.errors import NotFound, NotVisible
from storage.form_data import FormRecord, Place, SubjectRecord, load_subject
from storage.subjects import add_occurrence, find_pseudonym
from web.drafts import Draft, draft_of, row_ids
from web.places import Spot, imagined, is_sound, parse_spot, place_of
from web.registries import Registries, Version
from web.workspace import Workspace

_PSEUDONYM = re.compile(r"[A-Za-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One form of one patient, as one person works on it."""

    version: Version
    actor: Actor
    who: str  # the pseudonym
    subject: int
    spot: Spot
    record: SubjectRecord
    place: Place
    stored: FormRecord | None
    draft: Draft | None

    @property
    def form(self) -> FormDef:
        """Its definition."""
        return self.version.registry.model.forms[self.spot.form]

    @property
    def revision(self) -> int:
        """That of what is stored; 0 while the form was never saved."""
        return self.stored.revision if self.stored else 0

    @property
    def data(self) -> FormData:
        """What the page shows: the draft, else what is stored."""
        if self.draft is not None:
            return self.draft.data
        return self.stored.data if self.stored else FormData()

    def start(self) -> Draft:
        """The draft, or a new one that begins with what is stored."""
        return self.draft or Draft(self.data, self.revision, rows=row_ids(self.data))

    def evaluate(self, data: FormData, at: datetime, language: str) -> Evaluation:
        """What rules say about the form with these values."""
        return evaluate_at(self.version, self.record, self.place, data, at, language)


def evaluate_at(
    version: Version, record: SubjectRecord, place: Place, data: FormData, at: datetime, language: str
) -> Evaluation:
    """What rules say about a form of a record with these values."""
    occurrence = str(place.occurrence) if place.occurrence is not None else None
    focus = Focus(place.form, str(place.instance), occurrence, place.record)
    return evaluate(version.registry, record.tree_with({place: data}), focus, as_of=at, language=language)


def subject_of(database: Database, actor: Actor, who: str, at: datetime) -> int:
    """The subject of a pseudonym. Raises NotFound, also for what cannot be one."""
    if not _PSEUDONYM.fullmatch(who):
        raise NotFound("subject", who)
    return find_pseudonym(database, actor, who, at=at)


def open_entry(space: Workspace, actor: Actor, who: str, spot_text: str, at: datetime) -> Entry:
    """Find a form by address. Raises NotFound and NotVisible, which look the same from outside."""
    spot = parse_spot(spot_text)
    if spot is None:
        raise NotFound("place", spot_text)
    version = space.registries.current[actor.registry]
    subject = subject_of(space.database, actor, who, at)
    record = load_subject(space.database, version.registry, actor, subject, at)
    if not is_sound(version.registry.model, record, spot):
        raise NotFound("form", spot_text)
    record, place = imagined(record, spot)
    stored = record.forms.get(place)
    pinned = _pinned(space.registries, version, stored)
    if pinned is not version:  # its rows and items are those of the version it was filled with
        record, place = imagined(load_subject(space.database, pinned.registry, actor, subject, at), spot)
        stored = record.forms.get(place)
    entry = Entry(pinned, actor, who.upper(), subject, spot, record, place, stored, None)
    if not place.occurrence and place.occurrence is not None:
        return entry  # nothing can be drafted in an occurrence that does not exist
    return replace(entry, draft=draft_of(space.database, actor, subject, place, entry.form, at))


def _pinned(registries: Registries, version: Version, stored: FormRecord | None) -> Version:
    """A form keeps to the version it was filled with; the form that all registries share goes with the newest."""
    if stored is None or stored.definition == version.registry.hash or stored.place.form in version.rules.shared_forms:
        return version
    return registries.of(stored.definition)


def address_of(entry: Entry, endpoint: str = "forms.show", **parts: str | list[str] | None) -> str:
    """The address of a form's page, or of what belongs to it."""
    return url_for(endpoint, registry=entry.version.name, who=entry.who, spot=str(entry.spot), **parts)  # type: ignore[arg-type]  # parts of the query


def settle_place(database: Database, entry: Entry, at: datetime) -> Entry:
    """The entry with a place to write to: its occurrence of the event is made where there is none."""
    if entry.place.occurrence is None or entry.place.occurrence:
        return entry
    spot = entry.spot
    add_occurrence(database, entry.actor, entry.subject, spot.instance, spot.event, at=at, number=spot.number)
    record = load_subject(database, entry.version.registry, entry.actor, entry.subject, at)
    place = place_of(record, spot)
    assert place is not None
    draft = draft_of(database, entry.actor, entry.subject, place, entry.form, at)
    return replace(entry, record=record, place=place, stored=record.forms.get(place), draft=draft)


__all__ = ["Entry", "NotFound", "NotVisible", "address_of", "evaluate_at", "open_entry", "settle_place", "subject_of"]
