"""Withdraws what was entered by mistake, with a reason, and restores it: a row, a form, a part of a record, a patient.

What is withdrawn stays where it is and keeps its number. It leaves rules, lists, keys and counts, and is shown as
withdrawn. Other forms are judged anew, as a save of it would have done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, insert, or_, select, update

from storage.access import Actor, seen_episodes
from storage.audit import AuditEntry, append_entry, subject_stream
from storage.closing import refuse_frozen
from storage.database import Database
from storage.errors import Locked, MovedAway, NotFound, NotVisible, Occupied, ReasonNeeded, WrongState
from storage.form_data import Place, SubjectRecord
from storage.form_index import Registry
from storage.identity import mark_gone, person_in, write_hashes
from storage.instances import instances_in
from storage.opened_forms import Deed, form_at, open_structure
from storage.origins import is_elsewhere
from storage.reassessing import read_anew, reassess
from storage.request import Rules
from storage.signatures import end_marks
from storage.slots import utc
from storage.states import State
from storage.structure import FormRow, InstanceRow, Structure, seen_instances
from storage.tables import enrolment, form_instance, instance, row_data, unique_key, withdrawal
from storage.together import Asking, Part, alone, together
from storage.unique_keys import write_unique_keys
from storage.verification_counts import count_subject


class Level(StrEnum):
    """How much is withdrawn at once."""

    ROW = "row"
    FORM = "form"
    PART = "part"  # an episode, or what stands in one
    PATIENT = "patient"


@dataclass(frozen=True, slots=True)
class Target:
    """What is withdrawn: a patient, a part of its record by its instance, a form by its place, a row by form and id."""

    instance: int | None = None
    place: Place | None = None
    row: str = ""

    @property
    def level(self) -> Level:
        """Which of them it is."""
        if self.place is not None:
            return Level.ROW if self.row else Level.FORM
        return Level.PATIENT if self.instance is None else Level.PART


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Something that is withdrawn, by whom, when and why."""

    id: int
    level: Level
    place: Place | None  # of the form, or of the form that holds the row
    row: str
    part: InstanceRow | None
    who: str
    at: datetime
    reason: str


def withdraw(database: Database, registry: Registry, rules: Rules, deed: Deed, target: Target) -> int:
    """Withdraw something; returns the number of the withdrawal.

    Raises NotVisible, NotFound, ReasonNeeded, Locked where a form in it is locked, and WrongState for a form that other
    registries share: that goes with its patient. Closed while the registry is frozen.
    """
    with database.write() as connection:
        return withdraw_within(connection, database, registry, rules, deed, target)


def withdraw_within(
    connection: Connection, database: Database, registry: Registry, rules: Rules, deed: Deed, target: Target
) -> int:
    """The same in a transaction that goes on."""
    _ask_reason(deed)
    refuse_frozen(connection, deed.actor.registry)
    structure = open_structure(connection, registry, deed)
    forms, instances = _scope(structure, rules, target)
    _refuse_locked(forms)
    row = {
        "subject_id": deed.subject, "registry": deed.actor.registry, "level": target.level,
        "form_id": forms[0].id if target.place is not None else None, "row_id": target.row,
        "instance_id": target.instance, "account_id": deed.actor.account, "who": deed.actor.name,
        "at": utc(deed.at), "reason": deed.reason,
    }  # fmt: skip
    number = int(connection.execute(insert(withdrawal).values(row).returning(withdrawal.c.id)).scalar_one())
    _mark(connection, deed, target, forms, instances, None, number)
    _give_up_keys(connection, deed, target, [form.id for form in forms])
    work = _Work(database, connection, registry, rules, deed)
    work.settle(target, forms, "withdraw", number)
    return number


def restore(database: Database, registry: Registry, rules: Rules, deed: Deed, number: int) -> None:
    """Put back what was withdrawn.

    Raises NotVisible, NotFound, ReasonNeeded, Locked, NotUnique where somebody else has its key now, Occupied where
    another form stands in its place, or what held it is withdrawn itself, and MovedAway where it stands elsewhere now.
    """
    with database.write() as connection:
        merged = select(withdrawal.c.kept_id).where(withdrawal.c.id == number)
        if connection.execute(merged).scalar_one_or_none() is not None:
            raise NotFound("withdrawal", number)  # storage.merging takes it back
        restore_within(connection, database, registry, rules, deed, number)


def restore_within(
    connection: Connection, database: Database, registry: Registry, rules: Rules, deed: Deed, number: int
) -> None:
    """The same in a transaction that goes on, of whatever was withdrawn."""
    _ask_reason(deed)
    refuse_frozen(connection, deed.actor.registry)
    structure = open_structure(connection, registry, deed)
    found = connection.execute(
        select(withdrawal).where(
            withdrawal.c.id == number, withdrawal.c.subject_id == deed.subject,
            withdrawal.c.registry == deed.actor.registry, withdrawal.c.restored_at.is_(None),
        )
    ).one_or_none()  # fmt: skip
    if found is None:
        raise NotFound("withdrawal", number)
    _require_seen(connection, deed, structure, found)
    forms = _forms_through(connection, structure, found)
    if found.level == Level.ROW:
        _refuse_locked(forms)
    _require_free(connection, structure, found)
    place = forms[0].place if found.form_id is not None else None
    target = Target(found.instance_id, place, found.row_id)
    _mark(connection, deed, target, forms, [], number, None)
    ended = {"restored_at": utc(deed.at), "restored_by": deed.actor.name, "restored_why": deed.reason}
    connection.execute(update(withdrawal).where(withdrawal.c.id == number).values(ended))
    _Work(database, connection, registry, rules, deed).settle(target, forms, "restore", number)


def withdrawals_of(database: Database, actor: Actor, subject: int, *, at: datetime) -> tuple[Withdrawal, ...]:
    """What is withdrawn of a subject and may be seen, the newest first."""
    with database.read() as connection, together(connection) as asking:
        found = ask_withdrawals(asking, actor, subject, at)
    return found()


def ask_withdrawals(asking: Asking, actor: Actor, subject: int, at: datetime) -> Callable[[], tuple[Withdrawal, ...]]:
    """The same, as part of something larger."""
    mine = and_(withdrawal.c.subject_id == subject, withdrawal.c.registry == actor.registry)
    places = (form_instance.c.instance_id, form_instance.c.form, form_instance.c.occurrence_id, form_instance.c.record)
    query = (
        select(withdrawal, *(column.label(f"of_{column.name}") for column in places))
        .select_from(withdrawal.outerjoin(form_instance, form_instance.c.id == withdrawal.c.form_id))
        .where(mine, withdrawal.c.restored_at.is_(None))
        .order_by(withdrawal.c.id.desc())
    )
    seen = asking.ask(seen_episodes(actor, subject, at))
    rows = asking.ask(Part(query, tuple))
    parts = asking.ask(_instances(subject))

    def answer() -> tuple[Withdrawal, ...]:
        known, episodes = {row.id: row for row in parts()}, seen()
        visible = seen_instances(parts(), episodes) if episodes is not None else None
        return tuple(found for row in rows() if (found := _withdrawal(row, known, visible)) is not None)

    return answer


def _withdrawal(row: Any, known: dict[int, InstanceRow], visible: frozenset[int] | None) -> Withdrawal | None:
    holder = row.of_instance_id if row.form_id is not None else row.instance_id
    if visible is not None and holder not in visible:
        return None
    place = None
    if row.form_id is not None:
        place = Place(row.of_instance_id, row.of_form, row.of_occurrence_id, row.of_record)
    part = known.get(row.instance_id) if row.instance_id is not None else None
    return Withdrawal(row.id, Level(row.level), place, row.row_id, part, row.who, row.at, row.reason)


def _ask_reason(deed: Deed) -> None:
    if not deed.reason.strip():
        raise ReasonNeeded("withdrawn")


def _refuse_locked(forms: Sequence[FormRow]) -> None:
    locked = next((form for form in forms if form.state == State.LOCKED), None)
    if locked is not None:
        raise Locked(locked.id)


def _scope(structure: Structure, rules: Rules, target: Target) -> tuple[list[FormRow], list[int]]:
    """The forms and the instances that are withdrawn with something."""
    subject = structure.subject.id
    if target.place is not None:
        form = form_at(structure, target.place)
        if not target.row and target.place.form in rules.shared_forms:
            raise WrongState("withdraw", form.state)
        if target.row and target.row not in structure.rows.get(form.id, {}):
            raise NotFound("row", target.row)
        return [form], []
    if structure.seen is not None and target.instance not in seen_instances(structure.instances, structure.seen):
        raise NotVisible(subject)  # who sees some episodes does not withdraw the patient
    if target.instance is None:
        return list(structure.forms), []
    found = next((row for row in structure.instances if row.id == target.instance), None)
    if found is None or found.parent is None:
        raise NotFound("part", target.instance)
    instances = instances_in(structure.instances, found.id)
    return [form for form in structure.forms if form.place.instance in instances], instances


def _mark(
    connection: Connection, deed: Deed, target: Target, forms: Sequence[FormRow], instances: Sequence[int],
    old: int | None, new: int | None,
) -> None:  # fmt: skip
    """Write through which withdrawal the rows of tables are withdrawn: what was withdrawn before by itself stays so."""
    marks: dict[Level, tuple[tuple[Table, Any], ...]] = {
        Level.ROW: ((row_data, _rows_in(connection, forms, target.row, known=new is None)),),
        Level.FORM: ((form_instance, form_instance.c.id.in_([form.id for form in forms])),),
        Level.PART: (
            (form_instance, form_instance.c.id.in_([form.id for form in forms])),
            (instance, instance.c.id.in_(instances) if new is not None else instance.c.subject_id == deed.subject),
        ),
        Level.PATIENT: (
            (enrolment, and_(enrolment.c.subject_id == deed.subject, enrolment.c.registry == deed.actor.registry)),
            # what is counted of forms knows them alone; the form that all registries share stays with the others
            (
                form_instance,
                and_(form_instance.c.subject_id == deed.subject, form_instance.c.home == deed.actor.registry),
            ),
        ),
    }
    for table, which in marks[target.level]:
        column = table.c.withdrawal_id
        same = column.is_(None) if old is None else column == old
        connection.execute(update(table).where(which, same).values(withdrawal_id=new))
    if target.level is Level.PATIENT:
        mark_gone(connection, deed.actor.registry, deed.subject, gone=new is not None)


def _rows_in(connection: Connection, forms: Sequence[FormRow], row: str, *, known: bool) -> ColumnElement[bool] | None:
    """A row and all that stand in it; those that are `known` by their withdrawal need not be sought."""
    if not row:
        return None
    (form,) = forms
    mine = row_data.c.form_id == form.id
    if known:
        return mine
    rows, found = list(connection.execute(select(row_data.c.row_id, row_data.c.parent).where(mine))), [row]
    for one in found:
        found += [name for name, parent in rows if parent == one]
    return and_(mine, row_data.c.row_id.in_(found))


def _give_up_keys(connection: Connection, deed: Deed, target: Target, forms: Sequence[int]) -> None:
    """Somebody else may have what was unique."""
    whole = and_(unique_key.c.subject_id == deed.subject, unique_key.c.scope == deed.actor.registry)
    mine = whole if target.level is Level.PATIENT else unique_key.c.form_id.in_(forms)
    connection.execute(update(unique_key).where(mine).values(hash=None))


def _require_seen(connection: Connection, deed: Deed, structure: Structure, found: Any) -> None:
    """Raise NotVisible where the actor may not see what held the withdrawn thing."""
    if structure.seen is None:
        return
    holder = found.instance_id
    if found.form_id is not None:
        form = select(form_instance.c.instance_id).where(form_instance.c.id == found.form_id)
        holder = connection.execute(form).scalar_one()
    if holder not in seen_instances(alone(connection, _instances(deed.subject)), structure.seen):
        raise NotVisible(deed.subject)


def _instances(subject: int) -> Part[list[InstanceRow]]:
    """All instances of a subject, also withdrawn ones."""
    columns = (instance.c.id, instance.c.parent_id, instance.c.container, instance.c.number)
    query = select(*columns).where(instance.c.subject_id == subject).order_by(instance.c.id)
    return Part(query, lambda rows: [InstanceRow(*row) for row in rows])


def _forms_through(connection: Connection, structure: Structure, found: Any) -> list[FormRow]:
    """The forms that a withdrawal took away, or the one of whose rows it took one."""
    shared = list(structure.forms) if found.level == Level.PATIENT else []
    which = or_(form_instance.c.withdrawal_id == found.id, form_instance.c.id == found.form_id)
    query = select(form_instance).where(form_instance.c.subject_id == found.subject_id, which)
    return shared + [
        FormRow(
            row.id, Place(row.instance_id, row.form, row.occurrence_id, row.record), row.definition, row.revision,
            row.state, row.status, row.opened_at, row.saved_at, row.origin_id,
        )
        for row in connection.execute(query.order_by(form_instance.c.id))
    ]  # fmt: skip


def _require_free(connection: Connection, structure: Structure, found: Any) -> None:
    """Raise Occupied where what held it is withdrawn, or another form stands in its place; MovedAway where it stands elsewhere."""
    there = {row.id for row in structure.instances}
    if found.level == Level.PART:
        parent = select(instance.c.parent_id).where(instance.c.id == found.instance_id)
        if connection.execute(parent).scalar_one() not in there:
            raise Occupied(found.id)
    if found.level in (Level.FORM, Level.ROW):
        (form,) = _forms_through(connection, structure, found)
        places = {each.place for each in structure.forms}
        if form.place.instance not in there or (form.place in places) is (found.level == Level.FORM):
            raise Occupied(found.id)
    if is_elsewhere(connection, found):
        raise MovedAway(found.id)


@dataclass(frozen=True, slots=True)
class _Work:
    """What follows from a withdrawal or a restoration."""

    database: Database
    connection: Connection
    registry: Registry
    rules: Rules
    deed: Deed

    def settle(self, target: Target, forms: Sequence[FormRow], kind: str, number: int) -> None:
        """Judge everything anew, take keys again, and tell the audit."""
        count_subject(self.connection, self.deed.subject)
        anew = read_anew(self.database, self.connection, self.registry, self.deed)
        if kind == "restore" or target.row:
            self._take_keys(anew.record, [form.place for form in forms])
        body: dict[str, Any] = {"withdrawal": number, "level": target.level}
        if target.place is None:
            gone = kind == "withdraw" and target.instance is None
            reassess(self.connection, self.database, self.registry, self.rules, anew, gone=gone)
            self._note(kind, {**body, "instance": target.instance, "forms": [form.id for form in forms]})
            return
        (form,) = forms
        heads = {form.place: self._changed(form)} if target.row else {}
        reassess(self.connection, self.database, self.registry, self.rules, anew, heads=heads)
        name = f"{kind}_row" if target.row else f"{kind}_form"
        after = heads.get(form.place, form)
        if target.row:
            body |= {"row": target.row}
            if after.state != form.state:
                body["state"] = [form.state, after.state]
        append_entry(self.connection, self.deed.entry(name, after, **body))

    def _changed(self, form: FormRow) -> FormRow:
        """The form of a row: it has a new revision, and what somebody said of it before is taken back."""
        end_marks(self.connection, [form.id], self.deed.actor.name, self.deed.at, self.deed.reason)
        state = State.IN_PROGRESS if form.state == State.IN_PROGRESS else State.COMPLETE
        return form._replace(revision=form.revision + 1, state=state.value, saved_at=self.deed.at)

    def _take_keys(self, record: SubjectRecord, places: Sequence[Place]) -> None:
        master, scope, at = self.database.keys, self.registry.model.registry, self.deed.at
        for place in places:
            form = record.forms.get(place)
            if form is None or master is None:
                continue
            keys = list(self.rules.unique_keys(self.registry, place.form, form.data))
            if keys:
                write_unique_keys(self.connection, master, self.deed.subject, form.id, scope, keys, at)
            if place.form in self.rules.shared_forms and record.key is not None:
                person = person_in(form.data.items, self.rules.person)
                write_hashes(self.connection, master, self.deed.subject, person)

    def _note(self, kind: str, body: dict[str, Any]) -> None:
        deed = self.deed
        entry = AuditEntry(
            subject_stream(deed.subject), kind, deed.actor.name, deed.at, deed.actor.channel, body, deed.reason,
            deed.subject, definition=self.registry.hash,
        )  # fmt: skip
        append_entry(self.connection, entry)


__all__ = [
    "Level",
    "Target",
    "Withdrawal",
    "ask_withdrawals",
    "restore",
    "restore_within",
    "withdraw",
    "withdraw_within",
    "withdrawals_of",
]
