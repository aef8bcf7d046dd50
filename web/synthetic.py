"""Loads made-up subjects through the normal save path, form by form, as people would have filled them in."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from engine.compiler import CompiledRegistry
from engine.compiler.together import prefix_of
from engine.datatypes.values import Entered, FileValue, Reference
from engine.expressions.frames import Node
from engine.expressions.scopes import EVENT
from engine.records.form_data import FormData, RowData
from engine.synthesis import Made
from engine.synthesis.samples import told_of
from storage.access import Actor
from storage.accounts import Site, create_account, create_site, find_account, sites
from storage.database import Database
from storage.errors import ConfirmClear, Conflict, KeyReused, NotFound
from storage.form_data import Place
from storage.form_index import index_form
from storage.identity import Person, person_in
from storage.instances import NewPart
from storage.metadata_versions import publish
from storage.request import Rules, SaveRequest
from storage.rights import fixed_items
from storage.saving import NewEvents, save_in_events
from storage.site_records import open_site_records
from storage.subjects import NewOccurrence, add_occurrences, register_with
from storage.upgrading import upgrade
from web.dictionaries import Dictionaries
from web.registries import describe
from web.rules import rules_of

WHO = "synth"  # the account in whose name subjects are loaded; nobody knows its password
_PAUSE = timedelta(minutes=4)  # between two forms that are filled in one after the other
_LONGEST = timedelta(days=10 * 365)  # from the registration of a subject to the last thing that is told of it


@dataclass(frozen=True, slots=True)
class Target:
    """Where subjects go: the database, the registry with its rules, and on whose behalf."""

    database: Database
    registry: CompiledRegistry
    rules: Rules
    prefix: str
    actor: Actor
    now: datetime
    hospital: list[int] = field(
        default_factory=list, compare=False
    )  # the instance of its own records, once it has them


@dataclass(frozen=True, slots=True)
class Record:
    """A record that is to be saved: where, what, when."""

    subject: int
    place: Place
    data: FormData
    at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """Records that are filled in at one go, and when."""

    subject: int
    forms: tuple[Node, ...]
    at: datetime

    def split(self, number: int) -> tuple[Visit, Visit]:
        """The first so many records, and the rest."""
        return replace(self, forms=self.forms[:number]), replace(self, forms=self.forms[number:])


@dataclass(slots=True)
class Load:
    """One subject being loaded."""

    target: Target
    made: Made
    instances: dict[str, int] = field(default_factory=dict)  # by key of the node
    occurrences: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # of rows and records, by key of the node
    last: datetime | None = None
    told: dict[str, datetime | None] = field(default_factory=dict)  # by key of a record: the latest that it tells of

    @property
    def size(self) -> int:
        """How many records it has."""
        return sum(1 for _ in self._in_order())

    def visits(self, most: int | None = None) -> Iterator[Visit]:
        """Register the subject; then its records, as they are filled in one visit after the other. None is saved yet.

        Args:
            most: so many records alone.
        """
        forms, target = list(self._in_order()), self.target
        self.last = self._registration(forms)
        begun = self._moment(forms[:1])
        patient = self.made.draft.tree.of(target.registry.scopes.containers["patient"])[0]
        parts = [_part(kid) for kid in _contained(patient)]
        new, opened = register_with(target.database, target.actor, parts, prefix=target.prefix, at=begun)
        self.instances |= zip((node.key for node in _all_of(patient)), (new.patient, *opened), strict=True)
        self._load_hospital(begun)
        for form in self.made.draft.forms():
            self.names |= {row.key: secrets.token_hex(8) for row in _rows(form) if row.key not in self.names}
        for visit in self._visits(forms[:most]):
            yield Visit(new.subject, tuple(visit), self._moment(visit))

    def _load_hospital(self, at: datetime) -> None:
        """The hospital's own records, before the first subject that refers to them."""
        target, draft = self.target, self.made.draft
        site = draft.tree.of(target.registry.scopes.containers["site"])[0]
        forms = [form for form in draft.forms() if _at_site(form)]
        self.names |= {row.key: _lasting_name(row) for form in forms for row in _rows(form)}
        if forms and not target.hospital:
            own = open_site_records(target.database, target.registry, target.actor, at=at)
            self.instances[site.key] = own.instance
            with suppress(Conflict, KeyReused):  # they were there
                self.save(Visit(own.subject, tuple(forms), at), key=f"{WHO}:{own.subject}")
            target.hospital.append(own.instance)
        if forms:
            self.instances[site.key] = target.hospital[0]

    def _visits(self, forms: list[Node]) -> Iterator[list[Node]]:
        """Records that are filled in at one go: those that tell of one day, and the days that a grid shows side by side."""
        visit: list[Node] = []
        for form in forms:
            if visit and not self._goes_with(visit, form):
                yield visit
                visit = []
            visit.append(form)
        if visit:
            yield visit

    def _goes_with(self, visit: list[Node], form: Node) -> bool:
        holder, last = form.parent, visit[-1].parent
        if holder is None or last is None:
            return False
        if holder.scope.kind == EVENT and (holder.event, holder.parent) == (last.event, last.parent):
            event = self.target.registry.model.events[str(holder.event)]
            return event.every is not None or holder is last
        told, before = self._latest(form), [moment for one in visit if (moment := self._latest(one)) is not None]
        return told is None or not before or told.date() <= max(before).date()

    # where -----------------------------------------------------------------------------------------------------------

    def _in_order(self) -> Iterator[Node]:
        """The records, event by event; what belongs to hospitals is not part of a subject."""
        model, seen = self.target.registry.model, set()
        for event in model.events.values():
            for form in event.forms:
                for node in self._of_event(form, event.id):
                    if id(node) not in seen:
                        seen.add(id(node))
                        yield node
        yield from (node for node in self.made.draft.forms() if id(node) not in seen and not _at_site(node))

    def _of_event(self, form: str, event: str) -> Iterator[Node]:
        for node in self.made.draft.tree.of(self.target.registry.scopes.forms[form]):
            holder = node.parent
            assert holder is not None
            if not _at_site(node) and (holder.scope.kind != EVENT or holder.event == event):
                yield node

    def _new(self, visit: Visit) -> list[Node]:
        """The events of a visit that are not there yet."""
        holders = dict.fromkeys(form.parent for form in visit.forms if form.parent is not None)
        return [one for one in holders if one.scope.kind == EVENT and one.key not in self.occurrences]

    def _wanted(self, new: list[Node]) -> list[NewOccurrence]:
        return [NewOccurrence(self._instance_of(one), str(one.event), one.number) for one in new]

    def _records(self, visit: Visit, new: list[Node], added: list[int]) -> list[Record]:
        """The records of a visit with their places, now that its events were added."""
        self.occurrences |= dict(zip((one.key for one in new), added, strict=True))
        return [Record(visit.subject, self._place(form), self._data(form), visit.at) for form in visit.forms]

    def _instance_of(self, occurrence: Node) -> int:
        assert occurrence.parent is not None
        return self.instances[occurrence.parent.key]

    def _place(self, form: Node) -> Place:
        holder = form.parent
        assert holder is not None
        if holder.scope.kind != EVENT:
            return Place(self.instances[holder.key], form.scope.id, None, form.place - 1)
        return Place(self._instance_of(holder), form.scope.id, self.occurrences[holder.key])

    # when ------------------------------------------------------------------------------------------------------------

    def _registration(self, forms: list[Node]) -> datetime | None:
        """When the subject is registered, if its first record tells of nothing recent, such as of a birth alone."""
        told = [moment for form in forms if (moment := self._latest(form)) is not None]
        return next((moment for moment in told if told[-1] - moment <= _LONGEST), None)

    def _latest(self, form: Node) -> datetime | None:
        if form.key not in self.told:
            values = (value for node in (form, *_rows(form)) for value in node.entered.values())
            told = (moment for value in values if (moment := told_of(value)))
            self.told[form.key] = max((moment for moment in told if moment <= self.target.now), default=None)
        return self.told[form.key]

    def _moment(self, visit: list[Node]) -> datetime:
        """Soon after the last thing that records tell of, one visit after the other, never later than now."""
        told = max((moment for form in visit if (moment := self._latest(form)) is not None), default=None)
        wished = (told or self.last or self.target.now) + _PAUSE
        earliest = self.last + _PAUSE if self.last is not None else wished
        self.last = min(max(wished, earliest), self.target.now)
        return self.last

    # what ------------------------------------------------------------------------------------------------------------

    def _data(self, node: Node) -> FormData:
        """The values of a record, without those that the role of whoever enters them may not fill."""
        fixed = fixed_items(self.target.actor, index_form(self.target.registry.model.forms[node.scope.id]))
        whole = self._row(node, fixed)
        return FormData(whole.items, whole.groups)

    def _row(self, node: Node, fixed: Collection[str]) -> RowData:
        items = {
            name: self._value(value)
            for name, value in node.entered.items()
            if name not in fixed and not isinstance(value, FileValue)
        }
        groups = {group: tuple(self._row(row, fixed) for row in rows) for group, rows in node.kids.items() if rows}
        return RowData(self.names.get(node.key, ""), items, groups)

    def _value(self, value: Entered) -> Entered:
        if not isinstance(value, Reference):
            return value
        name = self.names.get(value.target)
        node = self.made.draft.tree.world.rows.get(value.target)
        return Reference(name or (self._record(node) if node is not None else value.target))

    def _record(self, node: Node) -> str:
        """The name of a record: storage forms it of what holds it."""
        holder = node.parent
        assert holder is not None
        if holder.scope.kind == EVENT:
            return f"{self.occurrences.get(holder.key, holder.key)}.{node.scope.id}"
        return f"{self.instances.get(holder.key, holder.key)}.{node.scope.id}[{node.place}]"

    def records(self, visit: Visit) -> list[Record]:
        """The records of a visit that is not saved; its events are added."""
        new, target = self._new(visit), self.target
        added = (
            add_occurrences(target.database, target.actor, visit.subject, self._wanted(new), at=visit.at) if new else []
        )
        return self._records(visit, new, added)

    def save(self, visit: Visit, key: str = "") -> None:
        """Save a visit in one transaction, as a person would who declares its records complete; under a `key` only once."""
        target, known, new = self.target, dict(self.occurrences), self._new(visit)
        agreed = frozenset[str]()

        def requests(added: list[int]) -> list[SaveRequest]:
            return [
                SaveRequest(
                    record.subject, record.place, record.data, expected_revision=0,
                    key=key and f"{key}:{number}", actor=target.actor, at=record.at,
                    complete=True, confirm_clear=agreed,
                )
                for number, record in enumerate(self._records(visit, new, added))
            ]  # fmt: skip

        events = NewEvents(visit.subject, target.actor, visit.at, self._wanted(new), requests)
        while True:
            try:
                save_in_events(target.database, target.registry, events, target.rules)
            except ConfirmClear as asked:  # of an unfinished subject: what its later forms would have made visible
                agreed, self.occurrences = agreed.union(asked.paths), dict(known)
            else:
                return


def open_targets(
    database: Database, registry: CompiledRegistry, folder: Path, now: datetime
) -> tuple[tuple[Site, Target], ...]:
    """Where subjects can go: each hospital of the database; without any, one is made up.

    Brings the tables up to date and publishes the definition. `folder`: where its files are.
    """
    upgrade(database)
    publish(database, describe(registry, folder), who=WHO, at=now)
    if not sites(database):
        create_site(database, "SYNTH", "Szpital syntetyczny", who=WHO, at=now)
    try:
        account = find_account(database, WHO).id
    except NotFound:
        account = create_account(database, WHO, "Dane syntetyczne", secrets.token_urlsafe(24), who=WHO, at=now)
    rules, prefix = rules_of(registry, Dictionaries(database)), prefix_of(registry)

    def target(site: Site) -> Target:
        actor = Actor(account, "Dane syntetyczne", registry.model.registry, site.id, "entry")
        return Target(database, registry, rules, prefix, actor, now)

    return tuple((site, target(site)) for site in sites(database))


def person_of(target: Target, made: Made) -> Person:
    """Who a subject is, by the form that all registries share."""
    values = {
        name: value
        for form in made.draft.forms()
        if form.scope.id in target.rules.shared_forms
        for name, value in form.entered.items()
    }
    return person_in(values, target.rules.person)


def load_made(target: Target, made: Made) -> int:
    """Load a subject with all its records; how many they are."""
    load, count = Load(target, made), 0
    for visit in load.visits():
        load.save(visit)
        count += len(visit.forms)
    return count


def _rows(node: Node) -> Iterator[Node]:
    """The rows of a record, at any depth."""
    for rows in node.kids.values():
        for row in rows:
            yield row
            yield from _rows(row)


def _contained(node: Node) -> Iterator[Node]:
    """The episodes of a patient, the stays of an episode."""
    return (kid for kids in node.kids.values() for kid in kids if kid.scope.kind == "container")


def _all_of(node: Node) -> Iterator[Node]:
    """An instance and all in it, each before those in it."""
    yield node
    for kid in _contained(node):
        yield from _all_of(kid)


def _part(node: Node) -> NewPart:
    return NewPart(node.scope.id, tuple(map(_part, _contained(node))))


def _lasting_name(row: Node) -> str:
    """The name of a row of the hospital's records: the same whoever loads them."""
    return sha256(row.key.encode()).hexdigest()[:16]


def _at_site(node: Node) -> bool:
    return node.parent is not None and node.parent.scope.kind == "site"


__all__ = ["Load", "Record", "Target", "Visit", "load_made", "open_targets", "person_of"]
