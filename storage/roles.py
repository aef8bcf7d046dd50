"""The role that the application signs in with on PostgreSQL: it owns no table and cannot change history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from storage.database import PLANS, Database
from storage.tables import METADATA

LONGEST_QUESTION = timedelta(seconds=60)  # of the application; the owner's commands take as long as they take
HISTORY = (
    "registry_definition",
    "dictionary",
    "audit_entry",
    "audit_seal",
    "query_message",
    "help_message",
)  # added to and read, nothing else
ENDED = (
    "signature",
    "unlock_request",
    "withdrawal",
    "closing",
    "help_request",
    "episode_link",
)  # taken back, and never deleted
RIGHTS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(HISTORY, "SELECT, INSERT"),
        **dict.fromkeys(ENDED, "SELECT, INSERT, UPDATE"),
        "attachment": "SELECT, INSERT, DELETE",  # deleted at erasure alone
        "casebook": "SELECT",  # written by triggers
        "casebook_due": "SELECT",
        "form_month": "SELECT",
        "verification_form": "SELECT",
        "verification_total": "SELECT",
        "verification_recount": "SELECT, INSERT",
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
        _set_up(connection, name)
        _grant(connection, name)


@dataclass(frozen=True, slots=True)
class Renewed:
    """A role of the application that was given its rights again; whether its settings could be renewed as well."""

    role: str
    settings: bool


def renew_application_roles(database: Database) -> tuple[Renewed, ...]:
    """Give roles that were given rights before what newer tables and settings ask for; run by the owner after `upgrade`.

    None on SQLite, for whoever does not own the tables, and where no role was given any. To change the settings of a role
    takes more than to own the tables: whoever made it may.
    """
    if database.dialect != "postgresql":
        return ()
    renewed = list[Renewed]()
    with database.write() as connection:
        for role in connection.execute(_KNOWN).scalars().all():
            name = database.pool.dialect.identifier_preparer.quote_identifier(role)
            _grant(connection, name)
            try:
                with connection.begin_nested():
                    _set_up(connection, name)
            except ProgrammingError:
                renewed.append(Renewed(role, settings=False))
            else:
                renewed.append(Renewed(role, settings=True))
    return tuple(renewed)


# Who may add to the audit, and does not own it: nobody but the application is granted that.
_KNOWN = text(
    "SELECT held_by.rolname FROM pg_class kept CROSS JOIN LATERAL aclexplode(kept.relacl) given "
    "JOIN pg_roles held_by ON held_by.oid = given.grantee "
    "WHERE kept.oid = to_regclass('public.audit_entry') AND given.privilege_type = 'INSERT' "
    "AND given.grantee <> kept.relowner AND pg_has_role(current_user, kept.relowner, 'USAGE') ORDER BY 1"
)


def _set_up(connection: Connection, name: str) -> None:
    for setting, value in {**PLANS, "statement_timeout": f"'{LONGEST_QUESTION.seconds}s'"}.items():
        connection.exec_driver_sql(f"ALTER ROLE {name} SET {setting} TO {value}")


def _grant(connection: Connection, name: str) -> None:
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {name}")
    connection.exec_driver_sql(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}")
    for table in METADATA.sorted_tables:
        rights = RIGHTS.get(table.name, "SELECT, INSERT, UPDATE, DELETE")
        connection.exec_driver_sql(f"GRANT {rights} ON {table.name} TO {name}")
    connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {name}")


__all__ = ["HISTORY", "LONGEST_QUESTION", "Renewed", "grant_application_role", "renew_application_roles"]
