"""Freezes a registry, and closes its reporting years: then forms of them are saved no more, until it is taken back.

A form belongs to the year in which its event takes place, as the schedule has it. What belongs to no event, such as the
form about the patient, belongs to no year.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from engine.model.metadata_version import MetaDataVersion
from engine.records.evaluation import PlannedEvent
from storage.access import Actor
from storage.audit import AuditEntry, append_entry, registry_stream
from storage.database import Database
from storage.errors import Closed, NotFound, ReasonNeeded
from storage.form_data import Place, SubjectRecord
from storage.slots import utc
from storage.tables import closing
from storage.together import Part, alone

WHOLE = 0  # in place of a year: the registry is frozen


@dataclass(frozen=True, slots=True)
class Closing:
    """A year that is closed, or the whole registry; one that was taken back says by whom."""

    id: int
    year: int
    who: str
    at: datetime
    reason: str
    reopened_at: datetime | None
    reopened_by: str
    reopened_why: str


def close(database: Database, actor: Actor, year: int, *, at: datetime, reason: str) -> bool:
    """Close a reporting year, or freeze the registry (`WHOLE`); False where it is closed already.

    Raises ReasonNeeded.
    """
    _ask_reason(reason)
    with database.write() as connection:
        _wait(connection, actor.registry)
        standing = select(closing.c.id).where(*_standing(actor.registry), closing.c.year == year)
        if connection.execute(standing).first() is not None:
            return False
        row = {"registry": actor.registry, "year": year, "who": actor.name, "at": utc(at), "reason": reason}
        connection.execute(insert(closing), row)
        _note(connection, actor, "freeze" if year == WHOLE else "close_year", year, at, reason)
        return True


def reopen(database: Database, actor: Actor, number: int, *, at: datetime, reason: str) -> int:
    """Take a closing back; the year, or `WHOLE`. Raises NotFound where it does not stand, and ReasonNeeded."""
    _ask_reason(reason)
    with database.write() as connection:
        _wait(connection, actor.registry)
        mine = (*_standing(actor.registry), closing.c.id == number)
        year = connection.execute(select(closing.c.year).where(*mine)).scalar_one_or_none()
        if year is None:
            raise NotFound("closing", number)
        ended = {"reopened_at": utc(at), "reopened_by": actor.name, "reopened_why": reason}
        connection.execute(update(closing).where(*mine).values(ended))
        _note(connection, actor, "unfreeze" if year == WHOLE else "reopen_year", year, at, reason)
        return int(year)


def closings(database: Database, registry: str) -> tuple[Closing, ...]:
    """All closings of a registry, the newest first."""
    query = select(closing).where(closing.c.registry == registry).order_by(closing.c.id.desc())
    with database.read() as connection:
        return tuple(map(_closing, connection.execute(query)))


def closed_years(database: Database, registry: str) -> frozenset[int]:
    """The years that are closed now; `WHOLE` among them where the registry is frozen."""
    with database.read() as connection:
        return alone(connection, years_closed(registry))


def closings_that_stand(database: Database, registry: str) -> tuple[Closing, ...]:
    """What is closed now, the newest first."""
    with database.read() as connection:
        return alone(connection, standing_closings(registry))


def standing_closings(registry: str) -> Part[tuple[Closing, ...]]:
    """The same as part of something larger."""
    query = select(closing).where(*_standing(registry)).order_by(closing.c.id.desc())
    return Part(query, lambda rows: tuple(map(_closing, rows)))


def years_closed(registry: str) -> Part[frozenset[int]]:
    """The same as part of something larger."""
    return Part(select(closing.c.year).where(*_standing(registry)), lambda rows: frozenset(year for (year,) in rows))


def refuse_frozen(connection: Connection, registry: str) -> None:
    """Raise Closed while the registry is frozen: for whoever changes values without a save."""
    frozen = select(closing.c.id).where(*_standing(registry), closing.c.year == WHOLE)
    if connection.execute(frozen).first() is not None:
        raise Closed(WHOLE)


def closed_year(
    model: MetaDataVersion,
    record: SubjectRecord,
    place: Place,
    planned: Iterable[PlannedEvent],
    closed: Collection[int],
) -> int | None:
    """The closed year to which a form belongs; none where it is open."""
    days = _days(model, record, place, planned)
    return next((day.year for day in days if day is not None and day.year in closed), None)


def _days(
    model: MetaDataVersion, record: SubjectRecord, place: Place, planned: Iterable[PlannedEvent]
) -> Iterable[date | None]:
    """When the event of a form takes place; of a form that several events collect, all of them."""
    held = next((row for row in record.occurrences if row.id == place.occurrence), None)
    for each in planned:
        if each.instance != str(place.instance) or each.event not in model.events:
            continue
        if held is not None and (each.event, each.number) == (held.event, held.number):
            yield each.date or held.day
        elif (
            place.occurrence is None
            and place.form in model.events[each.event].forms
            and not model.forms[place.form].per_event
        ):
            yield each.date


def _standing(registry: str) -> tuple[Any, ...]:
    return (closing.c.registry == registry, closing.c.reopened_at.is_(None))


def _wait(connection: Connection, registry: str) -> None:
    """Two people who close at the same time wait for each other."""
    if connection.dialect.name == "postgresql":
        name = {"name": f"closing:{registry}"}
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), name)


def _ask_reason(reason: str) -> None:
    if not reason.strip():
        raise ReasonNeeded("closing")


def _closing(row: Any) -> Closing:
    return Closing(
        row.id, row.year, row.who, row.at, row.reason, row.reopened_at, row.reopened_by or "", row.reopened_why or ""
    )


def _note(connection: Connection, actor: Actor, kind: str, year: int, at: datetime, reason: str) -> None:
    stream = registry_stream(actor.registry)
    append_entry(connection, AuditEntry(stream, kind, actor.name, at, actor.channel, {"year": year}, reason))


__all__ = [
    "WHOLE",
    "Closing",
    "close",
    "closed_year",
    "closed_years",
    "closings",
    "closings_that_stand",
    "refuse_frozen",
    "reopen",
    "standing_closings",
    "years_closed",
]
