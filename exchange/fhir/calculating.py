"""Functions of numbers and dates."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Syntax
from exchange.fhir.calls import Args, missing, ours, strict
from exchange.fhir.elements import Collection, One, of, ones
from exchange.fhir.evaluate import Evaluator, Function, Scope
from exchange.fhir.wording import concatenated
from exchange.rules.meaning import Meaning, Untranslatable, call, constant, operation
from exchange.rules.moments import constant_moment


def _plus(ev: Evaluator, left: Collection, args: Args, scope: Scope) -> Collection:
    return _shifted(ev, left, args, scope, 1)


def _minus(ev: Evaluator, left: Collection, args: Args, scope: Scope) -> Collection:
    return _shifted(ev, left, args, scope, -1)


_DAYS = {"day": 1, "week": 7, "d": 1, "wk": 7}
_MONTHS = {"month": 1, "year": 12, "mo": 1, "a": 12}
_HOURS = {"hour": Decimal(1), "h": Decimal(1)}
_SPANS = frozenset({*_DAYS, *_MONTHS, *_HOURS, "minute", "second", "min", "s"})


def _shifted(ev: Evaluator, left: Collection, args: Args, scope: Scope, sign: int) -> Collection:
    """A date and a length of time, numbers, or texts."""
    (node,) = args
    right = ev.run(node, scope)
    meanings = [ev.own(left, scope), ev.own(right, scope)]
    if missing(*meanings):
        return ()
    span = next((one for one in ones(right) if one.facet == "span" or one.unit.removesuffix("s") in _SPANS), None)
    if span is not None and meanings[0].kind in (Kind.DATE, Kind.DATETIME):
        return of(_moved(meanings[0], span, sign))
    if sign > 0 and any(
        meaning.kind in (Kind.TEXT, Kind.CODE) and not _digits(side)
        for meaning, side in zip(meanings, (left, right), strict=True)
    ):
        return of(concatenated([ev.translator.cast(meaning, Kind.TEXT) for meaning in meanings]))
    numbers = [ev.translator.cast(meaning, Kind.NUMBER) for meaning in meanings]
    counted = [_counted(number.node) for number in numbers]
    if sign > 0 and all(counted):
        return of(Meaning(Call("count_true", tuple(part for side in counted for part in side), 0), Kind.NUMBER))
    return of(operation("+" if sign > 0 else "-", Kind.NUMBER, *numbers))


def _counted(node: Syntax) -> tuple[Syntax, ...]:
    """What is counted by `iif(a, 1, 0) + iif(b, 1, 0)`: how scores are added up where nothing counts what is true."""
    match node:
        case Call(
            "if",
            (Apply("is", (test, Literal("true")), _) | test, Literal(Decimal() as one), Literal(Decimal() as zero)),
            _,
        ):
            return (test,) if one == 1 and zero == 0 else ()
        case Call("count_true", tests, _):
            return tests
    return ()


def _digits(side: Collection) -> bool:
    return any(one.facet == "digits" for one in ones(side))


def _moved(moment: Meaning, span: One, sign: int) -> Meaning:
    number = span.meaning if sign > 0 else negated_number(span.meaning)
    unit = span.unit.removesuffix("s")
    for units, name, kind in ((_DAYS, "add_days", Kind.DATE), (_MONTHS, "add_months", Kind.DATE)):
        if unit in units:
            if moment.kind is Kind.DATETIME:
                moment = call("date", Kind.DATE, moment)
            factor = units[unit]
            return call(name, kind, moment, number if factor == 1 else _times(number, Decimal(factor)))
    if unit in _HOURS and moment.kind is Kind.DATETIME:
        return call("add_hours", Kind.DATETIME, moment, number)
    raise Untranslatable(f"A number of '{span.unit}' is added to a {moment.kind}.")


def negated_number(number: Meaning) -> Meaning:
    if isinstance(number.literal, Decimal):
        return constant(-number.literal)
    return operation("negative", Kind.NUMBER, number)


def _times(number: Meaning, factor: Decimal) -> Meaning:
    if isinstance(number.literal, Decimal):
        return constant(number.literal * factor)
    return operation("*", Kind.NUMBER, call("truncate", Kind.NUMBER, number), constant(factor))


def _quantity(ev: Evaluator, _receiver: Collection, args: Args, scope: Scope) -> Collection:
    number, unit = args
    word = str(unit.value) if isinstance(unit, Literal) else ""
    word = word.removesuffix("s") if word.removesuffix("s") in _SPANS else word  # `18 'years'`
    return (One(ev.one(number, scope), facet="span" if word in _SPANS else "quantity", unit=word),)


def _signed(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
    found = ev.own(receiver, scope)
    return () if missing(found) else of(negated_number(ev.translator.cast(found, Kind.NUMBER)))


def _arithmetic(op: str) -> Function:
    return strict(lambda left, right: operation(op, Kind.NUMBER, left, right))


def _whole(number: Meaning) -> Meaning:
    """Towards zero."""
    if isinstance(number.literal, Decimal):
        return constant(int(number.literal))
    return call("truncate", Kind.NUMBER, number)


def _remainder(left: Meaning, right: Meaning) -> Meaning:
    """With the sign of the left side; ours has that of the right one."""
    if isinstance(right.literal, Decimal) and right.literal > 0 and _not_below_zero(left):
        return call("mod", Kind.NUMBER, left, right)
    size = right if right.is_literal else call("abs", Kind.NUMBER, right)
    below = operation("<", Kind.BOOLEAN, left, constant(0))
    under = negated_number(call("mod", Kind.NUMBER, negated_number(left), size))
    doubts = left.doubts | right.doubts
    return Meaning(
        Call("if", (below.node, under.node, call("mod", Kind.NUMBER, left, size).node), 0), Kind.NUMBER, doubts
    )


def _not_below_zero(meaning: Meaning) -> bool:
    node = meaning.node
    return isinstance(node, Call) and node.name in ("year", "month", "day", "abs", "count", "length", "count_true")


def _round(number: Meaning, places: Meaning | None = None) -> Meaning:
    return call("round", Kind.NUMBER, number) if places is None else call("round", Kind.NUMBER, number, places)


def _log(number: Meaning, base: Meaning) -> Meaning:
    if base.literal == 10:
        return ours("log10", Kind.NUMBER, number, doubt=True)
    return operation("/", Kind.NUMBER, *(call("ln", Kind.NUMBER, part, doubt=True) for part in (number, base)))


def _plain_function(name: str, *, doubt: bool = False) -> Function:
    return strict(lambda number: ours(name, Kind.NUMBER, number, doubt=doubt))


def _moment(ev: Evaluator, _receiver: Collection, args: Args, _scope: Scope) -> Collection:
    (literal,) = args
    text = str(literal.value) if isinstance(literal, Literal) else ""
    return of(constant_moment(text.removesuffix("T"), ev.translator.reservations))


def _part_of_date(name: str) -> Function:
    """`yearOf()` and the like, as FHIRPath 3 has them and forms write them."""

    def build(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
        found = ev.own(receiver, scope)
        return () if missing(found) else of(call(name, Kind.NUMBER, ev.translator.cast(found, Kind.DATE)))

    return build


def _clock(name: str, kind: Kind) -> Function:
    return lambda _ev, _receiver, _args, _scope: of(Meaning(Call(name, (), 0), kind))


FUNCTIONS: Mapping[str, Function] = {
    "+": _plus,
    "-": _minus,
    "*": _arithmetic("*"),
    "/": _arithmetic("/"),
    "negative": _signed,
    "div": strict(lambda left, right: _whole(operation("/", Kind.NUMBER, left, right))),
    "mod": strict(_remainder),
    "power": _arithmetic("^"),
    "abs": _plain_function("abs"),
    "ceiling": _plain_function("ceil"),
    "floor": _plain_function("floor"),
    "round": strict(_round),
    "truncate": strict(_whole),
    "trunc": strict(_whole),
    "exp": _plain_function("exp"),
    "ln": _plain_function("ln", doubt=True),
    "log": strict(_log),
    "sqrt": _plain_function("sqrt", doubt=True),
    "quantity": _quantity,
    **{f"{name}{end}": _part_of_date(name) for name in ("year", "month", "day") for end in ("", "Of")},
    "@": _moment,
    "today": _clock("today", Kind.DATE),
    "now": _clock("now", Kind.DATETIME),
}
