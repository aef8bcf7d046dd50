"""What hospitals keep of their own, such as an inventory of consoles: forms `in: site`.

They are kept like a patient's: each hospital has, in each registry, a subject that stands for it. So they have the same
rights, locks, audit and working copies, without any of it knowing; only nobody enrolled it, so no list of patients has it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, Select, exists, insert, select

from storage.access import Actor, add_access, grants
from storage.audit import AuditEntry, append_entry, subject_stream
from storage.database import Database
from storage.errors import NotFound
from storage.form_index import SITE, Registry
from storage.identity import create_subject_key
from storage.instances import open_at_once
from storage.slots import utc
from storage.tables import access, instance, site, site_subject, subject

# Since when a hospital sees its own records: whoever tells of an earlier day must not depend on who came first.
ALWAYS = utc(datetime(1900, 1, 1, tzinfo=UTC))


class SiteRecords(NamedTuple):
    """Where a hospital's own records are: the subject, and the instance that is the hospital."""

    site: int
    name: str
    subject: int
    instance: int


def open_site_records(database: Database, registry: Registry, actor: Actor, *, at: datetime) -> SiteRecords:
    """Where the actor's own hospital keeps its records, made where it has none yet. Raises NotFound without a hospital."""
    with database.write() as connection:
        # Who comes at the same time waits here.
        own = connection.execute(select(site.c.name).where(site.c.id == actor.site).with_for_update()).one_or_none()
        if own is None or actor.site is None:
            raise NotFound("hospital", actor.site)
        here = _records(actor).where(site_subject.c.site_id == actor.site)
        found = connection.execute(here).one_or_none()
        if found is not None:
            return SiteRecords._make(found)
        new, root = _make(connection, database, registry, actor, actor.site, at)
        return SiteRecords(actor.site, own.name, new, root)


def site_records(database: Database, actor: Actor, *, at: datetime) -> tuple[SiteRecords, ...]:
    """Where the hospitals keep their records that the actor may see: the own one, of a registry's keeper all; by name."""
    query = _records(actor).order_by(site.c.name, site.c.id)
    if actor.site is not None:
        query = query.where(exists().where(access.c.subject_id == site_subject.c.subject_id, grants(actor, at)))
    with database.read() as connection:
        return tuple(SiteRecords._make(row) for row in connection.execute(query))


def _records(actor: Actor) -> Select[tuple[int, str, int, int]]:
    root = (instance.c.subject_id == site_subject.c.subject_id, instance.c.parent_id.is_(None))
    return (
        select(site.c.id, site.c.name, site_subject.c.subject_id, instance.c.id)
        .join_from(site_subject, site, site.c.id == site_subject.c.site_id)
        .join(instance, root[0] & root[1])
        .where(site_subject.c.registry == actor.registry)
    )


def _make(
    connection: Connection, database: Database, registry: Registry, actor: Actor, site_id: int, at: datetime
) -> tuple[int, int]:
    moment = utc(at)
    new = connection.execute(insert(subject).values(registered_at=moment).returning(subject.c.id)).scalar_one()
    add_access(connection, new, site_id, actor.registry, ALWAYS)  # first: nobody adds what no access row grants
    if database.keys is not None:
        create_subject_key(connection, database.keys, new)
    row = {"subject_id": new, "container": SITE, "registry": actor.registry, "number": 1, "opened_at": moment}
    root = connection.execute(insert(instance).values(row).returning(instance.c.id)).scalar_one()
    connection.execute(insert(site_subject), {"site_id": site_id, "registry": actor.registry, "subject_id": new})
    body = {"site": site_id, "instance": root}
    entry = AuditEntry(subject_stream(new), "open_site", actor.name, at, actor.channel, body, subject=new)
    append_entry(connection, entry)
    open_at_once(connection, registry, actor, new, SITE, root, at)
    return int(new), int(root)


__all__ = ["SiteRecords", "open_site_records", "site_records"]
