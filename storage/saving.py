"""Saves forms of a subject in one transaction: values, what rules derive from them, and an audit entry each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.records.evaluation import Evaluation, PlannedEvent
from engine.records.form_data import FormData, Instance
from storage.access import Actor
from storage.audit import Head
from storage.bulk import Writes
from storage.changes import compare, entitled, flatten, paths_of, without
from storage.clashes import clashing_values
from storage.closing import WHOLE, closed_year
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
from storage.errors import Closed, ConfirmClear, Locked, NotVisible, ReasonNeeded, WrongDefinition
from storage.form_data import Place, SubjectRecord, build_record
from storage.form_index import Registry, has_site_forms
from storage.idempotency import ask_answers, keep_answer, stored_answer
from storage.locking import wait_for_subject
from storage.request import Look, Rules, SaveRequest, SaveResult
from storage.rights import fixed_items
from storage.rule_queries import RuleSteps
from storage.saved_form import COMPLETE, IN_PROGRESS, Asked, Judged, SavedForm, check_place, focus_of, head_after
from storage.schedule import write_pending
from storage.slots import WITHDRAWN, Cell
from storage.states import FINISHED, State
from storage.status import pack_status
from storage.structure import Before, ask_before
from storage.subjects import NewOccurrence, add_occurrences_within
from storage.verification import take_back
from storage.verification_counts import count_again
from storage.working_copy import forget_copies
from storage.writing import (
    FormHead,
    ask_form_ids,
    change_forms,
    head_of,
    open_form,
    write_calculated,
    write_issues,
)


@dataclass(frozen=True, slots=True)
class _Work:
    """Everything a save works with, so that its steps take one parameter."""

    database: Database
    connection: Connection
    registry: Registry
    rules: Rules
    asked: tuple[Asked, ...]
    record: SubjectRecord
    before: Before
    calculated: Mapping[CalculatedKey, Cell]
    ids: Sequence[int]  # of the forms that are opened, in order

    @property
    def request(self) -> SaveRequest:
        """The first request: all have the subject, the actor and the time in common."""
        return self.asked[0].request

    def tree(self, data: Mapping[Place, FormData]) -> Instance:
        """The subject as it will be."""
        return self.record.tree_with(data)

    def look(self, tree: Instance, at: SaveRequest) -> Look:
        """What rules say of it."""
        return self.rules.look(
            self.registry, tree, as_of=at.at, language=at.language, others=self.record.beside
        )  # fmt: skip


_NOWHERE = Place(0, "")  # where rows stand that are withdrawn


def save_form(database: Database, registry: Registry, request: SaveRequest, rules: Rules) -> SaveResult:
    """Save all entered values of a form.

    Raises NotVisible, NotFound, WrongDefinition, UnknownItem, UnknownFile, RowClash, Locked, Closed, Conflict, ConfirmClear,
    ReasonNeeded, NotUnique and KeyReused; nothing is saved then. Input that could not be read (Unread) leaves what is
    stored as it is.
    """
    return save_forms(database, registry, (request,), rules)[0]


def save_forms(
    database: Database, registry: Registry, requests: Sequence[SaveRequest], rules: Rules
) -> list[SaveResult]:
    """The same for several forms of one subject that one person saves at one time: all of them, or none.

    Rules see all of them as they are submitted. Each has its own revision, audit entry and answer; they are evaluated,
    and what depends on them, once.
    """
    with database.write() as connection:
        return save_within(connection, database, registry, requests, rules)


@dataclass(frozen=True, slots=True)
class NewEvents:
    """Events that are added together with what is saved in them."""

    subject: int
    actor: Actor
    at: datetime
    wanted: Sequence[NewOccurrence]
    requests: Callable[[list[int]], Sequence[SaveRequest]]  # from the ids of the events, in order


def save_in_events(database: Database, registry: Registry, new: NewEvents, rules: Rules) -> list[SaveResult]:
    """Add events and save forms in them: all of it, or nothing. Raises what `save_form` raises."""
    with database.write() as connection:
        added = add_occurrences_within(connection, new.actor, new.subject, new.wanted, new.at) if new.wanted else []
        return save_within(connection, database, registry, new.requests(added), rules)


def save_within(
    connection: Connection, database: Database, registry: Registry, requests: Sequence[SaveRequest], rules: Rules, *,
    ends: bool = True,
) -> list[SaveResult]:  # fmt: skip
    """The same in a transaction that did something before; it `ends` here, or goes on."""
    asked = tuple(Asked.of(database, registry, request) for request in requests)
    first = requests[0]
    assert {(each.subject, each.actor, each.at) for each in requests} == {(first.subject, first.actor, first.at)}
    assert len({each.place for each in requests}) == len(requests)
    new = sum(each.expected_revision == 0 for each in requests)
    name, sites = registry.model.registry, has_site_forms(registry.model)
    with in_one_trip(connection):
        wait_for_subject(connection, first.subject)
        subject = ask_before(
            connection, name, first.actor, first.subject, first.at, first.key, new=new > 0, sites=sites
        )
        answers = ask_answers(connection, first.actor.account, [each.key for each in requests[1:]])
        ids = ask_form_ids(connection, new - 1)
        calculated = ask_calculated(connection, first.subject)
    structure, before = subject()
    if before.withdrawal is not None:
        raise NotVisible(first.subject)
    places = frozenset(each.place for each in requests)
    record = build_record(database, registry, structure, besides=places)
    for each in requests:
        check_place(record, each.place, structure.seen, places)
    work = _Work(
        database, connection, registry, rules, asked, record, before, calculated(), [before.form, *ids(before.form)]
    )
    kept = [before.answer, *answers()]
    replies = [stored_answer(answer, each.request, each.digest) for answer, each in zip(kept, asked, strict=True)]
    if all(reply is not None for reply in replies):
        return [_replay(work, reply, each) for reply, each in zip(replies, asked, strict=True) if reply is not None]
    work = replace(work, asked=tuple(_as_entitled(work, each) for each in asked))
    _check_stored(work)
    if before.closed:
        _check_closed(work, rules.schedule(registry, record.tree, first.at, record.beside))
    return _save(work, ends=ends)


def _as_entitled(work: _Work, asked: Asked) -> Asked:
    """The request with what is stored in the items that the actor may not fill. Raises NotEntitled."""
    fixed = fixed_items(asked.request.actor, asked.index)
    if not fixed or asked.request.carried is not None:
        return asked
    stored = work.record.forms.get(asked.request.place)
    cells = {key: cell for key, cell in stored.cells.items() if cell.slot != WITHDRAWN} if stored else {}
    stale = (stored.revision if stored else 0) != asked.request.expected_revision
    return asked.with_data(entitled(asked.index, fixed, cells, asked.request.data, stale=stale))


def _check_stored(work: _Work) -> None:
    for asked in work.asked:
        request, stored = asked.request, work.record.forms.get(asked.request.place)
        if stored is not None and stored.state == State.LOCKED:
            raise Locked(stored.id)
        if (stored.revision if stored else 0) != request.expected_revision:
            raise clashing_values(work.connection, asked.index, work.record, request, asked.submitted, asked.paths)
        pinned = stored.definition if stored else work.registry.hash
        if pinned != work.registry.hash and request.place.form not in work.rules.shared_forms:
            raise WrongDefinition(stored.id if stored else 0, pinned, work.registry.hash)


def _check_closed(work: _Work, planned: Iterable[PlannedEvent]) -> None:
    """Raise Closed where the registry is frozen or a form lies in a closed year; ReasonNeeded of those who may all the same."""
    closed, model, events = work.before.closed, work.registry.model, tuple(planned)
    if WHOLE in closed:
        raise Closed(WHOLE)
    for request in (asked.request for asked in work.asked):
        year = closed_year(model, work.record, request.place, events, closed)
        if year is not None and not request.past_closing:
            raise Closed(year)
        if year is not None and not request.reason.strip():
            raise ReasonNeeded(str(year))


def _save(work: _Work, *, ends: bool) -> list[SaveResult]:
    judged, look = _judge(work)
    said = judged[0].evaluation
    planned = (*said.events, *said.events_besides)
    if work.before.closed:
        _check_closed(work, planned)  # nor is anything moved into a closed year
    saved = list(_compared(work, judged))
    writes = Writes()
    for one in saved:
        if one.stored is None:
            open_form(writes, one.request.subject, one.home, one.request.place, one.head)
    for one in saved:
        one.write_keys(work.connection, writes)
    last: Head | Sequence[Any] | None = work.before.head
    results = []
    for one in saved:
        one.attach_files(work.connection, writes)
        if one.voids:
            one.void_marks(work.connection)
        values = one.write_values(writes)
        last = one.note(writes, values, last) if one.changed else last
        entry = int(last[0]) if one.changed and last is not None else None
        last = take_back(writes, work.before.verified, one, last)
        results.append(_result(one, entry))
        keep_answer(writes, one.request, one.asked.digest, results[-1])
    evaluated = _write_derived(work, writes, saved, look)
    rules = RuleSteps(work.registry, work.database.keys, work.request.subject, work.request.actor, work.request.at)
    rules.write(work.connection, writes, work.before.queries, evaluated, _complete(work, saved, evaluated), last)
    write_pending(writes, work.registry, work.request.subject, work.before, planned)
    count_again(writes, [one.head.id for one in saved])
    with in_one_trip(work.connection):
        writes.send(work.connection)
        forget_copies(
            work.connection,
            [(one.request.actor, one.request.place) for one in saved if one.request.forget and not one.unread],
        )
        if ends:
            work.connection.commit()
    return results


def _result(one: SavedForm, entry: int | None) -> SaveResult:
    head, judged = one.head, one.judged
    return SaveResult(
        head.id, head.revision, head.state, head.saved_at, judged.evaluation, judged.cleared, one.unread, entry
    )


def _judge(work: _Work) -> tuple[list[Judged], Look]:
    """Evaluate; take values that became not applicable out, once the user has agreed, and evaluate again."""
    data = [asked.request.data for asked in work.asked]
    cleared: list[list[str]] = [[] for _ in data]
    while True:
        tree = work.tree({asked.request.place: each for asked, each in zip(work.asked, data, strict=True)})
        look = work.look(tree, work.request)
        said = [look.at(focus_of(asked.request.place), schedule=n == 0) for n, asked in enumerate(work.asked)]
        paths = [paths_of(each) for each in data]
        gone = [
            [path for path in evaluation.to_clear if path not in before]
            for evaluation, before in zip(said, cleared, strict=True)
        ]
        if not any(gone):
            parts = zip(data, paths, said, map(tuple, cleared), strict=True)
            return [Judged(*part) for part in parts], look
        cleared = [[*before, *more] for before, more in zip(cleared, gone, strict=True)]
        for asked, all_gone in zip(work.asked, cleared, strict=True):
            unconfirmed = tuple(path for path in all_gone if path not in asked.request.confirm_clear)
            if unconfirmed:
                raise ConfirmClear(unconfirmed)
        data = [
            without(each, {names.key(path) for path in more})
            for each, names, more in zip(data, paths, gone, strict=True)
        ]


def _compared(work: _Work, judged: Sequence[Judged]) -> list[SavedForm]:
    """Each form with what of it differs from what is stored."""
    found, ids = [], iter(work.ids)
    taken = {row: form.place for form in work.record.forms.values() for row in form.rows}
    taken |= dict.fromkeys(work.record.gone_rows, _NOWHERE)
    for asked, said in zip(work.asked, judged, strict=True):
        place = asked.request.place
        stored = work.record.forms.get(place)
        submitted = flatten(asked.index, said.data, asked.withdrawn) if said.cleared else asked.submitted
        changes = compare(asked.index, stored, submitted, {row for row, home in taken.items() if home != place})
        taken |= dict.fromkeys(submitted.rows, place)
        new_id = next(ids) if stored is None else 0
        head, changed = head_after(work.registry, asked, stored, said, submitted, changes, new_id)
        found.append(
            SavedForm(
                work.database, work.registry, work.rules, work.record, asked, stored, said, submitted, changes, head,
                changed,
            )
        )  # fmt: skip
    return found


def _write_derived(work: _Work, writes: Writes, saved: Sequence[SavedForm], look: Look) -> list[Evaluated]:
    """Calculated values, issues and states of the saved forms and of those that depend on what changed: all of these."""
    own = [
        Evaluated(one.head.id, one.request.place, one.asked.index, one.judged.paths, one.judged.evaluation, own=True)
        for one in saved
    ]
    others = _dependents(work, saved, look)
    evaluated = [*own, *(one for one, _ in others)]
    cells = calculated_cells(work.registry, work.record, evaluated)
    heads = [new for one, new in others if new.status != work.record.forms[one.place].status]
    heads += [
        one.head for one in saved if one.stored is not None and one.head != head_of(one.stored, one.stored.status)
    ]
    keys, at = work.database.keys, work.request.at
    write_calculated(writes, changed_calculated(work.calculated, cells))
    write_issues(writes, changed_issues(work.before.issues, work.registry, keys, evaluated, at))
    change_forms(writes, heads)
    return evaluated


def _complete(work: _Work, saved: Sequence[SavedForm], evaluated: Sequence[Evaluated]) -> dict[int, bool]:
    """Which of the forms that rules spoke about are complete."""
    states = {one.head.id: one.head.state for one in saved}
    states |= {form.id: form.state for form in work.record.forms.values() if form.id not in states}
    return {one.form: states[one.form] in FINISHED for one in evaluated}


def _dependents(work: _Work, saved: Sequence[SavedForm], look: Look) -> list[tuple[Evaluated, FormHead]]:
    """The forms besides that read what changed, as rules see them now."""
    names: set[str] = set()
    for one in saved:
        if one.changes or one.stored is None:
            items = frozenset(one.changes.items)
            names |= set(work.rules.dependents(work.registry, one.request.place.form, items))
    places = {one.request.place for one in saved}
    known = names & work.registry.model.forms.keys()
    found: list[tuple[Evaluated, FormHead]] = []
    for place, form in work.record.forms.items():
        if place not in places and place.form in known:
            evaluation, paths = look.at(focus_of(place), schedule=False), paths_of(form.data)
            index = work.database.indexes.of(work.registry, place.form)
            head = head_of(form, pack_status(evaluation.states, paths))
            found.append((Evaluated(form.id, place, index, paths, evaluation, own=False), head))
    return found


def _replay(work: _Work, answer: Mapping[str, Any], asked: Asked) -> SaveResult:
    """The first answer again; what rules said is computed again from the same values and the same time."""
    cleared = tuple(answer["cleared"])
    place, data = asked.request.place, without(asked.request.data, {asked.paths.key(path) for path in cleared})
    then = replace(asked.request, at=answer["saved_at"])
    evaluation: Evaluation = work.look(work.tree({place: data}), then).at(focus_of(place))
    return SaveResult(
        answer["form"], answer["revision"], answer["state"], answer["saved_at"], evaluation, cleared,
        tuple(answer["unread"]), answer["entry"], replayed=True,
    )  # fmt: skip


__all__ = ["COMPLETE", "IN_PROGRESS", "NewEvents", "save_form", "save_forms", "save_in_events", "save_within"]
