"""What of a registry is to be compared with the sources, drawn by risk, and how much of it was: read from kept counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, exists, func, literal, select, true

from engine.model.metadata_version import VerificationDef
from storage.access import Actor, visible_subjects
from storage.database import Database
from storage.tables import enrolment, form_instance, verification_form, verification_total
from storage.tables import site as site_table
from storage.together import Part, together
from storage.visible_forms import FORMS, visible_forms

_PRIME, _SPREAD = 2_147_483_647, 48_271


def lot(subject: Any, seed: int) -> Any:
    """What a subject draws, 0 to 99: of its id and the plan's seed alone, so it stays. Takes a number, or a column of them."""
    start = (subject * _SPREAD + seed) % _PRIME
    return start * start % _PRIME % 100


@dataclass(frozen=True, slots=True)
class Tally:
    """How far the comparison is: of one patient, or of a hospital's patients."""

    subject: int  # 0 for a hospital
    name: str  # pseudonym, or name of the hospital
    forms: int
    values: int  # to be compared
    verified: int
    differing: int

    @property
    def left(self) -> int:
        """Values that nobody has compared since they were entered."""
        return self.values - self.verified - self.differing


def is_due(plan: VerificationDef, subject: int, form: str, item: str) -> bool:
    """Whether a value is to be compared."""
    place = (form, item)
    return place in plan.critical or (place in plan.sampled and lot(subject, plan.seed) < plan.share)


@dataclass(frozen=True, slots=True)
class Overview:
    """How far the hospitals are, by name; and a page of the patients of whom something is left, and whether more follow."""

    hospitals: tuple[Tally, ...]
    patients: tuple[Tally, ...]
    more: bool


def overlook(
    database: Database, actor: Actor, *, at: datetime, site: int | None = None, after: int = 0, size: int = 50
) -> Overview:
    """The hospitals that the actor oversees, and patients in the order of their ids, of one hospital (`site`) or all.

    A patient counts for the hospital that had a right to it first; a ward is told of the forms that it sees. All is read from kept counts (decision 25).
    """
    form, mine = verification_form.c, actor.site if actor.site is not None else site
    kept = verification_total if actor.unit is None else _of_ward(actor, at)
    sums = [func.sum(kept.c[name]) for name in ("forms", "due", "verified", "differing")]
    hospitals = (
        select(site_table.c.name, *sums)
        .join_from(kept, site_table, site_table.c.id == kept.c.site_id)
        .where(kept.c.registry == actor.registry, kept.c.due > 0)
        .group_by(site_table.c.id, site_table.c.name)
        .order_by(site_table.c.name)
    )
    if actor.site is not None:
        hospitals = hospitals.where(kept.c.site_id == actor.site)
    wanted = [form.registry == actor.registry, form.due > form.verified + form.differing, form.subject_id > after]
    if mine is not None:
        wanted.append(form.site_id == mine)
    seen = exists().where(enrolment.c.subject_id == form.subject_id, visible_subjects(actor, at))
    left = select(form.subject_id).where(*wanted, seen, _forms_of(actor, at))
    page = left.group_by(form.subject_id).order_by(form.subject_id).limit(size + 1).subquery("page")
    here = and_(form.subject_id == page.c.subject_id, form.registry == actor.registry)
    patients = (
        select(
            page.c.subject_id, enrolment.c.pseudonym, func.count(), func.sum(form.due), func.sum(form.verified),
            func.sum(form.differing),
        )
        .select_from(page.join(verification_form, here).join(
            enrolment, and_(enrolment.c.subject_id == page.c.subject_id, enrolment.c.registry == actor.registry)
        ))
        .where(_forms_of(actor, at))
        .group_by(page.c.subject_id, enrolment.c.pseudonym)
        .order_by(page.c.subject_id)
    )  # fmt: skip
    with database.read() as connection, together(connection) as asking:
        tallies = asking.ask(Part(hospitals, lambda rows: tuple(_tally(0, *row) for row in rows)))
        found = asking.ask(Part(patients, lambda rows: tuple(_tally(*row) for row in rows)))
    return Overview(tallies(), found()[:size], len(found()) > size)


def _forms_of(actor: Actor, at: datetime) -> ColumnElement[bool]:
    """The condition on counted forms that a ward sees; a hospital sees all of its patients'."""
    if actor.unit is None:
        return true()
    return verification_form.c.form_id.in_(
        select(form_instance.c.id).select_from(FORMS).where(visible_forms(actor, at))
    )


def _of_ward(actor: Actor, at: datetime) -> Subquery:
    """What is kept of the forms that a ward sees, one by one, as the sums have them."""
    form = verification_form.c
    columns = (form.registry, form.site_id, literal(1).label("forms"), form.due, form.verified, form.differing)
    return select(*columns).where(_forms_of(actor, at)).subquery()


def _tally(subject: int, name: str, *counts: int) -> Tally:
    return Tally(subject, name, *map(int, counts))


__all__ = ["Overview", "Tally", "is_due", "lot", "overlook"]
