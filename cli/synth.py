"""`ecrf synth`: made-up subjects of a registry, which satisfy all its rules or break one of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from os import cpu_count
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from cli.definitions import cached, compiled
from cli.evaluate import moment
from cli.output import output_file
from engine.compiler import CompiledRegistry
from engine.errors import DefinitionError, nearest
from engine.synthesis import (
    NO_DISTRIBUTION,
    Distribution,
    Plan,
    Unsatisfiable,
    Wanted,
    make_subject,
    plan_synthesis,
    read_distribution,
)
from engine.synthesis.work import Work


@click.command("synth")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-n", "--number", default=10, show_default=True, type=click.IntRange(1), help="How many subjects.")
@click.option("--seed", default=1, show_default=True, help="Another seed gives other subjects.")
@click.option("--now", help="The time up to which visits took place, local: 2026-07-01T12:00.")
@click.option(
    "--distribution",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="How values are drawn; the file beside the definition's examples otherwise.",
)
@click.option("--plain", is_flag=True, help="Draw by the definition alone, even where a distribution is beside it.")
@click.option("--break", "breaking", metavar="CHECK", help="Id of a check that each subject is to break.")
@click.option(
    "--hospital", metavar="CODE", help="Code of the hospital they are treated at, for distributions that ask."
)
@click.option(
    "--load",
    metavar="URL",
    help="Database to load them into, form by form as people would; what is printed then is their size.",
)
@output_file
@click.option("--processes", type=click.IntRange(1), help="Processes at work; as many as there are cores otherwise.")
@cached
def command(  # noqa: PLR0913 -- one for each option
    file: Path, *, number: int, seed: int, now: str | None, distribution: Path | None, breaking: str | None, hospital: str | None,
    load: str | None, output: Path | None, processes: int | None, plain: bool, cache: bool,
) -> None:  # fmt: skip
    """Make up subjects: a line of JSON each, in the shape that `ecrf evaluate` reads.

    Subject i of a seed is the same however many are made. Exit status: 0 done, 1 a faulty definition or rules that
    could not be satisfied, 2 wrong use.

    \b
    Examples:
      ecrf synth docs/examples/operations.yaml -n 100 --seed 7 -o patients.jsonl
      ecrf synth docs/examples/operations.yaml -n 5 --break AFTER_ADMISSION
      ecrf synth docs/examples/operations.yaml -n 2000 --load postgresql:///ecrf -o loaded.txt

    --load brings the tables up to date and publishes the definition; ECRF_MASTER_KEY_FILE names the key to the identities, as for
    `ecrf serve`. Subjects go to the hospitals of the database in turn.
    """  # noqa: D301 -- click keeps the lines of a paragraph that begins with this character
    registry = compiled(file, cache=cache)
    checks = {check.check.id for check in registry.checks}
    if breaking is not None and breaking not in checks:
        raise click.UsageError(f"--break: there is no check {breaking!r}.{nearest(breaking, checks)}")
    drawn = NO_DISTRIBUTION if plain else distribution_of(registry, file, distribution)
    plan, wanted = plan_synthesis(registry, drawn), Wanted(breaking, hospital=hospital)
    work: Work = Lines(plan, seed, moment(now), wanted)
    if load is not None:
        work = import_module("cli.load").Loading(plan, seed, moment(now), wanted, load, file.parent)
    try:
        with ExitStack() as stack:
            out = stack.enter_context(output.open("w", encoding="utf-8")) if output is not None else sys.stdout
            for line in _shown(work.results(number, processes or cpu_count() or 1), number):
                print(line, file=out)
    except Unsatisfiable as fault:
        click.echo(f"{file}: {fault}", err=True)
        raise SystemExit(1) from None


def distribution_of(registry: CompiledRegistry, file: Path, given: Path | None = None) -> Distribution:
    """The distribution that is given, or that stands beside the definition's examples; a faulty one ends the command."""
    beside = file.parent / "examples" / f"{registry.model.registry}.distribution.yaml"
    found = given or (beside if beside.is_file() else None)
    try:
        return read_distribution(found, registry) if found is not None else NO_DISTRIBUTION
    except DefinitionError as fault:
        click.echo(str(fault), err=True)
        raise SystemExit(1) from None


def _shown(lines: Iterator[str], number: int) -> Iterator[str]:
    """The lines, with a bar that tells a person how far it is."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return lines
    return iter(track(lines, "Synthesis", total=number, console=console))


@dataclass
class Lines(Work):
    """Writes each subject as a line of JSON."""

    plan: Plan
    seed: int
    now: datetime
    wanted: Wanted

    def make(self, number: int) -> str:
        """The line."""
        return json.dumps(make_subject(self.plan, self.seed, number, self.now, self.wanted).json, ensure_ascii=False)
