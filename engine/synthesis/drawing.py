"""The ways to draw, one row each in DRAWS: from a node of a distribution file to a closure that draws."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from engine.compiler.rules import Rule
from engine.datatypes.base import Kind
from engine.datatypes.identifiers import make_pesel
from engine.definitions.tree import Node
from engine.expressions.evaluator import compile_term
from engine.expressions.frames import Frame, Run
from engine.expressions.terms import BOOLEAN, DATE, DATETIME, NUMBER, TEXT, Type
from engine.model.item import ItemDef
from engine.synthesis.distribution import SEED, SLOT, SUBJECT, Drawing
from engine.synthesis.misfits import fills, takes
from engine.synthesis.samples import at_local, day_of, rounded, shortened

_LEAST = 1e-9  # a log-normal number is above 0
_CUT = 60  # draws until a number beyond its limits is put on the nearer one
_QUARTILE = 0.6744897501960817  # of the standard normal distribution
_MINUTES = {"min": 1.0, "h": 60.0, "d": 1440.0, "a": 365.25 * 1440}
_EXACT = ("min", "h")  # what these count is a moment, not a day


class Bind(ABC):
    """What drawings are made with: it binds expressions where they stand, and notes faults."""

    @abstractmethod
    def error(self, node: Node, code: str, text: str) -> None:
        """Note a fault."""

    @abstractmethod
    def rule(self, node: Node, *, condition: bool = False, number: bool = False) -> Rule | None:
        """A bound expression."""

    @abstractmethod
    def run(self, node: Node, *, condition: bool = False) -> Run:
        """An expression as a closure."""

    @abstractmethod
    def number(self, node: Node) -> Drawing:
        """A number or an expression of one."""

    @abstractmethod
    def check_code(self, node: Node, item: ItemDef, code: str) -> None:
        """Note a fault where an item's list has no such code."""


def drawing_of(bind: Bind, node: Node, item: ItemDef | None) -> Drawing:
    """The closure of one way to draw."""
    kinds = [name for name in DRAWS if name in node.entries]
    if len(kinds) != 1:
        said = f"{', '.join(kinds)} exclude each other" if kinds else "it does not say how to draw"
        bind.error(node, "wrong-shape", f"One of {', '.join(DRAWS)} is needed here: {said}.")
        return lambda _frame, _draw: None
    if item is not None and not fills(kinds[0], node, item.datatype.kind):
        bind.error(
            node.entries[kinds[0]], "wrong-type", f"{item.id} is a {item.datatype.name}: {kinds[0]} cannot fill it."
        )
    drawn = DRAWS[kinds[0]](bind, node, item)
    if kinds[0] in _NUMBERS:
        drawn = _moved(bind, node, _cut(bind, node, drawn), item)
    return _as_item(bind, node, drawn, item)


def type_of_draw(bind: Bind, node: Node) -> Type:
    """The type of a hidden draw."""
    entries = node.entries
    if "cases" in entries:
        return type_of_draw(bind, entries["cases"].elements[0])
    if "value" in entries:
        rule = bind.rule(entries["value"])
        return rule.term.type if rule is not None else TEXT
    if "after" in entries or "before" in entries:
        return DATETIME if node.text_of("in") in _EXACT else DATE
    if "weights" in entries:
        return NUMBER if all(_is_number(key) for key in entries["weights"].entries) else TEXT
    return BOOLEAN if "chance" in entries else TEXT if {"digits", "pesel"} & entries.keys() else NUMBER


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False


# ways to draw -------------------------------------------------------------------------------------------------------


def _value(bind: Bind, node: Node, item: ItemDef | None) -> Drawing:
    rule = bind.rule(node.entries["value"])
    if rule is None:
        return lambda _frame, _draw: None
    if item is not None and not takes(item.datatype.kind, rule.term.type):
        text = f"This gives a {rule.term.type}; {item.id} is a {item.datatype.name}."
        bind.error(node.entries["value"], "wrong-type", text)
    run = compile_term(rule.term)
    return lambda frame, _draw: run(frame)


def _chance(bind: Bind, node: Node, _item: ItemDef | None) -> Drawing:
    chance = bind.number(node.entries["chance"])
    return lambda frame, draw: draw.random() < float(chance(frame, draw) or 0)


def _weighted(bind: Bind, node: Node) -> tuple[list[str], list[Drawing]]:
    return list(node.entries), [bind.number(part) for part in node.entries.values()]


def _weights(bind: Bind, node: Node, item: ItemDef | None) -> Drawing:
    keys, weights = _weighted(bind, node.entries["weights"])
    for key, part in node.entries["weights"].entries.items():
        if item is not None:
            bind.check_code(part, item, key)
    numbers = all(map(_is_number, keys)) and (item is None or item.datatype.kind is Kind.NUMBER)
    values = [Decimal(key) for key in keys] if numbers else keys

    def drawn(frame: Frame, draw: Random) -> Any:
        found = [max(0.0, float(weight(frame, draw) or 0)) for weight in weights]
        return draw.choices(values, found)[0] if any(found) else None

    return drawn


def _several(bind: Bind, node: Node, item: ItemDef | None) -> Drawing:
    keys, chances = _weighted(bind, node.entries["several"])
    otherwise = node.text_of("otherwise")
    for key, part in node.entries["several"].entries.items():
        if item is not None:
            bind.check_code(part, item, key)
    if otherwise is not None and item is not None:
        bind.check_code(node.entries["otherwise"], item, otherwise)

    def drawn(frame: Frame, draw: Random) -> Any:
        found = [float(chance(frame, draw) or 0) for chance in chances]
        chosen = tuple(key for key, chance in zip(keys, found, strict=True) if draw.random() < chance)
        return chosen or ((otherwise,) if otherwise is not None else None)

    return drawn


def _shares(bind: Bind, node: Node, item: ItemDef | None) -> Drawing:
    part = node.entries["shares"]
    median, sigma = bind.number(part.entries["median"]), bind.number(part.entries["sigma"])
    codes = list(item.facets.choices)[: part.integer("most")] if item is not None else []
    if not codes:
        bind.error(node, "not-allowed", "Shares need an item with a list of codes.")

    def drawn(frame: Frame, draw: Random) -> Any:
        fixed = Random(f"{frame.vars[SEED]}/{item.id if item else ''}")  # noqa: S311 -- the same for all subjects
        sizes = [_lognormal_number(fixed, median(frame, draw), float(sigma(frame, draw))) for _ in codes]
        return draw.choices(codes, sizes)[0]

    return drawn


def _uniform(bind: Bind, node: Node, _item: ItemDef | None) -> Drawing:
    low, high = _pair(bind, node.entries["uniform"])
    return lambda frame, draw: _both(low(frame, draw), high(frame, draw), draw.uniform)


def _pair(bind: Bind, node: Node) -> tuple[Drawing, Drawing]:
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
        median(frame, draw), spread(frame, draw), lambda middle, sigma: _lognormal_number(draw, middle, sigma)
    )


def _spread(bind: Bind, part: Node) -> Drawing:
    """The standard deviation of the logarithm."""
    if "sigma" in part.entries:
        return bind.number(part.entries["sigma"])
    first, third = _pair(bind, part.entries["quartiles"])
    return lambda frame, draw: _both(
        first(frame, draw),
        third(frame, draw),
        lambda low, high: math.log(max(high, _LEAST) / max(low, _LEAST)) / (2 * _QUARTILE),
    )


def _lognormal_number(draw: Random, median: Any, sigma: float) -> float:
    return float(median) * math.exp(draw.gauss(0, sigma))


def _digits(_bind: Bind, node: Node, _item: ItemDef | None) -> Drawing:
    form = node.text_of("digits") or ""
    return lambda _frame, draw: "".join(str(draw.randrange(10)) if char == "#" else char for char in form)


def _pesel(bind: Bind, node: Node, _item: ItemDef | None) -> Drawing:
    part = node.entries["pesel"].entries
    born, sex = bind.run(part["born"]), bind.run(part["sex"])

    def drawn(frame: Frame, _draw: Random) -> str | None:
        day = day_of(born(frame))
        series = int(frame.vars[SLOT + SUBJECT])
        return make_pesel(day, female=sex(frame) == "f", series=series % 5000) if day is not None else None

    return drawn


def _cases(bind: Bind, node: Node, item: ItemDef | None) -> Drawing:
    cases = [
        (
            bind.run(part.entries["when"], condition=True) if "when" in part.entries else None,
            drawing_of(bind, part, item),
        )
        for part in node.entries["cases"].elements
    ]

    def drawn(frame: Frame, draw: Random) -> Any:
        return next((way(frame, draw) for when, way in cases if when is None or when(frame) is True), None)

    return drawn


DRAWS: Mapping[str, Callable[[Bind, Node, ItemDef | None], Drawing]] = {
    "value": _value,
    "chance": _chance,
    "weights": _weights,
    "several": _several,
    "shares": _shares,
    "uniform": _uniform,
    "normal": _normal,
    "lognormal": _lognormal,
    "digits": _digits,
    "pesel": _pesel,
    "cases": _cases,
}
_NUMBERS = frozenset({"uniform", "normal", "lognormal"})


# what is done with a number -----------------------------------------------------------------------------------------


def _cut(bind: Bind, node: Node, drawn: Drawing) -> Drawing:
    """Multiplied, and drawn again while it lies outside its limits."""
    limits = _pair(bind, node.entries["between"]) if "between" in node.entries else ()
    times = bind.number(node.entries["times"]) if "times" in node.entries else None

    def cut(frame: Frame, draw: Random) -> Any:
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

    return cut


def _float(number: Any) -> float | None:
    return None if number is None else float(number)


def _moved(bind: Bind, node: Node, drawn: Drawing, item: ItemDef | None) -> Drawing:
    """A number as it is, or as a time before or after a date."""
    places = node.integer("decimals") or 0
    anchors = [(name, bind.run(node.entries[name])) for name in ("after", "before") if name in node.entries]
    if not anchors:
        return lambda frame, draw: _rounded(drawn(frame, draw), places, item)
    ((name, anchor),) = anchors[:1]
    unit = node.text_of("in") or "d"
    sign = 1 if name == "after" else -1

    def moved(frame: Frame, draw: Random) -> Any:
        start, number = anchor(frame), drawn(frame, draw)
        if start is None or number is None:
            return None
        by = timedelta(minutes=sign * round(number * _MINUTES[unit]))
        if unit in _EXACT and isinstance(start, datetime):
            later = start + by
            return at_local(later.date(), later.time())
        day = day_of(start)
        return day + timedelta(days=round(by / timedelta(days=1))) if day is not None else None

    return moved


def _rounded(number: float | None, places: int, item: ItemDef | None) -> Decimal | None:
    if number is None:
        return None
    if item is not None and item.datatype.kind is Kind.NUMBER:
        return rounded(item, number)
    return Decimal(f"{number:.{places}f}")


def _as_item(bind: Bind, node: Node, drawn: Drawing, item: ItemDef | None) -> Drawing:
    """What was drawn, as far as the kind of the item is another: a day with a time, or without all of its parts."""
    kind = item.datatype.kind if item is not None else None
    if kind is Kind.DATETIME:
        return lambda frame, draw: _with_time(drawn(frame, draw), draw)
    if kind is Kind.DATE:
        return lambda frame, draw: day_of(drawn(frame, draw))
    if kind is Kind.CODES:
        return lambda frame, draw: _as_several(drawn(frame, draw))
    if kind is Kind.PARTIAL_DATE:
        keys, weights = _weighted(bind, node.entries["precision"]) if "precision" in node.entries else (["day"], [])
        return lambda frame, draw: _cut_short(drawn(frame, draw), keys, weights, frame, draw)
    return drawn


def _as_several(found: Any) -> Any:
    return (found,) if isinstance(found, str) else found


def _with_time(found: Any, draw: Random) -> Any:
    if isinstance(found, datetime) or not isinstance(found, date):
        return found
    return at_local(found, time(draw.randint(7, 17), draw.randrange(0, 60, 5)))


def _cut_short(found: Any, keys: list[str], weights: list[Drawing], frame: Frame, draw: Random) -> Any:
    day = day_of(found)
    if day is None or (not isinstance(found, date) and not weights):
        return found
    chosen = draw.choices(keys, [float(weight(frame, draw) or 0) for weight in weights])[0] if weights else keys[0]
    return shortened(day, chosen)


__all__ = ["DRAWS", "Bind", "drawing_of", "type_of_draw"]
