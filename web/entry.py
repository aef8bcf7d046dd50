"""A form under work: the patient's record, the form's place in it, what is stored, what is drafted, what rules say."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from flask import url_for

from engine.model.form import FormDef
from engine.records import Session
from engine.records.evaluation import Evaluation, Violation
from engine.records.form_data import Focus, FormData
from engine.records.offers import has_defaults, offer
from engine.records.path import ItemPath
from engine.records.quiet import concerns_of, filled, is_quiet
from storage.access import Actor
from storage.around import AroundForm, around_form
from storage.changes import walk_rows, with_values
from storage.database import Database
from storage.errors import NotFound, NotVisible
from storage.form_data import FormRecord, Place, SubjectRecord, load_subject
from storage.form_index import index_form
from storage.rights import fixed_items
from storage.site_records import site_records
from storage.subjects import add_occurrence, find_pseudonym
from web.discretion import unseen_by
from web.drafts import Draft, draft_in, draft_of, row_ids
from web.places import Spot, imagined, is_sound, parse_spot, place_of, site_named
from web.registries import LANGUAGES, Registries, Version
from web.roles import Permission, allows
from web.workspace import Workspace

_PSEUDONYM = re.compile(r"[A-Za-z0-9-]{1,40}")


class Fate(StrEnum):
    """What became of the form of a page that was open meanwhile."""

    FOLLOWED = "followed"  # it stands elsewhere now: merged, or moved
    WITHDRAWN = "withdrawn"  # it may be entered anew
    NOWHERE = "nowhere"  # there is no place for it any more


@dataclass(frozen=True, slots=True)
class Stray:
    """A page that was opened where the form is no more: whose record that was, and which of its revisions is which here."""

    fate: Fate
    who: str
    left: int = 0  # the last revision there
    arrived: int = 0  # the revision here that says the same

    def revision(self, posted: str) -> int:
        """The revision here from which the page was made."""
        return self.arrived if posted == str(self.left) else 0


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
    around: AroundForm = field(default_factory=AroundForm)
    blank: FormData = field(default_factory=FormData)  # how a form begins: with what its defaults offer
    stray: Stray | None = None  # where it was when the page was opened that posts to it

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
        return self.stored.data if self.stored else self.blank

    @property
    def fixed(self) -> frozenset[str]:
        """The items that one may not fill."""
        return fixed_items(self.actor, index_form(self.form))

    def own(self, data: FormData) -> FormData:
        """The part of these values that one may fill."""
        fixed = self.fixed
        if not fixed:
            return data
        rows = ["", *(row.id for *_, row in walk_rows(data))]
        return with_values(data, {(row, item): None for row in rows for item in fixed})

    @property
    def touched(self) -> frozenset[ItemPath] | None:
        """Where something was entered in a form that was never saved; None for one that was: then all rules speak."""
        if self.stored is not None:
            return None
        return filled(self.draft.data) if self.draft is not None else frozenset()

    def quiet(self, evaluation: Evaluation, touched: Collection[ItemPath] | None) -> tuple[Violation, ...]:
        """The violations that are not shown yet."""
        if touched is None:
            return ()
        concerns = concerns_of(self.version.registry, self.spot.form)
        return tuple(violation for violation in evaluation.violations if is_quiet(concerns, violation, touched))

    def start(self) -> Draft:
        """The draft, or a new one that begins with what is stored."""
        return self.draft or Draft(self.data, self.revision, rows=row_ids(self.data))

    def session(self, data: FormData, at: datetime, language: str) -> Session:
        """The rules at work on the form with these values."""
        return session_at(self.version, self.record, self.place, data, at, language)

    def evaluate(self, data: FormData, at: datetime, language: str) -> Evaluation:
        """What rules say about the form with these values."""
        return self.session(data, at, language).evaluation

    def begun(self, at: datetime) -> Entry:
        """The entry of a form in which nothing was entered yet: it begins with what its defaults offer."""
        return replace(self, blank=self._with_offers(FormData(), None, at))

    def with_offers(self, data: FormData, at: datetime, *, live: bool) -> FormData:
        """What was posted, with what its defaults offer now; the same object when that is nothing.

        Args:
            live: the page's script made the offers already, but for rows that were added just now.
        """
        return self._with_offers(data, self.data, at, {"", *row_ids(self.data)} if live else ())

    def _with_offers(
        self, data: FormData, before: FormData | None, at: datetime, besides: Collection[str] = ()
    ) -> FormData:
        if not has_defaults(self.version.registry, self.spot.form):
            return data
        session = self.session(data, at, LANGUAGES[0])
        earlier = None if before is None else self.session(before, at, LANGUAGES[0])
        return session.data if offer(session, earlier, besides) else data


def session_at(
    version: Version, record: SubjectRecord, place: Place, data: FormData, at: datetime, language: str
) -> Session:
    """The rules at work on a form of a record with these values."""
    occurrence = str(place.occurrence) if place.occurrence is not None else None
    focus = Focus(place.form, str(place.instance), occurrence, place.record)
    return Session(
        version.registry, record.tree_with({place: data}), focus, as_of=at, language=language, others=record.beside,
        dictionaries=version.dictionaries,
    )  # fmt: skip


def subject_of(database: Database, actor: Actor, who: str, at: datetime) -> int:
    """The subject of a pseudonym. Raises NotFound, also for what cannot be one."""
    if not _PSEUDONYM.fullmatch(who):
        raise NotFound("subject", who)
    return find_pseudonym(database, actor, who, at=at)


def subject_named(database: Database, actor: Actor, who: str, at: datetime) -> int:
    """The subject that the address of a form names: a patient, or a hospital with its own records. Raises NotFound."""
    site = site_named(who)
    if site is None:
        return subject_of(database, actor, who, at)
    found = next((each.subject for each in site_records(database, actor, at=at) if each.site == site), None)
    if found is None:
        raise NotFound("subject", who)
    return found


def open_entry(space: Workspace, actor: Actor, who: str, spot_text: str, at: datetime, *, shown: bool = True) -> Entry:
    """Find a form by address, to be `shown` or to be written. Raises NotFound and NotVisible, which look the same from outside."""
    spot = parse_spot(spot_text)
    if spot is None:
        raise NotFound("place", spot_text)
    space.registries.dictionaries.refresh()
    version = space.registries.current[actor.registry]
    with space.database.at_once() as database:
        subject = subject_named(database, actor, who, at)
        record = load_subject(database, version.registry, actor, subject, at)
        if not is_sound(version.registry.model, record, spot):
            raise NotFound("form", spot_text)
        record, place = imagined(record, spot)
        stored = record.forms.get(place)
        pinned = version if stored is None else version_at(space.registries, version, spot.form, stored.definition)
        if pinned is not version:  # its rows and items are those of the version it was filled with
            record, place = imagined(load_subject(database, pinned.registry, actor, subject, at), spot)
            stored = record.forms.get(place)
        around = around_form(
            database, actor, subject, place, stored.id if stored is not None else None, at=at,
            unseen=unseen_by(pinned.registry, actor), shown=shown,
        )  # fmt: skip
    draft = draft_in(around.copy, pinned.registry.model.forms[spot.form], actor)
    entry = Entry(pinned, actor, who.upper(), subject, spot, record, place, stored, draft, around)
    if stored is not None or draft is not None or not allows(actor.role, Permission.ENTER):
        return entry
    return entry.begun(at)


def version_at(registries: Registries, version: Version, form: str, definition: str) -> Version:
    """A form keeps to the version it was filled with; the form that all registries share goes with the newest."""
    newest = definition == version.registry.hash or form in version.rules.shared_forms
    return version if newest else registries.of(definition)


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


__all__ = [
    "Entry",
    "Fate",
    "NotFound",
    "NotVisible",
    "Stray",
    "address_of",
    "open_entry",
    "session_at",
    "settle_place",
    "subject_named",
    "subject_of",
    "version_at",
]
