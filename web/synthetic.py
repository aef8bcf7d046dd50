"""Loads made-up subjects through the normal save path, form by form, as people would have filled them in."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from engine.compiler import CompiledRegistry
from engine.datatypes.values import Entered, FileValue, PartialDate, Reference
from engine.expressions.frames import Node
from engine.expressions.scopes import EVENT
from engine.records.form_data import FormData, RowData
from engine.synthesis import Made
from engine.synthesis.samples import at_local
from storage.access import Actor
from storage.accounts import Site, create_account, create_site, find_account, sites
from storage.database import Database
from storage.errors import ConfirmClear, NotFound
from storage.form_data import Place
from storage.instances import open_instance
from storage.metadata_versions import publish
from storage.request import Rules, SaveRequest
from storage.saving import save_form
from storage.subjects import add_occurrence, register_subject
from storage.upgrading import upgrade
from web.dictionaries import Dictionaries
from web.registries import describe, prefix_of
from web.rules import rules_of

WHO = "synth"  # the account in whose name subjects are loaded; nobody knows its password
_PAUSE = timedelta(minutes=4)  # between two forms that are filled in one after the other
_LONGEST = timedelta(days=10 * 365)  # from the registration of a subject to the last thing that is told of it
_EVENING = time(18, 0)  # when a day is over of which no time is told


@dataclass(frozen=True, slots=True)
class Target:
    """Where subjects go: the database, the registry with its rules, and on whose behalf."""

    database: Database
    registry: CompiledRegistry
    rules: Rules
    prefix: str
    actor: Actor
    now: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """A record that is to be saved: where, what, when."""

    subject: int
    place: Place
    data: FormData
    at: datetime


@dataclass(slots=True)
class Load:
    """One subject being loaded."""

    target: Target
    made: Made
    instances: dict[str, int] = field(default_factory=dict)  # by key of the node
    occurrences: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # of rows and records, by key of the node
    last: datetime | None = None

    def records(self) -> Iterator[Record]:
        """Register the subject; then its records, in the order in which people fill them in. None is saved yet."""
        forms, target = list(self._in_order()), self.target
        self.last = self._registration(forms)
        begun = self._moment(forms[0])
        new = register_subject(target.database, target.actor, prefix=target.prefix, at=begun)
        patient = self.made.draft.tree.of(target.registry.scopes.containers["patient"])[0]
        self.instances[patient.key] = new.patient
        self._open_instances(new.subject, patient, begun)
        for form in self.made.draft.forms():
            self.names |= {row.key: secrets.token_hex(8) for row in _rows(form)}
        for form in forms:
            at = self._moment(form)
            yield Record(new.subject, self._place(new.subject, form, at), self._data(form), at)

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

    def _open_instances(self, subject: int, parent: Node, at: datetime) -> None:
        for kids in parent.kids.values():
            for kid in kids:
                if kid.scope.kind == "container":
                    target = self.target
                    opened = open_instance(
                        target.database, target.registry, target.actor, subject, kid.scope.id,
                        self.instances[parent.key], at=at, alone=True,
                    )  # fmt: skip
                    self.instances[kid.key] = opened
                    self._open_instances(subject, kid, at)

    def _place(self, subject: int, form: Node, at: datetime) -> Place:
        holder = form.parent
        assert holder is not None
        if holder.scope.kind != EVENT:
            return Place(self.instances[holder.key], form.scope.id, None, form.place - 1)
        assert holder.parent is not None
        assert holder.event is not None
        instance = self.instances[holder.parent.key]
        if holder.key not in self.occurrences:
            self.occurrences[holder.key] = add_occurrence(
                self.target.database, self.target.actor, subject, instance, holder.event, at=at, number=holder.number
            )
        return Place(instance, form.scope.id, self.occurrences[holder.key])

    # when ------------------------------------------------------------------------------------------------------------

    def _registration(self, forms: list[Node]) -> datetime | None:
        """When the subject is registered, if its first record tells of nothing recent, such as of a birth alone."""
        told = [moment for form in forms if (moment := self._latest(form)) is not None]
        return next((moment for moment in told if told[-1] - moment <= _LONGEST), None)

    def _latest(self, form: Node) -> datetime | None:
        told = [moment for node in (form, *_rows(form)) for value in node.entered.values() if (moment := _told(value))]
        return max((moment for moment in told if moment <= self.target.now), default=None)

    def _moment(self, form: Node) -> datetime:
        """Soon after the last thing that the record tells of, one record after the other, never later than now."""
        wished = (self._latest(form) or self.last or self.target.now) + _PAUSE
        earliest = self.last + _PAUSE if self.last is not None else wished
        self.last = min(max(wished, earliest), self.target.now)
        return self.last

    # what ------------------------------------------------------------------------------------------------------------

    def _data(self, node: Node) -> FormData:
        whole = self._row(node)
        return FormData(whole.items, whole.groups)

    def _row(self, node: Node) -> RowData:
        items = {name: self._value(value) for name, value in node.entered.items() if not isinstance(value, FileValue)}
        groups = {group: tuple(map(self._row, rows)) for group, rows in node.kids.items() if rows}
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

    def save(self, record: Record) -> None:
        """Save a record as a person would, who declares it complete."""
        target = self.target
        request = SaveRequest(
            record.subject, record.place, record.data, expected_revision=0, key=secrets.token_urlsafe(18),
            actor=target.actor, at=record.at, complete=True,
        )  # fmt: skip
        try:
            save_form(target.database, target.registry, request, target.rules)
        except ConfirmClear as asked:  # of an unfinished subject: what its later forms would have made visible
            save_form(
                target.database, target.registry, replace(request, confirm_clear=frozenset(asked.paths)), target.rules
            )


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


def load_made(target: Target, made: Made) -> int:
    """Load a subject with all its records; how many they are."""
    load, count = Load(target, made), 0
    for record in load.records():
        load.save(record)
        count += 1
    return count


def _rows(node: Node) -> Iterator[Node]:
    """The rows of a record, at any depth."""
    for rows in node.kids.values():
        for row in rows:
            yield row
            yield from _rows(row)


def _at_site(node: Node) -> bool:
    return node.parent is not None and node.parent.scope.kind == "site"


def _told(value: Any) -> datetime | None:
    """When something was, of which a value tells."""
    if isinstance(value, datetime):
        return value
    day = value.earliest() if isinstance(value, PartialDate) else value
    return at_local(day, _EVENING) if isinstance(day, date) else None


__all__ = ["Load", "Record", "Target", "load_made", "open_targets"]
