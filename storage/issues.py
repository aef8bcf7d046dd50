"""Issues as data: the open ones of a subject, and whether somebody answered them (storage.answers)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.sql import ColumnElement

from engine.model.form import CheckSeverity
from storage.access import Actor, require_access
from storage.database import Database
from storage.tables import acknowledgement, form_instance, instance, issue
from storage.together import Part, alone


@dataclass(frozen=True, slots=True)
class OpenIssue:
    """A broken rule; `reason` is that of its acknowledgement, '' while nobody gave one."""

    form: int
    code: str
    row: str  # row id, '' outside groups
    item: str
    severity: str
    blocks: str
    message: str
    origin: str  # own: raised by a save of the form; foreign: by another form's
    raised_at: datetime
    acknowledged_by: str
    reason: str


_ANSWERED = and_(
    acknowledgement.c.form_id == issue.c.form_id,
    acknowledgement.c.rule == issue.c.rule,
    acknowledgement.c.inputs == issue.c.inputs,
    acknowledgement.c.row_id == issue.c.row_id,
    acknowledgement.c.item == issue.c.item,
)


def open_issues(database: Database, actor: Actor, subject: int, *, at: datetime) -> tuple[OpenIssue, ...]:
    """The issues of a subject's forms in the actor's registry."""
    with database.read() as connection:
        require_access(connection, actor, subject, at)
        return alone(connection, issues_of(actor, subject))


def issues_of(actor: Actor, subject: int) -> Part[tuple[OpenIssue, ...]]:
    """The same of a subject that the actor was found to see."""
    query = (
        select(issue, acknowledgement.c.who, acknowledgement.c.reason)
        .select_from(
            issue.join(form_instance, form_instance.c.id == issue.c.form_id).outerjoin(acknowledgement, _ANSWERED)
        )
        .where(form_instance.c.subject_id == subject, form_instance.c.home.in_(("", actor.registry)))
        .where(form_instance.c.withdrawal_id.is_(None))
        .where(issue.c.closed_at.is_(None))
        .order_by(issue.c.form_id, issue.c.row_id, issue.c.item, issue.c.code)
    )
    return Part(query, lambda rows: tuple(map(_issue, rows)))


def _issue(row: Row[Any]) -> OpenIssue:
    return OpenIssue(
        row.form_id, row.code, row.row_id, row.item, row.severity, row.blocks, row.message, row.origin, row.raised_at,
        row.who or "", row.reason or "",
    )  # fmt: skip


def unanswered_warnings(actor: Actor, *seen: ColumnElement[bool]) -> Select[tuple[int]]:
    """The subjects of warnings that nobody has answered yet, in what is `seen` of the container instances."""
    held = issue.join(form_instance, form_instance.c.id == issue.c.form_id).outerjoin(acknowledgement, _ANSWERED)
    return (
        select(form_instance.c.subject_id)
        .select_from(held.join(instance, instance.c.id == form_instance.c.instance_id))
        .where(form_instance.c.home.in_(("", actor.registry)), issue.c.closed_at.is_(None), *seen)
        .where(form_instance.c.withdrawal_id.is_(None))
        .where(issue.c.severity != CheckSeverity.ERROR, acknowledgement.c.who.is_(None))
    )


__all__ = ["OpenIssue", "issues_of", "open_issues", "unanswered_warnings"]
