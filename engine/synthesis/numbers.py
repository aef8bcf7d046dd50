"""Numbers that are drawn: their distributions, one row each in NUMBERS; cut to limits, counted from a date."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from engine.datatypes.base import Kind
from engine.definitions.tree import Node
from engine.expressions.frames import Frame
from engine.model.item import ItemDef
from engine.synthesis.bind import Bind
from engine.synthesis.distribution import Drawing
from engine.synthesis.samples import at_local, day_of, rounded

_LEAST = 1e-9  # a log-normal number is above 0
_CUT = 60  # draws until a number beyond its limits is put on the nearer one
_QUARTILE = 0.6744897501960817  # of the standard normal distribution
_MINUTES = {"min": 1.0, "h": 60.0, "d": 1440.0, "a": 365.25 * 1440}
EXACT = ("min", "h")  # what these count is a moment, not a day


def _uniform(bind: Bind, node: Node, _item: ItemDef | None) -> Drawing:
    low, high = pair(bind, node.entries["uniform"])
    return lambda frame, draw: _both(low(frame, draw), high(frame, draw), draw.uniform)


def pair(bind: Bind, node: Node) -> tuple[Drawing, Drawing]:
    """A lower and an upper number; where both are written down, they are looked at."""
    low, high = node.elements
    if isinstance(low.value, int | Decimal) and isinstance(high.value, int | Decimal) and low.value > high.value:
        bind.error(node, "range-order", f"The low end, {low.raw}, is above the high end, {high.raw}. Exchange the two.")
    return bind.number(low), bind.number(high)


def _both(first: Any, second: Any, make: Callable[[float, float], float]) -> float | None:
    return None if first is None or second is None else make(float(first), float(second))


def _normal(bind: Bind, node: Node, _item: ItemDef | None) -> Drawing:
    part = node.entries["normal"].entries
    mean, deviation = bind.number(part["mean"]), bind.number(part["sd"])
    return lambda frame, draw: _both(mean(frame, draw), deviation(frame, draw), draw.gauss)


def _lognormal(bind: Bind, node: Node, _item: ItemDef | None) -> Drawing:
    part = node.entries["lognormal"]
    median = bind.number(part.entries["median"])
    if len({"quartiles", "sigma"} & part.entries.keys()) != 1:
        bind.error(part, "wrong-shape", "A log-normal distribution has quartiles or sigma, one of them.")
        return lambda _frame, _draw: None
    spread = _spread(bind, part)
    return lambda frame, draw: _both(
        median(frame, draw), spread(frame, draw), lambda middle, sigma: lognormal_number(draw, middle, sigma)
    )


def _weibull(bind: Bind, node: Node, _item: ItemDef | None) -> Drawing:
    part = node.entries["weibull"].entries
    scale, shape = bind.number(part["scale"]), bind.number(part["shape"])
    return lambda frame, draw: _both(scale(frame, draw), shape(frame, draw), draw.weibullvariate)


def _spread(bind: Bind, part: Node) -> Drawing:
    """The standard deviation of the logarithm."""
    if "sigma" in part.entries:
        return bind.number(part.entries["sigma"])
    first, third = pair(bind, part.entries["quartiles"])
    return lambda frame, draw: _both(
        first(frame, draw),
        third(frame, draw),
        lambda low, high: math.log(max(high, _LEAST) / max(low, _LEAST)) / (2 * _QUARTILE),
    )


def lognormal_number(draw: Random, median: Any, sigma: float) -> float:
    return float(median) * math.exp(draw.gauss(0, sigma))


NUMBERS: Mapping[str, Callable[[Bind, Node, ItemDef | None], Drawing]] = {
    "uniform": _uniform,
    "normal": _normal,
    "lognormal": _lognormal,
    "weibull": _weibull,
}


def cut(bind: Bind, node: Node, drawn: Drawing) -> Drawing:
    """Multiplied, and drawn again while it lies outside its limits."""
    limits = pair(bind, node.entries["between"]) if "between" in node.entries else ()
    times = bind.number(node.entries["times"]) if "times" in node.entries else None

    def within(frame: Frame, draw: Random) -> Any:
        factor = times(frame, draw) if times is not None else 1
        low, high = [_float(limit(frame, draw)) for limit in limits] if limits else (None, None)
        found = None
        for _ in range(_CUT):
            found = drawn(frame, draw)
            if found is None or factor is None:
                return None
            found *= float(factor)
            if (low is None or found >= low) and (high is None or found <= high):
                return found
        return low if low is not None and found is not None and found < low else high

    return within


def _float(number: Any) -> float | None:
    return None if number is None else float(number)


def moved(bind: Bind, node: Node, drawn: Drawing, item: ItemDef | None) -> Drawing:
    """A number as it is, or as a time before or after a date."""
    places = node.integer("decimals") or 0
    anchors = [(name, bind.run(node.entries[name])) for name in ("after", "before") if name in node.entries]
    if not anchors:
        return lambda frame, draw: _rounded(drawn(frame, draw), places, item)
    ((name, anchor),) = anchors[:1]
    unit = node.text_of("in") or "d"
    sign = 1 if name == "after" else -1

    def later(frame: Frame, draw: Random) -> Any:
        start, number = anchor(frame), drawn(frame, draw)
        if start is None or number is None:
            return None
        by = timedelta(minutes=sign * round(number * _MINUTES[unit]))
        if unit in EXACT and isinstance(start, datetime):
            later = start + by
            return at_local(later.date(), later.time())
        day = day_of(start)
        return day + timedelta(days=round(by / timedelta(days=1))) if day is not None else None

    return later


def _rounded(number: float | None, places: int, item: ItemDef | None) -> Decimal | None:
    if number is None:
        return None
    if item is not None and item.datatype.kind is Kind.NUMBER:
        return rounded(item, number)
    return Decimal(f"{number:.{places}f}")


__all__ = ["EXACT", "NUMBERS", "cut", "lognormal_number", "moved"]
