"""What of a registry is to be compared with the sources, drawn by risk, and how much of it was: counted in the database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, and_, case, false, func, literal, or_, select

from engine.model.metadata_version import VerificationDef
from storage.access import Actor
from storage.database import Database
from storage.tables import enrolment, form_instance, identity, item_data, verification
from storage.together import Part, together
from storage.verification import Finding
from storage.visible_forms import FORMS, hospital_of, of_site, visible_forms

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
    patients: int
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
    database: Database, actor: Actor, plan: VerificationDef, *, at: datetime, site: int | None = None, after: int = 0,
    size: int = 50,
) -> Overview:  # fmt: skip
    """The hospitals whose patients the actor may see, and patients in the order of their ids, of one hospital (`site`) or all.

    Values are counted once for both.
    """
    each = _by_subject(actor, plan, at)
    columns = (func.count(), func.sum(each.c.due), func.sum(each.c.verified), func.sum(each.c.differing))
    hospitals = select(each.c.hospital, *columns).group_by(each.c.hospital).order_by(each.c.hospital)
    mine = and_(enrolment.c.subject_id == each.c.subject_id, enrolment.c.registry == actor.registry)
    patients = (
        select(each.c.subject_id, enrolment.c.pseudonym, literal(1), each.c.due, each.c.verified, each.c.differing)
        .join_from(each, enrolment, mine)
        .where(each.c.subject_id > after, each.c.due > each.c.verified + each.c.differing)
        .order_by(each.c.subject_id)
        .limit(size + 1)
    )
    if site is not None:
        patients = patients.where(of_site(actor, site, each.c.subject_id))
    with database.read() as connection, together(connection) as asking:
        tallies = asking.ask(Part(hospitals, lambda rows: tuple(_tally(0, *row) for row in rows)))
        found = asking.ask(Part(patients, lambda rows: tuple(_tally(*row) for row in rows)))
    return Overview(tallies(), found()[:size], len(found()) > size)


def _tally(subject: int, name: str | None, *counts: int) -> Tally:
    return Tally(subject, name or "", *map(int, counts))


def _by_subject(actor: Actor, plan: VerificationDef, at: datetime) -> CTE:
    """Of each subject how many values are due, verified and differing; of forms that were completed once."""
    clear = select(item_data.c.form_id, item_data.c.row_id, item_data.c.item).where(
        item_data.c.position == 0, item_data.c.withdrawn.is_(None)
    )
    secret = select(identity.c.form_id, identity.c.row_id, identity.c.item).where(identity.c.ciphertext.is_not(None))
    cells = clear.union_all(secret).subquery("cells")
    here = (verification.c.form_id == cells.c.form_id, verification.c.row_id == cells.c.row_id)
    same = and_(*here, verification.c.item == cells.c.item, verification.c.registry == actor.registry)
    state = {
        each: func.count(case((verification.c.state == each, 1))).label(name)
        for each, name in ((Finding.VERIFIED, "verified"), (Finding.DIFFERS, "differing"))
    }
    counted = (
        select(form_instance.c.subject_id, func.count().label("due"), *state.values())
        .select_from(FORMS.join(cells, cells.c.form_id == form_instance.c.id).outerjoin(verification, same))
        .where(form_instance.c.home.in_(("", actor.registry)), form_instance.c.state != "in_progress")
        .where(visible_forms(actor, at), _due(plan, cells.c.item))
        .group_by(form_instance.c.subject_id)
        .subquery("counted")
    )
    name = hospital_of(actor, counted.c.subject_id).label("hospital")
    return select(*counted.c, name).cte("each_subject")


def _due(plan: VerificationDef, item: ColumnElement[str]) -> ColumnElement[bool]:
    drawn = lot(form_instance.c.subject_id, plan.seed) < plan.share
    return or_(_among(plan.critical, item), and_(drawn, _among(plan.sampled, item)))


def _among(places: tuple[tuple[str, str], ...], item: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that form and item are one of these."""
    forms: dict[str, list[str]] = defaultdict(list)
    for form, name in places:
        forms[form].append(name)
    return or_(false(), *(and_(form_instance.c.form == form, item.in_(names)) for form, names in forms.items()))


__all__ = ["Overview", "Tally", "is_due", "lot", "overlook"]
