"""`ecrf users`: hospitals, accounts and roles, from the command line."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.database import Database
    from web.settings import Settings


@click.group("users")
def command() -> None:
    """Add and change hospitals, accounts and roles. Settings as for `ecrf serve`.

    Example: ecrf users hospital 990000000101 'Szpital Wojewódzki w Zalesiu'
    """


@command.command("hospital")
@click.argument("code")
@click.argument("name")
def hospital(code: str, name: str) -> None:
    """Add a hospital; prints its number.

    Example: ecrf users hospital 990000000101 'Szpital Wojewódzki w Zalesiu'
    """
    from storage.accounts import create_site

    _do(lambda database, settings: click.echo(create_site(database, code, name, who=_who(), at=settings.clock())))


@command.command("list")
def listed() -> None:
    """List the hospitals.

    Example: ecrf users list
    """
    from storage.accounts import sites

    def tell(database: Database, _: Settings) -> None:
        for site in sites(database):
            click.echo(f"{site.id}\t{site.code}\t{site.name}")

    _do(tell)


@command.command("add")
@click.argument("login")
@click.argument("name")
@click.option("--language", type=click.Choice(["pl", "en"]), default="pl", help="The language the person reads.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
def add(login: str, name: str, language: str, *, password_stdin: bool) -> None:
    """Add an account. Its password has at least 12 characters.

    Example: ecrf users add anna.nowak 'Anna Nowak'
    """
    from storage.accounts import create_account

    password = _password(from_input=password_stdin)

    def create(database: Database, settings: Settings) -> None:
        create_account(database, login, name, password, who=_who(), at=settings.clock(), language=language)

    _do(create)


@command.command("password")
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
def password(login: str, *, password_stdin: bool) -> None:
    """Set a new password; all sessions of the account end.

    Example: ecrf users password anna.nowak
    """
    from storage.accounts import find_account, set_password

    new = _password(from_input=password_stdin)

    def change(database: Database, settings: Settings) -> None:
        set_password(database, find_account(database, login).id, new, who=_who(), at=settings.clock())

    _do(change)


@command.command("close")
@click.argument("login")
def close(login: str) -> None:
    """Close an account; its name stays in the audit.

    Example: ecrf users close anna.nowak
    """
    from storage.accounts import close_account, find_account

    def end(database: Database, settings: Settings) -> None:
        close_account(database, find_account(database, login).id, who=_who(), at=settings.clock())

    _do(end)


@command.command("role")
@click.argument("login")
@click.argument("registry")
@click.argument("role", type=click.Choice(["entry", "coordinator", "reader"]))
@click.option("--hospital", "site", type=int, required=True, help="Number of the hospital, as `ecrf users list` prints it.")
@click.option("--end", is_flag=True, help="Take the role back.")
def role(login: str, registry: str, role: str, site: int, *, end: bool) -> None:
    """Give an account a role at a hospital in a registry, or take it back.

    Example: ecrf users role anna.nowak lead_extraction entry --hospital 1
    """
    from storage.accounts import add_membership, end_membership, find_account

    def change(database: Database, settings: Settings) -> None:
        account = find_account(database, login).id
        act = end_membership if end else add_membership
        act(database, account, registry, role, site_id=site, who=_who(), at=settings.clock())

    _do(change)


def _do(act: Callable[[Database, Settings], None]) -> None:
    """Open the database of the settings and act; what it refuses is told in one line."""
    from storage.database import open_database  # heavy: other commands start without it
    from storage.errors import StorageError
    from storage.keys import read_keys
    from storage.upgrading import upgrade
    from web.settings import SettingsError, read_settings

    try:
        settings = read_settings()
        database = open_database(settings.database_url, read_keys(settings.master_key))
        upgrade(database)
        act(database, settings)
    except (SettingsError, StorageError, ValueError) as fault:
        click.echo(str(fault), err=True)
        raise SystemExit(1) from None


def _password(*, from_input: bool) -> str:
    if from_input:
        return click.get_text_stream("stdin").readline().rstrip("\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _who() -> str:
    return f"{getpass.getuser()} (command line)"
