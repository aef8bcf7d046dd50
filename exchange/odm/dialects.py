"""What the languages of formal expressions mean by their functions, and by answers that are empty."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax
from exchange.odm.expressions import ExpressionReader, Names
from exchange.rules import logic
from exchange.rules.compare import compared
from exchange.rules.meaning import Meaning, Untranslatable, call, constant, operation
from exchange.rules.translate import Builder, Dialect, Translator, applied, chosen_value, joined_texts, negated

OWN = "ecrf"  # the context of expressions in our own language


@dataclass(frozen=True, slots=True)
class Language:
    """A language of formal expressions: what its words mean, and what OpenClinica and OpenEDC do differently.

    `words`: unknown names are texts. `rounds`: decimals to which calculations are rounded. `paths_ask`: a path alone asks
    whether there is an answer.
    """

    dialect: Dialect
    words: bool = False
    rounds: int | None = None
    paths_ask: bool = False

    def read(self, text: str, names: Names) -> Syntax:
        """The tree of an expression, with functions by their plain names. Raises Untranslatable."""
        return plain_names(ExpressionReader(text, names, self.words).read())


def language_of(context: str) -> Language:
    """The language that a `Context` names; one that nobody knows is read as plain comparisons and arithmetic."""
    plain = re.sub(r"[^a-z]", "", context.lower())
    return next((language for name, language in _LANGUAGES.items() if plain.startswith(name)), _PLAIN)


# functions --------------------------------------------------------------------------------------------------------


def _of_numbers(name: str, *, doubt: bool = False) -> Builder:
    return applied(name, Kind.NUMBER, Kind.NUMBER, count=None, doubt=doubt)


def _of_texts(name: str, kind: Kind = Kind.TEXT) -> Builder:
    return applied(name, kind, Kind.TEXT, count=None)


def _extreme(name: str) -> Builder:
    def build(translator: Translator, args: Sequence[Syntax]) -> Meaning:
        first, *others = (translator.number(arg) for arg in args)
        return call(name, Kind.NUMBER, first, *others) if others else first

    return build


def _sum(translator: Translator, args: Sequence[Syntax]) -> Meaning:
    first, *rest = (translator.number(arg) for arg in args)
    for part in rest:
        first = operation("+", Kind.NUMBER, first, part)
    return first


def _mean(translator: Translator, args: Sequence[Syntax]) -> Meaning:
    return operation("/", Kind.NUMBER, _sum(translator, args), constant(len(args)))


def _power(translator: Translator, args: Sequence[Syntax]) -> Meaning:
    base, exponent = args
    return operation("^", Kind.NUMBER, translator.number(base), translator.number(exponent))


def _asked(name: str) -> Builder:
    def build(translator: Translator, args: Sequence[Syntax]) -> Meaning:
        (part,) = args
        return call(name, Kind.BOOLEAN, translator.meaning(part), sure=True)

    return build


def _same(translator: Translator, args: Sequence[Syntax]) -> Meaning:
    (part,) = args
    return translator.meaning(part)


def _as_number(translator: Translator, args: Sequence[Syntax]) -> Meaning:
    return translator.number(args[0])


def _contains(translator: Translator, args: Sequence[Syntax]) -> Meaning:
    """A part of a text; of a multiple choice, one of its codes."""
    whole, part = (translator.meaning(arg) for arg in args)
    if whole.kind is Kind.CODES and isinstance(part.literal, str | Decimal):
        code = str(part.literal)
        return Meaning(Apply("in", (Literal(code, 0), whole.node), 0), Kind.BOOLEAN)
    return call("contains", Kind.BOOLEAN, *(translator.text(arg) for arg in args))


def _half_up(translator: Translator, args: Sequence[Syntax]) -> Meaning:
    """Rounding of scripts and XPath: a half goes up, also below zero."""
    value, *digits = args
    places = translator.number(digits[0]).literal if digits else Decimal(0)
    if not isinstance(places, Decimal):
        raise Untranslatable("The number of decimals of a rounding is calculated.")
    half = constant(Decimal(5).scaleb(-int(places) - 1))
    more = operation("+", Kind.NUMBER, translator.number(value), half)
    return call("floor", Kind.NUMBER, more, *([constant(int(places))] if places else []))


def _today(_translator: Translator, _args: Sequence[Syntax]) -> Meaning:
    return Meaning(Call("today", (), 0), Kind.DATE)


def _row(_translator: Translator, args: Sequence[Syntax]) -> Meaning:
    if args:
        raise ValueError
    return Meaning(Call("row_index", (), 0), Kind.NUMBER)


def _true(value: bool) -> Builder:
    return lambda _translator, _args: constant(value)


_FUNCTIONS: Mapping[str, Builder] = {
    "if": chosen_value,
    "iif": chosen_value,
    "ifelse": chosen_value,
    "not": negated,
    **{name: _of_numbers(name) for name in ("abs", "round", "exp", "floor", "sign")},
    **dict.fromkeys(("trunc", "truncate", "fix"), _of_numbers("truncate")),
    **dict.fromkeys(("ceil", "ceiling"), _of_numbers("ceil")),
    **dict.fromkeys(("ln", "log"), _of_numbers("ln", doubt=True)),
    **{name: _of_numbers(name, doubt=True) for name in ("sqrt", "log10")},
    "roundto": _of_numbers("round"),
    **dict.fromkeys(("pow", "power"), _power),
    "mod": applied("mod", Kind.NUMBER, Kind.NUMBER, count=2, doubt=True),
    "min": _extreme("min"),
    "max": _extreme("max"),
    "sum": _sum,
    **dict.fromkeys(("mean", "avg", "average"), _mean),
    **dict.fromkeys(
        ("empty", "isempty", "isnull", "isblank", "ismissing", "missing", "isna", "isnan"), _asked("empty")
    ),
    **dict.fromkeys(("filled", "isnotnull", "isnotempty", "exists", "defined", "boolean"), _asked("filled")),
    **dict.fromkeys(("length", "len", "stringlength", "strlen"), _of_texts("length", Kind.NUMBER)),
    **dict.fromkeys(("lower", "lowercase", "tolower", "tolowercase"), _of_texts("lower")),
    **dict.fromkeys(("upper", "uppercase", "toupper", "touppercase"), _of_texts("upper")),
    **dict.fromkeys(("concat", "concatenate"), _of_texts("concat")),
    "catx": joined_texts,
    "startswith": _of_texts("starts_with", Kind.BOOLEAN),
    "endswith": _of_texts("ends_with", Kind.BOOLEAN),
    "trim": _of_texts("trim"),
    **{name: applied(name, Kind.NUMBER, Kind.DATE) for name in ("year", "month", "day")},
    **dict.fromkeys(("contains", "ct", "includes"), _contains),
    **dict.fromkeys(("string", "str", "text", "normalizespace"), _same),
    **dict.fromkeys(("number", "parseint", "parsefloat", "float", "int", "num"), _as_number),
    **dict.fromkeys(("today", "currentdate", "sysdate"), _today),
    "position": _row,
    "true": _true(value=True),
    "false": _true(value=False),
}


def plain_names(node: Syntax) -> Syntax:
    """The tree with functions as they stand in the table: `Math.round` and `fn:string-length` without marks, in small letters."""
    match node:
        case Call(name, args, at):
            short = re.sub(r"[^a-z0-9]", "", name.rsplit(":", 1)[-1].rsplit(".", 1)[-1].lower())
            return Call(short, tuple(plain_names(arg) for arg in args), at)
        case Apply("not", (Apply("not", (inner,), _),), _):
            return plain_names(inner)
        case Apply(op, args, at):
            return Apply(op, tuple(plain_names(arg) for arg in args), at)
    return node


# dialects ---------------------------------------------------------------------------------------------------------


def _differs_if_there(translator: Translator, args: Sequence[Syntax]) -> Meaning:
    """`!=` of XPath: an answer that is not there differs from nothing, so the comparison is false."""
    left, right = (translator.meaning(arg) for arg in args)
    if Kind.NOTHING in (left.kind, right.kind):
        return compared(translator, "!=", left, right)
    return logic.negation(compared(translator, "=", left, right), two_valued=False)


def _node_there(combine: Callable[[Sequence[Meaning]], Meaning]) -> Builder:
    """`and`, `or` of XPath: a path alone asks whether there is an answer."""
    return lambda translator, args: combine([_there(translator, arg) for arg in args])


def _there(translator: Translator, arg: Syntax) -> Meaning:
    if isinstance(arg, Path):
        return call("filled", Kind.BOOLEAN, translator.meaning(arg), sure=True)
    return translator.truth(arg)


def _none_there(translator: Translator, args: Sequence[Syntax]) -> Meaning:
    (part,) = args
    return logic.negation(_there(translator, part))


def _as_scripts_compare(op: str, holds_of_zero: Callable[[Decimal], bool]) -> Builder:
    """`<` of OpenEDC: an empty answer is a text without characters, and scripts take that for 0 in comparisons by order."""

    def build(translator: Translator, args: Sequence[Syntax]) -> Meaning:
        left, right = (translator.meaning(arg) for arg in args)
        found = compared(translator, op, left, right)
        number = translator.number(args[1]).literal if right.is_literal and left.field is not None else None
        if not isinstance(number, Decimal) or left.kind is not Kind.NUMBER or not holds_of_zero(number):
            return found
        return logic.disjunction([call("empty", Kind.BOOLEAN, left, sure=True), found])

    return build


_OPENEDC: Mapping[str, Builder] = {
    **_FUNCTIONS,
    "round": _half_up,
    "roundto": _half_up,
    "<": _as_scripts_compare("<", lambda number: number > 0),
    "<=": _as_scripts_compare("<=", lambda number: number >= 0),
    ">": _as_scripts_compare(">", lambda number: number < 0),
    ">=": _as_scripts_compare(">=", lambda number: number <= 0),
}
_XPATH: Mapping[str, Builder] = {
    **_FUNCTIONS,
    "round": _half_up,
    "!=": _differs_if_there,
    "and": _node_there(logic.conjunction),
    "or": _node_there(logic.disjunction),
    "not": _none_there,
}
_PLAIN = Language(Dialect("formal expression", _FUNCTIONS))
_LANGUAGES: Mapping[str, Language] = {
    "openedc": Language(Dialect("OpenEDC", _OPENEDC), rounds=2),
    "openclinica": Language(Dialect("OpenClinica", _FUNCTIONS), words=True),
    "xpath": Language(Dialect("XPath", _XPATH, blanks_equal=False), paths_ask=True),
    "odmpath": Language(Dialect("ODMPath", _XPATH, blanks_equal=False), paths_ask=True),
}
