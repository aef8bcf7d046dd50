"""`ecrf audit`: seals the audit, exports the seals to another machine, and verifies all of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

import click

from storage.audit_check import count_entries, verify
from storage.audit_seals import Finding, Seal, all_seals, read_seals, seal
from storage.database import Database, open_database
from storage.errors import StorageError
from storage.keys import read_keys
from storage.upgrading import is_current
from web.settings import Settings, SettingsError, read_settings


@click.group("audit")
def command() -> None:
    """Seal the audit, export its seals, verify it. Settings as for `ecrf serve`; the application need not run.

    Example: ecrf audit verify --seals seals.jsonl
    """


@command.command("seal")
def sealed() -> None:
    """Seal all streams that grew since the last seal; prints the number of the seal. To be done at least hourly.

    Example: ecrf audit seal
    """
    with _opened() as (database, settings):
        click.echo(seal(database, settings.clock()))


@command.command("export")
@click.option(
    "-o",
    "--output",
    type=click.File("a", "utf-8", lazy=False),
    default="-",
    help="File to add to; standard output without.",
)
@click.option("--after", default=0, type=click.IntRange(0), help="Number of the last seal that is there already.")
def exported(output: TextIO, after: int) -> None:
    """Write the seals as JSON lines, to be kept on another machine.

    Example: ssh registry ecrf audit export --after 812 >> seals.jsonl
    """
    with _opened() as (database, _):
        output.writelines(f"{each.line}\n" for each in all_seals(database, after=after))


@command.command("verify")
@click.option(
    "--seals", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Seals that were exported before."
)
@click.option("--values/--no-values", default=True, help="Whether values are rebuilt from the audit and compared.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
def verified(seals: Path | None, style: str, *, values: bool) -> None:
    """Verify every entry, seal and stored value; nothing is changed.

    Exit status: 0 all is as it was written, 1 something is not (each finding is told), 2 wrong use.

    Example: ecrf audit verify --seals seals.jsonl
    """
    kept: tuple[Seal, ...] = ()
    if seals is not None:
        try:
            kept = read_seals(seals.read_text("utf-8").splitlines())
        except ValueError as fault:
            raise click.UsageError(f"{seals}: {fault}. Take the file that `ecrf audit export` wrote.") from None
    with _opened() as (database, _):
        whole, forms = count_entries(database)
        length = whole + forms * values
        with click.progressbar(length=length, label="verifying", file=sys.stderr) as bar:
            findings = verify(database, values=values, exported=kept, progress=bar.update)
        last = max((each.number for each in all_seals(database)), default=0)
    _tell(findings, style)
    if style == "text":
        click.echo(_verdict(findings, whole, last, len(kept)))
    raise SystemExit(1 if findings else 0)


def _tell(findings: tuple[Finding, ...], style: str) -> None:
    if style == "json":
        told = [{"stream": each.stream, "number": each.number, "what": each.what} for each in findings]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for each in findings:
        kind = {"values": "form", "seals": "seal", "exported seals": "exported seal"}.get(each.stream)
        click.echo(f"{kind} {each.number}: {each.what}" if kind else f"{each.stream}, entry {each.number}: {each.what}")


def _verdict(findings: tuple[Finding, ...], entries: int, last: int, kept: int) -> str:
    sealed = f"sealed up to seal {last}" if last else "never sealed: run `ecrf audit seal` at least hourly"
    against = f", compared with {kept} exported seals" if kept else ""
    verdict = f"NOT as written: {len(findings)} findings" if findings else "all as written"
    return f"{verdict}. {entries} entries, {sealed}{against}."


@contextmanager
def _opened() -> Iterator[tuple[Database, Settings]]:
    """The database of the settings, left as it is; what is wrong is told in one line."""
    try:
        settings = read_settings()
        with closing(open_database(settings.database_url, read_keys(settings.master_key))) as database:
            if not is_current(database):
                raise click.ClickException(
                    "the tables are of another version of ecrf: start `ecrf serve` once, or use that version"
                )
            yield database, settings
    except (SettingsError, StorageError) as fault:
        raise click.ClickException(str(fault)) from None
