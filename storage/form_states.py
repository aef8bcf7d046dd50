"""Takes forms from one state to the next, as `storage.states` allows it: one transaction, an entry of the audit each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection, update

from engine.model.form import CheckSeverity
from engine.records.evaluation import Evaluation
from storage.answers import AnswerKey, answer_key, answer_within
from storage.audit import append_entry
from storage.bulk import Writes
from storage.changes import paths_of
from storage.database import Database
from storage.derived import CalculatedKey, Evaluated, ancestors, ask_calculated, calculated_cells, changed_calculated
from storage.errors import NotReady, ReasonNeeded, Unanswered, WrongState
from storage.form_data import FormRecord, Place, SubjectRecord, build_record
from storage.form_index import Registry
from storage.opened_forms import Deed, form_at, open_structure
from storage.request import Rules
from storage.saved_form import focus_of
from storage.signatures import Meaning, add_mark, copy_of, end_marks, entered_digest, standing_marks, told
from storage.slots import Cell
from storage.states import ENDS, MARKS, Action, Need, Transition, marked_state, transition
from storage.structure import FormRow
from storage.tables import form_instance
from storage.unlocking import close_requests
from storage.writing import write_calculated


class Seen(NamedTuple):
    """A form, and its revision as whoever acts saw it."""

    place: Place
    revision: int


def take_steps(
    database: Database, registry: Registry, deed: Deed, action: Action, seen: Sequence[Seen]
) -> frozenset[Place]:
    """Do an action that needs no values to several forms; returns where it was done.

    Left alone are forms whose state does not allow it, and those that were changed since they were seen.
    Raises NotVisible, NotFound and ReasonNeeded.
    """
    with database.write() as connection:
        structure, done = open_structure(connection, registry, deed), list[tuple[FormRow, Transition]]()
        for place, revision in dict(seen).items():
            form = form_at(structure, place)
            row = _allowed(deed, action, form, revision)
            if row is not None:
                done.append((form, row))
        marks = standing_marks(connection, [form.id for form, _ in done])
        for form, row in done:
            _take(connection, deed, form, row, marks[form.id])
    return frozenset(form.place for form, _ in done)


def _outspoken(said: Evaluation) -> Evaluation:
    return said


@dataclass(frozen=True, slots=True)
class SignRequest:
    """Which form is signed, with which meaning, and what is answered to warnings. That the actor is that person was proved before."""

    seen: Seen
    meaning: Meaning
    rules: Rules = field(repr=False)
    answers: Mapping[AnswerKey, str] = field(default_factory=dict)
    told: Callable[[Evaluation], Evaluation] = _outspoken  # of what rules say that part which the actor may hear of
    unread: bool = False  # no warning was shown to the actor: then one that would do with a tick stands in the way too


def sign_form(database: Database, registry: Registry, deed: Deed, request: SignRequest) -> None:
    """Sign a form as it is stored: bound to its entered values, with a copy of the calculated ones.

    Raises NotVisible, NotFound, WrongState; NotReady where rules at signing find an error, and Unanswered where they warn
    the actor of what a reason is wanted for, and none is known; of anything that nobody answered, where it was `unread`.
    """
    place, revision = request.seen
    with database.write() as connection:
        structure = open_structure(connection, registry, deed, values=True)
        head = form_at(structure, place)
        row = _allowed(deed, Action.SIGN, head, revision)
        pinned = head.definition == registry.hash or place.form in request.rules.shared_forms
        if row is None or not pinned:
            raise WrongState(Action.SIGN, head.state)
        record = build_record(database, registry, structure)
        form = record.forms[place]
        said = _judged(registry, deed, request.rules, record, form)
        _answer(connection, database, deed, request, form, said)
        index, paths = database.indexes.of(registry, place.form), paths_of(form.data)
        values = calculated_cells(registry, record, [Evaluated(form.id, place, index, paths, said, own=True)])
        writes = Writes()
        write_calculated(writes, changed_calculated(ask_calculated(connection, deed.subject)(), values))
        writes.send(connection)
        facts = {
            "meaning": request.meaning,
            "entered": entered_digest(form),
            "copied": copy_of(registry, _own(record, form, values)),
        }
        _take(connection, deed, head, row, (), facts)


def _judged(registry: Registry, deed: Deed, rules: Rules, record: SubjectRecord, form: FormRecord) -> Evaluation:
    """What rules say at signing; raises NotReady where they find an error."""
    focus, others = focus_of(form.place), record.beside
    said = rules.evaluate(registry, record.tree, focus, as_of=deed.at, at="signing", others=others)
    if not said.complete:
        raise NotReady(tuple(each.code for each in said.violations if each.severity is CheckSeverity.ERROR))
    return said


def _answer(
    connection: Connection, database: Database, deed: Deed, request: SignRequest, form: FormRecord, said: Evaluation
) -> None:
    """Keep what was answered to the warnings of which the actor hears; raises Unanswered."""
    paths = paths_of(form.data)
    warned = {answer_key(database.keys, paths, each): each for each in request.told(said).violations}
    given = {key: answer for key, answer in request.answers.items() if key in warned and warned[key].is_met_by(answer)}
    known = answer_within(connection, deed.actor, deed.subject, form.id, given, deed.at)
    wanting = (
        (CheckSeverity.WARNING, CheckSeverity.WARNING_REASON) if request.unread else (CheckSeverity.WARNING_REASON,)
    )
    open_ = (each for key, each in warned.items() if each.severity in wanting and key not in known)
    codes = tuple(each.code for each in open_)
    if codes:
        raise Unanswered(codes)


def _own(
    record: SubjectRecord, form: FormRecord, values: Mapping[CalculatedKey, Cell | None]
) -> dict[CalculatedKey, Cell | None]:
    """Of all that rules gave, what belongs to the form and to what holds it."""
    owners = set(ancestors(record, form.place.instance).values())
    return {key: cell for key, cell in values.items() if key[1] == form.id or (not key[1] and key[0] in owners)}


def _allowed(deed: Deed, action: Action, form: FormRow, revision: int) -> Transition | None:
    """The row of the table, where the form is as it was seen; raises ReasonNeeded."""
    row = transition(form.state, action)
    if row is None or form.revision != revision:
        return None
    if Need.REASON in row.needs and not deed.reason.strip():
        raise ReasonNeeded(form.state)
    return row


def _take(
    connection: Connection, deed: Deed, form: FormRow, row: Transition, marks: Iterable[str],
    facts: Mapping[str, str] = MappingProxyType({}),
) -> None:  # fmt: skip
    """Write the new state, the mark that it leaves, and the entry that tells of both."""
    action = row.action
    state = row.target or marked_state({mark for mark in marks if mark != ENDS.get(action)})
    said = {"meaning": "", "entered": "", "copied": "", **facts}
    body: dict[str, Any] = {"state": [form.state, state]}
    if action in MARKS:
        body["signature"] = told(action, account=deed.actor.account, **said)
    entry = append_entry(connection, deed.entry(action, form, **body))
    connection.execute(update(form_instance).where(form_instance.c.id == form.id).values(state=state))
    if action in MARKS:
        add_mark(connection, deed.actor, form.id, form.revision, entry, action, deed.at, **said)
    elif action in _AFTER:
        _AFTER[action](connection, deed, action, form.id)


def _end(connection: Connection, deed: Deed, action: Action, form: int) -> None:
    end_marks(connection, [form], deed.actor.name, deed.at, deed.reason, ENDS[action])


def _decide(connection: Connection, deed: Deed, _action: Action, form: int) -> None:
    close_requests(connection, form, deed, granted=True)


_AFTER: Mapping[Action, Callable[[Connection, Deed, Action, int], None]] = MappingProxyType(
    {Action.UNREVIEW: _end, Action.UNSIGN: _end, Action.UNLOCK: _decide}
)

__all__ = ["Seen", "SignRequest", "sign_form", "take_steps"]
