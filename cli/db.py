"""`ecrf db`: what the owner of the tables does: bring them up to date, and let the application's role work with them."""

from __future__ import annotations

from contextlib import closing

import click

from storage.database import open_database
from storage.errors import StorageError
from storage.keys import read_keys
from storage.roles import grant_application_role
from storage.upgrading import newest_revision, upgrade
from web.settings import SettingsError, read_settings


@click.group("db")
def command() -> None:
    """Care for the database, as the owner of its tables. Settings as for `ecrf serve`.

    Example: ecrf db upgrade
    """


@command.command("upgrade")
def upgraded() -> None:
    """Bring the tables up to date.

    Example: ecrf db upgrade
    """
    _do("")
    click.echo(f"the tables are those of version {newest_revision()}")


@command.command("role")
@click.argument("name")
def role(name: str) -> None:
    """Bring the tables up to date, and give a role of PostgreSQL what the application needs and no more.

    The role is made if it is missing, without a password: set one, or let it sign in by another way. `ecrf serve` is then
    run with an address that names it. It owns no table, so row-level security binds it. Run again after each upgrade.

    Example: ecrf db role ecrf_app
    """
    _do(name)
    click.echo(f"{name} may work with the tables, and owns none of them")


def _do(role: str) -> None:
    try:
        settings = read_settings()
        with closing(open_database(settings.database_url, read_keys(settings.master_key))) as database:
            upgrade(database)
            if role:
                grant_application_role(database, role)
    except (SettingsError, StorageError, ValueError) as fault:
        raise click.ClickException(str(fault)) from None


__all__ = ["command"]
