"""How many decimals a calculated number can have at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax

_WHOLE = frozenset(
    [
        "number",
        "count",
        "count_true",
        "days",
        "year",
        "month",
        "day",
        "weekday",
        "hour",
        "minute",
        "length",
        "position_of",
    ]
)
_ALIKE = frozenset(["least", "greatest", "coalesce", "min", "max", "abs", "negative", "+", "-", "mod"])
_RECORDS = frozenset(["first", "last", "prev", "next"])


def decimals_of(node: Syntax, items: Mapping[str, int]) -> int | None:
    """The most decimals of a result, None where there may be any number of them. `items`: those of the items, or of their codes."""
    match node:
        case Literal(value):
            return decimals_in(value)
        case Path(parts):
            return items.get(parts[-1])
        case Apply("*", args, _):
            return _together(args, items, sum)
        case Apply(op, args, _):
            return _together(args, items, max) if op in _ALIKE else None
        case Call():
            return _of_call(node, items)
    return None


def decimals_in(value: Decimal | str | bool | None) -> int:
    """Those of a constant; none of what is no number."""
    exponent = value.normalize().as_tuple().exponent if isinstance(value, Decimal) else 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _of_call(node: Call, items: Mapping[str, int]) -> int | None:
    match node:
        case Call("round" | "floor" | "ceil", (number, Literal(Decimal() as places)), _):
            own = decimals_of(number, items)
            return int(places) if own is None else min(own, max(0, int(places)))
        case Call("round" | "floor" | "ceil", (_,), _):
            return 0
        case Call("attr", (item, Literal("value")), _):
            return decimals_of(item, items)
        case Call("if", (_, *values), _):
            return _together(values, items, max)
    if node.name in _WHOLE:
        return 0
    return _together(node.args, items, max) if node.name in _ALIKE | _RECORDS else None


def _together(parts: Sequence[Syntax], items: Mapping[str, int], joined: Callable[[list[int]], int]) -> int | None:
    found = [decimals_of(part, items) for part in parts]
    known = [places for places in found if places is not None]
    return joined(known) if len(known) == len(found) else None
