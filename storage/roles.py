"""The role that the application signs in with on PostgreSQL: it owns no table and cannot change history."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import text

from storage.database import PLANS, Database
from storage.tables import METADATA

HISTORY = (
    "registry_definition",
    "dictionary",
    "audit_entry",
    "audit_seal",
    "query_message",
    "help_message",
)  # added to and read, nothing else
ENDED = ("signature", "unlock_request", "withdrawal", "closing", "help_request")  # taken back, and never deleted
RIGHTS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(HISTORY, "SELECT, INSERT"),
        **dict.fromkeys(ENDED, "SELECT, INSERT, UPDATE"),
        "attachment": "SELECT, INSERT, DELETE",  # deleted at erasure alone
        "casebook": "SELECT",  # written by triggers
        "casebook_due": "SELECT",
        "form_month": "SELECT",
    }
)


def grant_application_role(database: Database, role: str) -> None:
    """Create the role if it is missing and give it what the application needs; run by the owner after `upgrade`.

    It gets no password here: the operator sets one, or uses another way to sign in.
    """
    if database.dialect != "postgresql":
        raise ValueError("SQLite knows no roles")
    with database.write() as connection:
        name = database.pool.dialect.identifier_preparer.quote_identifier(role)
        known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).first()
        if known is None:
            connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS")
        for setting, value in PLANS.items():
            connection.exec_driver_sql(f"ALTER ROLE {name} SET {setting} TO {value}")
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {name}")
        connection.exec_driver_sql(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}")
        for table in METADATA.sorted_tables:
            rights = RIGHTS.get(table.name, "SELECT, INSERT, UPDATE, DELETE")
            connection.exec_driver_sql(f"GRANT {rights} ON {table.name} TO {name}")
        connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {name}")


__all__ = ["HISTORY", "grant_application_role"]
