"""Moves what was entered at the wrong place, a form or an episode, to where it belongs: withdrawn here, opened there.

In one transaction, of which both chains tell; storage.carrying says what comes along. It is undone by moving it back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, insert, or_, select

from storage.audit import AuditEntry, append_entry, subject_stream
from storage.carrying import Book, Load, Opened, Ways, Work, carry, open_record
from storage.database import Database
from storage.errors import NotFound, NotVisible, ReasonNeeded, WrongState
from storage.form_data import Place
from storage.form_states import Seen
from storage.locking import wait_for_subject
from storage.opened_forms import Deed, form_at
from storage.request import SaveResult
from storage.slots import utc
from storage.structure import seen_instances
from storage.tables import access
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


@dataclass(frozen=True, slots=True)
class MovedPart:
    """An episode that goes to another patient; the same key moves once."""

    part: int
    subject: int
    key: str


def move_form(database: Database, book: Book, deed: Deed, move: Move) -> SaveResult:
    """Withdraw a form and open it at its goal with the same answers.

    Raises what withdrawing and saving do: Conflict where another form stands at the goal, ConfirmClear where answers
    would not apply there; WrongState where the form was changed since it was seen.
    """
    with database.write() as connection:
        work = Work(connection, database, book)
        source, goal = open_both(work, deed, move.goal.subject)
        head = form_at(source.structure, move.seen.place)
        if head.revision != move.seen.revision:
            raise WrongState("move", head.state)
        registry, rules = book.of(head.definition)
        number = withdraw_within(connection, database, registry, rules, deed, Target(place=move.seen.place))
        body = {"withdrawal": number, "from": [deed.subject, *move.seen.place], "to": [*move.goal.place]}
        for subject in sorted({deed.subject, goal.deed.subject}):
            _note(connection, book, deed, subject, "move_form", {**body, "subject": goal.deed.subject})
        here, there = move.seen.place, move.goal.place
        events = {here.occurrence: there.occurrence} if here.occurrence and there.occurrence else {}
        load = Load(alone=(here,), ways=Ways({here.instance: there.instance}, events, {here: there}))
        _, (saved,) = carry(work, source, goal, load, move.key)
        return saved


def move_part(database: Database, book: Book, deed: Deed, move: MovedPart) -> int:
    """Withdraw an episode and open it at another patient, with all that was entered in it; the new one's id.

    Who was given the episode itself sees it there as well. Raises what withdrawing and saving do, NotVisible, NotFound
    where it is no episode of the patient, and TooMany where the registry allows the other patient no more of them.
    """
    if not deed.reason.strip():
        raise ReasonNeeded("moved")
    with database.write() as connection:
        work = Work(connection, database, book)
        source, goal = open_both(work, deed, move.subject)
        row = next((row for row in source.record.instances if row.id == move.part), None)
        if row is None or row.parent != source.record.root or move.subject == deed.subject:
            raise NotFound("episode", move.part)
        if source.structure.seen is not None and move.part not in seen_instances(
            source.structure.instances, source.structure.seen
        ):
            raise NotVisible(deed.subject)
        number = withdraw_within(connection, database, book.registry, book.rules, deed, Target(instance=move.part))
        ways, _ = carry(work, source, goal, Load([move.part]), move.key)
        there = ways.instances[move.part]
        give_same(connection, deed, move.part, goal.deed.subject, there)
        body = {"withdrawal": number, "from": [deed.subject, move.part], "to": [goal.deed.subject, there]}
        for subject, part in sorted({deed.subject: move.part, goal.deed.subject: there}.items()):
            _note(connection, book, deed, subject, "move_part", {**body, "instance": part})
        return there


def open_both(work: Work, deed: Deed, other: int) -> tuple[Opened, Opened]:
    """The subject of a deed and another one, or the same, both locked."""
    for subject in sorted({deed.subject, other}):  # always in one order, so that no two wait in a circle
        wait_for_subject(work.connection, subject)
    source = open_record(work, deed)
    if other == deed.subject:
        return source, source
    return source, open_record(work, replace(deed, subject=other))


def give_same(connection: Connection, deed: Deed, part: int, subject: int, there: int) -> list[int]:
    """Whoever was given a part sees it where it is now, as long; returns whom."""
    now = utc(deed.at)
    held = and_(access.c.instance_id == part, or_(access.c.ends_at.is_(None), access.c.ends_at > now))
    rows = connection.execute(select(access).where(held, access.c.registry == deed.actor.registry)).all()
    for row in rows:
        given: dict[str, Any] = {
            "subject_id": subject, "instance_id": there, "site_id": row.site_id, "registry": row.registry,
            "starts_at": max(now, row.starts_at), "ends_at": row.ends_at, "unit_id": row.unit_id,
        }  # fmt: skip
        connection.execute(insert(access), given)
    return [row.site_id for row in rows]


def _note(connection: Connection, book: Book, deed: Deed, subject: int, kind: str, body: dict[str, Any]) -> None:
    actor = deed.actor
    append_entry(connection, AuditEntry(
        subject_stream(subject), kind, actor.name, deed.at, actor.channel, body, deed.reason, subject,
        definition=book.registry.hash,
    ))  # fmt: skip


__all__ = ["Goal", "Move", "MovedPart", "give_same", "move_form", "move_part", "open_both"]
