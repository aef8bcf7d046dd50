"""What is known of a calculated number before it is calculated: whether it is whole, and how many decimals it has at most."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax, walk

_WHOLE = frozenset({
    "days", "completed_years", "completed_months", "year", "month", "day", "weekday", "hour", "minute", "count", "count_true",
    "length", "position_of", "number", "row_index", "sign", "position",
})  # fmt: skip
_ROUNDING = frozenset({"round", "floor", "ceil", "truncate"})
_ONE_OF = frozenset({"coalesce", "min", "max", "least", "greatest", "abs"})
MOST = 6  # decimals that are kept of a number whose decimals have no end


def decimals(node: Syntax, of_item: Callable[[Path], int | None]) -> int | None:
    """Decimals at most; None where there is no end of them. `of_item`: those of an item."""
    match node:
        case Literal(Decimal() as number):
            return max(0, -int(number.as_tuple().exponent))
        case Literal(None):
            return 0
        case Path():
            return of_item(node)
        case Apply("negative", (part,), _):
            return decimals(part, of_item)
        case Apply("+" | "-", args, _):
            return _most([decimals(arg, of_item) for arg in args])
        case Apply("*", args, _):
            known = [decimals(arg, of_item) for arg in args]
            return None if None in known else sum(each or 0 for each in known)
        case Call(name, args, _):
            return _of_call(name, args, of_item)
    return None


def _of_call(name: str, args: tuple[Syntax, ...], of_item: Callable[[Path], int | None]) -> int | None:
    if name in _WHOLE:
        return 0
    if name in _ROUNDING:
        places = args[1] if len(args) > 1 else Literal(Decimal(0), 0)
        return max(0, int(places.value)) if isinstance(places, Literal) and isinstance(places.value, Decimal) else None
    if name == "if":
        return _most([decimals(arg, of_item) for arg in args[1:]])
    if name in _ONE_OF:
        return _most([decimals(arg, of_item) for arg in args])
    if name in ("sum", "mod", "prev", "next", "first"):
        return _most([decimals(arg, of_item) for arg in args])
    return None


def _most(known: list[int | None]) -> int | None:
    return None if None in known else max((each or 0 for each in known), default=0)


def is_live(node: Syntax) -> bool:
    """Whether the value changes with the day."""
    return any(isinstance(part, Call) and part.name in ("today", "now") for part in walk(node))


def words_of(node: Syntax, of_item: Callable[[Path], frozenset[str] | None]) -> frozenset[str] | None:
    """All texts that an expression may give, where they are few and known."""
    match node:
        case Literal(str() as text):
            return frozenset({text})
        case Literal(None):
            return frozenset()
        case Path():
            return of_item(node)
        case Call("if", (_, then, otherwise), _):
            both = [words_of(part, of_item) for part in (then, otherwise)]
            return None if both[0] is None or both[1] is None else both[0] | both[1]
    return None
