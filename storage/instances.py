"""Instances of containers: an episode of a patient, a stay or run in it; opened, and taken back while they are empty."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from engine.model.metadata_version import ContainerDef
from storage.access import Actor, add_access, ask_visible_instances, visible_instances
from storage.audit import AuditEntry, append_after, append_entry, last_of, subject_stream
from storage.bulk import Writes
from storage.closing import refuse_frozen
from storage.database import Database
from storage.direct import Query
from storage.errors import NotFound, NotVisible, TooMany
from storage.form_index import Registry
from storage.idempotency import answer_claim, claim
from storage.locking import lock_subject
from storage.slots import utc
from storage.structure import InstanceRow, Place, seen_instances
from storage.tables import (
    access,
    calculated_data,
    form_instance,
    instance,
    latest_event,
    missed_event,
    occurrence,
    pending_event,
    working_copy,
)


def open_instance(  # noqa: PLR0913 -- one thing is opened, and each part of it has a name
    database: Database, registry: Registry, actor: Actor, subject_id: int, container: str, parent: int, *,
    at: datetime, key: str = "", alone: bool = False,
) -> int:  # fmt: skip
    """One more episode of a patient, stay in an episode, run …; returns its id.

    What the definition says is opened with it, but for `alone`. Whoever sees some episodes only sees the new one too.

    Args:
        key: the same key opens but one.

    Raises:
        NotVisible: the actor may not see the parent.
        NotFound: the subject has no such parent, or the definition puts no such container there.
        TooMany: the definition allows no more of them.
        Closed: the registry is frozen.
    """
    with database.write() as connection:
        lock_subject(connection, subject_id)
        rows, seen = visible_rows(connection, actor, subject_id, at)
        above = require_instance(rows, seen, subject_id, parent)
        definition = registry.model.containers.get(container)
        if definition is None or definition.parent != above.container:
            raise NotFound("container", container)
        claimed = f"open:{parent}:{container}:{key}"
        earlier = claim(connection, actor.account, claimed, at) if key else None
        if earlier is not None:
            return int(earlier["instance"])
        refuse_frozen(connection, actor.registry)
        numbers = [row.number for row in rows if (row.parent, row.container) == (parent, container)]
        if len(numbers) >= definition.most:
            raise TooMany(container, definition.most)
        last = select(func.max(instance.c.number)).where(
            instance.c.parent_id == parent, instance.c.container == container, instance.c.registry == actor.registry
        )
        number = (connection.execute(last).scalar_one() or 0) + 1  # one that is withdrawn keeps its number
        opened = open_part(connection, actor, subject_id, definition.id, parent, number, at)
        hospital = replace(actor, unit=None)
        if above.parent is None and visible_instances(connection, hospital, subject_id, at) is not None:
            add_access(connection, subject_id, actor.site or 0, actor.registry, utc(at), opened)
        if not alone:
            open_at_once(connection, registry, actor, subject_id, container, opened, at)
        if key:
            answer_claim(connection, actor.account, claimed, {"instance": opened})
        return opened


def open_at_once(
    connection: Connection, registry: Registry, actor: Actor, subject_id: int, container: str, parent: int, at: datetime
) -> None:
    """What the definition opens together with an instance: what does not repeat, a first episode."""
    for inner in registry.model.containers.values():
        if inner.parent == container:
            for number in range(1, inner.at_once + 1):
                opened = open_part(connection, actor, subject_id, inner.id, parent, number, at)
                open_at_once(connection, registry, actor, subject_id, inner.id, opened, at)


@dataclass(frozen=True, slots=True)
class NewPart:
    """An instance of a container that is to be opened, with those in it."""

    container: str
    inside: tuple[NewPart, ...] = ()


def open_parts(
    connection: Connection, actor: Actor, subject_id: int, parts: Iterable[NewPart], parent: int, at: datetime
) -> list[int]:
    """Open the first parts of what was just opened; their ids, each before those in it."""
    opened = list(_written(connection, actor, subject_id, parts, parent, at))
    head, writes = last_of(connection, subject_stream(subject_id)) if opened else None, Writes()
    for _, body in opened:
        head = append_after(writes, _entry(actor, subject_id, at, "open", body), head)
    writes.send(connection)
    return [one for one, _ in opened]


def _written(
    connection: Connection, actor: Actor, subject_id: int, parts: Iterable[NewPart], parent: int, at: datetime
) -> Iterator[tuple[int, dict[str, object]]]:
    """Write them, each before those in it; the id of each, and what the audit tells of it."""
    numbers = Counter[str]()
    for part in parts:
        numbers[part.container] += 1
        one, body = _write_part(connection, actor, subject_id, part.container, parent, numbers[part.container], at)
        yield one, body
        yield from _written(connection, actor, subject_id, part.inside, one, at)


def remove_instance(
    database: Database, registry: Registry, actor: Actor, subject_id: int, instance_id: int, *, at: datetime
) -> None:
    """Take an instance back that was added, with all that was opened with it.

    Raises NotVisible, and NotFound when it is gone, belongs to what is always there, or holds anything.
    """
    with database.write() as connection:
        lock_subject(connection, subject_id)
        rows, seen = visible_rows(connection, actor, subject_id, at)
        row = require_instance(rows, seen, subject_id, instance_id)
        gone = instances_in(rows, instance_id)
        if not may_remove(registry.model.containers, row) or _is_used(connection, subject_id, gone, at):
            raise NotFound("empty instance", instance_id)
        for table in (pending_event, latest_event, calculated_data, access):
            connection.execute(delete(table).where(table.c.instance_id.in_(gone)))
        for one in reversed(gone):
            connection.execute(delete(instance).where(instance.c.id == one))
        append_entry(connection, _entry(actor, subject_id, at, "open_undone", {**row._asdict()}))


def may_remove(containers: Mapping[str, ContainerDef], row: InstanceRow) -> bool:
    """Whether an instance was added, and is not one of those that are there with what holds them."""
    definition = containers.get(row.container)
    return row.parent is not None and definition is not None and row.number > definition.at_once


def instances_in(rows: Iterable[InstanceRow], instance_id: int) -> list[int]:
    """An instance and all that is in it, each after what holds it."""
    found = [instance_id]
    for one in found:
        found += [row.id for row in rows if row.parent == one]
    return found


def visible_rows(
    connection: Connection, actor: Actor, subject_id: int, at: datetime
) -> tuple[list[InstanceRow], frozenset[int] | None]:
    """The instances of a subject in the actor's registry, and which episodes the actor may see (None: all)."""
    return ask_visible_rows(connection, actor, subject_id, at)()


def ask_visible_rows(
    connection: Connection, actor: Actor, subject_id: int, at: datetime
) -> Callable[[], tuple[list[InstanceRow], frozenset[int] | None]]:
    """The same in two steps, as part of one trip; the answer raises NotVisible."""
    seen = ask_visible_instances(connection, actor, subject_id, at)
    fetch = _INSTANCES.ask(connection, {"subject": subject_id, "registry": actor.registry})
    return lambda: ([InstanceRow(*row) for row in fetch()], seen())


def require_instance(
    rows: Collection[InstanceRow], seen: frozenset[int] | None, subject_id: int, instance_id: int
) -> InstanceRow:
    """One of a subject's instances. Raises NotFound, and NotVisible where the actor may not see it."""
    found = next((row for row in rows if row.id == instance_id), None)
    if found is None:
        raise NotFound("instance", instance_id)
    if seen is not None and instance_id not in seen_instances(rows, seen):
        raise NotVisible(subject_id)
    return found


def open_part(
    connection: Connection, actor: Actor, subject_id: int, container: str, parent: int, number: int, at: datetime
) -> int:
    """One more instance under the subject's lock, alone; its id."""
    opened, body = _write_part(connection, actor, subject_id, container, parent, number, at)
    append_entry(connection, _entry(actor, subject_id, at, "open", body))
    return opened


def _write_part(
    connection: Connection, actor: Actor, subject_id: int, container: str, parent: int, number: int, at: datetime
) -> tuple[int, dict[str, object]]:
    """The same without its entry in the audit, and what that tells."""
    row = {
        "subject_id": subject_id,
        "parent_id": parent,
        "container": container,
        "registry": actor.registry,
        "number": number,
        "opened_at": utc(at),
        "part_id": select(func.coalesce(instance.c.part_id, instance.c.id))
        .where(instance.c.id == parent, instance.c.parent_id.is_not(None))
        .scalar_subquery(),
    }
    opened = int(connection.execute(insert(instance).values(row).returning(instance.c.id)).scalar_one())
    if actor.unit is not None and _is_patient(connection, parent):
        add_access(connection, subject_id, actor.site or 0, actor.registry, utc(at), opened, unit=actor.unit)
    return opened, {"instance": opened, "parent": parent, "container": container, "number": number}


def _is_patient(connection: Connection, number: int) -> bool:
    """Whether an instance is the patient: what is opened in it is an episode."""
    found = select(instance.c.id).where(instance.c.id == number, instance.c.container == "patient")
    return connection.execute(found).first() is not None


def _is_used(connection: Connection, subject_id: int, instances: Collection[int], at: datetime) -> bool:
    """Whether forms or events are in one of them, or wait in somebody's working copy."""
    held = (
        select(table.c.instance_id).where(table.c.instance_id.in_(instances)).limit(1)
        for table in (form_instance, occurrence, missed_event)
    )
    begun = select(working_copy.c.place).where(
        working_copy.c.subject_id == subject_id, working_copy.c.expires_at > utc(at)
    )
    return any(connection.execute(query).first() is not None for query in held) or any(
        Place(*json.loads(name)).instance in instances for name in connection.execute(begun).scalars()
    )


def _entry(actor: Actor, subject_id: int, at: datetime, kind: str, body: dict[str, object]) -> AuditEntry:
    return AuditEntry(subject_stream(subject_id), kind, actor.name, at, actor.channel, body, subject=subject_id)


_INSTANCES = Query.of(
    "SELECT id, parent_id, container, number FROM instance "
    "WHERE subject_id = :subject AND registry IN ('', :registry) AND withdrawal_id IS NULL ORDER BY id"
)

__all__ = [
    "NewPart",
    "ask_visible_rows",
    "instances_in",
    "may_remove",
    "open_at_once",
    "open_instance",
    "open_part",
    "open_parts",
    "remove_instance",
    "require_instance",
    "visible_rows",
]
