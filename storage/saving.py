"""Saves a form in one transaction: values, what rules derive from them, and one audit entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from engine.datatypes.values import FileValue
from engine.records.evaluation import Evaluation
from engine.records.form_data import Focus, FormData
from storage.attachments import attach
from storage.audit import AuditEntry, append_after, subject_stream
from storage.bulk import Writes
from storage.changes import Changes, Paths, Submitted, compare, flatten, paths_of, without
from storage.clashes import clashing_values
from storage.database import Database
from storage.derived import (
    CalculatedKey,
    Evaluated,
    ask_calculated,
    calculated_cells,
    changed_calculated,
    changed_issues,
)
from storage.direct import in_one_trip
from storage.errors import ConfirmClear, NotFound, NotVisible, UnknownItem, WrongDefinition
from storage.form_data import FormRecord, Place, SubjectRecord, ask_cells, build_form, build_record
from storage.form_index import FormIndex, Registry, has_site_forms
from storage.idempotency import keep_answer, request_digest, stored_answer
from storage.identity import person_in, write_hashes
from storage.locking import wait_for_subject
from storage.request import Rules, SaveRequest, SaveResult
from storage.schedule import write_pending
from storage.slots import Cell, Key, value_of
from storage.status import pack_status
from storage.structure import Before, ask_before, seen_instances
from storage.unique_keys import write_unique_keys
from storage.writing import (
    FormHead,
    Sealer,
    change_forms,
    head_of,
    noted_files,
    noted_rows,
    open_form,
    write_calculated,
    write_changes,
    write_issues,
)

IN_PROGRESS, COMPLETE = "in_progress", "complete"


@dataclass(frozen=True, slots=True)
class _Work:
    """Everything a save works with, so that its steps take one parameter."""

    database: Database
    connection: Connection
    registry: Registry
    request: SaveRequest
    rules: Rules
    index: FormIndex
    record: SubjectRecord
    stored: FormRecord | None
    before: Before
    calculated: Mapping[CalculatedKey, Cell]


@dataclass(frozen=True, slots=True)
class _Judged:
    """The submitted form after hidden values were taken out, and what rules say about it."""

    data: FormData
    paths: Paths
    evaluation: Evaluation
    cleared: tuple[str, ...]


def save_form(database: Database, registry: Registry, request: SaveRequest, rules: Rules) -> SaveResult:
    """Save all entered values of a form.

    Raises NotVisible, NotFound, WrongDefinition, UnknownItem, UnknownFile, RowClash, Conflict, ConfirmClear, NotUnique
    and KeyReused; nothing is saved then. Input that could not be read (Unread) leaves what is stored as it is.
    """
    if request.place.form not in registry.model.forms:
        raise UnknownItem(request.place.form, request.place.form)
    index = database.indexes.of(registry, request.place.form)
    paths = paths_of(request.data)
    withdrawn = {paths.key(path): reason for path, reason in request.withdrawn.items()}
    submitted = flatten(index, request.data, withdrawn)
    digest = request_digest(database.keys, request, submitted)
    with database.write() as connection:
        name, new = registry.model.registry, request.expected_revision == 0
        sites = has_site_forms(registry.model)
        with in_one_trip(connection):
            wait_for_subject(connection, request.subject)
            subject = ask_before(
                connection, name, request.actor, request.subject, request.at, request.key, new=new, sites=sites
            )
            cells = ask_cells(connection, name, request.subject, sites=sites)
            calculated = ask_calculated(connection, request.subject)
        structure, before = subject()
        answer = stored_answer(before.answer, request, digest)
        record = build_record(database, registry, structure, cells(), besides=request.place)
        _check_place(record, request.place, structure.seen)
        stored = record.forms.get(request.place)
        work = _Work(database, connection, registry, request, rules, index, record, stored, before, calculated())
        if answer is not None:
            return _replay(work, answer, paths)
        _check_stored(work, submitted, paths)
        return _save(work, submitted, withdrawn, digest)


def _check_place(record: SubjectRecord, place: Place, seen: frozenset[int] | None) -> None:
    if place.instance not in {row.id for row in record.instances}:
        raise NotFound("instance", place.instance)
    if seen is not None and place.instance not in seen_instances(record.instances, seen):
        raise NotVisible(record.subject)
    if place.occurrence is not None and (place.occurrence, place.instance) not in {
        (row.id, row.instance) for row in record.occurrences
    }:
        raise NotFound("occurrence", place.occurrence)
    if place.record and place._replace(record=place.record - 1) not in record.forms:
        raise NotFound("record before", place.record)


def _check_stored(work: _Work, submitted: Submitted, paths: Paths) -> None:
    revision = work.stored.revision if work.stored else 0
    if revision != work.request.expected_revision:
        raise clashing_values(work.connection, work.index, work.record, work.request, submitted, paths)
    pinned = work.stored.definition if work.stored else work.registry.hash
    if pinned != work.registry.hash and work.request.place.form not in work.rules.shared_forms:
        raise WrongDefinition(work.stored.id if work.stored else 0, pinned, work.registry.hash)


def _save(work: _Work, submitted: Submitted, withdrawn: Mapping[Key, str], digest: bytes) -> SaveResult:
    request, stored = work.request, work.stored
    judged = _judge(work)
    if judged.cleared:
        submitted = flatten(work.index, judged.data, withdrawn)
    elsewhere = {row for form in work.record.forms.values() if form is not stored for row in form.rows}
    changes = compare(work.index, stored, submitted, elsewhere)
    complete = request.complete and judged.evaluation.complete and not submitted.kept
    state = COMPLETE if complete else IN_PROGRESS
    status = pack_status(judged.evaluation.states, judged.paths)
    changed = bool(changes) or stored is None or stored.state != state or stored.definition != work.registry.hash
    saved_at = request.at if changed or stored is None else stored.saved_at
    revision = (stored.revision if stored else 0) + changed
    form = stored.id if stored else work.before.form
    head = FormHead(form, work.registry.hash, revision, state, status, saved_at)
    writes = Writes()
    if stored is None:
        home = "" if request.place.form in work.rules.shared_forms else work.registry.model.registry
        open_form(writes, request.subject, home, request.place, head)
    _write_keys(work, writes, head, judged, submitted, changes)
    _attach_files(work, writes, head, changes)
    values = _write_values(work, writes, head, changes)
    _write_derived(work, writes, head, judged, changes)
    entry = _note(work, writes, head, changes, values, judged.cleared) if changed else None
    unread = tuple(sorted(judged.paths.path(key) for key in submitted.kept))
    result = SaveResult(head.id, revision, state, saved_at, judged.evaluation, judged.cleared, unread, entry)
    keep_answer(writes, request, digest, result)
    planned = (*judged.evaluation.events, *judged.evaluation.events_besides)
    write_pending(writes, work.registry, request.subject, work.before.pending, planned)
    writes.commit(work.connection)
    return result


def _judge(work: _Work) -> _Judged:
    """Evaluate; take values that became not applicable out, once the user has agreed, and evaluate again."""
    data = work.request.data
    cleared: list[str] = []
    while True:
        paths = paths_of(data)
        evaluation = _evaluate(work, work.request.place, data)
        gone = [path for path in evaluation.to_clear if path not in cleared]
        if not gone:
            return _Judged(data, paths, evaluation, tuple(cleared))
        cleared += gone
        unconfirmed = tuple(path for path in cleared if path not in work.request.confirm_clear)
        if unconfirmed:
            raise ConfirmClear(unconfirmed)
        data = without(data, {paths.key(path) for path in gone})


def _evaluate(work: _Work, place: Place, data: FormData) -> Evaluation:
    tree = work.record.tree_with({work.request.place: data})
    return work.rules.evaluate(
        work.registry, tree, _focus(place), as_of=work.request.at, at="save", language=work.request.language,
        others=work.record.beside,
    )  # fmt: skip


def _focus(place: Place) -> Focus:
    occurrence = str(place.occurrence) if place.occurrence is not None else None
    return Focus(place.form, str(place.instance), occurrence, place.record)


def _write_values(work: _Work, writes: Writes, head: FormHead, changes: Changes) -> list[tuple[Any, ...]]:
    ciphertexts = work.stored.ciphertexts if work.stored else {}
    keyless, subject = work.database.keys is None, work.request.subject
    sealer = Sealer(subject, head.id, work.index.sealed, work.record.key, keyless, ciphertexts)
    return write_changes(writes, sealer, changes)


def _write_keys(
    work: _Work, writes: Writes, head: FormHead, judged: _Judged, submitted: Submitted, changes: Changes
) -> None:
    """What other subjects may not share and by what a person is found: first, since it may refuse the save."""
    subject, data = work.request.subject, _after(work, judged, submitted, changes)
    if work.rules.person.all.intersection(changes.items) and work.record.key is not None:
        write_hashes(work.connection, work.database.master, subject, person_in(data.items, work.rules.person))
    keys = list(work.rules.unique_keys(work.registry, work.request.place.form, data))
    if keys:
        writes.send(work.connection)  # the row of a new form, to which they belong
        scope, master = work.registry.model.registry, work.database.master
        write_unique_keys(work.connection, master, subject, head.id, scope, keys, work.request.at)


def _after(work: _Work, judged: _Judged, submitted: Submitted, changes: Changes) -> FormData:
    """The form as it is stored now: unreadable input left what was there before."""
    if not submitted.kept or work.stored is None:
        return judged.data
    cells = dict(work.stored.cells)
    for key, (_, new) in changes.cells.items():
        if new is None:
            cells.pop(key, None)
        else:
            cells[key] = new
    return build_form(work.index, submitted.rows, cells)


def _attach_files(work: _Work, writes: Writes, head: FormHead, changes: Changes) -> None:
    """The content of files that are new in the form: it comes out of the working copy."""
    request, items = work.request, work.index.items
    values = [value_of(items[key[1]].datatype, new) for key, (_, new) in changes.files.items() if new is not None]
    files = [value for value in values if isinstance(value, FileValue)]
    if files:
        attach(work.connection, writes, head.id, request.actor.account, request.place, files, request.at)


def _write_derived(work: _Work, writes: Writes, head: FormHead, judged: _Judged, changes: Changes) -> None:
    """Calculated values, issues and states of the saved form and of those that depend on what changed."""
    request = work.request
    own = Evaluated(head.id, request.place, work.index, judged.paths, judged.evaluation, own=True)
    others = _dependents(work, judged.data, changes) if changes or work.stored is None else []
    evaluated = [own, *(one for one, _ in others)]
    cells = calculated_cells(work.registry, work.record, evaluated)
    heads = [new for one, new in others if new.status != work.record.forms[one.place].status]
    if work.stored is not None and head != head_of(work.stored, work.stored.status):
        heads.append(head)
    write_calculated(writes, changed_calculated(work.calculated, cells))
    write_issues(writes, changed_issues(work.before.issues, work.registry, work.database.keys, evaluated, request.at))
    change_forms(writes, heads)


def _dependents(work: _Work, data: FormData, changes: Changes) -> list[tuple[Evaluated, FormHead]]:
    names = set(work.rules.dependents(work.registry, work.request.place.form, frozenset(changes.items)))
    known = names & work.registry.model.forms.keys()
    forms = [form for place, form in work.record.forms.items() if place != work.request.place and place.form in known]
    tree, request = work.record.tree_with({work.request.place: data}), work.request
    said = work.rules.evaluate_all(
        work.registry, tree, [_focus(form.place) for form in forms], as_of=request.at, language=request.language,
        others=work.record.beside,
    )  # fmt: skip
    found: list[tuple[Evaluated, FormHead]] = []
    for form, evaluation in zip(forms, said, strict=True):
        paths = paths_of(form.data)
        index = work.database.indexes.of(work.registry, form.place.form)
        head = head_of(form, pack_status(evaluation.states, paths))
        found.append((Evaluated(form.id, form.place, index, paths, evaluation, own=False), head))
    return found


def _note(
    work: _Work,
    writes: Writes,
    head: FormHead,
    changes: Changes,
    values: list[tuple[Any, ...]],
    cleared: tuple[str, ...],
) -> int:
    request, stored = work.request, work.stored
    body: dict[str, Any] = {"place": list(request.place), "values": values, "rows": noted_rows(changes)}
    if stored is None or stored.state != head.state:
        body["state"] = [stored.state if stored else None, head.state]
    if cleared:
        body["cleared"] = list(cleared)
    if changes.files:
        body["files"] = noted_files(changes)
    return append_after(
        writes,
        AuditEntry(
            subject_stream(request.subject), "save" if stored else "open_form", request.actor.name, request.at,
            request.actor.channel, body, request.reason, request.subject, head.id, work.registry.hash, head.revision,
            changes.items,
        ),
        work.before.head,
    )  # fmt: skip


def _replay(work: _Work, answer: Mapping[str, Any], paths: Paths) -> SaveResult:
    """The first answer again; what rules said is computed again from the same values and the same time."""
    cleared = tuple(answer["cleared"])
    data = without(work.request.data, {paths.key(path) for path in cleared})
    first = replace(work, request=replace(work.request, at=answer["saved_at"]))
    evaluation = _evaluate(first, work.request.place, data)
    return SaveResult(
        answer["form"], answer["revision"], answer["state"], answer["saved_at"], evaluation, cleared,
        tuple(answer["unread"]), answer["entry"], replayed=True,
    )  # fmt: skip


__all__ = ["COMPLETE", "IN_PROGRESS", "save_form"]
