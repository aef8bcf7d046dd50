"""Merges two records of one person in a registry: one becomes another name for the one that is kept; and takes it back.

Nothing is taken apart: the other record is withdrawn as a whole and stays as it is, its episodes and what the kept record has
no place for taken yet are carried over (storage.carrying). To take it back is to restore the one and to withdraw what came of it;
what was entered in that meanwhile goes back with it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, and_, select, update

from engine.records.form_data import FormData
from storage.audit import AuditEntry, append_entry, subject_stream
from storage.carrying import Book, Load, Opened, Ways, Work, carry, open_record, save_all
from storage.closing import refuse_frozen
from storage.database import Database
from storage.episode_links import linked_parts
from storage.errors import BeingFilled, DecidedMeanwhile, NotFound, NotVisible, ReasonNeeded
from storage.form_data import Place, SubjectRecord, build_form
from storage.history import opened_cells, replay
from storage.identity import share_hashes, unshare_hashes
from storage.instances import instances_in
from storage.local_numbers import pass_numbers
from storage.merged_copies import bring_copies, copies_of_one_registry, take_copies_back
from storage.merged_rights import end_rights, give_rights, grants_held, take_rights_back
from storage.moving import open_both
from storage.opened_forms import Deed
from storage.request import SaveRequest
from storage.slots import canonical, utc
from storage.states import FINISHED
from storage.structure import InstanceRow
from storage.tables import audit_entry, enrolment, takeover_request, withdrawal, working_copy
from storage.withdrawing import Target, restore_within, withdraw_within
from storage.working_copy import Begun, begun_in

RESTS = timedelta(minutes=15)  # since the last key: longer ago nobody is at work


@dataclass(frozen=True, slots=True)
class Merge:
    """Into which record one is merged, and which answers of the form that all registries share are taken from that one."""

    kept: int
    taken: frozenset[str] = frozenset()
    key: str = ""


def merge(database: Database, book: Book, deed: Deed, wanted: Merge) -> int:
    """Merge the subject of the deed into another one; the number of the withdrawal.

    Hospitals that had access to either keep it for what they had. Raises ReasonNeeded; NotVisible unless the actor sees
    both as a whole; DecidedMeanwhile where one of them was withdrawn or merged since; BeingFilled while somebody else
    types in the one that goes; Closed, Locked, TooMany, Erased and what saving raises.
    """
    _ask_reason(deed)
    if wanted.kept == deed.subject:
        raise NotFound("other patient", wanted.kept)
    with database.write() as connection:
        refuse_frozen(connection, deed.actor.registry)
        work = Work(connection, database, book)
        source, goal = open_both(work, deed, wanted.kept)
        _require_whole(source, goal)
        _require_there(connection, deed, (deed.subject, wanted.kept))
        _require_rest(connection, deed)
        before = grants_held(connection, deed, (deed.subject, wanted.kept))
        begun = begun_in(connection, deed.subject, deed.at)
        parts = parts_coming(source.record, begun, linked_parts(connection, deed.subject))
        copies = copies_of_one_registry(connection, deed.actor.registry, source.record, deed.at)
        number = withdraw_within(connection, database, book.registry, book.rules, deed, Target())
        alone = places_alone(book, source.record, goal.record)
        ended = end_rights(connection, deed, wanted.kept, before, comes=bool(parts))
        ways, _ = carry(work, source, goal, Load(parts, alone), f"merge:{number}:{wanted.key}")
        brought = bring_copies(work, source, goal, ways, copies)
        taken = _take_answers(work, source, goal, wanted, f"merge:{number}:{wanted.key}")
        pairs = {one: ways.instances[one] for one in parts}
        given = give_rights(connection, deed, goal, pairs, before, ended)
        if database.keys is not None:
            share_hashes(connection, deed.actor.registry, deed.subject, wanted.kept)
        asked = _pass_requests(connection, deed, deed.subject, wanted.kept)
        numbers = pass_numbers(connection, deed.actor.registry, deed.subject, wanted.kept)
        carried = {
            "parts": list(pairs.items()), "places": [[*here, *ways.places[here]] for here in ways.places],
            "given": given, "ended": [[row.id, row.ends_at and row.ends_at.isoformat()] for row in ended], "taken": taken, "asked": asked, "numbers": numbers,
            "copies": brought,
        }  # fmt: skip
        mine = withdrawal.c.id == number
        connection.execute(update(withdrawal).where(mine).values(kept_id=wanted.kept, carried=canonical(carried)))
        told = {"withdrawal": number, "subject": deed.subject, "kept": wanted.kept, "parts": list(pairs.items())}
        _note_both(connection, book, deed, wanted.kept, "merge", told)
        return number


def unmerge(database: Database, book: Book, deed: Deed, number: int) -> None:
    """Take a merge back: the subject of the deed, which was merged, is as it was, with what was entered in its parts since.

    What of it was withdrawn meanwhile is withdrawn there too. Raises as `merge` does, NotFound where it is taken back
    already, DecidedMeanwhile where the kept record is merged or withdrawn itself, and NotUnique where somebody else has
    a key of it now.
    """
    _ask_reason(deed)
    with database.write() as connection:
        refuse_frozen(connection, deed.actor.registry)
        kept = _kept_by(connection, deed, number)
        work = Work(connection, database, book)
        goal, source = open_both(work, deed, kept)
        if _kept_by(connection, deed, number) != kept:  # as it is under the locks
            raise NotFound("merge", number)
        _require_whole(source, goal)
        _require_there(connection, deed, (kept,))
        there = replace(deed, subject=kept)
        carried = _carried(connection, number)
        parts = {new: old for old, new in carried["parts"]}
        places = {Place(*each[4:]): Place(*each[:4]) for each in carried["places"]}
        live = [part for part in parts if part in {row.id for row in source.record.instances}]
        alone = [place for place in places if _is_alone(source, place) and place in source.record.forms]
        for target in (*(Target(instance=part) for part in live), *(Target(place=place) for place in alone)):
            withdraw_within(connection, database, book.registry, book.rules, there, target)
        _give_answers_back(work, source, goal, carried["taken"], number)
        restore_within(connection, database, book.registry, book.rules, deed, number)
        goal = open_record(work, deed)  # as it is again
        _withdraw_gone(work, deed, source, goal, parts, places)
        ways = Ways(_pairs(source, goal, parts), _occurrences(source, goal, parts), dict(places))
        carry(work, source, goal, Load(live, alone, ways, over=True), f"unmerge:{number}")
        take_copies_back(work, source, goal, ways, carried.get("copies", ()))
        take_rights_back(connection, deed, kept, carried)
        if database.keys is not None:
            unshare_hashes(connection, deed.actor.registry, deed.subject, kept)
        _pass_requests(connection, deed, kept, deed.subject, among=carried["asked"])
        pass_numbers(connection, deed.actor.registry, kept, deed.subject, among=carried["numbers"])
        told = {"withdrawal": number, "subject": deed.subject, "kept": kept, "parts": carried["parts"]}
        _note_both(connection, book, deed, kept, "unmerge", told)


def parts_coming(source: SubjectRecord, begun: Collection[Begun], linked: Collection[int]) -> list[int]:
    """The episodes in which there is anything, or that are linked: one that was opened with the record and is empty stays with it.

    `begun`: the forms in which somebody left unsaved edits.
    """
    used = {place.instance for place in (*source.forms, *(each.place for each in begun))} | {*linked}
    used |= {row.instance for row in source.occurrences}
    used |= {row.instance for row in source.missed}
    episodes = [row.id for row in source.instances if row.parent == source.root]
    return [one for one in episodes if used.intersection(instances_in(source.instances, one))]


def places_alone(book: Book, source: SubjectRecord, goal: SubjectRecord) -> list[Place]:
    """The forms of the patient as a whole, in this registry alone, for which the other record has room."""
    found = []
    for place, form in source.forms.items():
        if place.instance == source.root and place.form not in book.rules.shared_forms:
            there = Place(goal.root, place.form, _same_occasion(source, goal, place))
            repeats = book.of(form.definition)[0].form(place.form).repeats
            if repeats or (there not in goal.forms and there not in goal.gone):
                found.append(place)
    return found


def _same_occasion(source: SubjectRecord, goal: SubjectRecord, place: Place) -> int | None:
    """The occurrence of the same event of the other patient; 0 where there is none yet."""
    held = next((row for row in source.occurrences if row.id == place.occurrence), None)
    if held is None:
        return None
    key = (goal.root, held.event, held.number)
    return next((row.id for row in goal.occurrences if (row.instance, row.event, row.number) == key), 0)


def _ask_reason(deed: Deed) -> None:
    if not deed.reason.strip():
        raise ReasonNeeded("merged")


def _require_whole(*records: Opened) -> None:
    """Who sees some episodes alone neither merges nor takes a merge back."""
    for each in records:
        if each.structure.seen is not None:
            raise NotVisible(each.deed.subject)


def _require_there(connection: Connection, deed: Deed, subjects: Sequence[int]) -> None:
    """Raise NotVisible for who is not enrolled, and DecidedMeanwhile for who is withdrawn or merged."""
    known = select(enrolment.c.subject_id, withdrawal.c.who).select_from(
        enrolment.outerjoin(withdrawal, withdrawal.c.id == enrolment.c.withdrawal_id)
    )
    mine = and_(enrolment.c.subject_id.in_(subjects), enrolment.c.registry == deed.actor.registry)
    found = {row.subject_id: row.who for row in connection.execute(known.where(mine))}
    for subject in subjects:
        if subject not in found:
            raise NotVisible(subject)
        if found[subject] is not None:
            raise DecidedMeanwhile(found[subject])


def _require_rest(connection: Connection, deed: Deed) -> None:
    """Raise BeingFilled while somebody else types in the record that goes: what is typed would have no place."""
    copy = working_copy.c
    fresh = (
        copy.subject_id == deed.subject,
        copy.account_id != deed.actor.account,
        copy.saved_at > utc(deed.at) - RESTS,
    )
    if connection.execute(select(copy.place).where(*fresh).limit(1)).first() is not None:
        raise BeingFilled(deed.subject)


def _kept_by(connection: Connection, deed: Deed, number: int) -> int:
    mine = (withdrawal.c.id == number, withdrawal.c.subject_id == deed.subject)
    standing = (withdrawal.c.registry == deed.actor.registry, withdrawal.c.restored_at.is_(None))
    found = connection.execute(select(withdrawal.c.kept_id).where(*mine, *standing)).scalar_one_or_none()
    if found is None:
        raise NotFound("merge", number)
    return int(found)


def _carried(connection: Connection, number: int) -> dict[str, Any]:
    text = connection.execute(select(withdrawal.c.carried).where(withdrawal.c.id == number)).scalar_one()
    carried: dict[str, Any] = json.loads(text)
    return carried


# What was carried, seen from the kept record


def _is_alone(source: Opened, place: Place) -> bool:
    return place.instance == source.record.root


def _pairs(source: Opened, goal: Opened, parts: Mapping[int, int]) -> dict[int, int]:
    """Each part of the kept record that came of the merge, and the one of the merged record that it came of."""
    there = {(row.parent, row.container, row.number): row.id for row in goal.record.instances}
    pairs = {source.record.root: goal.record.root, **parts}
    waiting: list[InstanceRow] = [row for row in source.record.instances if row.parent in parts]
    for row in waiting:
        found = there.get((pairs[row.parent or 0], row.container, row.number))
        if found is not None:
            pairs[row.id] = found
            waiting += [inner for inner in source.record.instances if inner.parent == row.id]
    return pairs


def _occurrences(source: Opened, goal: Opened, parts: Mapping[int, int]) -> dict[int, int]:
    pairs = _pairs(source, goal, parts)
    there = {(row.instance, row.event, row.number): row.id for row in goal.record.occurrences}
    found = {
        row.id: there.get((pairs.get(row.instance, 0), row.event, row.number)) for row in source.record.occurrences
    }
    return {here: to for here, to in found.items() if to is not None}


def _withdraw_gone(
    work: Work, deed: Deed, source: Opened, goal: Opened,
    parts: Mapping[int, int], places: Mapping[Place, Place],
) -> None:  # fmt: skip
    """What was withdrawn from the kept record since is withdrawn where it came from."""
    there, forms = {row.id for row in source.record.instances}, source.record.forms
    lost = [Target(instance=old) for new, old in parts.items() if new not in there]
    lost += [
        Target(place=old) for new, old in places.items()
        if new not in forms and new.instance in there and old in goal.record.forms
    ]  # fmt: skip
    for target in lost:
        withdraw_within(work.connection, work.database, work.book.registry, work.book.rules, deed, target)


# Answers of the form that all registries share


def _take_answers(work: Work, source: Opened, goal: Opened, wanted: Merge, key: str) -> list[Any]:
    """Save the answers that were chosen of the other record; which, and the revision before that."""
    told: list[Any] = []
    for name in sorted(work.book.rules.shared_forms):
        here, there = Place(source.record.root, name), Place(goal.record.root, name)
        ours, theirs = goal.record.forms.get(there), source.record.forms.get(here)
        chosen = (
            sorted(wanted.taken & work.database.indexes.of(work.book.registry, name).items.keys())
            if theirs is not None
            else []
        )
        if theirs is None or not chosen:
            continue
        values = {item: theirs.data.items[item] for item in chosen if item in theirs.data.items}
        kept = ours.data if ours is not None else FormData()
        rest = {item: value for item, value in kept.items.items() if item not in chosen}
        finished = (ours if ours is not None else theirs).state in FINISHED
        _save_shared(work, goal, there, replace(kept, items=rest | values), finished, key)
        told.append([name, chosen, ours.revision if ours is not None else 0])
    return told


def _give_answers_back(
    work: Work, source: Opened, goal: Opened, taken: Sequence[Any],
    number: int,
) -> None:  # fmt: skip
    """Put the answers back that the kept record had before, as far as they are still those that were taken."""
    for name, chosen, revision in taken:
        here, there = Place(source.record.root, name), Place(goal.record.root, name)
        ours, theirs = source.record.forms.get(here), goal.record.forms.get(there)
        if ours is None or theirs is None:
            continue
        before = _at_revision(work, source, ours.id, name, revision)
        same = [item for item in chosen if ours.data.items.get(item) == theirs.data.items.get(item)]
        rest = {item: value for item, value in ours.data.items.items() if item not in same}
        values = {item: before.items[item] for item in same if item in before.items}
        data, finished = replace(ours.data, items=rest | values), ours.state in FINISHED
        _save_shared(work, source, here, data, finished, f"unmerge:{number}")


def _save_shared(
    work: Work, opened: Opened, place: Place, data: FormData,
    finished: bool, key: str,
) -> None:  # fmt: skip
    deed, stored = opened.deed, opened.record.forms.get(place)
    request = SaveRequest(
        deed.subject, place, data, stored.revision if stored is not None else 0, f"{key}:{place.form}", deed.actor,
        deed.at, deed.reason, complete=finished, carried=(),
    )  # fmt: skip
    save_all(work, {work.book.registry.hash: [request]})


def _at_revision(work: Work, opened: Opened, form: int, name: str, revision: int) -> FormData:
    """A form as it was at a revision, of the audit."""
    entry = audit_entry.c
    query = select(audit_entry).where(entry.form_id == form, entry.revision <= revision).order_by(entry.number)
    then = replay(work.connection.execute(query))
    if then is None:
        return FormData()
    cells = opened_cells(opened.record.key, form, then.packed)
    return build_form(work.database.indexes.of(work.book.registry, name), then.rows, cells)


def _pass_requests(
    connection: Connection, deed: Deed, subject: int, other: int, *, among: Collection[int] | None = None
) -> list[int]:
    """What hospitals ask for and nobody has decided is asked for the other record; the numbers of these requests."""
    asked = takeover_request.c
    which = (asked.subject_id == subject, asked.registry == deed.actor.registry, asked.decision.is_(None))
    only = () if among is None else (asked.id.in_(among),)
    passed = update(takeover_request).where(*which, *only).values(subject_id=other).returning(asked.id)
    return sorted(connection.execute(passed).scalars())


def _note_both(connection: Connection, book: Book, deed: Deed, kept: int, kind: str, body: Mapping[str, Any]) -> None:
    actor = deed.actor
    for subject in sorted((deed.subject, kept)):
        append_entry(connection, AuditEntry(
            subject_stream(subject), kind, actor.name, deed.at, actor.channel, dict(body), deed.reason, subject,
            definition=book.registry.hash,
        ))  # fmt: skip


__all__ = [
    "Merge",
    "merge",
    "parts_coming",
    "places_alone",
    "unmerge",
]
