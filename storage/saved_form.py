"""One form of a save: what is stored of it, what was submitted, and what of that is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from engine.datatypes.values import FileValue
from engine.records.evaluation import Evaluation
from engine.records.form_data import Focus, FormData
from storage.attachments import attach
from storage.audit import AuditEntry, Head, append_after, subject_stream
from storage.bulk import Writes
from storage.changes import Changes, Paths, Submitted, flatten, paths_of
from storage.database import Database
from storage.errors import NotFound, NotVisible, ReasonNeeded, UnknownItem
from storage.form_data import FormRecord, Place, SubjectRecord, build_form
from storage.form_index import FormIndex, Registry
from storage.idempotency import request_digest
from storage.identity import person_in, refuse_known, write_hashes
from storage.promises import write_promise
from storage.request import Rules, SaveRequest
from storage.signatures import end_marks
from storage.slots import Key, value_of
from storage.states import MARKED, State
from storage.status import pack_status
from storage.structure import seen_instances
from storage.unique_keys import write_unique_keys
from storage.writing import FormHead, Sealer, noted_files, noted_rows, write_changes

IN_PROGRESS, COMPLETE = State.IN_PROGRESS.value, State.COMPLETE.value


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, taken apart before anything is read."""

    request: SaveRequest
    index: FormIndex
    paths: Paths
    withdrawn: Mapping[Key, str]
    submitted: Submitted
    digest: bytes

    @classmethod
    def of(cls, database: Database, registry: Registry, request: SaveRequest) -> Asked:
        """Raises UnknownItem and RowClash."""
        if request.place.form not in registry.model.forms:
            raise UnknownItem(request.place.form, request.place.form)
        index = database.indexes.of(registry, request.place.form)
        paths = paths_of(request.data)
        withdrawn = {paths.key(path): reason for path, reason in request.withdrawn.items()}
        submitted = flatten(index, request.data, withdrawn)
        return cls(request, index, paths, withdrawn, submitted, request_digest(database.keys, request, submitted))

    def with_data(self, data: FormData) -> Asked:
        """The same request for other values."""
        submitted = flatten(self.index, data, self.withdrawn)
        return replace(self, request=replace(self.request, data=data), paths=paths_of(data), submitted=submitted)


@dataclass(frozen=True, slots=True)
class Judged:
    """The submitted form after hidden values were taken out, and what rules say about it."""

    data: FormData
    paths: Paths
    evaluation: Evaluation
    cleared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SavedForm:
    """One form of a save, ready to be written."""

    database: Database
    registry: Registry
    rules: Rules
    record: SubjectRecord
    asked: Asked
    stored: FormRecord | None
    judged: Judged
    submitted: Submitted  # without what was cleared
    changes: Changes
    head: FormHead
    changed: bool

    @property
    def request(self) -> SaveRequest:
        """What was asked."""
        return self.asked.request

    @property
    def home(self) -> str:
        """The registry that the form belongs to, '' where all share it."""
        return "" if self.request.place.form in self.rules.shared_forms else self.registry.model.registry

    @property
    def unread(self) -> tuple[str, ...]:
        """The paths of input that could not be read."""
        return tuple(sorted(self.judged.paths.path(key) for key in self.submitted.kept))

    def write_keys(self, connection: Connection, writes: Writes) -> None:
        """What other subjects may not share and by what a person is found: first, since it may refuse the save."""
        request, rules, data = self.request, self.rules, self._after()
        master, key = self.database.master, self.record.key
        scope, person = self.registry.model.registry, person_in(data.items, rules.person)
        renamed = key is not None and bool(rules.person.all.intersection(self.changes.items))
        if (
            renamed
            and request.place.form in rules.shared_forms
            and rules.person.numbers.intersection(self.changes.items)
        ):
            # Before the keys of this registry: a person has one record for all, and that is what is told.
            refuse_known(connection, master, scope, request.subject, person)
        if keys := list(rules.unique_keys(self.registry, request.place.form, data)):
            writes.send(connection)  # the row of a new form, to which they belong
            write_unique_keys(connection, master, request.subject, self.head.id, scope, keys, request.at)
        if renamed:
            write_hashes(connection, master, request.subject, person)

    def _after(self) -> FormData:
        """The form as it is stored now: unreadable input left what was there before."""
        if not self.submitted.kept or self.stored is None:
            return self.judged.data
        cells = dict(self.stored.cells)
        for key, (_, new) in self.changes.cells.items():
            if new is None:
                cells.pop(key, None)
            else:
                cells[key] = new
        return build_form(self.asked.index, self.submitted.rows, cells)

    @property
    def voids(self) -> bool:
        """Whether the save takes back that somebody reviewed or signed the form."""
        return self.stored is not None and self.stored.state in MARKED and self.head.state != self.stored.state

    def void_marks(self, connection: Connection) -> None:
        """Take back that somebody reviewed or signed it."""
        request = self.request
        end_marks(connection, [self.head.id], request.actor.name, request.at, request.reason)

    def attach_files(self, connection: Connection, writes: Writes) -> None:
        """The content of files that are new in the form: it comes out of the working copy."""
        request, items = self.request, self.asked.index.items
        files = self.changes.files.items()
        values = [value_of(items[key[1]].datatype, new) for key, (_, new) in files if new is not None]
        new = [value for value in values if isinstance(value, FileValue)]
        if new:
            account, carried = request.actor.account, request.carried or ()
            attach(connection, writes, self.head.id, account, request.place, new, request.at, carried=carried)

    def write_values(self, writes: Writes) -> list[tuple[Any, ...]]:
        """The values that differ; returns them as the audit keeps them."""
        ciphertexts = self.stored.ciphertexts if self.stored else {}
        keyless, subject = self.database.keys is None, self.request.subject
        sealer = Sealer(subject, self.head.id, self.asked.index.sealed, self.record.key, keyless, ciphertexts)
        before = self.stored.cells if self.stored else {}
        write_promise(writes, self.asked.index, before, self.changes, self.head.id, subject, self.home, self.request.at)
        return write_changes(writes, sealer, self.changes)

    def note(self, writes: Writes, values: list[tuple[Any, ...]], last: Sequence[Any] | None) -> Head:
        """The entry in the audit."""
        request, stored, head, changes = self.request, self.stored, self.head, self.changes
        body: dict[str, Any] = {"place": list(request.place), "values": values, "rows": noted_rows(changes)}
        if stored is None or stored.state != head.state:
            body["state"] = [stored.state if stored else None, head.state]
        if self.voids:
            body["voids"] = True
        if self.judged.cleared:
            body["cleared"] = list(self.judged.cleared)
        if changes.files:
            body["files"] = noted_files(changes)
        return append_after(
            writes,
            AuditEntry(
                subject_stream(request.subject), "save" if stored else "open_form", request.actor.name, request.at,
                request.actor.channel, body, request.reason, request.subject, head.id, self.registry.hash,
                head.revision, changes.items,
            ),
            last,
        )  # fmt: skip


def head_after(
    registry: Registry, asked: Asked, stored: FormRecord | None, judged: Judged, submitted: Submitted, changes: Changes,
    new_id: int,
) -> tuple[FormHead, bool]:  # fmt: skip
    """The row of a form after its save, and whether it changes; `new_id` is that of a form that is opened.

    Raises ReasonNeeded: what somebody reviewed or signed is changed with a reason. Saved as it is, it stays so.
    """
    request = asked.request
    complete = request.complete and judged.evaluation.complete and not submitted.kept
    state = COMPLETE if complete else IN_PROGRESS
    if stored is not None and stored.state in MARKED:
        if changes and not request.reason.strip():
            raise ReasonNeeded(stored.state)
        state = state if changes else stored.state
    status = pack_status(judged.evaluation.states, judged.paths)
    changed = bool(changes) or stored is None or stored.state != state or stored.definition != registry.hash
    saved_at = request.at if changed or stored is None else stored.saved_at
    revision = (stored.revision if stored else 0) + changed
    form = stored.id if stored else new_id
    return FormHead(form, registry.hash, revision, state, status, saved_at), changed


def check_place(record: SubjectRecord, place: Place, seen: frozenset[int] | None, saved: frozenset[Place]) -> None:
    """Raises NotFound and NotVisible. `saved`: the places of the forms that are saved together."""
    if place.instance not in {row.id for row in record.instances}:
        raise NotFound("instance", place.instance)
    if seen is not None and place.instance not in seen_instances(record.instances, seen):
        raise NotVisible(record.subject)
    if place.occurrence is not None and (place.occurrence, place.instance) not in {
        (row.id, row.instance) for row in record.occurrences
    }:
        raise NotFound("occurrence", place.occurrence)
    before = place._replace(record=place.record - 1)
    if place.record and before not in record.forms and before not in record.gone and before not in saved:
        raise NotFound("record before", place.record)


def focus_of(place: Place) -> Focus:
    """Where the engine finds a form."""
    occurrence = str(place.occurrence) if place.occurrence is not None else None
    return Focus(place.form, str(place.instance), occurrence, place.record)


__all__ = ["COMPLETE", "IN_PROGRESS", "Asked", "Judged", "SavedForm", "check_place", "focus_of", "head_after"]
