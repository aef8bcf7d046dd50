"""What REDCap's functions mean in our language, by REDCap's own help ('Special functions').

Blank answers: sum and its like leave them out and are blank where all are; a calculation with one is blank, and text functions
take them for ''.
`contains` and its like do not tell capitals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Call, Literal, Syntax
from exchange.redcap.dates import DATES, day_constant
from exchange.redcap.references import event_is, told_by_event
from exchange.rules import logic
from exchange.rules.compare import compared
from exchange.rules.meaning import FALSE, TRUE, Meaning, Untranslatable, call, constant, doubts_of, operation
from exchange.rules.translate import Builder, Dialect, Translator, applied, chosen_value, joined_texts, negated

Args = Sequence[Syntax]

_PRESENT = (
    "`today` and `now` beside a date are meant as the present; some versions of REDCap know them in datediff alone."
)
_OF_A_SAMPLE = "The deviation of a sample is calculated, through n - 1."

# numbers ----------------------------------------------------------------------------------------------------------


def _filled_or_zero(number: Meaning) -> Meaning:
    if not number.doubts:
        return number
    return Meaning(Call("coalesce", (number.node, Literal(Decimal(0), 0)), 0), Kind.NUMBER)


def _balanced(parts: Sequence[Meaning]) -> Meaning:
    """A sum as a shallow tree: long ones would stand too deep in one another."""
    if len(parts) <= 8:
        total = parts[0]
        for part in parts[1:]:
            total = operation("+", Kind.NUMBER, total, part)
        return total
    half = len(parts) // 2
    return operation("+", Kind.NUMBER, _balanced(parts[:half]), _balanced(parts[half:]))


def _total(numbers: Sequence[Meaning]) -> Meaning:
    """A sum in which blanks are 0."""
    added = [number for number in numbers if number.literal != 0] or numbers
    return _balanced([_filled_or_zero(number) for number in added])


def _sum(translator: Translator, args: Args) -> Meaning:
    """Blanks are left out; of blanks alone the sum is blank. Of `if(…, 1, 0)` alone it says how many hold."""
    conditions = [condition for arg in args if (condition := _counted(arg)) is not None]
    if len(conditions) == len(args) > 1:
        return call("count_true", Kind.NUMBER, *map(translator.truth, conditions), sure=True)
    numbers = [translator.number(arg) for arg in args]
    if len(numbers) == 1 or not all(number.doubts for number in numbers):
        return numbers[0] if len(numbers) == 1 else _total(numbers)
    any_there = Call("filled", (Call("coalesce", tuple(number.node for number in numbers), 0),), 0)
    node = Call("if", (any_there, _total(numbers).node, Literal(None, 0)), 0)
    return Meaning(node, Kind.NUMBER, doubts_of(numbers))


def _counted(node: Syntax) -> Syntax | None:
    """The condition of `if(…, 1, 0)`."""
    match node:
        case Call("if", (condition, Literal(Decimal() as one), Literal(Decimal() as zero)), _) if (
            one == 1 and zero == 0
        ):
            return condition
    return None


def _mean(translator: Translator, args: Args) -> Meaning:
    numbers = [translator.number(arg) for arg in args]
    if not any(number.doubts for number in numbers):
        return operation("/", Kind.NUMBER, _total(numbers), constant(len(numbers)))
    return operation("/", Kind.NUMBER, _balanced([*map(_filled_or_zero, numbers)]), _how_many(numbers))


def _how_many(numbers: Sequence[Meaning]) -> Meaning:
    there = [call("filled", Kind.BOOLEAN, number, sure=True) if number.doubts else TRUE for number in numbers]
    return call("count_true", Kind.NUMBER, *there, sure=True)


def _stdev(translator: Translator, args: Args) -> Meaning:
    """Of a sample: the root of (sum of squares - square of the sum / n) / (n - 1)."""
    numbers = [translator.number(arg) for arg in args]
    translator.reservations.append(_OF_A_SAMPLE)
    squares = [operation("*", Kind.NUMBER, number, number) for number in numbers]
    total, count = _balanced([*map(_filled_or_zero, numbers)]), _how_many(numbers)
    square_of_total = operation("/", Kind.NUMBER, operation("*", Kind.NUMBER, total, total), count)
    scattered = operation("-", Kind.NUMBER, _balanced([*map(_filled_or_zero, squares)]), square_of_total)
    freedom = operation("-", Kind.NUMBER, count, constant(1))
    return call("sqrt", Kind.NUMBER, operation("/", Kind.NUMBER, scattered, freedom), doubt=True)


def _median(translator: Translator, args: Args) -> Meaning:
    """Of at most four numbers: what is left without the least and the greatest, halved where that are two."""
    numbers = [translator.number(arg) for arg in args]
    if len(numbers) <= 2:
        return _mean(translator, args)
    if len(numbers) > 4:
        raise Untranslatable("median() of more than four numbers has no counterpart in our language.")
    total, count = _balanced([*map(_filled_or_zero, numbers)]), _how_many(numbers)
    ends = [call(name, Kind.NUMBER, *numbers) for name in ("least", "greatest")]
    inner = operation("-", Kind.NUMBER, operation("-", Kind.NUMBER, total, ends[0]), ends[1])
    of_more = operation("/", Kind.NUMBER, inner, operation("-", Kind.NUMBER, count, constant(2)))
    of_few = operation("/", Kind.NUMBER, total, count)
    more = operation(">", Kind.BOOLEAN, count, constant(2))
    return Meaning(Call("if", (more.node, of_more.node, of_few.node), 0), Kind.NUMBER, doubts_of([of_more]))


def _extreme(name: str) -> Builder:
    def build(translator: Translator, args: Args) -> Meaning:
        numbers = [translator.meaning(arg) for arg in args]
        days = {number.kind for number in numbers} <= {Kind.DATE}
        if not days:
            numbers = [translator.cast(number, Kind.NUMBER) for number in numbers]
        if len(numbers) == 1:
            return numbers[0]
        sure = any(not number.doubts for number in numbers)
        return call(name, Kind.DATE if days else Kind.NUMBER, *numbers, sure=sure)

    return build


def _round(translator: Translator, args: Args) -> Meaning:
    number, *digits = (translator.number(arg) for arg in args)
    return call("round", Kind.NUMBER, number, *digits)


def _rounded_to(name: str) -> Builder:
    """Up or down to a number of decimals."""

    def build(translator: Translator, args: Args) -> Meaning:
        number, *digits = (translator.number(arg) for arg in args)
        return call(name, Kind.NUMBER, number, *(places for places in digits if places.literal != 0))

    return build


def _log(translator: Translator, args: Args) -> Meaning:
    """Of a base, or natural."""
    number, *base = (translator.number(arg) for arg in args)
    if base and base[0].literal == 10:
        return call("log10", Kind.NUMBER, number, doubt=True)
    natural = call("ln", Kind.NUMBER, number, doubt=True)
    return operation("/", Kind.NUMBER, natural, call("ln", Kind.NUMBER, *base, doubt=True)) if base else natural


def _pair(op: str) -> Builder:
    def build(translator: Translator, args: Args) -> Meaning:
        left, right = (translator.number(arg) for arg in args)
        return operation(op, Kind.NUMBER, left, right)

    return build


# questions --------------------------------------------------------------------------------------------------------


def _is_number(translator: Translator, args: Args) -> Meaning:
    (arg,) = args
    found = translator.meaning(arg)
    if found.is_literal or found.kind is Kind.NOTHING:
        return constant(
            isinstance(found.literal, Decimal) or bool(re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", str(found.literal)))
        )
    return call("filled", Kind.BOOLEAN, translator.number(arg), sure=True)


def _is_integer(translator: Translator, args: Args) -> Meaning:
    (arg,) = args
    number = translator.number(arg)
    whole = operation("=", Kind.BOOLEAN, number, call("floor", Kind.NUMBER, number))
    return logic.certain(whole)


def _is_blank(translator: Translator, args: Args) -> Meaning:
    (arg,) = args
    return compared(translator, "=", translator.meaning(arg), constant(""))


_PLACES: Mapping[str, str] = {"contains": ">=", "starts_with": "="}  # how the place of the needle compares with 1


def _has(name: str, *, opposite: bool = False) -> Builder:
    """`contains(haystack, needle)` and its like; capitals do not matter."""

    def build(translator: Translator, args: Args) -> Meaning:
        haystack, needle = (_lowered(translator.text(arg)) for arg in args)
        if needle.literal == "":
            return FALSE if opposite else TRUE
        if needle.is_literal:
            found = call(name, Kind.BOOLEAN, haystack, needle)
        elif name in _PLACES:  # ours asks for constants
            place = call("position_of", Kind.NUMBER, haystack, needle)
            found = operation(_PLACES[name], Kind.BOOLEAN, place, constant(1))
        else:
            raise Untranslatable(f"{name}() asks for a text that is no constant.")
        return logic.negation(found) if opposite else found

    return build


def _lowered(found: Meaning) -> Meaning:
    return constant(found.literal.lower()) if isinstance(found.literal, str) else call("lower", Kind.TEXT, found)


# texts ------------------------------------------------------------------------------------------------------------


def _concat(translator: Translator, args: Args) -> Meaning:
    parts = [translator.text(arg) for arg in args]
    return parts[0] if len(parts) == 1 else call("concat", Kind.TEXT, *parts)


def _left(translator: Translator, args: Args) -> Meaning:
    found = translator.meaning(args[0])
    if found.kind is Kind.DATETIME and args[1] == Literal(Decimal(10), getattr(args[1], "at", 0)):
        return translator.cast(found, Kind.DATE)  # its first ten signs
    text, count = translator.text(args[0]), translator.number(args[1])
    return call("substring", Kind.TEXT, text, constant(1), count)


def _right(translator: Translator, args: Args) -> Meaning:
    text, count = translator.text(args[0]), translator.number(args[1])
    last = operation(
        "+", Kind.NUMBER, operation("-", Kind.NUMBER, call("length", Kind.NUMBER, text), count), constant(1)
    )
    return call("substring", Kind.TEXT, text, last)


def _mid(translator: Translator, args: Args) -> Meaning:
    text, *places = args
    start, count = (translator.number(place) for place in places)
    return call("substring", Kind.TEXT, translator.text(text), start, count)


def _find(translator: Translator, args: Args) -> Meaning:
    """`find(needle, haystack)`."""
    needle, haystack = (_lowered(translator.text(arg)) for arg in args)
    return call("position_of", Kind.NUMBER, haystack, needle)


def _replace(translator: Translator, args: Args) -> Meaning:
    text, old, new = (translator.text(arg) for arg in args)
    return call("replace", Kind.TEXT, text, old, new)


# comparisons ------------------------------------------------------------------------------------------------------


def _compare(op: str) -> Builder:
    """Like others, but a box is never blank, and what differs by event asks for the event."""

    def build(translator: Translator, args: Args) -> Meaning:
        left, right = _with_moments(translator, args)
        for side, other in ((left, right), (right, left)):
            if side.kind is Kind.BOOLEAN and not side.doubts and other.kind is Kind.NOTHING:
                return constant(op in ("!=", ">", ">="))
            if op in ("=", "!=") and other.literal not in (None, "") and (told := told_by_event(side)):
                return _event(op, told, str(other.literal))
        return compared(translator, op, left, right)

    return build


def _with_moments(translator: Translator, args: Args) -> list[Meaning]:
    """Both sides; `today` and `now` beside a date are the day and the moment."""
    sides = [translator.meaning(arg) for arg in args]
    if {side.kind for side in sides} & {Kind.DATE, Kind.DATETIME}:
        for place, side in enumerate(sides):
            if str(side.literal).lower() in ("today", "now"):
                sides[place] = day_constant(str(side.literal)) or side
                translator.reservations.append(_PRESENT)
    return sides


def _missing_code(translator: Translator, args: Args) -> Meaning:
    """Whether a reason stands in place of an answer."""
    (arg,) = args
    reason = call("missing_reason", Kind.TEXT, translator.meaning(arg))
    return call("filled", Kind.BOOLEAN, reason, sure=True)


def _event(op: str, told: Mapping[str, str], wanted: str) -> Meaning:
    """`[event-name] = 'a'`: whether the form stands in an event of which this is told."""
    events = [event for event, text in told.items() if text == wanted]
    if not events:
        raise Untranslatable(f"There is no event {wanted}.")
    found = logic.disjunction([event_is(event) for event in events])
    return found if op == "=" else logic.negation(found)


_COMPARISONS: Mapping[str, Builder] = {op: _compare(op) for op in ("=", "!=", "<", "<=", ">", ">=")}

REDCAP = Dialect(
    "redcap",
    {
        **_COMPARISONS,
        **DATES,
        "if": chosen_value,
        "not": negated,
        "sum": _sum,
        "mean": _mean,
        "median": _median,
        "stdev": _stdev,
        "min": _extreme("least"),
        "max": _extreme("greatest"),
        "round": _round,
        "roundup": _rounded_to("ceil"),
        "rounddown": _rounded_to("floor"),
        "sqrt": applied("sqrt", Kind.NUMBER, Kind.NUMBER, doubt=True),
        "abs": applied("abs", Kind.NUMBER, Kind.NUMBER),
        "exponential": applied("exp", Kind.NUMBER, Kind.NUMBER),
        "exp": applied("exp", Kind.NUMBER, Kind.NUMBER),
        "log": _log,
        "pow": _pair("^"),
        "mod": applied("mod", Kind.NUMBER, Kind.NUMBER, count=2, doubt=True),
        "isnumber": _is_number,
        "isinteger": _is_integer,
        "isblankormissingcode": _is_blank,
        "isblank": _is_blank,
        "ismissingcode": _missing_code,
        "contains": _has("contains"),
        "not_contain": _has("contains", opposite=True),
        "starts_with": _has("starts_with"),
        "ends_with": _has("ends_with"),
        "lower": applied("lower", Kind.TEXT, Kind.TEXT),
        "upper": applied("upper", Kind.TEXT, Kind.TEXT),
        "trim": applied("trim", Kind.TEXT, Kind.TEXT),
        "length": applied("length", Kind.NUMBER, Kind.TEXT),
        "concat": _concat,
        "concat_ws": joined_texts,
        "left": _left,
        "right": _right,
        "mid": _mid,
        "find": _find,
        "replace_text": _replace,
    },
)
