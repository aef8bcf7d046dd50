"""Builds range checks: bounds, whether they are included, and whether constants are in order."""

from __future__ import annotations

import re
from decimal import Decimal

from engine.datatypes.base import DataType, Kind
from engine.definitions.context import Context
from engine.definitions.dictionaries import as_day
from engine.definitions.rename import Renames, rename_expression
from engine.definitions.tree import Node
from engine.model.item import ExpressionText, RangeCheck

_DATES = frozenset({Kind.DATE, Kind.DATETIME, Kind.PARTIAL_DATE})
_NUMBER = re.compile(r"[-+]?[0-9]{1,60}(?:\.[0-9]{1,60})?")
_ENDS = ("under", "over")


def build_ranges(context: Context, node: Node, datatype: DataType, renames: Renames) -> tuple[RangeCheck, ...]:
    """The hard and the soft range of an item, where it has them."""
    ranges = node.get("range")
    if ranges is None or "range" not in datatype.options:
        return ()
    found = []
    for name in ("hard", "soft"):
        written = ranges.get(name)
        if written is not None and len(written.elements) == 2:
            found.append(_range(context, written, datatype, renames, hard=name == "hard"))
    return tuple(found)


def _range(context: Context, written: Node, datatype: DataType, renames: Renames, *, hard: bool) -> RangeCheck:
    low, high = written.elements
    for end, wrong, right in ((low, "under", "over"), (high, "over", "under")):
        if wrong in end.entries:
            context.error(
                end.entries[wrong].key_mark,
                "range-bound",
                f"This end of the range takes {right!r}, not {wrong!r}: [{{over: low}}, {{under: high}}].",
            )
    least, most = _constant(low), _constant(high)
    if least is not None and most is not None and least > most:
        context.error(
            high.mark,
            "range-order",
            f"The range goes from {least} down to {most}: no value would fit. Swap the two ends.",
        )
    return RangeCheck(
        hard,
        _bound(context, low, datatype, renames),
        _bound(context, high, datatype, renames),
        low_inclusive="over" not in low.entries,
        high_inclusive="under" not in high.entries,
    )


def _inner(end: Node) -> Node:
    return next((end.entries[key] for key in _ENDS if key in end.entries), end)


def _bound(context: Context, end: Node, datatype: DataType, renames: Renames) -> ExpressionText | None:
    node = _inner(end)
    if node.text is None:
        return None
    day = as_day(node.raw) if datatype.kind in _DATES else None
    if day is not None:
        context.error(
            node.mark,
            "range-bound",
            f"{node.raw} would be a subtraction. Write the date as make_date({day.year}, {day.month}, {day.day}).",
        )
        return None
    if not node.raw.strip():
        context.error(
            node.mark,
            "range-bound",
            "An empty text is no bound. Allowed: a number, an expression, or null for no limit.",
        )
        return None
    expression = node.expression()
    return rename_expression(expression, renames) if renames else expression


def _constant(end: Node) -> Decimal | None:
    """The number that a bound is, if it is one."""
    node = _inner(end)
    if type(node.value) in (int, Decimal):
        return Decimal(node.value)
    return Decimal(node.raw) if isinstance(node.value, str) and _NUMBER.fullmatch(node.raw) else None
