"""Constraints: bounds that are numbers become a range, a pattern or length alone the item's own, all else a check of the form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax

SELF = Path((".",), 0)
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_TEXTS = frozenset({"text", "long_text"})
_NUMBERS = frozenset({"integer", "decimal"})

Bound = int | Decimal | dict[str, Any] | None


@dataclass(slots=True)
class Parted:
    """A constraint in parts: keys of the item, and what is left for a check."""

    keys: dict[str, Any] = field(default_factory=dict)
    left: Syntax | None = None


def parted(node: Syntax, type_: str) -> Parted:
    """What of a constraint an item of that type says itself."""
    parts = list(node.args) if isinstance(node, Apply) and node.op == "and" else [node]
    if type_ in _NUMBERS:
        return _with_range(parts)
    if type_ in _TEXTS and len(parts) == 1:
        return _of_text(parts[0])
    return Parted(left=node)


def _with_range(parts: Sequence[Syntax]) -> Parted:
    bounds: dict[str, Bound] = {}
    left = []
    for part in parts:
        found = _bound(part)
        if found is None or found[0] in bounds:
            left.append(part)
        else:
            bounds[found[0]] = found[1]
    keys = {"range": {"hard": [bounds.get("low"), bounds.get("high")]}} if bounds else {}
    if keys and _contradict(bounds.get("low"), bounds.get("high")):
        return Parted(left=_all(parts))
    return Parted(keys, _all(left) if left else None)


def _all(parts: Sequence[Syntax]) -> Syntax:
    return parts[0] if len(parts) == 1 else Apply("and", tuple(parts), 0)


def _contradict(low: Bound, high: Bound) -> bool:
    ends = [next(iter(end.values())) if isinstance(end, dict) else end for end in (low, high)]
    return ends[0] is not None and ends[1] is not None and ends[0] > ends[1]


def _bound(part: Syntax) -> tuple[str, Bound] | None:
    """`. >= 18`, or the other way round."""
    match part:
        case Apply("<" | "<=" | ">" | ">=" as op, (Path((".",)), Literal(Decimal() as number)), _):
            pass
        case Apply("<" | "<=" | ">" | ">=" as other, (Literal(Decimal() as number), Path((".",))), _):
            return _bound(Apply(_MIRRORED[other], (SELF, Literal(number, 0)), 0))
        case _:
            return None
    plain = int(number) if number == number.to_integral_value() else number
    side, beyond = ("low", "over") if op[0] == ">" else ("high", "under")
    return side, plain if op.endswith("=") else {beyond: plain}


def _of_text(part: Syntax) -> Parted:
    match part:
        case Call("regex", (Path((".",)), Literal(str() as pattern)), _):
            return Parted({"pattern": pattern})
        case Apply("<=" | "<" as op, (Call("string-length", (Path((".",)),), _), Literal(Decimal() as number)), _):
            most = int(number) - (op == "<" and number == int(number))
            return Parted({"length": most}) if most > 0 else Parted(left=part)
    return Parted(left=part)
