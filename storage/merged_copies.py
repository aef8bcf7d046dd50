"""Working copies about a patient as a whole, at a merge: they come to the kept record, and go back when it is taken back.

A working copy says of no registry that it is its own. One whose writer works in another registry too may be of that, which
goes on with the merged record: it stays there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, or_, select

from storage.audit import last_of, subject_stream
from storage.carrying import Book, Opened, Ways, Work, named_at_goal
from storage.form_data import Place, SubjectRecord
from storage.slots import utc
from storage.subjects import NewOccurrence, write_occurrences
from storage.tables import membership, working_copy
from storage.working_copy import Begun, Copies, begun_in, carry_copies


def copies_of_one_registry(connection: Connection, registry: str, record: SubjectRecord, at: datetime) -> set[Begun]:
    """Unsaved edits about a patient as a whole that were made in a registry for certain."""
    role = membership.c
    in_force = or_(role.ends_at.is_(None), role.ends_at > utc(at))
    writers = select(working_copy.c.account_id).where(working_copy.c.subject_id == record.subject)
    elsewhere = select(role.account_id).where(role.account_id.in_(writers), role.registry != registry, in_force)
    others = set(connection.execute(elsewhere).scalars())
    begun = begun_in(connection, record.subject, at)
    return {each for each in begun if each.place.instance == record.root and each.account not in others}


def bring_copies(work: Work, source: Opened, goal: Opened, ways: Ways, coming: Collection[Begun]) -> list[Any]:
    """Those that come and did not with their forms; of each who wrote it, where it was, where it is, and its revision there."""
    mine, theirs = source.record.key, goal.record.key
    if mine is None or theirs is None:
        return []
    left = [each for each in coming if each.place not in ways.places]
    _open_occurrences(source.record, goal, ways, work, {each.place.occurrence for each in left})
    places = {each: _place(each.place, goal.record, ways, work.book) for each in left}
    # They were begun over other answers than those that stand at the goal: from revision 0, so that both are shown.
    copies = Copies(mine, theirs, places.get, lambda _here, _before: 0, partial(named_at_goal, ways=ways))
    moved = carry_copies(work.connection, copies)
    return [[here.account, *here.place, *there, revision] for here, (there, revision) in moved.items()]


def take_copies_back(work: Work, source: Opened, goal: Opened, ways: Ways, brought: Sequence[Any]) -> None:
    """What was brought goes back to where it was, as far as it was not saved; the source is the kept record."""
    mine, theirs = source.record.key, goal.record.key
    if mine is None or theirs is None:
        return
    known = {Begun(each[0], Place(*each[5:9])): (Place(*each[1:5]), each[9]) for each in brought}

    def place(here: Begun) -> Place | None:
        return known[here][0] if here in known else None

    def revision(here: Begun, before: int) -> int:
        return int(known[here][1]) if before == 0 else 0  # begun anew over answers of the kept record

    carry_copies(work.connection, Copies(mine, theirs, place, revision, partial(named_at_goal, ways=ways)))


def _open_occurrences(
    source: SubjectRecord, goal: Opened, ways: Ways, work: Work, wanted: Collection[int | None]
) -> None:
    """The same occurrences of events at the goal, as far as carrying forms has not opened them."""
    deed, there = goal.deed, {row[1:4]: row.id for row in goal.record.occurrences}
    rows = [row for row in source.occurrences if row.id in wanted and row.id not in ways.occurrences]
    keys = {row.id: (goal.record.root, row.event, row.number) for row in rows}
    new = {keys[row.id]: NewOccurrence(*keys[row.id], row.day) for row in rows if keys[row.id] not in there}
    if new:
        last = last_of(work.connection, subject_stream(deed.subject))
        there |= write_occurrences(work.connection, deed.actor, deed.subject, new, deed.at, last)
    ways.occurrences.update({row: there[key] for row, key in keys.items()})


def _place(here: Place, goal: SubjectRecord, ways: Ways, book: Book) -> Place | None:
    """Where unsaved edits come to stand; of a record that nobody saved yet, after those that are there."""
    occurrence = ways.occurrences.get(here.occurrence) if here.occurrence is not None else None
    if occurrence is None and here.occurrence is not None:
        return None  # it is withdrawn
    record, form = here.record, book.registry.model.forms.get(here.form)
    if form is not None and form.repeats:
        coming = sum((each.instance, each.form) == (goal.root, here.form) for each in ways.places.values())
        record = goal.count(goal.root, here.form) + coming
    return Place(goal.root, here.form, occurrence, record)


__all__ = ["bring_copies", "copies_of_one_registry", "take_copies_back"]
