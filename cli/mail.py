"""`ecrf mail`: reminds, and sends what waits, as a process of its own beside `ecrf serve`, or by the clock."""

from __future__ import annotations

import time
from contextlib import closing

import click

from engine.errors import DefinitionError
from storage.database import open_database
from storage.errors import StorageError
from storage.keys import read_keys
from storage.mail import Mail, send_due
from storage.upgrading import upgrade
from web.app import open_workspace
from web.mail import is_address, postman
from web.reminders import remind as queue_reminders
from web.settings import Settings, SettingsError, read_settings


@click.group("mail")
def command() -> None:
    """Send mail that waits, remind people of what waits for them, and try the mail server. Settings as for `ecrf serve`.

    Example: ecrf mail send --every 15
    """


@command.command("send")
@click.option("--every", type=click.IntRange(1, 3600), help="Go on, and look every so many seconds.")
def send(every: int | None) -> None:
    """Send what waits; prints how many messages went and how many will be tried again. Exit status 1 where one failed.

    Example: ecrf mail send --every 15
    """
    try:
        settings = _settings()
        with closing(open_database(settings.database_url, read_keys(settings.master_key))) as database:
            upgrade(database)
            deliver = postman(settings)
            while True:
                sent = send_due(database, deliver, settings.clock, OSError)
                if sent.sent or sent.failed or not every:
                    click.echo(f"{sent.sent} sent, {sent.failed} to be tried again")
                if not every:
                    break
                time.sleep(every)
    except (SettingsError, StorageError, ValueError) as fault:
        raise click.ClickException(str(fault)) from None
    raise SystemExit(1 if sent.failed else 0)


@command.command("remind")
def remind() -> None:
    """Queue a reminder for everybody who wants one for this day or week and has something waiting; prints how many.

    Run it as often as you like: nobody gets a second one for the same time. `ecrf mail send` sends them.

    Example: ecrf mail remind
    """
    try:
        space = open_workspace(_settings())
        with closing(space.database):
            click.echo(f"{queue_reminders(space, space.settings.clock())} reminders queued")
    except (SettingsError, StorageError, DefinitionError, ValueError) as fault:
        raise click.ClickException(str(fault)) from None


@command.command("test")
@click.argument("address")
def test(address: str) -> None:
    """Send one message, to see that the mail server takes it.

    Example: ecrf mail test olga@szpital.example
    """
    if not is_address(address):
        raise click.UsageError(f"{address!r} is no e-mail address")
    try:
        settings = _settings()
        postman(settings)(Mail("test", address, "KRM", "To jest próba. / This is a test.\n"))
    except (SettingsError, ValueError, OSError) as fault:
        raise click.ClickException(str(fault)) from None
    click.echo("sent")


def _settings() -> Settings:
    settings = read_settings()
    if not settings.smtp:
        raise SettingsError("set the environment variable ECRF_SMTP_URL")
    return settings
