"""Numbers in XPath: rounding, and what is counted or added up, also over the rows of repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax, walk
from exchange.document import Field
from exchange.rules.compare import how_many
from exchange.rules.meaning import ALWAYS, Meaning, Untranslatable, call, constant, operation
from exchange.xlsform import dates
from exchange.xlsform.rules import Make, Rules

# Of these a remainder has the same sign by XPath's rule as by ours.
NEVER_NEGATIVE = frozenset({"count", "length", "row_index", "year", "month", "day", "abs"})


def extreme(name: str, aggregate: str) -> Make:
    def build(rules: Rules, args: Sequence[Syntax]) -> Meaning:
        if len(args) == 1:
            rowed = rules.rows(args[0])
            if rowed is not None:
                return rowed.gathered(aggregate, rules, sure=False)
        values = [rules.term(arg) for arg in args]
        if len({value.kind for value in values}) > 1 or values[0].kind is not Kind.DATE:
            values = [rules.cast(value, Kind.NUMBER) for value in values]
        if len(values) == 1:
            return values[0]
        return Meaning(
            Call(name, tuple(value.node for value in values), 0),
            values[0].kind,
            frozenset.intersection(*(value.doubts for value in values)),
        )

    return build


def summed(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (arg,) = args
    rowed = rules.rows(arg)
    if rowed is not None:
        return rowed.gathered("sum", rules)
    return Meaning(Call("coalesce", (rules.number(arg).node, Literal(Decimal(0), 0)), 0), Kind.NUMBER)


def counted(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (arg,) = args
    match arg:
        case Call("instance", _, _, (_, Literal("item"))):
            return constant(len(rules.listed(arg).codes))
    rowed = rules.rows(arg)
    if rowed is None and not isinstance(arg, Path):
        raise Untranslatable("What is counted are neither rows nor the choices of a list.")
    return rowed.counted() if rowed is not None else constant(1)


def count_filled(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (arg,) = args
    rowed = rules.rows(arg)
    if rowed is None:
        return call("number", Kind.NUMBER, call("filled", Kind.BOOLEAN, rules.meaning(arg), sure=True))
    found = rules.names.answer_of(rowed.part)
    if not isinstance(found, Field):
        raise Untranslatable(f"{rowed.part.name} holds no answer that could be counted.")
    return rowed.counted(call("filled", Kind.BOOLEAN, Meaning(Path(found.path, 0), found.kind), sure=True))


def count_selected(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (arg,) = args
    found = rules.meaning(arg)
    if found.kind is Kind.CODES:
        return how_many(found)
    if found.kind is Kind.TEXT and not (found.field is not None and found.field.values):
        raise Untranslatable("The words of a text are counted.")
    return call("number", Kind.NUMBER, call("filled", Kind.BOOLEAN, found, sure=True))


def position(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (arg,) = args
    rows = rules.place.rows
    if not rows or not isinstance(arg, Path) or rules.names.find(arg, rules.place) is not rows[-1]:
        raise Untranslatable("The number of another row than that at hand is asked for.")
    return call("row_index", Kind.NUMBER, sure=True)


def indexed(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    """The answer in a row by its number: that before or after the one at hand, or one by a fixed number."""
    asked, group, index = args
    part = rules.names.find(asked, rules.place) if isinstance(asked, Path) else None
    repeat = rules.names.find(group, rules.place) if isinstance(group, Path) else None
    found = rules.names.answer_of(part) if part is not None else None
    if part is None or repeat is None or not isinstance(found, Field):
        raise Untranslatable("indexed-repeat() is called with something else than a question and its repeat.")
    if repeat in rules.place.rows:
        match index:
            case Apply("-" | "+" as sign, (Call("position", _, _), Literal(Decimal() as by)), _) if by == 1:
                return Meaning(
                    Call("prev" if sign == "-" else "next", (Path(found.path, 0),), 0),
                    found.kind,
                    frozenset({"…"}),
                    found,
                )
    if any(isinstance(node, Call) and node.name == "position" for node in walk(index)):
        raise Untranslatable("A row is chosen by the number of the one at hand, and it is not the next or the last.")
    outer = repeat if repeat in rules.place.rows else None
    number = rules.elsewhere(replace(rules.place, outer=outer)).number(index)
    where = Apply("=", (Call("row_index", (), 0), number.node), 0)
    path = Path((repeat.id, *found.path), 0)
    return Meaning(Call("first", (path,), 0, where=where), found.kind, frozenset({ALWAYS}), found)


def truncated(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    if (known := dates.counted_between(rules, Call("int", tuple(args), 0))) is not None:
        return known
    found = rules.number(args[0])  # what follows is passed over there too
    return found if _is_whole(found) else call("truncate", Kind.NUMBER, found)


def _halved(node: Syntax) -> Syntax | None:
    """Of `x - 0.5` the x: rounded, which goes up where two are as near, it is the whole number not above x."""
    match node:
        case Apply("-", (inner, Literal(Decimal() as half)), _) if half == Decimal("0.5"):
            return inner
    return None


def rounded(name: str) -> Make:
    def build(rules: Rules, args: Sequence[Syntax]) -> Meaning:
        first, *places = args
        below = _halved(first) if name == "round" and not places else None
        if below is not None:
            return rounded("floor")(rules, (below,))
        found = rules.number(first)
        if _is_whole(found) and not places:
            return found
        if name != "round" and places:
            raise ValueError
        return call(name, Kind.NUMBER, found, *(rules.number(place) for place in places[:1]))

    return build


def _is_whole(found: Meaning) -> bool:
    return dates.behind(found) is not None or (
        isinstance(found.node, Call)
        and found.node.name
        in ("days", "completed_months", "completed_years", "count", "length", "year", "month", "day")
    )


def remainder(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    """With the sign of the dividend; ours has that of the divisor."""
    left, right = (rules.number(arg) for arg in args)
    if isinstance(left.node, Call) and left.node.name in NEVER_NEGATIVE:
        return call("mod", Kind.NUMBER, left, right, doubt=True)
    sign = call("sign", Kind.NUMBER, left)
    sizes = [
        constant(abs(side.literal)) if isinstance(side.literal, Decimal) else call("abs", Kind.NUMBER, side)
        for side in (left, right)
    ]
    return operation("*", Kind.NUMBER, sign, call("mod", Kind.NUMBER, *sizes, doubt=True))


def power(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    base, exponent = args
    return operation("^", Kind.NUMBER, rules.number(base), rules.number(exponent))


def number(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    """Of what is empty there is no number, and it equals none: the field is not handed on."""
    (arg,) = args
    return replace(rules.number(arg), field=None)
