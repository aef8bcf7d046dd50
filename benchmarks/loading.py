"""How long it takes to make up and load patients: `python -m benchmarks.loading -n 9000 [--processes 2] [--only REGISTRY…]`.

Into a PostgreSQL of its own, through the normal save path: rules, audit, sealed identities. The patients are spread evenly over the
definitions in form_definitions/, each with the distribution beside it.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import psycopg

from benchmarks.measuring import Row
from cli.definitions import compiled
from cli.load import Loading
from cli.synth import distribution_of
from engine.synthesis import Unsatisfiable, Wanted, plan_synthesis
from tests.conftest import running_postgres

DEFINITIONS = Path(__file__).parents[1] / "form_definitions"
NOW = datetime(2026, 11, 1, 11, 0, tzinfo=UTC)
SEED = 1
_SIZES = """
SELECT relname, pg_total_relation_size(oid), reltuples::bigint FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC LIMIT 8
"""
_ISSUES = """
SELECT f.home, i.code, count(*) FROM issue i JOIN form_instance f ON f.id = i.form_id WHERE i.closed_at IS NULL
GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 20
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded of a registry."""

    registry: str
    patients: int
    forms: int
    seconds: float
    refused: tuple[str, ...]  # why there are no more patients


@dataclass
class Measured(Loading):
    """Loads, and goes on where no values were found."""

    def make(self, number: int) -> str:
        """Its number and how many forms it has, or why there is none."""
        try:
            return super().make(number)
        except Unsatisfiable as fault:
            return f"{number} 0 {fault}"


def load(file: Path, number: int, processes: int, url: str, seed: int = SEED) -> Loaded:
    """Load so many patients of a registry."""
    registry = compiled(file, cache=True)
    plan = plan_synthesis(registry, distribution_of(registry, file))
    work = Measured(plan, seed, NOW, Wanted(), url, file.parent)
    started = perf_counter()
    told = [line.split(" ", 2) for line in work.results(number, processes)]
    taken = perf_counter() - started
    forms = [int(found) for _, found, *_ in told]
    refused = tuple(line[2] for line, found in zip(told, forms, strict=True) if not found)
    return Loaded(registry.model.registry, number - len(refused), sum(forms), taken, refused)


def load_all(number: int, processes: int, only: Sequence[str], url: str) -> Iterator[Loaded]:
    """Load patients of all registries, or of some."""
    files = [file for file in sorted(DEFINITIONS.glob("*.yaml")) if not only or file.stem in only]
    for place, file in enumerate(files):
        yield load(
            file, number * (place + 1) // len(files) - number * place // len(files), processes, url, SEED + place
        )


def rows(*, quick: bool) -> Iterator[Row]:
    """The part 'loading' of the table."""
    with _server() as url:
        for done in load_all(40 if quick else 200, 1, (), url):
            each = done.seconds / max(done.forms, 1)
            note = f"{done.forms / max(done.patients, 1):.0f} forms each, made up on the way; time that passes"
            yield Row("loading", f"{done.patients} patients of {done.registry}", f"{1 / each:.0f} forms/s", note=note)


@contextmanager
def _server() -> Iterator[str]:
    """A PostgreSQL with a new key to the identities."""
    with running_postgres() as socket_folder, TemporaryDirectory() as folder:
        key = Path(folder) / "master.key"
        key.write_text(base64.b64encode(secrets.token_bytes(32)).decode(), "utf-8")
        os.environ["ECRF_MASTER_KEY_FILE"] = str(key)
        yield f"postgresql://postgres@/postgres?host={socket_folder}"


def main() -> int:
    """Load and tell."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.loading", description=__doc__)
    options.add_argument("-n", "--number", type=int, default=9000, help="patients of all registries together")
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options.add_argument("--only", nargs="+", default=[], metavar="REGISTRY")
    chosen = options.parse_args()
    with _server() as url:
        print(f"{'registry':<18}{'patients':>9}{'forms':>9}{'seconds':>9}{'forms/s':>9}{'refused':>9}")
        everything = []
        for done in load_all(chosen.number, chosen.processes, chosen.only, url):
            everything.append(done)
            _tell(done)
        total = [
            sum(column) for column in zip(*((one.patients, one.forms, one.seconds) for one in everything), strict=True)
        ]
        _tell(Loaded("together", int(total[0]), int(total[1]), total[2], ()))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")
            print("\nlargest tables")
            for name, size, count in connection.execute(_SIZES):
                print(f"  {name:<20}{size / 1e6:>9.1f} MB{count:>12} rows")
            print("\nopen issues by check")
            for home, code, count in connection.execute(_ISSUES):
                print(f"  {home:<18}{code:<16}{count:>7}")
        for one in everything:
            for reason in one.refused[:3]:
                print(f"{one.registry}: {reason}", file=sys.stderr)
    return 0


def _tell(done: Loaded) -> None:
    speed = done.forms / max(done.seconds, 1e-9)
    line = (
        f"{done.registry:<18}{done.patients:>9}{done.forms:>9}{done.seconds:>9.1f}{speed:>9.0f}{len(done.refused):>9}"
    )
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
