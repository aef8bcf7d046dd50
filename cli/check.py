"""`ecrf check`: diagnoses definitions and runs their examples."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cli.definitions import cached
from engine.compiler import CompiledRegistry, compile_definition, default_folder
from engine.errors import DefinitionError, DefinitionProblem, Severity
from engine.records.examples import run_examples
from engine.synthesis import read_distribution


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format", "shape", type=click.Choice(["text", "json"]), default="text", help="Shape of the diagnostics."
)
@click.option("--examples/--no-examples", default=True, help="Also run the example cases beside the definition.")
@cached
def command(files: tuple[Path, ...], shape: str, *, examples: bool, cache: bool) -> None:
    """Check definitions: form, names, types, rules, and their examples.

    Exit status: 0 clean (warnings allowed), 1 faults in a definition, 2 wrong use.

    Example: ecrf check docs/examples/operations.yaml
    """
    problems: list[DefinitionProblem] = []
    for file in files:
        if not file.is_file():
            raise click.UsageError(f"there is no file {file}")
        problems.extend(check_file(file, examples=examples, cache=default_folder() if cache else None))
    if shape == "json":
        click.echo(json.dumps([problem.as_json() for problem in problems], ensure_ascii=False, indent=1))
    else:
        for problem in problems:
            click.echo(str(problem))
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise SystemExit(1)


def check_file(file: Path, *, examples: bool = True, cache: Path | None = None) -> list[DefinitionProblem]:
    """All problems of a definition; its examples run once it compiles."""
    try:
        registry = compile_definition(file, cache=cache)
    except DefinitionError as fault:
        return list(fault.problems)
    problems = list(registry.warnings)
    if examples:
        beside = file.parent / "examples"
        problems.extend(run_examples(registry, beside / f"{registry.model.registry}.yaml"))
        problems.extend(_check_distribution(registry, beside / f"{registry.model.registry}.distribution.yaml"))
    return problems


def _check_distribution(registry: CompiledRegistry, file: Path) -> tuple[DefinitionProblem, ...]:
    """The faults of the distribution beside a definition, if there is one."""
    try:
        if file.is_file():
            read_distribution(file, registry)
    except DefinitionError as fault:
        return fault.problems
    return ()
