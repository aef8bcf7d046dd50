"""`ecrf check`: diagnoses definitions and runs their examples."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from cli.definitions import cached
from engine.compiler import CompiledRegistry, compile_definition, default_folder
from engine.compiler.together import clashes
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
    """Check definitions: form, names, types, rules, and their examples; and whether those of one folder can be served together.

    Exit status: 0 clean (warnings allowed), 1 faults in a definition, 2 wrong use.

    Example: ecrf check docs/examples/operations.yaml
    """
    for file in files:
        if not file.is_file():
            raise click.UsageError(f"there is no file {file}")
    problems = check_files(files, examples=examples, cache=default_folder() if cache else None)
    if shape == "json":
        click.echo(json.dumps([problem.as_json() for problem in problems], ensure_ascii=False, indent=1))
    else:
        for problem in problems:
            click.echo(str(problem))
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise SystemExit(1)


def check_files(files: Sequence[Path], *, examples: bool = True, cache: Path | None = None) -> list[DefinitionProblem]:
    """The problems of definitions; and of those that stand in one folder, which a server serves together, what keeps them from it."""
    problems, folders = list[DefinitionProblem](), defaultdict[Path, dict[Path, CompiledRegistry]](dict)
    for file in {each.resolve(): each for each in files}.values():  # the same file twice is one definition
        try:
            registry = compile_definition(file, cache=cache)
        except DefinitionError as fault:
            problems.extend(fault.problems)
            continue
        folders[file.resolve().parent][file] = registry
        problems.extend(registry.warnings)
        problems.extend(_check_beside(registry, file.parent / "examples") if examples else ())
    for together in folders.values():
        problems.extend(clashes(together))
    return problems


def check_file(file: Path, *, examples: bool = True, cache: Path | None = None) -> list[DefinitionProblem]:
    """All problems of a definition; its examples run once it compiles."""
    return check_files([file], examples=examples, cache=cache)


def _check_beside(registry: CompiledRegistry, beside: Path) -> Iterator[DefinitionProblem]:
    """Of the examples and the distribution of a definition."""
    yield from run_examples(registry, beside / f"{registry.model.registry}.yaml")
    yield from _check_distribution(registry, beside / f"{registry.model.registry}.distribution.yaml")


def _check_distribution(registry: CompiledRegistry, file: Path) -> tuple[DefinitionProblem, ...]:
    """The faults of the distribution beside a definition, if there is one."""
    try:
        if file.is_file():
            read_distribution(file, registry)
    except DefinitionError as fault:
        return fault.problems
    return ()
