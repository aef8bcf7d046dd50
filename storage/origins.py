"""What forms and parts of records were at first: one that is carried elsewhere begins anew there, and keeps that number."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from storage.tables import enrolment, form_instance, instance


def form_now(connection: Connection, number: int, *, besides: int = 0) -> Row[Any] | None:
    """The form that is what some form was at first, and is not withdrawn; the newest of several."""
    form = form_instance.c
    same = (or_(form.origin_id == number, form.id == number), form.id != besides, form.withdrawal_id.is_(None))
    return connection.execute(
        select(form_instance).where(*same).order_by(form.id.desc()).limit(1)
    ).one_or_none()  # fmt: skip


def part_now(connection: Connection, registry: str, number: int, *, besides: int = 0) -> Row[Any] | None:
    """The same of a part, in the record of somebody who is not withdrawn from the registry."""
    part, mine = instance.c, and_(enrolment.c.subject_id == instance.c.subject_id, enrolment.c.registry == registry)
    same = (or_(part.origin_id == number, part.id == number), part.id != besides, part.withdrawal_id.is_(None))
    there = select(instance).join_from(instance, enrolment, mine).where(*same, enrolment.c.withdrawal_id.is_(None))
    return connection.execute(there.order_by(part.id.desc()).limit(1)).one_or_none()


def is_elsewhere(connection: Connection, withdrawn: Row[Any]) -> bool:
    """Whether what a withdrawal took away was carried elsewhere and stands there: restored, it would be there twice."""
    if withdrawn.row_id or (withdrawn.form_id is None and withdrawn.instance_id is None):
        return False
    of_form = withdrawn.form_id is not None
    table, number = (form_instance, withdrawn.form_id) if of_form else (instance, withdrawn.instance_id)
    first = connection.execute(
        select(func.coalesce(table.c.origin_id, table.c.id)).where(table.c.id == number)
    ).scalar_one()
    if of_form:
        return form_now(connection, first, besides=number) is not None
    return part_now(connection, withdrawn.registry, first, besides=number) is not None


__all__ = ["form_now", "is_elsewhere", "part_now"]
