"""`ecrf data`: dictionaries that others keep, such as ICD-10, loaded from files."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from pathlib import Path

import click

from engine.compiler import compile_definition
from engine.definitions.dictionaries import MAX_BYTES, check_dictionary
from engine.definitions.files import read_limited
from engine.errors import DefinitionError, Mark, Problems, nearest
from storage.database import Database, open_database
from storage.dictionaries import load_dictionary, newest_dictionaries
from storage.errors import StorageError
from storage.keys import read_keys
from storage.upgrading import upgrade
from web.settings import Settings, SettingsError, read_settings


@click.group("data")
def command() -> None:
    """Load dictionaries that others keep, and list them. Settings as for `ecrf serve`.

    Example: ecrf data load-dictionary EXT_ICD10PL icd10.csv
    """


@command.command("load-dictionary")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--version", default="", help="What this version is called; by default the day.")
@click.option("--languages", default="pl,en", show_default=True, help="Languages in which every code needs a label.")
def load(name: str, file: Path, version: str, languages: str) -> None:
    """Load a dictionary, or a newer version of one.

    NAME is what code lists call it under `external`. FILE is CSV in UTF-8 with the columns code, label_pl, label_en and,
    if wanted, valid_from, valid_to, withdrawn. Nothing is loaded while a row is faulty. Codes that a newer version lacks
    are no longer offered; records that hold them keep their words.

    Exit status: 1 faults in the file, each with its line, or the settings are wrong; 2 wrong use.

    Example: ecrf data load-dictionary EXT_ICD10PL icd10.csv --version 2026
    """
    settings, database = _open()
    _refuse_unknown(name, settings)
    text = _checked(file, tuple(filter(None, (part.strip() for part in languages.split(",")))))
    try:
        loaded = load_dictionary(database, name, text, version=version, who=_who(), at=settings.clock())
    except StorageError as fault:
        raise click.ClickException(str(fault)) from None
    if loaded is None:
        click.echo(f"{name}: this file is the newest version already")
    else:
        click.echo(f"{name}: version {loaded.version} with {loaded.codes} codes")


@command.command("dictionaries")
def listed() -> None:
    """List the dictionaries that are loaded: name, version, number of codes, when and by whom.

    Example: ecrf data dictionaries
    """
    _, database = _open()
    for one in newest_dictionaries(database):
        click.echo(f"{one.name}\t{one.version}\t{one.codes}\t{one.loaded_at:%Y-%m-%d %H:%M}\t{one.loaded_by}")


def _open() -> tuple[Settings, Database]:
    """The settings and their database; what is wrong with them is told in one line."""
    try:
        settings = read_settings()
        database = open_database(settings.database_url, read_keys(settings.master_key))
        upgrade(database)
    except (SettingsError, StorageError, ValueError) as fault:
        raise click.ClickException(str(fault)) from None
    return settings, database


def _refuse_unknown(name: str, settings: Settings) -> None:
    """A dictionary that no registry asks for is a slip of the pen."""
    wanted = sorted(set(_wanted(settings)))
    if name not in wanted:
        there = f" There is: {', '.join(wanted)}." if wanted else ""
        raise click.UsageError(f"no code list says `external: {name}`.{nearest(name, wanted)}{there}")


def _wanted(settings: Settings) -> Iterator[str]:
    """The names under which registries expect dictionaries."""
    for file in sorted(settings.definitions.glob("*.yaml")):
        try:
            registry = compile_definition(file, cache=settings.cache)
        except DefinitionError as fault:
            raise click.ClickException(str(fault)) from None
        yield from (listed.external for listed in registry.model.codelists.values() if listed.external)


def _checked(file: Path, languages: tuple[str, ...]) -> str:
    """The text of a file without faults; else they are told, and nothing is loaded."""
    problems = Problems()
    data = read_limited(file, MAX_BYTES, Mark(str(file), 1, 1), problems, remedy="Leave some codes out.")
    text = check_dictionary(data, str(file), languages, problems) if data is not None else None
    if text is None:
        for problem in sorted(problems.found):
            click.echo(str(problem), err=True)
        raise SystemExit(1)
    return text


def _who() -> str:
    return f"{getpass.getuser()} (command line)"
