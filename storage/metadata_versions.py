"""Published definitions: text, hash and include closure, kept once and never changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Row, insert, select

from storage.audit import AuditEntry, append_entry, registry_stream
from storage.database import Database
from storage.errors import NotFound, VersionClash
from storage.slots import canonical, utc
from storage.tables import registry_definition


@dataclass(frozen=True, slots=True)
class PublishedDefinition:
    """A version as published; `closure` holds the text of every file that it includes."""

    registry: str
    version: str
    hash: str
    text: str
    closure: Mapping[str, str] = field(default_factory=dict)


def publish(
    database: Database, definition: PublishedDefinition, *, who: str, at: datetime, channel: str = "cli"
) -> bool:
    """Keep a version. False when it is there already; raises VersionClash when another text has its number."""
    with database.write() as connection:
        same = (
            registry_definition.c.registry == definition.registry,
            registry_definition.c.version == definition.version,
        )
        found = connection.execute(select(registry_definition.c.hash).where(*same)).scalar_one_or_none()
        if found == definition.hash:
            return False
        if found is not None:
            raise VersionClash(definition.registry, definition.version, found, definition.hash)
        row = {
            "hash": definition.hash,
            "registry": definition.registry,
            "version": definition.version,
            "text": definition.text,
            "closure": canonical(dict(definition.closure)),
            "published_at": utc(at),
            "published_by": who,
        }
        connection.execute(insert(registry_definition), row)
        body = {"version": definition.version, "hash": definition.hash}
        stream = registry_stream(definition.registry)
        append_entry(connection, AuditEntry(stream, "publish", who, at, channel, body, definition=definition.hash))
        return True


def published(database: Database, definition_hash: str) -> PublishedDefinition:
    """The version with this hash; raises NotFound."""
    query = select(registry_definition).where(registry_definition.c.hash == definition_hash)
    with database.read() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("definition", definition_hash)
    return _definition(row)


def versions(database: Database, registry: str) -> tuple[PublishedDefinition, ...]:
    """All published versions of a registry, the newest first."""
    query = select(registry_definition).where(registry_definition.c.registry == registry)
    with database.read() as connection:
        rows = connection.execute(query).all()
    return tuple(sorted(map(_definition, rows), key=lambda found: _order(found.version), reverse=True))


def registries(database: Database) -> tuple[str, ...]:
    """The registries that have a published version."""
    with database.read() as connection:
        return tuple(
            connection.execute(
                select(registry_definition.c.registry).distinct().order_by(registry_definition.c.registry)
            ).scalars()
        )


def _definition(row: Row[tuple[object, ...]]) -> PublishedDefinition:
    return PublishedDefinition(row.registry, row.version, row.hash, row.text, json.loads(row.closure))


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split("+", maxsplit=1)[0].split("."))


__all__ = ["PublishedDefinition", "publish", "published", "registries", "versions"]
