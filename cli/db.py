"""`ecrf db`: what the owner of the tables does: bring them up to date, let the application's role work with them, tidy up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta

import click

from storage.accounts import purge_sessions
from storage.database import Database, open_database
from storage.errors import StorageError
from storage.idempotency import purge_answers
from storage.keys import read_keys
from storage.roles import grant_application_role, renew_application_roles
from storage.session_notes import purge_notes
from storage.upgrading import newest_revision, upgrade
from storage.working_copy import purge_working_copies
from web.settings import SettingsError, read_settings

ANSWERED = timedelta(days=30)  # a page that was kept longer than unsaved edits are is not sent again


@click.group("db")
def command() -> None:
    """Care for the database, as the owner of its tables. Settings as for `ecrf serve`.

    Example: ecrf db upgrade
    """


@command.command("upgrade")
def upgraded() -> None:
    """Bring the tables up to date; on PostgreSQL the application's role, where there is one, is given what new tables ask for.

    Where none is known it says so: run `ecrf db role` then.

    Example: ecrf db upgrade
    """
    _do(_renew)
    click.echo(f"the tables are those of version {newest_revision()}")


def _renew(database: Database) -> None:
    """Give the application's roles their rights again, and say for which of them something is left to do."""
    renewed = renew_application_roles(database)
    for each in renewed:
        click.echo(f"{each.role} may work with the tables, and owns none of them")
        if not each.settings:
            click.echo(f"its settings could not be renewed: run `ecrf db role {each.role}` as whoever made it")
    if database.dialect == "postgresql" and not renewed:
        click.echo(
            "no role of the application was given its rights: where `ecrf serve` signs in as one that does not own the "
            "tables, run `ecrf db role NAME` as their owner"
        )


@command.command("role")
@click.argument("name")
def role(name: str) -> None:
    """Bring the tables up to date, and give a role of PostgreSQL what the application needs and no more.

    The role is made if it is missing, without a password: set one, or let it sign in by another way. `ecrf serve` is then
    run with an address that names it. It owns no table, so row-level security binds it. `ecrf db upgrade` renews its rights.

    Example: ecrf db role ecrf_app
    """
    _do(lambda database: grant_application_role(database, name))
    click.echo(f"{name} may work with the tables, and owns none of them")


@command.command("tidy")
def tidied() -> None:
    """Delete what is over: sessions, what they noted, unsaved edits that expired, and old answers to saves; prints how many of each.

    Nothing that anybody can still see goes. Run it daily.

    Example: ecrf db tidy
    """
    try:
        for what, number in _tidied().items():
            click.echo(f"{number} {what}")
    except (SettingsError, StorageError, ValueError) as fault:
        raise click.ClickException(str(fault)) from None


def _tidied() -> Mapping[str, int]:
    settings = read_settings()
    at = settings.clock()
    with closing(open_database(settings.database_url, read_keys(settings.master_key))) as database:
        upgrade(database)
        return {
            "notes of sessions": purge_notes(database, at=at),
            "sessions": purge_sessions(database, at=at),
            "working copies": purge_working_copies(database, at=at),
            "answers to saves": purge_answers(database, before=at - ANSWERED),
        }


def _do(then: Callable[[Database], None]) -> None:
    """Bring the tables up to date, and go on with the database."""
    try:
        settings = read_settings()
        with closing(open_database(settings.database_url, read_keys(settings.master_key))) as database:
            upgrade(database)
            then(database)
    except (SettingsError, StorageError, ValueError) as fault:
        raise click.ClickException(str(fault)) from None


__all__ = ["command"]
