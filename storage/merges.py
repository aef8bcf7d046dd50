"""Which records were merged into which: told of those that one may see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select

from storage.access import Actor, grants
from storage.database import Database
from storage.tables import access, enrolment, withdrawal
from storage.together import Part, alone, together
from storage.withdrawing import Withdrawal, ask_withdrawals


@dataclass(frozen=True, slots=True)
class Merged:
    """A record that was merged into another one, by whom, when and why."""

    withdrawal: int
    subject: int
    pseudonym: str
    kept: int
    who: str
    at: datetime
    reason: str


def merged_into(database: Database, actor: Actor, subject: int, *, at: datetime) -> tuple[Merged, ...]:
    """The records that were merged into a subject, as far as the actor may see them, the newest first."""
    with database.read() as connection:
        return alone(connection, _into(actor, subject, at))


def gone_and_merged(
    database: Database, actor: Actor, subject: int, *, at: datetime
) -> tuple[tuple[Withdrawal, ...], tuple[Merged, ...]]:
    """What is withdrawn of a subject, and what was merged into it, in one statement."""
    with database.read() as connection, together(connection) as asking:
        gone = ask_withdrawals(asking, actor, subject, at)
        merged = asking.ask(_into(actor, subject, at))
    return gone(), merged()


def _into(actor: Actor, subject: int, at: datetime) -> Part[tuple[Merged, ...]]:
    query = _merges(actor, at).where(withdrawal.c.kept_id == subject).order_by(withdrawal.c.id.desc())
    return Part(query, lambda rows: tuple(Merged(*row) for row in rows))


def merge_of(database: Database, actor: Actor, subject: int, *, at: datetime) -> Merged | None:
    """Into which record a subject was merged, where the actor may see it; of one that was merged again into that one."""
    with database.read() as connection:
        found, last = None, connection.execute(_merges(actor, at).where(withdrawal.c.subject_id == subject)).first()
        while last is not None:
            found = Merged(*last) if found is None else replace(found, kept=last.kept_id)
            last = connection.execute(_merges(actor, at).where(withdrawal.c.subject_id == found.kept)).first()
    return found


def merged_names(database: Database, actor: Actor, subject: int, *, at: datetime) -> tuple[int, ...]:
    """The subjects that were merged into one, also by way of others, as far as the actor may see them."""
    merges = _merges(actor, at).with_only_columns(withdrawal.c.subject_id)
    names = merges.where(withdrawal.c.kept_id == subject).cte(recursive=True)
    names = names.union(merges.where(withdrawal.c.kept_id == names.c.subject_id))
    with database.read() as connection:
        return tuple(connection.execute(select(names.c.subject_id)).scalars())


def _merges(actor: Actor, at: datetime) -> Any:
    """Merges that stand, of records that the actor may see."""
    mine = and_(enrolment.c.subject_id == withdrawal.c.subject_id, enrolment.c.registry == withdrawal.c.registry)
    columns = (withdrawal.c.id, withdrawal.c.subject_id, enrolment.c.pseudonym, withdrawal.c.kept_id)
    query = select(*columns, withdrawal.c.who, withdrawal.c.at, withdrawal.c.reason)
    seen = select(access.c.id).where(access.c.subject_id == withdrawal.c.subject_id, grants(actor, at)).exists()
    return query.join_from(withdrawal, enrolment, mine).where(
        withdrawal.c.registry == actor.registry, withdrawal.c.kept_id.is_not(None), withdrawal.c.restored_at.is_(None),
        *([] if actor.site is None else [seen]),
    )  # fmt: skip


__all__ = ["Merged", "gone_and_merged", "merge_of", "merged_into", "merged_names"]
