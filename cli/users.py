"""`ecrf users`: hospitals, accounts and roles, from the command line."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from contextlib import closing

import click

from engine.definitions.source import read_source
from engine.errors import Problems, nearest
from storage.accounts import (
    SHORTEST_PASSWORD,
    add_membership,
    close_account,
    create_account,
    create_site,
    end_membership,
    find_account,
    set_password,
    sites,
)
from storage.database import Database, open_database
from storage.errors import StorageError
from storage.keys import read_keys
from storage.upgrading import upgrade
from web.passwords import Weakness, weakness_of
from web.roles import ROLES
from web.settings import Settings, SettingsError, read_settings


class Words(click.ParamType[str]):
    """Text that says something; blanks around it do not count."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text without outer blanks."""
        return value.strip() or self.fail("is empty", param, ctx)


WORDS = Words()
WEAK = {
    Weakness.SHORT: f"a password has at least {SHORTEST_PASSWORD} characters",
    Weakness.USUAL: "this password is easily guessed: choose another, of four plain words for instance",
    Weakness.LEAKED: "this password is in the list of leaked ones: choose another",
}


@click.group("users")
def command() -> None:
    """Add and change hospitals, accounts and roles. Settings as for `ecrf serve`.

    Example: ecrf users hospital 990000000101 'Szpital Wojewódzki w Zalesiu'
    """


@command.command("hospital")
@click.argument("code", type=WORDS)
@click.argument("name", type=WORDS)
def hospital(code: str, name: str) -> None:
    """Add a hospital; prints its number.

    Example: ecrf users hospital 990000000101 'Szpital Wojewódzki w Zalesiu'
    """
    _do(lambda database, settings: click.echo(create_site(database, code, name, who=_who(), at=settings.clock())))


@command.command("list")
def listed() -> None:
    """List the hospitals.

    Example: ecrf users list
    """

    def tell(database: Database, _: Settings) -> None:
        for site in sites(database):
            click.echo(f"{site.id}\t{site.code}\t{site.name}")

    _do(tell)


@command.command("add")
@click.argument("login", type=WORDS)
@click.argument("name", type=WORDS)
@click.option("--language", type=click.Choice(["pl", "en"]), default="pl", help="The language the person reads.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
def add(login: str, name: str, language: str, *, password_stdin: bool) -> None:
    """Add an account. Its password has at least 12 characters and is not easily guessed.

    Example: ecrf users add anna.nowak 'Anna Nowak'
    """
    secret = _password(from_input=password_stdin)

    def create(database: Database, settings: Settings) -> None:
        _refuse_weak(secret, settings, login, name)
        create_account(database, login, name, secret, who=_who(), at=settings.clock(), language=language)

    _do(create)


@command.command("password")
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
def change_password(login: str, *, password_stdin: bool) -> None:
    """Set a new password; all sessions of the account end.

    Example: ecrf users password anna.nowak
    """
    new = _password(from_input=password_stdin)

    def change(database: Database, settings: Settings) -> None:
        account = find_account(database, login)
        _refuse_weak(new, settings, account.login, account.name)
        set_password(database, account.id, new, who=_who(), at=settings.clock())

    _do(change)


@command.command("close")
@click.argument("login")
def close(login: str) -> None:
    """Close an account; its name stays in the audit.

    Example: ecrf users close anna.nowak
    """

    def end(database: Database, settings: Settings) -> None:
        close_account(database, find_account(database, login).id, who=_who(), at=settings.clock())

    _do(end)


@command.command("role")
@click.argument("login")
@click.argument("registry")
@click.argument("role", type=click.Choice(tuple(ROLES)))
@click.option(
    "--hospital",
    "site",
    type=click.IntRange(1, 10**9),
    required=True,
    help="Number of the hospital, as `ecrf users list` prints it.",
)
@click.option("--end", is_flag=True, help="Take the role back.")
def role(login: str, registry: str, role: str, site: int, *, end: bool) -> None:
    """Give an account a role at a hospital in a registry, or take it back.

    Example: ecrf users role anna.nowak operations entry --hospital 1
    """

    def change(database: Database, settings: Settings) -> None:
        account = find_account(database, login).id
        if not end:
            refuse_unknown(registry, settings)
        act = end_membership if end else add_membership
        act(database, account, registry, role, site_id=site, who=_who(), at=settings.clock())

    _do(change)


def _do(act: Callable[[Database, Settings], None]) -> None:
    """Open the database of the settings and act; what it refuses is told in one line."""
    try:
        settings = read_settings()
        with closing(open_database(settings.database_url, read_keys(settings.master_key))) as database:
            upgrade(database)
            act(database, settings)
    except (SettingsError, StorageError, ValueError) as fault:
        click.echo(str(fault), err=True)
        raise SystemExit(1) from None


def refuse_unknown(registry: str, settings: Settings) -> None:
    """A role in a registry that is not served is a slip of the pen."""
    files = sorted(settings.definitions.glob("*.yaml"))
    roots = [read_source(file.read_bytes(), str(file), Problems(), file.parent) for file in files]
    known = [name for root in roots if root is not None and (name := root.text_of("registry"))]
    if registry not in known:
        there = f" There is: {', '.join(known)}." if known else ""
        raise click.UsageError(f"{settings.definitions} has no registry {registry!r}.{nearest(registry, known)}{there}")


def _password(*, from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\n")
    return getpass.getpass("Password: ")


def _refuse_weak(password: str, settings: Settings, *about: str) -> None:
    """The rules of the pages hold here as well. Raises ValueError."""
    weakness = weakness_of(password, about, settings.leaked_passwords)
    if weakness is not None:
        raise ValueError(WEAK[weakness])


def _who() -> str:
    return f"{getpass.getuser()} (command line)"
