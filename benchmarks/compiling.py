"""Compiling the shipped registries and one of 5,000 items, cold and from the cache; and one change among 5,000 items.

Each time a process of its own reads all definitions of a case one after another, as a server does at its start.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

from benchmarks.definitions import definition, record, subject
from benchmarks.measuring import Row, compare, within
from benchmarks.registries import NOW, registry
from engine.compiler import compile_definition
from engine.records.path import ItemPath
from engine.records.session import Session

ITEMS = 5000
SHIPPED = Path(__file__).parents[1] / "form_definitions"


def rows(*, quick: bool) -> Iterator[Row]:
    """The part 'compile' of the table."""
    runs = 3 if quick else 7
    shipped = sorted(SHIPPED.glob("*.yaml"))
    number = f"the {len(shipped)} shipped registries" if len(shipped) > 1 else "the shipped registry"
    yield from _case(number, shipped, runs, cold=1.5)
    with TemporaryDirectory() as name:
        large = Path(name) / "large.yaml"
        large.write_text(definition(ITEMS), encoding="utf-8")
        yield from _case("5,000 items", [large], runs, cold=2.0)
    yield from _changes(10 if quick else 40)


def _case(what: str, paths: Sequence[Path], runs: int, cold: float) -> Iterator[Row]:
    found = [_measured(paths) for _ in range(runs)]
    middle = {key: median(run[key] for run in found) for key in found[0]}
    yield within("compile", f"{what}, cold", middle["cold"], cold, note="time of the processor; without importing")
    yield within("compile", f"{what}, from the cache", middle["cached"], 0.15, note="texts hashed, all objects made")
    yield within("compile", "their rules made ready to run, once a process", middle["program"])
    peak = middle["peak"]
    yield Row("compile", "memory of that process at its peak", f"{peak:.0f} MB", aim="≤ 400 MB", met=peak <= 400)


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


def _measured(paths: Sequence[Path]) -> dict[str, float]:
    """Seconds and megabytes of one process that compiles all of them, and of one that finds all in the cache."""
    with TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "benchmarks.compiling", cache, *map(str, paths)]
        first, second = (
            json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=SHIPPED.parent).stdout)
            for _ in range(2)
        )
    return {"cold": first["cold"], "cached": second["kept"], "program": second["program"], "peak": first["peak"]}


def main(cache: Path, paths: Sequence[Path]) -> None:
    """Compile definitions, without the cache where there is none yet; print seconds and megabytes as JSON."""
    import jsonschema  # noqa: F401, PLC0415  # what is imported before counts

    from engine.records.program import program_of  # noqa: PLC0415

    found = {"cold": 0.0}
    if not any(cache.iterdir()):
        start = process_time()
        for path in paths:
            compile_definition(path)
        found["cold"] = process_time() - start
        found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = process_time()
    compiled = [compile_definition(path, cache=cache) for path in paths]
    found["kept"] = process_time() - start
    start = process_time()
    for version in compiled:
        program_of(version)
    found["program"] = process_time() - start
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
