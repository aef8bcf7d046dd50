"""Moves a form to another event, another part of the record, or another patient: withdrawn here, opened there.

Values are encrypted for their patient, and the audit tells of each patient apart. So the form is not carried over: there
it begins anew with the same answers, here it stays as withdrawn, in one transaction that both chains tell of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from engine.datatypes.base import Slot
from engine.records.form_data import FormData
from storage.audit import AuditEntry, append_entry, subject_stream
from storage.database import Database
from storage.errors import HoldsFiles, WrongDefinition, WrongState
from storage.form_data import Place, ask_cells, build_record
from storage.form_index import Registry, has_site_forms
from storage.form_states import Seen
from storage.locking import wait_for_subject
from storage.opened_forms import Deed, form_at, open_structure
from storage.request import Rules, SaveRequest, SaveResult
from storage.saving import save_within
from storage.states import FINISHED
from storage.withdrawing import Target, withdraw_within


class Goal(NamedTuple):
    """Where a form goes: to an empty place in the record of a subject."""

    subject: int
    place: Place


@dataclass(frozen=True, slots=True)
class Move:
    """What is moved where; the same key moves once."""

    seen: Seen
    goal: Goal
    key: str


def move_form(database: Database, registry: Registry, rules: Rules, deed: Deed, move: Move) -> SaveResult:
    """Withdraw a form and open it at its goal with the same answers; what somebody said of it stays behind.

    Raises what withdrawing and saving do: Conflict where another form stands at the goal, ConfirmClear where answers
    would not apply there; WrongState where the form was changed since it was seen; HoldsFiles; WrongDefinition where it
    was filled in with another version.
    """
    with database.write() as connection:
        for subject in sorted(
            {deed.subject, move.goal.subject}
        ):  # always in one order, so that no two wait in a circle
            wait_for_subject(connection, subject)
        data, complete = _read(connection, database, registry, deed, move.seen)
        number = withdraw_within(connection, database, registry, rules, deed, Target(place=move.seen.place))
        actor = deed.actor
        body = {"withdrawal": number, "from": [deed.subject, *move.seen.place], "to": [*move.goal.place]}
        for subject in sorted({deed.subject, move.goal.subject}):
            append_entry(connection, AuditEntry(
                subject_stream(subject), "move_form", actor.name, deed.at, actor.channel,
                {**body, "subject": move.goal.subject}, deed.reason, subject, definition=registry.hash,
            ))  # fmt: skip
        request = SaveRequest(
            move.goal.subject, move.goal.place, data, 0, move.key, actor, deed.at, deed.reason, complete=complete
        )  # fmt: skip
        return save_within(connection, database, registry, [request], rules)[0]


def _read(
    connection: Connection, database: Database, registry: Registry, deed: Deed, seen: Seen
) -> tuple[FormData, bool]:
    """The answers of the form as it was seen, and whether it was complete."""
    structure = open_structure(connection, registry, deed)
    head = form_at(structure, seen.place)
    if head.revision != seen.revision:
        raise WrongState("move", head.state)
    if head.definition != registry.hash:
        raise WrongDefinition(head.id, head.definition, registry.hash)
    name, sites = registry.model.registry, has_site_forms(registry.model)
    cells = ask_cells(connection, name, deed.subject, sites=sites)()
    form = build_record(database, registry, structure, cells).forms[seen.place]
    if any(cell.slot == Slot.FILE for cell in form.cells.values()):
        raise HoldsFiles(head.id)
    return form.data, head.state in FINISHED


__all__ = ["Goal", "Move", "move_form"]
