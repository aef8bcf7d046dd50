"""`ecrf demo`: a demonstration with made-up patients, ready in a minute."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click
from rich.console import Console

from engine.errors import DefinitionError
from storage.errors import VersionClash
from web.app import create_app
from web.demo.fill import fill
from web.demo.folder import DemoAccount, demo_settings, empty_folder, read_accounts, write_accounts
from web.keyed_folder import prepare_folder
from web.server import run_threads

ROOT = Path(__file__).parents[1]
ROLES = {
    "entry": "wprowadzanie danych / data entry",
    "coordinator": "koordynator / coordinator",
    "physician": "lekarz: przegląd i podpis / physician: review and signature",
    "reader": "tylko odczyt / read only",
    "monitor": "monitor: zapytania i weryfikacja / monitor: queries and verification",
    "local_administrator": "administrator lokalny: ludzie szpitala / local administrator: people of the hospital",
    "administrator": "administrator: szpitale i ludzie / administrator: hospitals and people",
    "registry_coordinator": "koordynator rejestru / coordinator of the registry",
}


@click.command("demo")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--reset", is_flag=True, help="Begin anew: new keys, new accounts, new patients.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=ROOT / ".demo", help="Where the demonstration keeps its data."
)
@click.option(
    "--definitions", type=click.Path(exists=True, file_okay=False, path_type=Path), default=ROOT / "form_definitions"
)
@click.option("--prepare-only", is_flag=True, help="Make the data, print the accounts, and stop.")
def command(host: str, port: int, *, reset: bool, folder: Path, definitions: Path, prepare_only: bool) -> None:
    """Start a demonstration with made-up patients at three hospitals.

    The first start makes the data; later ones are ready at once. Nothing leaves this machine.

    Example: ecrf demo --port 8000
    """
    console = Console()
    started = time.monotonic()
    if reset or not read_accounts(folder):
        empty_folder(folder)
    prepare_folder(folder)
    try:
        app = create_app(demo_settings(folder, definitions))
    except VersionClash:
        console.print(
            "Definicja zmieniła się od ostatniego pokazu: dane powstaną na nowo. / The definition has changed: starting anew."
        )
        empty_folder(folder)
        prepare_folder(folder)
        app = create_app(demo_settings(folder, definitions))
    except DefinitionError as fault:
        click.echo(str(fault), err=True)
        raise SystemExit(1) from None
    accounts = read_accounts(folder)
    if not accounts:
        console.print("Tworzę pacjentów syntetycznych… / Making synthetic patients…")
        accounts = fill(app.extensions["ecrf"], lambda line: console.print(f"  {line}"), os.cpu_count() or 1)
        write_accounts(folder, accounts)
    _tell(console, accounts, f"http://{host}:{port}/", time.monotonic() - started)
    if not prepare_only:
        run_threads(app, host, port, quiet=True)


def _tell(console: Console, accounts: tuple[DemoAccount, ...], address: str, seconds: float) -> None:
    width = max(len(one.login) for one in accounts) + 2
    for one in accounts:
        click.echo(f"  {one.login:<{width}}{one.password:<28}{ROLES.get(one.role, one.role)}; {one.hospital}")
    console.print("Dane przykładowe, pacjenci syntetyczni. / Example data, synthetic patients.")
    console.print(f"Gotowe po {seconds:.1f} s / Ready after {seconds:.1f} s: [bold]{address}[/bold]  (Ctrl+C)")
