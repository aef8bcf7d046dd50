"""`ecrf summary`: registries in figures, from their definitions and example cases."""

from __future__ import annotations

from pathlib import Path

import click

from cli.output import output_file
from engine.compiler import compile_definition
from engine.errors import DefinitionError, Problems
from engine.records.coverage import coverage
from engine.records.examples import read_examples, read_stated
from renderers.summary import registry_summary

HEAD = """# Registries

What the definitions hold, compared with the data sets that they implement. Written by `ecrf summary`; change the definitions, not this page:

    ecrf summary form_definitions/*.yaml -o docs/registries.md
"""


@click.command("summary")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@output_file
def command(files: tuple[Path, ...], output: Path | None) -> None:
    """Count forms, items, code lists, checks and outcomes, and the example cases of each check, as Markdown.

    Example: ecrf summary form_definitions/*.yaml -o docs/registries.md
    """
    try:
        text = "\n".join([HEAD, *(f"{_chapter(file)}\n" for file in sorted(files))])
    except DefinitionError as fault:
        click.echo(str(fault), err=True)
        raise SystemExit(1) from None
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


def _chapter(file: Path) -> str:
    registry, problems = compile_definition(file), Problems()
    beside = file.parent / "examples" / f"{registry.model.registry}.yaml"
    examples, stated = list(read_examples(beside, problems)), read_stated(beside, problems)
    if problems.found:
        raise DefinitionError(problems.found)
    return registry_summary(registry, coverage(registry, examples), len(examples), stated)
