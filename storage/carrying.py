"""Carries what was entered from one place of a record to another, of the same patient or another one.

Values are encrypted for their patient, and the audit tells of each patient apart. So nothing is taken over row by row: at
the goal everything begins anew with the same answers. What people said of forms (reviews, signatures, comparisons with the
source) stays behind; queries that wait for somebody, and answers to warnings, come along.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, literal, select, tuple_, update

from engine.datatypes.base import Slot
from engine.datatypes.values import Entered, Reference
from engine.records.form_data import FormData, RowData
from storage.access import add_access
from storage.attachments import Carried, carry_files
from storage.audit import last_of, subject_stream
from storage.changes import paths_of
from storage.database import Database
from storage.errors import Erased, TooMany
from storage.form_data import FormRecord, Place, SubjectRecord, build_record
from storage.form_index import Registry
from storage.instances import instances_in, open_part
from storage.opened_forms import Deed, open_structure
from storage.queries import carry_queries
from storage.request import Rules, SaveRequest, SaveResult
from storage.saving import save_within
from storage.slots import utc
from storage.states import FINISHED
from storage.structure import InstanceRow, Structure
from storage.subjects import NewOccurrence, write_occurrences
from storage.tables import acknowledgement, form_instance, instance, missed_event
from storage.working_copy import Begun, Copies, carry_copies

_RECORD = re.compile(r"([0-9]+)\.([A-Za-z_]\w*)(?:\[([0-9]+)\])?")  # how references name a record: engine.records.tree


@dataclass(frozen=True, slots=True)
class Book:
    """A registry and its rules as they are now, and those to which forms are pinned."""

    registry: Registry
    rules: Rules
    pinned: Callable[[str], tuple[Registry, Rules]]

    def of(self, definition: str) -> tuple[Registry, Rules]:
        """By the hash of the definition."""
        return (self.registry, self.rules) if definition == self.registry.hash else self.pinned(definition)


@dataclass(frozen=True, slots=True)
class Work:
    """The transaction in which something is carried."""

    connection: Connection
    database: Database
    book: Book


@dataclass(frozen=True, slots=True)
class Opened:
    """A subject under its lock; each form as the version knows it with which it was filled in."""

    deed: Deed
    structure: Structure
    record: SubjectRecord


class Ways(NamedTuple):
    """What stands at the goal for what at the source."""

    instances: dict[int, int]
    occurrences: dict[int, int]
    places: dict[Place, Place]


@dataclass(frozen=True, slots=True)
class Load:
    """What is carried: parts with all that is in them, and forms of the patient as a whole."""

    parts: Sequence[int] = ()
    alone: Collection[Place] = ()
    ways: Ways = field(default_factory=lambda: Ways({}, {}, {}))  # what is at the goal already
    over: bool = False  # forms that stand at the goal are brought to the same answers; else they are in the way


def open_record(work: Work, deed: Deed) -> Opened:
    """Read a subject, whose lock is taken. Raises NotVisible, and Erased."""
    connection, database, book = work.connection, work.database, work.book
    structure = open_structure(connection, book.registry, deed, values=True)
    record = build_record(database, book.registry, structure)
    if record.erased:
        raise Erased(deed.subject)
    forms = dict(record.forms)
    pinned = {place: form.definition for place, form in forms.items() if place.form not in book.rules.shared_forms}
    for definition in set(pinned.values()) - {book.registry.hash}:
        then = build_record(database, book.of(definition)[0], structure)
        forms |= {place: then.forms[place] for place, hash_ in pinned.items() if hash_ == definition}
    return Opened(deed, structure, replace(record, forms=forms))


def carry(work: Work, source: Opened, goal: Opened, load: Load, key: str) -> tuple[Ways, list[SaveResult]]:
    """Open at the goal what is not there yet, and save there what is another thing than at the source.

    Raises TooMany where the registry allows no more parts, and what saving does.
    """
    connection, book = work.connection, work.book
    ways, deed, wanted = load.ways, goal.deed, dict[Place, FormRecord]()
    _open_parts(connection, book.registry, source.record, goal, load.parts, ways.instances)
    inside = {one for part in load.parts for one in instances_in(source.record.instances, part)}
    for place, form in sorted(source.record.forms.items(), key=lambda one: _order(one[0])):
        if place.instance in inside or place in load.alone:
            wanted[place] = form
    _open_occurrences(connection, source.record, goal, inside, wanted, ways)
    _carry_missed(connection, source.record, goal, inside, ways.instances)
    for place, form in wanted.items():
        if place not in ways.places:
            repeats = book.of(form.definition)[0].form(place.form).repeats
            ways.places[place] = _goal_of(place, goal.record, ways, repeats=repeats)
    requests: dict[str, list[SaveRequest]] = defaultdict(list)
    news: dict[Place, int] = {}  # place at the goal -> form at the source
    for place, form in wanted.items():
        there = goal.record.forms.get(ways.places[place]) if load.over else None
        data = _referring(form.data, ways)
        if there is not None and _same(form, data, there):
            continue
        files = _files(connection, source.record, goal.record, form)
        news[ways.places[place]] = form.id
        definition = book.registry.hash if place.form in book.rules.shared_forms else form.definition
        requests[definition].append(
            SaveRequest(
                deed.subject, ways.places[place], data, there.revision if there is not None else 0, f"{key}:{form.id}",
                deed.actor, deed.at, deed.reason, complete=form.state in FINISHED, carried=files,
                withdrawn={paths_of(data).path(at): why for at, why in form.withdrawn.items()},
            )
        )  # fmt: skip
    known = {form.id for form in goal.record.forms.values()}
    saved = save_all(work, requests)
    forms = {news[place]: result.form for place, result in saved.items()}
    _carry_copies(connection, source.record, goal.record, inside, ways, saved)
    _keep_names(connection, source.record, {old: new for old, new in forms.items() if new not in known})
    _carry_answers(connection, forms)
    carry_queries(connection, forms, deed.subject, (source.record.key, goal.record.key))
    return ways, list(saved.values())


def save_all(work: Work, requests: Mapping[str, Sequence[SaveRequest]]) -> dict[Place, SaveResult]:
    """Save forms by the version that they are pinned to; the newest last, whose schedule counts. The transaction goes on."""
    saved: dict[Place, SaveResult] = {}
    for definition in sorted(requests, key=lambda one: one == work.book.registry.hash):
        registry, rules = work.book.of(definition)
        asked = requests[definition]
        results = save_within(work.connection, work.database, registry, asked, rules, ends=False)
        saved |= {each.place: result for each, result in zip(asked, results, strict=True)}
    return saved


def _order(place: Place) -> tuple[int, str, int, int]:
    return place.instance, place.form, place.occurrence or 0, place.record


def _open_parts(
    connection: Connection, registry: Registry, source: SubjectRecord, goal: Opened, parts: Sequence[int],
    known: dict[int, int],
) -> None:  # fmt: skip
    rows = {row.id: row for row in source.instances}
    there = {(row.parent, row.container, row.number): row.id for row in goal.record.instances}
    known[source.root] = goal.record.root
    for one in [inner for part in parts for inner in instances_in(rows.values(), part)]:
        row = rows[one]
        if one in known or row.parent is None:
            continue
        parent, whole = known[row.parent], row.parent == source.root
        found = None if whole else there.get((parent, row.container, row.number))
        if whole:
            _require_room(registry, goal.record, row, parent, opened=sum(each.parent == row.parent for each in map(rows.__getitem__, known)))  # fmt: skip
        known[one] = found or _open_one(connection, goal.deed, row, parent, whole=whole)
        if whole and goal.structure.seen is not None:  # whoever sees some episodes alone sees this one too
            actor, subject = goal.deed.actor, goal.deed.subject
            add_access(connection, subject, actor.site or 0, actor.registry, utc(goal.deed.at), known[one])


def _require_room(registry: Registry, goal: SubjectRecord, row: InstanceRow, parent: int, *, opened: int) -> None:
    definition = registry.model.containers.get(row.container)
    held = sum((each.parent, each.container) == (parent, row.container) for each in goal.instances)
    if definition is not None and held + opened >= definition.most:
        raise TooMany(row.container, definition.most)


def _open_one(connection: Connection, deed: Deed, row: InstanceRow, parent: int, *, whole: bool) -> int:
    """A part under its number, or the next where another one has it; an episode gets the next in any case."""
    kin = (
        instance.c.parent_id == parent,
        instance.c.container == row.container,
        instance.c.registry == deed.actor.registry,
    )
    taken = select(func.max(instance.c.number), func.count().filter(instance.c.number == row.number)).where(*kin)
    last, same = connection.execute(taken).one()
    number = (last or 0) + 1 if whole or same else row.number
    opened = open_part(connection, deed.actor, deed.subject, row.container, parent, number, deed.at)
    first = select(func.coalesce(instance.c.origin_id, instance.c.id)).where(instance.c.id == row.id).scalar_subquery()
    connection.execute(update(instance).where(instance.c.id == opened).values(origin_id=first))
    return opened


def _open_occurrences(
    connection: Connection, source: SubjectRecord, goal: Opened, inside: Collection[int], wanted: Iterable[Place],
    ways: Ways,
) -> None:  # fmt: skip
    """The occurrences of events: those of carried parts, and those in which carried forms stand."""
    there = {(row.instance, row.event, row.number): row.id for row in goal.record.occurrences}
    used, new = {place.occurrence for place in wanted}, dict[tuple[int, str, int], NewOccurrence]()
    held = {}
    for row in source.occurrences:
        if row.id not in ways.occurrences and (row.instance in inside or row.id in used):
            key = (ways.instances[row.instance], row.event, row.number)
            held[row.id] = key
            if key not in there:
                new[key] = NewOccurrence(key[0], row.event, row.number, row.day)
    if new:
        deed = goal.deed
        last = last_of(connection, subject_stream(deed.subject))
        there |= write_occurrences(connection, deed.actor, deed.subject, new, deed.at, last)
    ways.occurrences.update({row: there[key] for row, key in held.items()})


def _carry_missed(
    connection: Connection, source: SubjectRecord, goal: Opened, inside: Collection[int], instances: Mapping[int, int]
) -> None:
    """That events of carried parts did not take place, by whom it was said and when; what is not said any more goes."""
    now = {(instances[row.instance], row.event, row.number): row for row in source.missed if row.instance in inside}
    carried = {instances[one] for one in inside}
    before = {(row.instance, row.event, row.number) for row in goal.record.missed if row.instance in carried}
    registry, subject = goal.deed.actor.registry, goal.deed.subject
    columns = missed_event.c
    for key in before - now.keys():
        which = tuple_(columns.instance_id, columns.event, columns.number) == key
        connection.execute(delete(missed_event).where(columns.registry == registry, which))
    rows = [
        {"registry": registry, "instance_id": key[0], "event": key[1], "number": key[2], "subject_id": subject,
         "reason": row.reason, "who": row.who, "at": utc(row.at)}
        for key, row in now.items() if key not in before
    ]  # fmt: skip
    if rows:
        connection.execute(insert(missed_event), rows)


def _goal_of(place: Place, goal: SubjectRecord, ways: Ways, *, repeats: bool) -> Place:
    """Where a form comes to stand: a record of a repeating form after those that are there."""
    target = ways.instances[place.instance]
    occurrence = ways.occurrences[place.occurrence] if place.occurrence is not None else None
    if not repeats:
        return Place(target, place.form, occurrence)
    coming = sum((each.instance, each.form) == (target, place.form) for each in ways.places.values())
    before = {each for each in goal.forms if each in ways.places.values()}
    known = sum((each.instance, each.form) == (target, place.form) for each in before)
    return Place(target, place.form, occurrence, goal.count(target, place.form) + coming - known)


def _same(form: FormRecord, data: FormData, there: FormRecord) -> bool:
    finished = (form.state in FINISHED) == (there.state in FINISHED)
    return finished and (data, form.withdrawn) == (there.data, there.withdrawn)


def _files(connection: Connection, source: SubjectRecord, goal: SubjectRecord, form: FormRecord) -> tuple[Carried, ...]:
    holds = any(cell.slot == Slot.FILE for cell in form.cells.values())
    if source.key is None or goal.key is None or not holds:
        return ()
    return carry_files(connection, source.key, goal.key, form.id)


def _referring(data: FormData, ways: Ways) -> FormData:
    """The same answers; what refers to a record that is carried too refers to where that comes to stand."""

    def value(one: Entered) -> Entered:
        return Reference(named_at_goal(one.target, ways)) if isinstance(one, Reference) else one

    def items(part: FormData | RowData) -> dict[str, Entered]:
        return {name: value(one) for name, one in part.items.items()}

    def groups(part: FormData | RowData) -> dict[str, tuple[RowData, ...]]:
        return {
            group: tuple(RowData(row.id, items(row), groups(row)) for row in rows)
            for group, rows in part.groups.items()
        }

    return FormData(items(data), groups(data))


def named_at_goal(target: str, ways: Ways) -> str:
    """What references call a record at the goal."""
    found = _RECORD.fullmatch(target)
    if found is None:
        return target
    holder, form, record = int(found[1]), found[2], found[3]
    if record is None:
        return f"{ways.occurrences[holder]}.{form}" if holder in ways.occurrences else target
    place = ways.places.get(Place(holder, form, None, int(record) - 1))
    return f"{place.instance}.{form}[{place.record + 1}]" if place is not None else target


def _carry_copies(
    connection: Connection, source: SubjectRecord, goal: SubjectRecord, inside: Collection[int], ways: Ways,
    saved: Mapping[Place, SaveResult],
) -> None:  # fmt: skip
    """What people typed and did not save comes along, as they left it."""
    if source.key is None or goal.key is None:
        return

    def place(begun: Begun) -> Place | None:
        here = begun.place
        if here in ways.places or here.instance not in inside:
            return ways.places.get(here)
        occurrence = ways.occurrences.get(here.occurrence) if here.occurrence is not None else None
        if occurrence is None and here.occurrence is not None:
            return None
        return Place(ways.instances[here.instance], here.form, occurrence, here.record)

    def revision(begun: Begun, before: int) -> int:
        form, there = source.forms.get(begun.place), ways.places.get(begun.place)
        if form is None or there is None or form.revision != before:
            return 0
        if there in saved:
            return saved[there].revision
        return goal.forms[there].revision if there in goal.forms else 0

    carry_copies(connection, Copies(source.key, goal.key, place, revision, partial(named_at_goal, ways=ways)))


def _keep_names(connection: Connection, source: SubjectRecord, opened: Mapping[int, int]) -> None:
    """References from other registries go on pointing to the forms: each keeps the number that it had at first."""
    names = {form.id: form.lasting for form in source.forms.values()}
    named = update(form_instance).where(form_instance.c.id == bindparam("new")).values(origin_id=bindparam("name"))
    if opened:
        connection.execute(named, [{"new": new, "name": names[old]} for old, new in opened.items()])


def _carry_answers(connection: Connection, forms: Mapping[int, int]) -> None:
    """Answers to warnings hold at the goal as well, while rule and inputs are the same."""
    columns = acknowledgement.c
    for old, new in forms.items():
        others = [column for column in columns if column is not columns.form_id]
        answered = select(columns.rule, columns.inputs, columns.row_id, columns.item).where(columns.form_id == new)
        fresh = tuple_(columns.rule, columns.inputs, columns.row_id, columns.item).not_in(answered)
        found = select(literal(new), *others).where(columns.form_id == old, fresh)
        connection.execute(insert(acknowledgement).from_select(["form_id", *(one.name for one in others)], found))


__all__ = ["Book", "Load", "Opened", "Ways", "Work", "carry", "named_at_goal", "open_record", "save_all"]
