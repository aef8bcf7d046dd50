"""What references may point to in other registries: records of the same patient, where one may see them there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from flask import url_for

from engine.datatypes.words import date_text
from engine.model.form import walk_items
from engine.model.item import Elsewhere
from engine.model.text import in_language
from storage.access import Actor, on_behalf
from storage.database import Database
from storage.errors import NotFound, NotVisible
from storage.form_data import FormRecord, SubjectRecord, load_subject
from storage.merges import merge_of, merged_names
from storage.subjects import pseudonym_of
from web.entry import Entry
from web.places import spot_of
from web.registries import Version
from web.roles import Permission
from web.targets import Offers
from web.titles import event_title, form_words
from web.workspace import Visit, actor_of, has, workspace


@dataclass(frozen=True, slots=True)
class Beyond:
    """A record of another registry: how a reference names it, its words, and the way to it."""

    key: str
    words: str
    href: str


def offers_elsewhere(entry: Entry, one: Visit) -> dict[str, Offers]:
    """By the keys of `ItemDef.offered`. Costs one look at the patient for each other registry that the form points into."""
    wanted = {item.elsewhere for item in walk_items(entry.form) if item.elsewhere is not None}
    found = records_elsewhere(one, entry.subject, wanted)
    return {each.key: [(there.key, there.words) for there in found[each]] for each in wanted}


def records_elsewhere(one: Visit, subject: int, wanted: Collection[Elsewhere]) -> dict[Elsewhere, list[Beyond]]:
    """The records of forms of other registries, of a person, that one may see there.

    Two records of the person may have been merged here or there: what belongs to either is meant.
    """
    if not wanted:
        return {}
    known = records_in(one, subject, {each.registry for each in wanted})
    return {each: [found for there in known[each.registry] for found in there.of(each, one)] for each in wanted}


def records_in(one: Visit, subject: int, registries: Collection[str]) -> dict[str, list[There]]:
    """The records of a person in other registries, as far as one sees them there."""
    if not registries:
        return {}
    names = (subject, *merged_names(workspace().database, one.actor, subject, at=one.now))
    return {each: list(_known_in(one, each, names)) for each in registries}


@dataclass(frozen=True, slots=True)
class There:
    """A record of the person in another registry, and in which role it is seen."""

    version: Version
    actor: Actor
    database: Database
    who: str
    record: SubjectRecord

    def of(self, wanted: Elsewhere, one: Visit) -> Iterator[Beyond]:
        """Its forms of a kind."""
        if wanted.form not in self.version.registry.model.forms:
            return
        for place, form in self.record.forms.items():
            if place.form == wanted.form:
                spot = str(spot_of(self.record, place))
                href = url_for("forms.show", registry=self.version.name, who=self.who, spot=spot)
                words = _words(self.version, self.record, form, one)
                yield Beyond(f"{wanted.registry}/{form.lasting}", words, href)


def _known_in(one: Visit, registry: str, subjects: Iterable[int]) -> Iterator[There]:
    """The records of a person in another registry: those of these subjects, and into which they were merged there."""
    space = workspace()
    version = space.registries.current.get(registry)
    mine = [each for each in one.memberships if each.registry == registry and has(one, each, Permission.READ)]
    own = next((each for each in mine if each.site == one.actor.site), mine[0] if mine else None)
    if version is None or own is None:
        return
    actor = actor_of(one.actor.account, one.actor.name, own)
    database = on_behalf(space.database, actor, one.now)
    seen = set[int]()
    for subject in subjects:
        merged = merge_of(database, actor, subject, at=one.now)
        there = merged.kept if merged is not None else subject
        if there in seen:
            continue
        seen.add(there)
        try:
            record = load_subject(database, version.registry, actor, there, one.now)
            yield There(version, actor, database, pseudonym_of(database, actor, there, at=one.now), record)
        except (NotVisible, NotFound):
            continue


def _words(version: Version, record: SubjectRecord, form: FormRecord, one: Visit) -> str:
    """The form, the event in which it stands, its day and the registry."""
    model, place = version.registry.model, form.place
    held = next((each for each in record.occurrences if each.id == place.occurrence), None)
    event = event_title(model, held.event, held.number, one.language) if held is not None else ""
    day = date_text(held.day, one.language) if held is not None and held.day else one.tongue.day(form.opened_at)
    parts = (form_words(model, place.form, one.language), event, day, in_language(model.title, one.language))
    return ", ".join(filter(None, parts))


__all__ = ["Beyond", "There", "offers_elsewhere", "records_elsewhere", "records_in"]
