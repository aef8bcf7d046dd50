"""Ranges of ours -> least and greatest value in REDCap, which bounds warn of unless `@FORCE-MINMAX` is said."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.expressions.nodes import Call, Literal, Path
from engine.expressions.parser import parse
from exchange.document import Entry
from exchange.redcap.outgoing import Logic
from exchange.rules.meaning import Inexpressible

_WHOLE = frozenset({"integer"})


def limit(logic: Logic, entry: Entry, end: Any) -> str:
    """A bound as REDCap writes it: a number, a date, today, now, or a field.

    Raises:
        Inexpressible: it is something else, or excludes itself and the item has decimals.
    """
    if isinstance(end, dict):
        ((how, value),) = end.items()
        return _next(entry, how, value)
    if isinstance(end, int | Decimal | float):
        return str(end)
    node = parse(str(end))
    match node:
        case Literal(Decimal() as number):
            return str(number)
        case Call("today" | "now" as name, (), _):
            return name
        case Call("make_date" | "make_time" | "at_time", _, _):
            return logic.printed(node).strip("'")
        case Path():
            return logic.printed(node)
    raise Inexpressible("A bound is a number, a date, today, now or a field in REDCap.")


def _next(entry: Entry, how: str, value: Any) -> str:
    """Of whole numbers the next one."""
    if entry["type"] not in _WHOLE or not isinstance(value, int | Decimal):
        raise Inexpressible("A limit that is excluded cannot be said in REDCap.")
    return str(int(value) + _STEP[how])


_STEP: Mapping[str, int] = {"over": 1, "under": -1}
