"""Where a form is now, for somebody who has a page of it open: it was merged or moved meanwhile, or put back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, func, select

from storage.access import Actor, visible_instances
from storage.database import Database
from storage.errors import NotFound
from storage.form_data import FormRecord
from storage.merges import merge_of
from storage.origins import form_now, part_now
from storage.slots import utc
from storage.structure import Place
from storage.tables import audit_entry, enrolment, form_instance, instance, occurrence, withdrawal


class Sought(NamedTuple):
    """A form's place as addresses name it."""

    instance: int
    form: str
    record: int = 0
    event: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What became of a form.

    Attributes:
        left: the form that was withdrawn from the place, without its values; none where none was saved.
        subject: whose record it is in now; none where it is in nobody's.
        instance: the part of that record in which its place is.
        place: where it stands, when it was saved.
        arrived: the revision with which it came there; 0 where that is not known.
    """

    left: FormRecord | None = None
    subject: int | None = None
    instance: int = 0
    place: Place | None = None
    arrived: int = 0


def whereabouts(database: Database, actor: Actor, subject: int, sought: Sought, *, at: datetime) -> Whereabouts:
    """Where a form of a subject is now that stands at its place no more, or the place where it would be entered.

    The subject may be withdrawn. Who may see what is found there is asked when it is opened. Raises NotVisible, and NotFound
    where there never was such a place, or it is one that the actor does not see.
    """
    with database.read() as connection:
        part = _part(connection, actor, subject, sought.instance, at)
        gone = _withdrawn(connection, subject, sought)
        left = _record(gone) if gone is not None else None
        form = form_now(connection, left.lasting) if left is not None else None
        if gone is not None and form is not None:
            arrived = _arrived(connection, form.id, gone.withdrawn_at)
            return Whereabouts(left, form.subject_id, form.instance_id, _record(form).place, arrived)
        first = part.origin_id or part.id
        live = part_now(connection, actor.registry, first, besides=part.id) if part.parent_id is not None else None
        if live is not None:
            return Whereabouts(left, live.subject_id, live.id)
        if part.parent_id is not None and part.withdrawal_id is None and part.left_id is None and left is None:
            raise NotFound("place", sought.instance)
    merged = merge_of(database, actor, subject, at=at) if part.parent_id is None else None
    if merged is None:
        return Whereabouts(left)
    with database.read() as connection:
        root = select(instance.c.id).where(instance.c.subject_id == merged.kept, instance.c.parent_id.is_(None))
        return Whereabouts(left, merged.kept, connection.execute(root).scalar_one())


def _part(connection: Connection, actor: Actor, subject: int, number: int, at: datetime) -> Row[Any]:
    """A part of the subject's record that the actor sees, or saw; `left_id`: through which the subject is withdrawn."""
    mine = and_(enrolment.c.subject_id == instance.c.subject_id, enrolment.c.registry == actor.registry)
    query = select(instance, enrolment.c.withdrawal_id.label("left_id")).select_from(
        instance.outerjoin(enrolment, mine)
    )
    held = (instance.c.id == number, instance.c.subject_id == subject, instance.c.registry.in_(("", actor.registry)))
    part = connection.execute(query.where(*held)).one_or_none()
    seen = visible_instances(connection, actor, subject, at)
    if part is None or not (seen is None or part.parent_id is None or (part.part_id or part.id) in seen):
        raise NotFound("place", number)
    return part


def _withdrawn(connection: Connection, subject: int, sought: Sought) -> Row[Any] | None:
    """The form that was withdrawn last from a place."""
    form, held = form_instance.c, form_instance.join(withdrawal, withdrawal.c.id == form_instance.c.withdrawal_id)
    query = select(form_instance, withdrawal.c.at.label("withdrawn_at"))
    place = [form.subject_id == subject, form.instance_id == sought.instance, form.form == sought.form]
    if sought.event:
        held = held.join(occurrence, occurrence.c.id == form.occurrence_id)
        place += [occurrence.c.event == sought.event, occurrence.c.number == sought.number]
    else:
        place += [form.occurrence_id.is_(None), form.record == sought.record]
    return connection.execute(query.select_from(held).where(*place).order_by(form.id.desc()).limit(1)).one_or_none()


def _record(row: Row[Any]) -> FormRecord:
    place = Place(row.instance_id, row.form, row.occurrence_id, row.record)
    return FormRecord(
        row.id, place, row.definition, row.revision, row.state, row.status, row.opened_at, row.saved_at, row.origin_id
    )


def _arrived(connection: Connection, form: int, since: datetime) -> int:
    """The revision of a form once it was carried, in the transaction in which it was withdrawn elsewhere."""
    entry = audit_entry.c
    then = select(func.max(entry.revision)).where(entry.form_id == form, entry.at <= utc(since))
    return int(connection.execute(then).scalar_one() or 0)


__all__ = ["Sought", "Whereabouts", "whereabouts"]
