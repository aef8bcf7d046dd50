"""Comparisons: what a foreign `=`, `!=` or `<` means, by the kinds of its sides. Others compare texts that look like numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.datatypes.base import Kind
from engine.definitions.source import number_of
from engine.expressions.nodes import Apply, Call, Literal, Path
from exchange.rules import logic
from exchange.rules.meaning import FALSE, TRUE, Meaning, Untranslatable, call, constant, operation, texts

if TYPE_CHECKING:
    from exchange.rules.translate import Translator

_MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_HOLDS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_YES = frozenset({"1", "true", "yes"})
_NO = frozenset({"0", "false", "no"})


def compared(translator: Translator, op: str, left: Meaning, right: Meaning) -> Meaning:
    """The comparison in our language. In two-valued dialects `!=` is true where one side is empty."""
    if left.is_literal and not right.is_literal:
        left, right, op = right, left, _MIRRORED[op]
    if Kind.NOTHING in (left.kind, right.kind):
        return _with_nothing(op, left, right)
    if left.is_literal:
        return _constants(op, left, right)
    if op == "!=" and translator.dialect.two_valued:
        return logic.negation(compared(translator, "=", left, right))
    to_each_other = _TO_EACH_OTHER.get(frozenset({left.kind, right.kind}), _plainly)
    build = _TO_CONSTANT.get(left.kind, _plainly) if right.is_literal else to_each_other
    found = build(translator, op, left, right)
    equals = op == "=" and translator.dialect.two_valued and translator.dialect.blanks_equal
    return logic.or_both_empty(found, left, right) if equals and _are_answers(left, right) else found


def _are_answers(left: Meaning, right: Meaning) -> bool:
    """Of which either may be empty."""
    return all(side.field is not None and side.doubts for side in (left, right))


def _with_nothing(op: str, left: Meaning, right: Meaning) -> Meaning:
    """`x = ''`: whether there is an answer."""
    if left.kind is right.kind:
        return constant(op in ("=", "<=", ">="))
    asked = left if right.kind is Kind.NOTHING else right
    if op in ("=", "!=", ">"):
        if asked.is_literal:
            return constant(op != "=")
        return call("empty" if op == "=" else "filled", Kind.BOOLEAN, asked, sure=True)
    raise Untranslatable(f"Whether something is {op} nothing has no meaning.")


def _constants(op: str, left: Meaning, right: Meaning) -> Meaning:
    numbers = [_as_number(side) for side in (left, right)]
    if numbers[0] is not None and numbers[1] is not None:
        return constant(_HOLDS[op](numbers[0], numbers[1]))
    if op in ("=", "!="):
        return constant((str(left.literal) == str(right.literal)) is (op == "="))
    raise Untranslatable("Two texts are compared by their order.")


def _as_number(side: Meaning) -> Decimal | None:
    """The number of a constant, also of a text that writes one."""
    if isinstance(side.literal, str):
        found = number_of(side.literal.strip())
        return Decimal(found) if found is not None else None
    return Decimal(side.literal) if isinstance(side.literal, bool | Decimal) else None


def _plainly(translator: Translator, op: str, left: Meaning, right: Meaning) -> Meaning:
    if left.kind is not right.kind:
        right = translator.cast(right, left.kind)
    return operation(op, Kind.BOOLEAN, left, right)


def _code_with_constant(translator: Translator, op: str, left: Meaning, right: Meaning) -> Meaning:
    """The codes for which it holds, so that a rule reads as one of ours: `x in ('2', '3')`."""
    codes = left.field.values if left.field is not None else {}
    number = _as_number(right)
    if op in ("=", "!="):
        text = _our_code(left, str(right.literal))
        fitting = [code for code in codes if code == text] or [
            code for code, value in codes.items() if number is not None and value == number
        ]
        if codes and not fitting:
            reserve_unknown(translator, left, text)
        found = _among(left, fitting) if codes else operation("=", Kind.BOOLEAN, left, constant(text))
        return found if op == "=" else logic.negation(found, two_valued=translator.dialect.two_valued)
    if number is None:
        raise Untranslatable(f"A code is compared with '{right.literal}' by order.")
    numbers = {code: Decimal(value) for code, value in codes.items() if value is not None}
    if not codes or len(numbers) < len(codes):
        return operation(op, Kind.BOOLEAN, translator.code_value(left), constant(number))
    return _among(left, [code for code, value in numbers.items() if _HOLDS[op](value, number)])


def reserve_unknown(translator: Translator, left: Meaning, text: str) -> None:
    """Tell that a rule asks for a code that the list does not have."""
    name = ".".join(left.field.path) if left.field is not None else "the list"
    reason = f"There is no code '{text}' in the list of {name}, so that it is never chosen."
    if reason not in translator.reservations:
        translator.reservations.append(reason)


def _our_code(left: Meaning, text: str) -> str:
    """The code of ours that a foreign one became."""
    return left.field.spellings.get(text, text) if left.field is not None else text


def _among(left: Meaning, codes: list[str]) -> Meaning:
    if not codes:
        return FALSE
    if len(codes) == 1:
        return operation("=", Kind.BOOLEAN, left, constant(codes[0]))
    return Meaning(Apply("in", (left.node, texts(codes)), 0), Kind.BOOLEAN, left.doubts)


def _codes_with_constant(translator: Translator, op: str, left: Meaning, right: Meaning) -> Meaning:
    """A multiple choice is a text that joins its codes: it equals one code where that alone was chosen."""
    if op not in ("=", "!="):
        raise Untranslatable("A multiple choice is compared by order.")
    alone = operation("=", Kind.BOOLEAN, how_many(left), constant(1))
    code = _our_code(left, str(right.literal))
    if left.field is not None and left.field.values and code not in left.field.values:
        reserve_unknown(translator, left, code)
        return FALSE if op == "=" else TRUE
    chosen = Meaning(Apply("in", (Literal(code, 0), left.node), 0), Kind.BOOLEAN)
    found = logic.conjunction([chosen, alone])
    return found if op == "=" else logic.negation(found)


def how_many(left: Meaning) -> Meaning:
    """`count(each in m)`."""
    chosen = Apply("in", (Path(("each",), 0), left.node), 0)
    return Meaning(Call("count", (chosen,), 0), Kind.NUMBER)


def _boolean_with_constant(translator: Translator, op: str, left: Meaning, right: Meaning) -> Meaning:
    text = str(right.literal).strip().lower()
    number = _as_number(right)
    if op not in ("=", "!="):
        return operation(op, Kind.BOOLEAN, translator.cast(left, Kind.NUMBER), translator.cast(right, Kind.NUMBER))
    wanted = text in _YES or number == 1
    if not wanted and text not in _NO and number != 0:
        reserve_unknown(translator, left, str(right.literal))
        return FALSE if op == "=" else TRUE
    if wanted is (op == "="):
        return left
    if left.field is None:  # a condition is false where it is unknown; an item that is empty is not
        return logic.negation(left, two_valued=translator.dialect.two_valued)
    return Meaning(Apply("not", (left.node,), 0), Kind.BOOLEAN, left.doubts)


def _number_with_constant(_translator: Translator, op: str, left: Meaning, right: Meaning) -> Meaning:
    number = _as_number(right)
    if number is None:
        return FALSE if op in ("=", "<", "<=", ">", ">=") else TRUE
    return operation(op, Kind.BOOLEAN, left, constant(number))


def _text_with_constant(translator: Translator, op: str, left: Meaning, right: Meaning) -> Meaning:
    if op in ("=", "!="):
        return operation(op, Kind.BOOLEAN, left, translator.cast(right, Kind.TEXT))
    return _number_with_constant(translator, op, translator.cast(left, Kind.NUMBER), right)


def _date_with_constant(translator: Translator, op: str, left: Meaning, right: Meaning) -> Meaning:
    day = translator.cast(right, Kind.DATE)
    return operation(op, Kind.BOOLEAN, translator.cast(left, Kind.DATE), day)


def _moment_with_constant(translator: Translator, op: str, left: Meaning, right: Meaning) -> Meaning:
    """By the day, unless the constant tells a time of day too."""
    if ":" not in str(right.literal):
        return _date_with_constant(translator, op, left, right)
    return operation(op, Kind.BOOLEAN, left, translator.cast(right, Kind.DATETIME))


def _as_numbers(translator: Translator, op: str, left: Meaning, right: Meaning) -> Meaning:
    return operation(op, Kind.BOOLEAN, *(translator.cast(side, Kind.NUMBER) for side in (left, right)))


def _as_dates(_translator: Translator, op: str, left: Meaning, right: Meaning) -> Meaning:
    return operation(op, Kind.BOOLEAN, left, right)


def _as_texts(translator: Translator, op: str, left: Meaning, right: Meaning) -> Meaning:
    if op not in ("=", "!="):
        return _as_numbers(translator, op, left, right)
    return operation(op, Kind.BOOLEAN, *(translator.cast(side, Kind.TEXT) for side in (left, right)))


_Comparison = Callable[["Translator", str, Meaning, Meaning], Meaning]

_TO_CONSTANT: Mapping[Kind, _Comparison] = {
    Kind.CODE: _code_with_constant,
    Kind.CODES: _codes_with_constant,
    Kind.BOOLEAN: _boolean_with_constant,
    Kind.NUMBER: _number_with_constant,
    Kind.TEXT: _text_with_constant,
    Kind.DATE: _date_with_constant,
    Kind.DATETIME: _moment_with_constant,
}
_TO_EACH_OTHER: Mapping[frozenset[Kind], _Comparison] = {
    frozenset({Kind.CODE}): _as_texts,
    frozenset({Kind.TEXT}): _as_texts,
    frozenset({Kind.CODE, Kind.TEXT}): _as_texts,
    frozenset({Kind.CODE, Kind.NUMBER}): _as_numbers,
    frozenset({Kind.TEXT, Kind.NUMBER}): _as_numbers,
    frozenset({Kind.BOOLEAN, Kind.NUMBER}): _as_numbers,
    frozenset({Kind.BOOLEAN, Kind.CODE}): _as_numbers,
    frozenset({Kind.BOOLEAN, Kind.TEXT}): _as_numbers,
    frozenset({Kind.DATE, Kind.DATETIME}): _as_dates,
}
