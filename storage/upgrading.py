"""Brings the tables of a database up to date with Alembic; a new registry or version needs none of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from storage.database import Database
from storage.errors import Unreachable

# Alembic takes a sixth of a start, and tables that are current need none of it.
if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).with_name("migrations")
_MAY_MAKE_TABLES = text("SELECT has_schema_privilege(current_user, 'public', 'CREATE')")
_LOCK = 0x65637266  # 'ecrf': one migration at a time


def upgrade(database: Database) -> None:
    """Run the migrations that are missing, all in one transaction. Raises Unreachable where no database answers."""
    try:
        if is_current(database):
            return
    except OperationalError as fault:
        raise Unreachable(str(fault.orig).partition("\n")[0]) from None
    from alembic import command  # noqa: PLC0415 -- see above

    with database.write() as connection:
        if database.dialect == "postgresql":
            if not connection.execute(_MAY_MAKE_TABLES).scalar_one():
                raise Unreachable(
                    "its tables are not current, and this role may not change them: run `ecrf db role` as their owner"
                )
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(_config(connection), "head")


def refresh_statistics(database: Database) -> None:
    """Tell the planner how large tables have become: until then it keeps plans that were made for empty ones."""
    with database.write() as connection:
        connection.execute(text("ANALYZE"))


def is_current(database: Database) -> bool:
    """Whether no migration is missing."""
    with database.read() as connection:
        return _revision(connection) == newest_revision()


def newest_revision() -> str:
    """The number of the last migration, with which its file's name begins."""
    return max(file.name.partition("_")[0] for file in (_FOLDER / "versions").glob("[0-9]*.py"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


def _config(connection: object) -> Config:
    from alembic.config import Config  # noqa: PLC0415 -- see above

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


__all__ = ["is_current", "newest_revision", "upgrade"]
