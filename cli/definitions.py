"""The definition that a command is given: compiled, or taken from what was compiled before."""

from __future__ import annotations

from pathlib import Path

import click

from engine.compiler import CompiledRegistry, compile_definition, default_folder
from engine.errors import DefinitionError

cached = click.option(
    "--cache/--no-cache",
    default=True,
    help="Keep what was compiled for the next time, in ~/.cache/ecrf or where ECRF_CACHE says.",
)


def compiled(file: Path, *, cache: bool) -> CompiledRegistry:
    """The compiled definition; a faulty one ends the command with its faults."""
    try:
        return compile_definition(file, cache=default_folder() if cache else None)
    except DefinitionError as fault:
        click.echo(str(fault), err=True)
        raise SystemExit(1) from None
