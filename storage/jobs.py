"""A queue of work for later, as rows; a job that fails comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from storage.database import Database
from storage.slots import canonical, utc
from storage.tables import job

PATIENCE = timedelta(minutes=15)  # a job that was taken and not finished by then is taken for lost
MOST_FAILURES = 5


@dataclass(frozen=True, slots=True)
class Job:
    """Work to do."""

    id: int
    kind: str
    subject: int | None
    payload: Mapping[str, Any]


def enqueue(
    connection: Connection, kind: str, payload: Mapping[str, Any], *, subject: int | None, at: datetime
) -> None:
    """Add a job; it exists when, and only when, the transaction is committed."""
    row = {"kind": kind, "subject_id": subject, "payload": canonical(payload), "queued_at": utc(at), "failures": 0}
    connection.execute(insert(job), row)


def take_job(database: Database, *, at: datetime) -> Job | None:
    """The oldest job that nobody works on; two workers never get the same."""
    moment = utc(at)
    free = or_(job.c.taken_at.is_(None), job.c.taken_at < moment - PATIENCE)
    oldest = select(job).where(job.c.done_at.is_(None), free, job.c.failures < MOST_FAILURES)
    with database.write() as connection:
        row = connection.execute(oldest.order_by(job.c.id).limit(1).with_for_update(skip_locked=True)).one_or_none()
        if row is None:
            return None
        connection.execute(update(job).where(job.c.id == row.id).values(taken_at=moment))
        return Job(row.id, row.kind, row.subject_id, json.loads(row.payload))


def finish_job(database: Database, job_id: int, *, at: datetime) -> None:
    """The work is done."""
    with database.write() as connection:
        connection.execute(update(job).where(job.c.id == job_id).values(done_at=utc(at)))


def fail_job(database: Database, job_id: int) -> None:
    """The work failed; it is tried again, five times in all."""
    with database.write() as connection:
        again = update(job).where(job.c.id == job_id).values(taken_at=None, failures=job.c.failures + 1)
        connection.execute(again)


__all__ = ["Job", "enqueue", "fail_job", "finish_job", "take_job"]
