"""`ecrf hospitals`: hospitals, their units and their part in a registry, listed and loaded from a file."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click

from cli.users import refuse_unknown
from engine.datatypes.local_time import to_local
from storage.database import Database, open_database
from storage.errors import StorageError
from storage.hospital_file import COLUMNS, load_lines, read_hospitals
from storage.hospitals import Change, list_hospitals
from storage.keys import read_keys
from storage.upgrading import upgrade
from web.settings import Settings, SettingsError, read_settings


@click.group("hospitals")
def command() -> None:
    """List hospitals, and load them with their units and their part in a registry. Settings as for `ecrf serve`.

    Example: ecrf hospitals import operations hospitals.csv --reason 'umowa 7/2026' --dry-run
    """


@command.command("list")
@click.argument("registry")
def listed(registry: str) -> None:
    """List hospitals: number, code, name, units, first day of the present part in the registry.

    Example: ecrf hospitals list operations
    """

    def tell(database: Database, settings: Settings) -> None:
        refuse_unknown(registry, settings)
        today = to_local(settings.clock()).date()
        for one in list_hospitals(database, registry, day=today, size=100_000).hospitals:
            click.echo(f"{one.id}\t{one.code}\t{one.name}\t{one.units}\t{one.since or '-'}")

    _do(tell)


@command.command("import", epilog=f"Columns: {', '.join(COLUMNS)}; the first two are needed.")
@click.argument("registry")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", required=True, help="Why; it stays in the audit.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def load(registry: str, file: Path, reason: str, *, dry_run: bool) -> None:
    """Load hospitals, their units and the days of their part in REGISTRY from a CSV file in UTF-8.

    All faults are told at once, each with its line, and nothing is loaded while there is one. A file that was loaded
    before changes nothing; what the file does not name stays.

    Exit status: 1 faults in the file, or the settings are wrong; 2 wrong use.

    Example: ecrf hospitals import operations hospitals.csv --reason 'umowa 7/2026'
    """

    def act(database: Database, settings: Settings) -> None:
        refuse_unknown(registry, settings)
        try:
            lines, faults = read_hospitals(file.read_text("utf-8"))
        except UnicodeDecodeError:
            raise click.ClickException(f"{file} is not UTF-8: save it as 'CSV UTF-8'") from None
        told: tuple[str, ...] = ()
        if not faults:
            change = Change(f"{getpass.getuser()} (command line)", settings.clock(), reason, channel="admin")
            told, faults = load_lines(database, registry, lines, change, dry=dry_run)
        for fault in faults:
            click.echo(f"{file}:{fault.line}: {fault.text}", err=True)
        if faults:
            raise SystemExit(1)
        for line in told:
            click.echo(line)
        click.echo(f"{len(told)} changes{', none made: dry run' if dry_run else ''}")

    _do(act)


def _do(act: Callable[[Database, Settings], None]) -> None:
    """Open the database of the settings and act; what it refuses is told in one line."""
    try:
        settings = read_settings()
        with closing(open_database(settings.database_url, read_keys(settings.master_key))) as database:
            upgrade(database)
            act(database, settings)
    except (SettingsError, StorageError, ValueError) as fault:
        raise click.ClickException(str(fault)) from None
