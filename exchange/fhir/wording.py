"""Functions of texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Call, Literal
from exchange.fhir.calls import Args, missing, ours, strict
from exchange.fhir.elements import Collection, One, of, ones, text_constant
from exchange.fhir.evaluate import Evaluator, Function, Scope
from exchange.rules.meaning import Meaning, Untranslatable, call, constant, doubts_of, operation


def concatenated(parts: list[Meaning]) -> Meaning:
    flat: list[Meaning] = []
    for part in parts:
        match part.node:
            case Call("concat", args, _):
                flat.extend(Meaning(arg, Kind.TEXT, part.doubts) for arg in args)
            case _:
                flat.append(part)
    return Meaning(Call("concat", tuple(part.node for part in flat), 0), Kind.TEXT, doubts_of(parts))


def or_nothing(part: Meaning) -> Meaning:
    if part.is_literal or not part.doubts:
        return part
    return Meaning(Call("coalesce", (part.node, Literal("", 0)), 0), Kind.TEXT)


def _ampersand(ev: Evaluator, left: Collection, args: Args, scope: Scope) -> Collection:
    """`&`: what is empty is a text without characters."""
    (right,) = args
    sides = [ev.own(side, scope) for side in (left, ev.run(right, scope))]
    parts = [or_nothing(ev.translator.cast(side, Kind.TEXT)) for side in sides if not missing(side)]
    return of(concatenated(parts) if len(parts) > 1 else parts[0] if parts else text_constant(""))


def text_function(name: str, kind: Kind, *, doubt: bool = False) -> Function:
    return strict(lambda text, *rest: ours(name, kind, text, *rest, doubt=doubt), Kind.TEXT)


def _found(name: str, op: str, place: int) -> Function:
    """Whether a text begins with another, or holds it. One that is not known before is searched for by its place."""

    def build(text: Meaning, part: Meaning) -> Meaning:
        if part.is_literal:
            return ours(name, Kind.BOOLEAN, text, part)
        return operation(op, Kind.BOOLEAN, call("position_of", Kind.NUMBER, text, part), constant(place))

    return strict(build, Kind.TEXT)


_DATE_PARTS = {(0, 4): "year", (5, 2): "month", (8, 2): "day"}


def _substring(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    numbers = [ev.one(arg, scope) for arg in args]
    iso = next((one for one in ones(receiver) if one.facet == "iso"), None)
    if iso is not None:
        part = _DATE_PARTS.get(tuple(int(number.literal) for number in numbers if isinstance(number.literal, Decimal)))  # type: ignore[arg-type]
        if part is None:
            raise Untranslatable("Only year, month and day can be taken from a date.")
        return (One(call(part, Kind.NUMBER, iso.meaning), iso.guard, iso.rows, "digits"),)
    text = ev.own(receiver, scope)
    if missing(text, *numbers):
        return ()
    start = operation("+", Kind.NUMBER, numbers[0], constant(1))
    if isinstance(numbers[0].literal, Decimal):
        start = constant(numbers[0].literal + 1)
    text = ev.translator.cast(text, Kind.TEXT)
    return of(ours("substring", Kind.TEXT, text, start, *numbers[1:], doubt=True))


def _position(text: Meaning, part: Meaning) -> Meaning:
    return operation("-", Kind.NUMBER, ours("position_of", Kind.NUMBER, text, part), constant(1))


def _matches(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    (pattern,) = args
    text, expression = ev.own(receiver, scope), ev.one(pattern, scope)
    if missing(text, expression):
        return ()
    if not isinstance(expression.literal, str):
        raise Untranslatable("The pattern of matches() is no constant.")
    pattern_of_all = whole(expression.literal)
    if isinstance(text.literal, str):
        return of(constant(re.fullmatch(pattern_of_all, text.literal) is not None))
    return of(ours("matches", Kind.BOOLEAN, ev.translator.cast(text, Kind.TEXT), text_constant(pattern_of_all)))


def _alternates(pattern: str) -> bool:
    """Whether `|` stands outside all brackets, so that anchors belong to one side of it."""
    bare = _ESCAPED_OR_SET.sub("", pattern)
    depth = 0
    for sign in bare:
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            return True
    return False


_ESCAPED_OR_SET = re.compile(r"\\.|\[\^?\]?[^\]]*\]", re.DOTALL)
_ANYTHING = r"[\s\S]*"


def whole(pattern: str, *, full: bool = False) -> str:
    """A pattern that finds something anywhere, as one of the whole text. `full`: it is meant of the whole text already.

    Raises:
        Untranslatable: it is no pattern of ours.
    """
    begins, ends = pattern.startswith("^"), pattern.endswith("$") and not pattern.endswith("\\$")
    if _alternates(pattern):
        found = f"(?:{pattern})" if full else f"{_ANYTHING}(?:{pattern}){_ANYTHING}"
    else:
        inner = pattern[begins : len(pattern) - ends]
        found = inner if full else ("" if begins else _ANYTHING) + inner + ("" if ends else _ANYTHING)
    try:
        re.compile(found)
    except (re.error, RecursionError, OverflowError) as fault:
        raise Untranslatable(f"The pattern cannot be read: {fault}.") from None
    return found


FUNCTIONS: Mapping[str, Function] = {
    "&": _ampersand,
    "length": text_function("length", Kind.NUMBER),
    "lower": text_function("lower", Kind.TEXT),
    "upper": text_function("upper", Kind.TEXT),
    "trim": text_function("trim", Kind.TEXT, doubt=True),
    "contains": _found("contains", ">", 0),
    "startsWith": _found("starts_with", "=", 1),
    "endsWith": text_function("ends_with", Kind.BOOLEAN),
    "substring": _substring,
    "indexOf": strict(_position, Kind.TEXT),
    "replace": text_function("replace", Kind.TEXT),
    "matches": _matches,
    "matchesFull": _matches,
}
