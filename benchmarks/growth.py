"""How time grows with the rows of a group: it should take the same for each row, also where rules compare rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks import comparing
from benchmarks.definitions import record, subject
from benchmarks.measuring import Row, compare, shown
from benchmarks.registries import NOW, compiled, registry
from engine.compiler import CompiledRegistry
from engine.records import evaluate
from engine.records.form_data import Focus, Instance

Sized = Callable[[int], tuple[Instance, Focus]]


def rows(*, quick: bool) -> Iterator[Row]:
    """The part 'growth' of the table."""
    yield from _growing("rows of ten items", registry(200, 200), lambda count: subject(record(200, count)), quick=quick)
    yield from _growing("rows that rules compare", compiled(comparing.DEFINITION), comparing.subject, quick=quick)


def _growing(what: str, measured: CompiledRegistry, sized: Sized, *, quick: bool) -> Iterator[Row]:
    base = None
    for count in (100, 1_000, 10_000):
        patient, focus = sized(count)
        taken = compare(
            {"rows": lambda: evaluate(measured, patient, focus, as_of=NOW)},  # noqa: B023
            rounds=3 if quick or count > 1_000 else 15,
        )["rows"]
        each = taken / count
        base = base or each
        yield Row(
            "growth", f"{count:,} {what}", shown(taken), each / base, "per row of 100", "≤ 1.5 ×", each <= 1.5 * base
        )
