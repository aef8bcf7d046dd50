"""Conditions and choices in XPath: comparisons, what is selected, and values of one kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Syntax
from exchange.rules import logic, translate
from exchange.rules.compare import compared, how_many, reserve_unknown
from exchange.rules.meaning import FALSE, Meaning, Untranslatable, call, constant, operation
from exchange.rules.translate import number_in
from exchange.xlsform import dates
from exchange.xlsform.rules import Make, Rules


def literal(rules: Rules, node: Syntax) -> str:
    found = rules.meaning(node)
    if isinstance(found.literal, Decimal):
        return str(found.literal)
    if not isinstance(found.literal, str):
        raise Untranslatable("A text is needed here that stands in the rule itself.")
    return found.literal


def comparison(op: str) -> Make:
    def build(rules: Rules, args: Sequence[Syntax]) -> Meaning:
        plain = _asks_for_length(op, args)
        if plain is not None:
            return rules.meaning(plain)
        left, right = (rules.term(arg) for arg in args)
        first, second = dates.behind(left), dates.behind(right)
        if first is not None and second is not None:
            left, right = first, second
        return _compared(rules, op, left, right)

    return build


def _compared(rules: Rules, op: str, left: Meaning, right: Meaning) -> Meaning:
    for one, other in ((left, right), (right, left)):
        if one.kind is Kind.BOOLEAN and other.literal == "OK":  # what ticking a box answers
            return one if op == "=" else logic.negation(one)
        if isinstance(one.node, Call) and one.node.name == "attr" and one.kind is Kind.CODES:
            return _one_of_several(rules, op, one, other)
        if isinstance(one.node, Call) and one.node.name == "attr" and other.kind is Kind.NOTHING and op in ("=", "!="):
            return operation(op, Kind.BOOLEAN, one, Meaning(Literal("", 0), Kind.TEXT))
        if one.kind is Kind.CODES and isinstance(other.literal, str) and " " in other.literal.strip():
            return _all_chosen(rules, op, one, other.literal.split())
    if {left.kind, right.kind} == {Kind.DATE, Kind.DATETIME}:
        left, right = (rules.cast(side, Kind.DATE) for side in (left, right))
    if {left.kind, right.kind} == dates.DAYS | {Kind.NUMBER} or (left.kind in dates.DAYS and right.kind is Kind.NUMBER):
        left = rules.cast(left, Kind.NUMBER)
    if right.kind in dates.DAYS and left.kind is Kind.NUMBER:
        right = rules.cast(right, Kind.NUMBER)
    return compared(rules, op, left, right)


def _one_of_several(rules: Rules, op: str, several: Meaning, other: Meaning) -> Meaning:
    """A choice that stands in several rows is offered where one of them fits."""
    if op != "=" or other.kind not in (Kind.CODE, Kind.TEXT, Kind.NUMBER):
        raise Untranslatable(
            f"A choice that stands in several rows has several values here, which {op} does not compare."
        )
    sought = rules.cast(other, Kind.TEXT)
    return Meaning(Apply("in", (sought.node, several.node), 0), Kind.BOOLEAN, sought.doubts)


def _all_chosen(rules: Rules, op: str, chosen: Meaning, codes: list[str]) -> Meaning:
    count = operation("=", Kind.BOOLEAN, how_many(chosen), constant(len(codes)))
    found = logic.conjunction([*(_holds(rules, chosen, constant(code)) for code in codes), count])
    return found if op == "=" else logic.negation(found)


def both(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    """`and`; whether a side of `a = b` is filled says nothing more."""
    found = logic.conjunction([rules.truth(arg) for arg in args])
    parts = found.node.args if isinstance(found.node, Apply) and found.node.op == "and" else ()
    equal = [side for part in parts if isinstance(part, Apply) and part.op == "=" for side in part.args]
    left = tuple(
        part for part in parts if not (isinstance(part, Call) and part.name == "filled" and part.args[0] in equal)
    )
    if len(left) in (0, len(parts)):
        return found
    return replace(found, node=left[0] if len(left) == 1 else Apply("and", left, 0))


_NONE = {("=", 0), ("<", 1), ("<=", 0)}
_SOME = {("!=", 0), (">", 0), (">=", 1)}


def _asks_for_length(op: str, args: Sequence[Syntax]) -> Syntax | None:
    """`string-length(x) = 0` asks whether x is empty."""
    match args:
        case [Call("string-length", (text,), _), Literal(Decimal() as number)] if (
            op,
            int(number),
        ) in _NONE | _SOME and number == int(number):
            return Apply("=" if (op, int(number)) in _NONE else "!=", (text, Literal("", 0)), 0)
    return None


def selected(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    chosen, code = args
    return _holds(rules, rules.meaning(chosen), rules.meaning(code))


def _holds(rules: Rules, chosen: Meaning, code: Meaning) -> Meaning:
    """Whether a code is among those chosen; a text is a list of words."""
    if code.kind is Kind.NOTHING or chosen.kind is Kind.NOTHING:
        return compared(rules, "=", chosen, code)
    if chosen.kind is Kind.CODES:
        return _among(rules, chosen, code)
    if chosen.kind is Kind.TEXT and not (chosen.field is not None and chosen.field.values):
        words = [_between_blanks(rules.cast(side, Kind.TEXT)) for side in (chosen, code)]
        return text_asked("contains", *words)
    return _compared(rules, "=", chosen, code)


def _among(rules: Rules, chosen: Meaning, code: Meaning) -> Meaning:
    if not code.is_literal:
        return operation("in", Kind.BOOLEAN, rules.cast(code, Kind.TEXT), chosen)
    text = str(code.literal)
    if chosen.field is not None:
        text = chosen.field.spellings.get(text, text)
        if chosen.field.values and text not in chosen.field.values:
            reserve_unknown(rules, chosen, text)
            return FALSE
    return Meaning(Apply("in", (Literal(text, 0), chosen.node), 0), Kind.BOOLEAN)


def _between_blanks(found: Meaning) -> Meaning:
    if isinstance(found.literal, str):
        return constant(f" {found.literal} ")
    return Meaning(
        Call("concat", (Literal(" ", 0), Call("coalesce", (found.node, Literal("", 0)), 0), Literal(" ", 0)), 0),
        Kind.TEXT,
    )


def text_asked(name: str, text: Meaning, sought: Meaning) -> Meaning:
    """What is sought may be an answer too, where our functions take constants."""
    if sought.is_literal:
        return call(name, Kind.BOOLEAN, text, sought)
    if name == "ends_with":
        length = call("length", Kind.NUMBER, sought)
        start = operation("-", Kind.NUMBER, call("length", Kind.NUMBER, text), length)
        end = call("substring", Kind.TEXT, text, operation("+", Kind.NUMBER, start, constant(1)))
        return operation("=", Kind.BOOLEAN, end, sought)
    place = call("position_of", Kind.NUMBER, text, sought)
    return operation(
        "=" if name == "starts_with" else ">", Kind.BOOLEAN, place, constant(1 if name == "starts_with" else 0)
    )


def chosen_value(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    return translate.chosen_value(rules, args, _alike)


def _alike(rules: Rules, values: Sequence[Meaning]) -> list[Meaning]:
    """Values of one kind: that of all, numbers where the others are constants that write numbers, else texts."""
    kinds = {value.kind for value in values if value.kind is not Kind.NOTHING}
    if len(kinds) <= 1 and Kind.CODE not in kinds:
        return list(values)
    if len(kinds) == 1 and len({id(value.field) for value in values if value.kind is Kind.CODE}) == 1:
        return list(values)
    if kinds == {Kind.NUMBER, Kind.TEXT} and all(
        value.kind is not Kind.TEXT or _writes_number(value) for value in values
    ):
        return [rules.cast(value, Kind.NUMBER) for value in values]
    if kinds == dates.DAYS:
        return [rules.cast(value, Kind.DATE) for value in values]
    return [rules.cast(value, Kind.TEXT) for value in values]


def _writes_number(value: Meaning) -> bool:
    return isinstance(value.literal, str) and number_in(value.literal) is not None


def coalesce(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    values = [value for value in _alike(rules, [rules.meaning(arg) for arg in args]) if value.kind is not Kind.NOTHING]
    if not values:
        return constant("")
    if len(values) == 1:
        return values[0]
    doubts = values[-1].doubts
    return Meaning(Call("coalesce", tuple(value.node for value in values), 0), values[0].kind, doubts)


def choice_name(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    asked = rules.meaning(args[0])
    if asked.kind is not Kind.CODE:
        raise Untranslatable("The label of something else than one chosen code is asked for.")
    return call("label", Kind.TEXT, asked)


def boolean(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (arg,) = args
    return rules.truth(arg)


def boolean_from_string(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (arg,) = args
    found = rules.meaning(arg)
    return logic.disjunction([_compared(rules, "=", found, constant(text)) for text in ("true", "1")])


def checklist(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    low, high, *conditions = args
    count = call("count_true", Kind.NUMBER, *(rules.truth(condition) for condition in conditions), sure=True)
    return _between(rules, low, high, count)


def weighted(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    low, high, *pairs = args
    total: Meaning | None = None
    for condition, weight in zip(pairs[::2], pairs[1::2], strict=True):
        worth = operation(
            "*", Kind.NUMBER, call("number", Kind.NUMBER, logic.certain(rules.truth(condition))), rules.number(weight)
        )
        total = worth if total is None else operation("+", Kind.NUMBER, total, worth)
    return _between(rules, low, high, total or constant(0))


def _between(rules: Rules, low: Syntax, high: Syntax, found: Meaning) -> Meaning:
    """-1 is no limit."""
    bounds = [(op, rules.number(limit)) for op, limit in ((">=", low), ("<=", high))]
    return logic.conjunction([operation(op, Kind.BOOLEAN, found, limit) for op, limit in bounds if limit.literal != -1])
