"""Which forms a person may see, as conditions of queries over many subjects; what `storage.access` decides for one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, FromClause, and_, exists, not_, or_, select, true

from storage.access import Actor, grants, whole_records
from storage.tables import access, enrolment, form_instance, instance, site

FORMS: FromClause = form_instance.join(instance, instance.c.id == form_instance.c.instance_id)


def visible_forms(actor: Actor, at: datetime) -> ColumnElement[bool]:
    """The condition on `form_instance` joined with its `instance`: that the actor may see the form.

    As `storage.access` decides; and neither it nor its patient is withdrawn.
    """
    patient = enrolment.alias("withdrawn")  # whoever asks may have joined enrolments itself
    gone = exists().where(
        patient.c.subject_id == form_instance.c.subject_id, patient.c.registry == actor.registry,
        patient.c.withdrawal_id.is_not(None),
    )  # fmt: skip
    return and_(form_instance.c.withdrawal_id.is_(None), not_(gone), _seen(actor, at))


def _seen(actor: Actor, at: datetime) -> ColumnElement[bool]:
    if actor.site is None:
        return true()
    granted = select(access.c.subject_id).where(grants(actor, at))  # lists that are made once, not asked for each form
    whole = granted.where(whole_records(actor))
    given = access.join(instance, and_(instance.c.id == access.c.instance_id, instance.c.parent_id.is_not(None)))
    episode = select(access.c.instance_id).select_from(given).where(grants(actor, at))
    seen = episode.cte(recursive=True)  # without a name: one statement may ask several times
    seen = seen.union(select(instance.c.id).where(instance.c.parent_id == seen.c.instance_id))
    part = or_(instance.c.parent_id.is_(None), instance.c.id.in_(select(seen.c.instance_id)))
    return and_(form_instance.c.subject_id.in_(granted), or_(form_instance.c.subject_id.in_(whole), part))


def of_site(actor: Actor, number: int, subject: ColumnElement[int] = form_instance.c.subject_id) -> ColumnElement[bool]:
    """The condition on `form_instance`, or another subject: that a hospital has, or had, a right to it."""
    here = (access.c.subject_id == subject, access.c.registry == actor.registry)
    return exists().where(*here, access.c.site_id == number)


def hospital_of(actor: Actor, subject: ColumnElement[int]) -> ColumnElement[str]:
    """The name of the hospital that had a right to a subject first."""
    mine = (access.c.subject_id == subject, access.c.registry == actor.registry)
    first = select(site.c.name).join_from(access, site).where(*mine).order_by(access.c.id).limit(1)
    return first.scalar_subquery()


__all__ = ["FORMS", "hospital_of", "of_site", "visible_forms"]
