"""Our functions -> those of XPath that JavaRosa knows: a row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Listing, Literal, Path, Syntax
from exchange.rules.logic import disjunction
from exchange.rules.meaning import Inexpressible, Meaning
from exchange.xlsform import dates
from exchange.xlsform.counting import NEVER_NEGATIVE
from exchange.xlsform.printing import fixed

if TYPE_CHECKING:
    from exchange.xlsform.outward import XPathOut

_EMPTY = Literal("", 0)

Maker = Callable[["XPathOut", Call], Syntax]


def _same(name: str) -> Maker:
    return lambda out, node: Call(name, tuple(out.worth(arg) for arg in node.args), 0)


def _days(out: XPathOut, node: Call) -> Syntax:
    first, second = node.args
    if first == dates.EPOCH:
        return Call("decimal-date-time", (out.worth(second),), 0)
    return Apply("-", (out.worth(second), out.worth(first)), 0)


def _divided(divisor: str) -> Maker:
    return lambda out, node: Apply("/", (_days(out, node), Literal(Decimal(divisor), 0)), 0)


def _elapsed(parts: int) -> Maker:
    def build(out: XPathOut, node: Call) -> Syntax:
        first, second = (Call("decimal-date-time", (out.worth(arg),), 0) for arg in node.args)
        return Apply("*", (Apply("-", (second, first), 0), Literal(Decimal(parts), 0)), 0)

    return build


def _add_days(out: XPathOut, node: Call) -> Syntax:
    day, number = node.args
    if day == dates.EPOCH:
        inner = number.args[0] if isinstance(number, Call) and number.name == "floor" else number
        return Call("date", (out.worth(inner),), 0)
    if isinstance(number, Literal) and isinstance(number.value, Decimal) and number.value < 0:
        return Call("date", (Apply("-", (out.worth(day), Literal(-number.value, 0)), 0),), 0)
    return Call("date", (Apply("+", (out.worth(day), out.worth(number)), 0),), 0)


def _make_date(out: XPathOut, node: Call) -> Syntax:
    match node.args:
        case (Literal(Decimal() as year), Literal(Decimal() as month), Literal(Decimal() as day)):
            return Call("date", (Literal(f"{int(year):04d}-{int(month):02d}-{int(day):02d}", 0),), 0)
        case (Call("number_of", (Call("substring", (text, _, _), _),), _), _, _) if (
            dates.date_of_text(Meaning(text, Kind.TEXT)).node == node
        ):
            return Call("date", (dates.guarded(out.worth(text)),), 0)
    raise Inexpressible("A date is put together of numbers, which XPath cannot.")


def _formatted(pattern: str) -> Maker:
    return lambda out, node: Call(
        "number", (Call("format-date", (out.worth(node.args[0]), Literal(pattern, 0)), 0),), 0
    )


def _text_of(out: XPathOut, node: Call) -> Syntax:
    found = out.worth(node.args[0])
    if (
        isinstance(found, Call)
        and found.name == "number"
        and isinstance(found.args[0], Call)
        and found.args[0].name == "format-date"
    ):
        return found.args[0]
    return Call("string", (found,), 0)


def _between(build: Callable[[Syntax, Syntax], Syntax]) -> Maker:
    return lambda out, node: build(*map(out.worth, node.args))


def _substring(out: XPathOut, node: Call) -> Syntax:
    text, start, *length = (out.worth(arg) for arg in node.args)
    first = _less(start, Decimal(1))
    parts = [text, first]
    if length:
        parts.append(_sum(first, length[0]))
    return Call("substr", tuple(parts), 0)


def _less(node: Syntax, by: Decimal) -> Syntax:
    match node:
        case Literal(Decimal() as number):
            return Literal(number - by, 0)
        case Apply("+", (part, Literal(number)), _) if number == by:
            return part
    return Apply("-", (node, Literal(by, 0)), 0)


def _sum(left: Syntax, right: Syntax) -> Syntax:
    match left, right:
        case Literal(Decimal() as a), Literal(Decimal() as b):
            return Literal(a + b, 0)
        case part, Apply("-", (end, start), _) if start == part:
            return end
    return Apply("+", (left, right), 0)


def _strict_extreme(name: str) -> Maker:
    """Ours gives nothing where one is missing."""

    def build(out: XPathOut, node: Call) -> Syntax:
        values = [out.worth(arg) for arg in node.args]
        unsure = [value for arg, value in zip(node.args, values, strict=True) if not out.sure(arg)]
        found = Call(name, tuple(values), 0)
        missing = [Meaning(Apply("=", (value, _EMPTY), 0), Kind.BOOLEAN) for value in unsure]
        return Call("if", (disjunction(missing).node, _EMPTY, found), 0) if missing else found

    return build


def _count_true(out: XPathOut, node: Call) -> Syntax:
    ones = [Call("if", (out.holds(arg).node, Literal(Decimal(1), 0), Literal(Decimal(0), 0)), 0) for arg in node.args]
    found: Syntax = ones[0]
    for one in ones[1:]:
        found = Apply("+", (found, one), 0)
    return found


def _number(out: XPathOut, node: Call) -> Syntax:
    return Call("number", (out.holds(node.args[0]).node,), 0)


def _starts(name: str) -> Maker:
    """One of several texts."""

    def build(out: XPathOut, node: Call) -> Syntax:
        text, sought = node.args
        options = sought.items if isinstance(sought, Listing) else (sought,)
        found = [Meaning(Call(name, (out.worth(text), out.worth(option)), 0), Kind.BOOLEAN) for option in options]
        return disjunction(found).node

    return build


def _place(out: XPathOut, node: Call) -> Syntax:
    text, part = (out.worth(arg) for arg in node.args)
    before = Call("string-length", (Call("substring-before", (text, part), 0),), 0)
    return Call(
        "if",
        (Call("contains", (text, part), 0), Apply("+", (before, Literal(Decimal(1), 0)), 0), Literal(Decimal(0), 0)),
        0,
    )


def _replaced(out: XPathOut, node: Call) -> Syntax:
    text, old, new = node.args
    if isinstance(old, Literal) and len(str(old.value)) == 1 and isinstance(new, Literal) and len(str(new.value)) <= 1:
        return Call("translate", (out.worth(text), old, new), 0)
    raise Inexpressible("Parts of a text are replaced by others, which XPath does for single characters alone.")


def _remainder(out: XPathOut, node: Call) -> Syntax:
    left, right = (out.worth(arg) for arg in node.args)
    once = Call("mod", (left, right), 0)
    if isinstance(node.args[0], Call) and node.args[0].name in NEVER_NEGATIVE:
        return once
    return Call("mod", (Apply("+", (once, right), 0), right), 0)


def _sign(out: XPathOut, node: Call) -> Syntax:
    found = out.worth(node.args[0])
    zero = Literal(Decimal(0), 0)
    below = Call("if", (Apply("<", (found, zero), 0), Literal(Decimal(-1), 0), zero), 0)
    return Call("if", (Apply(">", (found, zero), 0), Literal(Decimal(1), 0), below), 0)


def _below(node: Syntax) -> Syntax:
    """`round` goes up where two are as near, so this is the whole number not above; JavaRosa has no `floor`."""
    return Call("round", (Apply("-", (node, Literal(Decimal("0.5"), 0)), 0),), 0)


def _label(out: XPathOut, node: Call) -> Syntax:
    found = out.worth(node.args[0])
    return Call("jr:choice-name", (found, Literal(fixed(found), 0)), 0)


CALLS: Mapping[str, Maker] = {
    "[format]": _same("format-date"),
    "[contains]": _same("contains"),
    "[starts]": _same("starts-with"),
    "[before]": _same("substring-before"),
    "[after]": _same("substring-after"),
    "[mod]": _same("mod"),
    "[normal]": _same("normalize-space"),
    "today": _same("today"),
    "now": _same("now"),
    "date": _same("date"),
    "days": _days,
    "years": _divided("365.25"),
    "months": _divided("30.4375"),
    "hours": _elapsed(24),
    "minutes": _elapsed(1440),
    "add_days": _add_days,
    "make_date": _make_date,
    "completed_years": _between(dates.years_between),
    "completed_months": _between(dates.months_between),
    "year": _formatted("%Y"),
    "month": _formatted("%n"),
    "day": _formatted("%e"),
    "hour": _formatted("%h"),
    "minute": _formatted("%M"),
    "abs": _same("abs"),
    "round": _same("round"),
    "floor": lambda out, node: _below(out.worth(node.args[0])),
    "ceil": lambda out, node: Apply("negative", (_below(Apply("negative", (out.worth(node.args[0]),), 0)),), 0),
    "truncate": lambda out, node: Call("int", (out.worth(node.args[0]),), 0),
    "sign": _sign,
    "mod": _remainder,
    "sqrt": _same("sqrt"),
    "exp": _same("exp"),
    "ln": _same("log"),
    "log10": _same("log10"),
    "number": _number,
    "number_of": _same("number"),
    "count_true": _count_true,
    "least": _same("min"),
    "greatest": _same("max"),
    "min": _strict_extreme("min"),
    "max": _strict_extreme("max"),
    "coalesce": _same("coalesce"),
    "length": _same("string-length"),
    "concat": _same("concat"),
    "text_of": _text_of,
    "matches": _starts("regex"),
    "contains": _starts("contains"),
    "starts_with": _starts("starts-with"),
    "ends_with": _starts("ends-with"),
    "position_of": _place,
    "substring": _substring,
    "replace": _replaced,
    "label": _label,
    "row_index": lambda _out, _node: Call("position", (Path(("..",), 0),), 0),
}  # fmt: skip
