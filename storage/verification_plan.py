"""What of a registry is to be compared with the sources, drawn by risk, and how much of it was: counted in the database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, case, false, func, or_, select, true

from engine.model.metadata_version import VerificationDef
from storage.access import Actor
from storage.database import Database
from storage.tables import enrolment, form_instance, identity, item_data, verification
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


def hospital_tallies(database: Database, actor: Actor, plan: VerificationDef, *, at: datetime) -> tuple[Tally, ...]:
    """How far the hospitals are whose patients the actor may see, by name."""
    each = _by_subject(actor, plan, at, None)
    columns = (func.count(), func.sum(each.c.due), func.sum(each.c.verified), func.sum(each.c.differing))
    query = select(each.c.hospital, *columns).group_by(each.c.hospital).order_by(each.c.hospital)
    with database.read() as connection:
        return tuple(Tally(0, name or "", *map(int, counts)) for name, *counts in connection.execute(query))


def patients_left(
    database: Database, actor: Actor, plan: VerificationDef, *, at: datetime, site: int | None, after: int, size: int
) -> tuple[tuple[Tally, ...], bool]:
    """A page of the patients of whom something is left to be compared, in the order of their ids, and whether more follow."""
    each = _by_subject(actor, plan, at, site)
    columns = (each.c.subject_id, enrolment.c.pseudonym, each.c.due, each.c.verified, each.c.differing)
    mine = and_(enrolment.c.subject_id == each.c.subject_id, enrolment.c.registry == actor.registry)
    query = (
        select(*columns)
        .join_from(each, enrolment, mine)
        .where(each.c.subject_id > after, each.c.due > each.c.verified + each.c.differing)
        .order_by(each.c.subject_id)
        .limit(size + 1)
    )
    with database.read() as connection:
        rows = connection.execute(query).all()
    found = tuple(
        Tally(r.subject_id, r.pseudonym, 1, int(r.due), int(r.verified), int(r.differing)) for r in rows[:size]
    )
    return found, len(rows) > size


def _by_subject(actor: Actor, plan: VerificationDef, at: datetime, site: int | None) -> Subquery:
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
    of_hospital = of_site(actor, site) if site is not None else true()
    counted = (
        select(form_instance.c.subject_id, func.count().label("due"), *state.values())
        .select_from(FORMS.join(cells, cells.c.form_id == form_instance.c.id).outerjoin(verification, same))
        .where(form_instance.c.home.in_(("", actor.registry)), form_instance.c.state != "in_progress")
        .where(visible_forms(actor, at), of_hospital, _due(plan, cells.c.item))
        .group_by(form_instance.c.subject_id)
        .subquery("counted")
    )
    name = hospital_of(actor, counted.c.subject_id).label("hospital")
    return select(*counted.c, name).subquery("each_subject")


def _due(plan: VerificationDef, item: ColumnElement[str]) -> ColumnElement[bool]:
    drawn = lot(form_instance.c.subject_id, plan.seed) < plan.share
    return or_(_among(plan.critical, item), and_(drawn, _among(plan.sampled, item)))


def _among(places: tuple[tuple[str, str], ...], item: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that form and item are one of these."""
    forms: dict[str, list[str]] = defaultdict(list)
    for form, name in places:
        forms[form].append(name)
    return or_(false(), *(and_(form_instance.c.form == form, item.in_(names)) for form, names in forms.items()))


__all__ = ["Tally", "hospital_tallies", "is_due", "lot", "patients_left"]
