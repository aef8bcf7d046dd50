"""The codes that a hospital enters most: what a look-up offers before anything is typed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from storage.access import Actor, grants
from storage.database import Database
from storage.tables import access, form_instance, item_data

MOST = 8
LATEST = 500  # forms that are looked at: what was usual years ago is not meant


def usual_codes(database: Database, actor: Actor, form: str, item: str, *, at: datetime) -> tuple[str, ...]:
    """The commonest codes of an item in the hospital's latest forms, the commonest first."""
    own = select(access.c.subject_id).where(grants(actor, at))
    latest = (
        select(form_instance.c.id)
        .where(form_instance.c.home.in_((actor.registry, "")), form_instance.c.form == form)
        .where(form_instance.c.subject_id.in_(own), form_instance.c.withdrawal_id.is_(None))
        .order_by(form_instance.c.saved_at.desc())
        .limit(LATEST)
        .subquery()
    )
    query = (
        select(item_data.c.code_value)
        .join(latest, latest.c.id == item_data.c.form_id)
        .where(item_data.c.item == item, item_data.c.code_value.is_not(None))
        .group_by(item_data.c.code_value)
        .order_by(func.count().desc(), item_data.c.code_value)
        .limit(MOST)
    )
    with database.read() as connection:
        return tuple(connection.execute(query).scalars())


__all__ = ["usual_codes"]
