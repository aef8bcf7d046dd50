"""What hospitals and wards see of two records that were merged: each what it saw of either, and no more; and as before, when that is taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from storage.carrying import Opened
from storage.opened_forms import Deed
from storage.slots import utc
from storage.tables import access


def grants_held(connection: Connection, deed: Deed, subjects: Collection[int]) -> list[Row[Any]]:
    """The access rows of hospitals and wards in the registry that are in force, or will be."""
    now = utc(deed.at)
    held = or_(access.c.ends_at.is_(None), access.c.ends_at > now)
    mine = (access.c.subject_id.in_(subjects), access.c.registry == deed.actor.registry)
    return list(connection.execute(select(access).where(*mine, held).order_by(access.c.id)))


def end_rights(
    connection: Connection, deed: Deed, kept: int, before: Sequence[Row[Any]], *, comes: bool
) -> list[Row[Any]]:
    """End that hospitals see the whole kept record where something `comes` that they did not see; the rows that ended.

    Before it comes: what is counted of forms is counted for those who see the whole record then.
    """
    both = _seeing_both(before, deed.subject, kept)
    whole = [row for row in before if row.subject_id == kept and _is_whole(row)]
    rows = [row for row in whole if row.site_id not in both]
    ended = rows if comes else []
    over = access.c.id.in_([row.id for row in ended])
    connection.execute(update(access).where(over).values(ends_at=utc(deed.at)))
    return ended


def give_rights(
    connection: Connection, deed: Deed, goal: Opened, pairs: Mapping[int, int], before: Sequence[Row[Any]],
    ended: Sequence[Row[Any]],
) -> list[int]:  # fmt: skip
    """Let each hospital and ward see what it saw of either, and no more; the ids of the access rows.

    The patient's own instance stands for what belongs to the patient as a whole; a ward sees that by a row without an episode.
    """
    root, kept = goal.record.root, goal.deed.subject
    own = [row.id for row in goal.record.instances if row.parent == root]
    both = _seeing_both(before, deed.subject, kept)
    wanted: list[tuple[Row[Any], int | None]] = [(row, part) for row in ended for part in (root, *own)]
    for row in before:
        if row.subject_id == deed.subject and row.unit_id is not None:
            wanted.append((row, pairs.get(row.instance_id)))
        elif row.subject_id == deed.subject and row.site_id not in both:
            parts = [root, *pairs.values()] if row.instance_id is None else [pairs.get(row.instance_id, root)]
            wanted += [(row, part) for part in parts]
    return [_give(connection, deed, row, kept, part, (row.starts_at, row.ends_at)) for row, part in wanted]


def _is_whole(row: Row[Any]) -> bool:
    """Whether it shows a hospital a record as a whole."""
    return row.instance_id is None and row.unit_id is None


def _seeing_both(before: Sequence[Row[Any]], merged: int, kept: int) -> set[int]:
    """The hospitals that see both records as a whole: they see the one that is kept so."""
    whole = [{row.site_id for row in before if row.subject_id == one and _is_whole(row)} for one in (merged, kept)]
    return whole[0] & whole[1]


def _give(
    connection: Connection,
    deed: Deed,
    whose: Row[Any],
    subject: int,
    part: int | None,
    span: tuple[datetime, datetime | None],
) -> int:
    """From now on, or from when it would have begun."""
    given = {
        "subject_id": subject, "instance_id": part, "site_id": whose.site_id, "unit_id": whose.unit_id, "registry": deed.actor.registry,
        "starts_at": max(utc(deed.at), span[0]), "ends_at": span[1],
    }  # fmt: skip
    return int(connection.execute(insert(access).values(given).returning(access.c.id)).scalar_one())


def take_rights_back(connection: Connection, deed: Deed, kept: int, carried: Mapping[str, Any]) -> None:
    """End what a merge gave, and give anew what it ended: rows tell who saw what when, also meanwhile."""
    over = and_(access.c.id.in_(carried["given"]), or_(access.c.ends_at.is_(None), access.c.ends_at > utc(deed.at)))
    connection.execute(update(access).where(over).values(ends_at=utc(deed.at)))
    ended = {row: datetime.fromisoformat(ends) if ends is not None else None for row, ends in carried["ended"]}
    for row in connection.execute(select(access).where(access.c.id.in_(ended))).all():
        until = ended[row.id]
        if until is None or until > utc(deed.at):
            _give(connection, deed, row, kept, None, (row.starts_at, until))


__all__ = ["end_rights", "give_rights", "grants_held", "take_rights_back"]
