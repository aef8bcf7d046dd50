"""Breaks checks that compare with other patients or episodes: beside the subject stands one that is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from engine.compiler.compiled import CompiledRegistry
from engine.datatypes.base import Json
from engine.records.json_data import read_values
from engine.records.session import Session
from engine.synthesis.faults import AT

PLACES = ("episodes", "others")  # of the JSON contract; the nearer first


def with_twin(
    registry: CompiledRegistry, values: Json, check: str, now: datetime
) -> tuple[Json, tuple[str, ...]] | None:
    """The values with a twin beside them, and the codes of what is broken then; None where the check holds even so."""
    for place in PLACES:
        both = {**values, place: [values]}
        codes = set(_codes(registry, both, now))
        if check in codes:
            return both, (check, *sorted(codes - {check}))
    return None


def _codes(registry: CompiledRegistry, values: Mapping[str, Json], now: datetime) -> Iterator[str]:
    """What the rules object to in the forms of the subject itself."""
    places: list[tuple[str, str | None]] = [(form, None) for form in values["forms"]]
    for event, occurrences in values["events"].items():
        places += [(form, f"{event}[{n}]") for n, forms in enumerate(occurrences, start=1) for form in forms]
    for form, event in places:
        reading = read_values(registry, form, event, values)
        session = Session(
            registry, reading.subject, reading.focus, as_of=now, at=AT, others=reading.others, explain=False
        )
        yield from (violation.code for violation in session.without_schedule.violations)


__all__ = ["with_twin"]
