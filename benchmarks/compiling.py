"""Compiling 5,000 items, cold and from the cache, each time in a process of its own; and one change among them."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from benchmarks.definitions import definition, record, subject
from benchmarks.measuring import Row, compare, within
from benchmarks.registries import NOW, registry
from engine.compiler import compile_definition
from engine.records.path import ItemPath
from engine.records.session import Session

ITEMS = 5000


def rows(*, quick: bool) -> Iterator[Row]:
    """The part 'compile' of the table."""
    with TemporaryDirectory() as name:
        path = Path(name) / "large.yaml"
        path.write_text(definition(ITEMS), encoding="utf-8")
        runs = [_measured(path, Path(name) / f"cache{number}") for number in range(3 if quick else 7)]
    middle = {key: median(run[key] for run in runs) for key in runs[0]}
    yield within("compile", "5,000 items, cold", middle["cold"], 2.0, note="time of the processor; without importing")
    yield within("compile", "5,000 items from the cache", middle["cached"], 0.15, note="texts hashed, all objects made")
    yield within("compile", "its rules made ready to run, once a process", middle["program"])
    peak = middle["peak"]
    yield Row("compile", "memory of that process at its peak", f"{peak:.0f} MB", aim="≤ 400 MB", met=peak <= 400)
    yield from _changes(10 if quick else 40)


def _changes(rounds: int) -> Iterator[Row]:
    for per_form, what in ((100, "a form of 100 items"), (ITEMS, "one form of 5,000 items")):
        patient, focus = subject(record(per_form, 2))
        session = Session(registry(ITEMS, per_form), patient, focus, as_of=NOW)
        change = _changing(session)
        taken = compare({"change": change, "whole": lambda: (change(), session.evaluation)}, rounds=rounds, calls=5)  # noqa: B023 - called at once
        yield within(
            "change",
            f"one field, {what} (registry of 5,000)",
            taken["whole"],
            0.005,
            note=f"the change alone {taken['change'] * 1e3:.2f} ms",
        )


def _changing(session: Session) -> Callable[[], None]:
    """A call that enters another number than the last."""
    values = count(1)
    return lambda: session.set(ItemPath((), "f0_s4_i1"), Decimal(next(values) % 290))


def _measured(path: Path, cache: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.compiling", str(path), str(cache)]
    cold = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    again = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    first, second = json.loads(cold.stdout), json.loads(again.stdout)
    return {"cold": first["alone"], "cached": second["kept"], "program": second["program"], "peak": first["peak"]}


def main(path: Path, cache: Path) -> None:
    """Compile one definition, without the cache where there is none yet; print seconds and megabytes as JSON."""
    from engine.records.program import program_of  # noqa: PLC0415  # what is imported before counts

    found = {"alone": 0.0}
    if not cache.exists():
        start = process_time()
        compile_definition(path)
        found["alone"] = process_time() - start
        found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start, wall = process_time(), perf_counter()
    compiled = compile_definition(path, cache=cache)
    found["kept"], found["kept_wall"] = process_time() - start, perf_counter() - wall
    start = process_time()
    program_of(compiled)
    found["program"] = process_time() - start
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
