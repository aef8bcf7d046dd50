"""How time grows with the rows of a group: it should take the same for each row."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.definitions import record, subject
from benchmarks.measuring import Row, compare, shown
from benchmarks.registries import NOW, registry
from engine.records import evaluate


def rows(*, quick: bool) -> Iterator[Row]:
    """The part 'growth' of the table."""
    compiled = registry(200, 200)
    base = None
    for count in (100, 1_000, 10_000):
        patient, focus = subject(record(200, count))
        taken = compare(
            {"rows": lambda: evaluate(compiled, patient, focus, as_of=NOW)},  # noqa: B023
            rounds=3 if quick or count > 1_000 else 15,
        )["rows"]
        each = taken / count
        base = base or each
        note = "200 items besides" if count == 100 else ""
        yield Row(
            "growth",
            f"{count:,} rows of ten items",
            shown(taken),
            each / base,
            "per row of 100",
            "≤ 1.5 ×",
            each <= 1.5 * base,
            note,
        )
