"""`ecrf synth`: made-up subjects of a registry, which satisfy all its rules or break one of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from cli.definitions import cached, compiled
from cli.evaluate import moment
from engine.compiler import CompiledRegistry
from engine.errors import DefinitionError, nearest
from engine.synthesis import (
    NO_DISTRIBUTION,
    Distribution,
    Plan,
    Unsatisfiable,
    make_subject,
    plan_synthesis,
    read_distribution,
    subject_json,
)

AT_ONCE = 8  # subjects that a process makes before it hands them over


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
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; standard output otherwise.")
@click.option("--processes", type=click.IntRange(1), help="Processes at work; as many as there are cores otherwise.")
@cached
def command(  # noqa: PLR0913 -- one for each option
    file: Path, *, number: int, seed: int, now: str | None, distribution: Path | None, breaking: str | None,
    output: Path | None, processes: int | None, plain: bool, cache: bool,
) -> None:  # fmt: skip
    r"""Make up subjects: a line of JSON each, in the shape that `ecrf evaluate` reads.

    Subject i of a seed is the same however many are made. Exit status: 0 done, 1 a faulty definition or rules that
    could not be satisfied, 2 wrong use.

    \b
    Examples:
      ecrf synth form_definitions/lead_extraction.yaml -n 100 --seed 7 -o patients.jsonl
      ecrf synth form_definitions/lead_extraction.yaml -n 5 --break TLE-27
    """
    registry = compiled(file, cache=cache)
    checks = {check.check.id for check in registry.checks}
    if breaking is not None and breaking not in checks:
        raise click.UsageError(f"--break: there is no check {breaking!r}.{nearest(breaking, checks)}")
    drawn = NO_DISTRIBUTION if plain else distribution_of(registry, file, distribution)
    work = _Work(plan_synthesis(registry, drawn), seed, moment(now), breaking)
    try:
        with ExitStack() as stack:
            out = stack.enter_context(output.open("w", encoding="utf-8")) if output is not None else sys.stdout
            for line in _shown(work.lines(number, processes or cpu_count() or 1), number):
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


class _Work:
    """Makes lines, in processes where there are many."""

    def __init__(self, plan: Plan, seed: int, now: datetime, breaking: str | None) -> None:
        self.plan, self.seed, self.now, self.breaking = plan, seed, now, breaking

    def lines(self, number: int, processes: int) -> Iterator[str]:
        """The subjects from 1 on."""
        numbers = range(1, number + 1)
        if processes == 1 or number <= AT_ONCE:
            yield from (_line(self.plan, self.seed, each, self.now, self.breaking) for each in numbers)
            return
        # A plan is made of closures, which only a fork takes along.
        with ProcessPoolExecutor(processes, get_context("fork"), _keep, (self,)) as pool:
            yield from pool.map(_kept_line, numbers, chunksize=AT_ONCE)


_KEPT: list[_Work] = []  # of a process that makes lines: set once when it starts


def _keep(work: _Work) -> None:
    _KEPT[:] = [work]


def _kept_line(number: int) -> str:
    work = _KEPT[0]
    return _line(work.plan, work.seed, number, work.now, work.breaking)


def _line(plan: Plan, seed: int, number: int, now: datetime, breaking: str | None) -> str:
    made = make_subject(plan, seed, number, now, breaking)
    return json.dumps(subject_json(made.draft), ensure_ascii=False)
