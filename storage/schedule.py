"""What of the schedule is stored: that somebody says that an event did not take place, and for lists what is to come.

The rest is derived. What is to come is written with each save, as the rules see it then; on which side of its window
today lies is asked when a list is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from engine.records.evaluation import PlannedEvent
from storage.access import Actor
from storage.audit import AuditEntry, append_after, subject_stream
from storage.bulk import Writes, deletion, upsert
from storage.database import Database
from storage.direct import in_one_trip
from storage.errors import DecidedMeanwhile, NotFound, NotVisible
from storage.form_data import MissedRow, SubjectRecord, build_record
from storage.form_index import Registry, has_site_forms
from storage.locking import wait_for_subject
from storage.request import Rules
from storage.slots import utc
from storage.structure import Before, ask_before, seen_instances
from storage.tables import latest_event, missed_event, pending_event

TO_COME = frozenset({"planned", "due", "overdue"})
_KEYS = ("registry", "instance_id", "event", "number")
_WRITE_PENDING = upsert(pending_event, (*_KEYS, "subject_id", "opens", "closes"))
_DROP_PENDING = deletion(pending_event, _KEYS)
_WRITE_LATEST = upsert(latest_event, ("registry", "instance_id", "subject_id", "day"))
_DROP_LATEST = deletion(latest_event, ("registry", "instance_id"))
_WRITE_MISSED = upsert(missed_event, (*_KEYS, "subject_id", "reason", "who", "at"))
_DROP_MISSED = deletion(missed_event, _KEYS)


class Occasion(NamedTuple):
    """Which time of which event in which container instance."""

    instance: int
    event: str
    number: int


def write_pending(
    writes: Writes, registry: Registry, subject: int, stored: Before, planned: Iterable[PlannedEvent]
) -> None:
    """Bring what is to come, and when something last took place, up to date."""
    name, events = registry.model.registry, tuple(planned)
    before = {Occasion(*row[:3]): tuple(row[3:]) for row in stored.pending}
    now = {
        Occasion(int(each.instance), each.event, each.number): tuple(map(_text, each.window))
        for each in events
        if each.state in TO_COME and each.window != (None, None)
    }
    writes.add(_DROP_PENDING, [(name, *key) for key in before if key not in now])
    changed = {key: window for key, window in now.items() if before.get(key) != window}
    writes.add(_WRITE_PENDING, [(name, *key, subject, *window) for key, window in changed.items()])
    held = [(int(each.instance), each.date.isoformat()) for each in events if each.state == "done" and each.date]
    latest, known = dict(sorted(held)), dict(map(tuple, stored.latest))
    writes.add(_DROP_LATEST, [(name, one) for one in known if one not in latest])
    writes.add(_WRITE_LATEST, [(name, one, subject, day) for one, day in latest.items() if known.get(one) != day])


def _text(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


@dataclass(frozen=True, slots=True)
class Decision:
    """That an event did not take place, or, without a reason, that this is taken back.

    `shown` is when the decision was made that stood there for whoever decides now; None where none did.
    """

    subject: int
    occasion: Occasion
    actor: Actor
    at: datetime
    reason: str = ""
    shown: datetime | None = None


def decide_event(database: Database, registry: Registry, rules: Rules, decision: Decision) -> bool:
    """Write a decision, with an entry in the audit; whether it changes anything.

    Raises NotVisible, NotFound when no such event is expected or something was entered in it, and DecidedMeanwhile when
    another decision stands there than the one that was shown.
    """
    with database.write() as connection:
        record, before = _read(database, registry, connection, decision)
        known = {Occasion(*row[:3]): row for row in record.missed}
        stored = known.get(decision.occasion)
        if (stored.reason if stored is not None else "") == decision.reason:
            return False
        if stored is not None and stored.at != decision.shown:
            raise DecidedMeanwhile(stored.who)
        if (
            decision.reason
            and stored is None
            and not _is_open(rules.schedule(registry, record.tree, decision.at, record.beside), decision)
        ):
            raise NotFound("event", decision.occasion)
        others = tuple(row for row in record.missed if row is not stored)
        row = MissedRow(*decision.occasion, decision.reason, decision.actor.name, decision.at)
        after = replace(record, missed=(*others, row) if decision.reason else others)
        writes, name = Writes(), registry.model.registry
        if decision.reason:
            writes.add(_WRITE_MISSED, [(name, *row[:3], decision.subject, *row[3:5], utc(decision.at))])
        else:
            writes.add(_DROP_MISSED, [(name, *decision.occasion)])
        planned = rules.schedule(registry, after.tree, decision.at, record.beside)
        write_pending(writes, registry, decision.subject, before, planned)
        append_after(writes, _entry(registry, decision, stored), before.head)
        writes.commit(connection)
        return True


def _read(
    database: Database, registry: Registry, connection: Connection, decision: Decision
) -> tuple[SubjectRecord, Before]:
    """The subject under its lock, as far as the actor may see the instance."""
    name, subject = registry.model.registry, decision.subject
    with in_one_trip(connection):
        wait_for_subject(connection, subject)
        sites = has_site_forms(registry.model)
        answer = ask_before(connection, name, decision.actor, subject, decision.at, "", new=False, sites=sites)
    structure, before = answer()
    record = build_record(database, registry, structure)
    if decision.occasion.instance not in {row.id for row in record.instances}:
        raise NotFound("instance", decision.occasion.instance)
    if structure.seen is not None and decision.occasion.instance not in seen_instances(
        record.instances, structure.seen
    ):
        raise NotVisible(subject)
    return record, before


def _is_open(planned: Sequence[PlannedEvent], decision: Decision) -> bool:
    """Whether the event is expected and nothing was entered in it."""
    return any(
        (int(each.instance), each.event, each.number) == decision.occasion and each.state in TO_COME for each in planned
    )


def _entry(registry: Registry, decision: Decision, stored: MissedRow | None) -> AuditEntry:
    body = {**decision.occasion._asdict(), "reason": [stored.reason if stored else None, decision.reason or None]}
    return AuditEntry(
        subject_stream(decision.subject), "missed_event" if decision.reason else "missed_event_undone",
        decision.actor.name, decision.at, decision.actor.channel, body, decision.reason, decision.subject,
        definition=registry.hash,
    )  # fmt: skip


__all__ = ["Decision", "Occasion", "decide_event", "write_pending"]
