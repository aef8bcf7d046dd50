"""Brings the tables of a database up to date with Alembic; a new registry or version needs none of it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from storage.database import Database

_FOLDER = Path(__file__).with_name("migrations")
_LOCK = 0x65637266  # 'ecrf': one migration at a time


def upgrade(database: Database) -> None:
    """Run the migrations that are missing, all in one transaction."""
    with database.write() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(_config(connection), "head")


def is_current(database: Database) -> bool:
    """Whether no migration is missing."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision() == _head()


def _head() -> str | None:
    return ScriptDirectory(str(_FOLDER)).get_current_head()


def _config(connection: object) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


__all__ = ["is_current", "upgrade"]
