"""A subject's forms under its lock, for whoever changes what is not a value: the state of one, that it is there at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from storage.access import Actor
from storage.audit import AuditEntry, subject_stream
from storage.errors import NotFound, NotVisible
from storage.form_index import Registry, has_site_forms
from storage.locking import wait_for_subject
from storage.slots import canonical
from storage.structure import FormRow, Place, Structure, ask_structure, seen_instances


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does something to a subject, when, and why."""

    subject: int
    actor: Actor
    at: datetime
    reason: str = ""

    def entry(self, kind: str, form: FormRow, **body: object) -> AuditEntry:
        """What the audit is told of it."""
        actor = self.actor
        return AuditEntry(
            subject_stream(self.subject), kind, actor.name, self.at, actor.channel, {"place": list(form.place), **body},
            self.reason, self.subject, form.id, form.definition, form.revision,
        )  # fmt: skip


def open_structure(connection: Connection, registry: Registry, deed: Deed, *, values: bool = False) -> Structure:
    """The subject, from now on locked; raises NotVisible."""
    wait_for_subject(connection, deed.subject)
    model = registry.model
    return ask_structure(
        connection, model.registry, deed.actor, deed.subject, deed.at, sites=has_site_forms(model), values=values
    )()  # fmt: skip


def form_at(structure: Structure, place: Place) -> FormRow:
    """The form of a place. Raises NotFound, and NotVisible where the actor may not see what holds it."""
    if structure.seen is not None and place.instance not in seen_instances(structure.instances, structure.seen):
        raise NotVisible(structure.subject.id)
    found = next((form for form in structure.forms if form.place == place), None)
    if found is None:
        raise NotFound("form", canonical(list(place)))
    return found


__all__ = ["Deed", "form_at", "open_structure"]
