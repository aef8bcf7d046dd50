"""The JSON contract of answers: what `ecrf evaluate` prints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.datatypes.base import Json
from engine.datatypes.local_time import offset_text
from engine.datatypes.values import PartialDate, Reference
from engine.expressions.arithmetic import plain
from engine.records.evaluation import Evaluation, Violation


def value_json(value: Any) -> Json:
    """A value of a rule: numbers as decimal text, dates in ISO form, missing as null."""
    if value is None or isinstance(value, bool | str):
        return value
    written = next((write for kind, write in _WRITERS if isinstance(value, kind)), str)
    return written(value)


_WRITERS: tuple[tuple[type, Callable[[Any], Json]], ...] = (  # the first that fits: a datetime is also a date
    (Decimal, plain),
    (datetime, lambda moment: moment.strftime("%Y-%m-%dT%H:%M") + offset_text(moment)),
    (date, date.isoformat),
    (time, lambda clock: clock.strftime("%H:%M")),
    (PartialDate, str),
    (Reference, lambda reference: reference.target),
    (tuple, lambda parts: [value_json(part) for part in parts]),
)


def _violation_json(v: Violation) -> Json:
    """`form` and `event` stand there only when item and row are those of another record."""
    found = {"code": v.code, "severity": str(v.severity), "item": v.item, "row": v.row, "message": v.message}
    if v.home is not None:
        found["form"] = v.home.form
        if v.home.event:
            found["event"] = f"{v.home.event}[{v.home.number}]"
    return found


def evaluation_json(evaluation: Evaluation) -> Json:
    """The answer of `ecrf evaluate`."""
    return {
        "visible": sorted(evaluation.visible),
        "required": sorted(evaluation.required),
        "calculated": {path: value_json(value) for path, value in sorted(evaluation.calculated.items())},
        "offered": dict(sorted(evaluation.offered.items())),
        "derived": {
            name: {"value": value_json(found.value), "because": list(found.because)}
            if found.because
            else value_json(found.value)
            for name, found in sorted(evaluation.derived.items())
        },
        "events": [
            {
                "id": event.event,
                "number": event.number,
                "date": value_json(event.date),
                "window": [value_json(bound) for bound in event.window],
                "state": event.state,
                **({} if event.expected else {"expected": False}),
            }
            for event in evaluation.events
        ],
        "violations": [_violation_json(violation) for violation in evaluation.violations],
        "complete": evaluation.complete,
    }
