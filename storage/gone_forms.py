"""Where a form stood that is withdrawn, or in a part that is: the history goes on naming it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from storage.access import Actor, require_access
from storage.database import Database
from storage.structure import InstanceRow
from storage.tables import form_instance, instance, occurrence


@dataclass(frozen=True, slots=True)
class GoneForm:
    """A form, with the part of the record and the event that held it."""

    form: str
    record: int
    part: InstanceRow
    event: str = ""  # '' where it belonged to none
    number: int = 0  # which time of the event


def gone_forms(
    database: Database, actor: Actor, subject: int, forms: Collection[int], *, at: datetime
) -> dict[int, GoneForm]:
    """The forms of these ids; the caller found that the actor may be told of each. Raises NotVisible."""
    if not forms:
        return {}
    form, part, held = form_instance.c, instance.c, occurrence.c
    columns = (form.id, form.form, form.record, part.id, part.parent_id, part.container, part.number)
    joined = form_instance.join(instance, part.id == form.instance_id).outerjoin(
        occurrence, held.id == form.occurrence_id
    )
    query = (
        select(*columns, held.event, held.number)
        .select_from(joined)
        .where(form.subject_id == subject, form.id.in_(sorted(forms)))
    )
    with database.read() as connection:
        require_access(connection, actor, subject, at)
        rows = [tuple(row) for row in connection.execute(query)]
    return {row[0]: GoneForm(row[1], row[2], InstanceRow(*row[3:7]), row[7] or "", row[8] or 0) for row in rows}


__all__ = ["GoneForm", "gone_forms"]
