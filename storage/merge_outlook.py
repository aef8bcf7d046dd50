"""What a merge of two records would do, told before it is done: to whoever sees both as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from storage.access import Actor
from storage.carrying import Book
from storage.database import Database
from storage.episode_links import linked_parts
from storage.errors import NotVisible
from storage.form_data import Place, SubjectRecord, build_record
from storage.form_index import has_site_forms
from storage.identity import Person, are_two, person_in
from storage.merged_copies import copies_of_one_registry
from storage.merging import parts_coming, places_alone
from storage.states import MARKED, State
from storage.structure import ask_structure
from storage.working_copy import begun_in


@dataclass(frozen=True, slots=True)
class Difference:
    """An item of the form that all registries share, of which the two records say different things, or one says nothing."""

    form: str
    item: str
    kept: bool  # the kept record says something
    other: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """What comes along, what does not, and what stands in the way."""

    parts: int  # episodes
    forms: int  # that come along
    staying: tuple[str, ...]  # forms of the patient as a whole that stay with the merged record
    marked: int  # of the forms that come along, those that are reviewed or signed
    locked: int
    unsaved: int  # working copies that stay with the merged record: of the patient as a whole, by people of several registries
    differences: tuple[Difference, ...]
    two_people: bool  # what identifies them says plainly that they are not one


def outlook(database: Database, book: Book, actor: Actor, subject: int, kept: int, *, at: datetime) -> Outlook:
    """What merging a subject into another one would do. Raises NotVisible unless the actor sees both as a whole."""
    with database.read() as connection:
        source, goal = (_whole(connection, database, book, actor, one, at) for one in (subject, kept))
        begun, linked = begun_in(connection, subject, at), linked_parts(connection, subject)
        coming_copies = copies_of_one_registry(connection, actor.registry, source, at)
    alone, shared = set(places_alone(book, source, goal)), book.rules.shared_forms
    coming = [form for place, form in source.forms.items() if place.instance != source.root or place in alone]
    staying = [place.form for place in source.forms if place.instance == source.root and place not in alone]
    return Outlook(
        len(parts_coming(source, begun, linked)),
        len(coming),
        tuple(form for form in staying if form not in shared),
        sum(form.state in MARKED for form in coming),
        sum(form.state == State.LOCKED for form in source.forms.values()),
        sum(
            each.place.instance == source.root and each.place not in alone and each not in coming_copies
            for each in begun
        ),
        tuple(each for form in sorted(shared) for each in _differences(database, book, form, source, goal)),
        are_two(_person(book, source), _person(book, goal)),
    )


def _person(book: Book, record: SubjectRecord) -> Person:
    forms = (form for place, form in record.forms.items() if place.form in book.rules.shared_forms)
    values = {item: value for form in forms for item, value in form.data.items.items()}
    return person_in(values, book.rules.person)


def _whole(
    connection: Connection, database: Database, book: Book, actor: Actor, subject: int, at: datetime
) -> SubjectRecord:
    name, sites = book.registry.model.registry, has_site_forms(book.registry.model)
    structure = ask_structure(connection, name, actor, subject, at, sites=sites)()
    if structure.seen is not None:
        raise NotVisible(subject)
    return build_record(database, book.registry, structure)


def _differences(
    database: Database, book: Book, form: str, source: SubjectRecord, goal: SubjectRecord
) -> list[Difference]:
    """In the order of the form; calculated items follow from the others."""
    theirs, ours = source.forms.get(Place(source.root, form)), goal.forms.get(Place(goal.root, form))
    if theirs is None or form not in book.registry.model.forms:
        return []
    said, kept = theirs.data.items, ours.data.items if ours is not None else {}
    items = database.indexes.of(book.registry, form).items
    return [
        Difference(form, item, item in kept, item in said)
        for item in items
        if said.get(item) != kept.get(item) and item in said
    ]


__all__ = ["Difference", "Outlook", "outlook"]
