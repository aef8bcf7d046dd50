"""Foreign rule -> rule of ours. The foreign parser leaves our syntax tree with its own names and functions; here it gets our meaning.

A dialect is a table: function or operator -> what it means. What stands in no table is refused with its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.datatypes.base import Kind
from engine.definitions.source import number_of
from engine.expressions.nodes import Apply, Call, Listing, Literal, Path, Syntax
from engine.expressions.parser import ExpressionFault, parse
from engine.expressions.printer import expression_text
from exchange.document import Field
from exchange.rules import logic
from exchange.rules.compare import compared
from exchange.rules.meaning import TRUE, Meaning, Untranslatable, answer, call, constant, operation
from exchange.rules.moments import constant_day, constant_moment, day_text, moment_text

Builder = Callable[["Translator", Sequence[Syntax]], Meaning]


@dataclass(frozen=True, slots=True)
class Dialect:
    """A language of rules. `two_valued`: an unknown condition is false, also under `not`; else its logic is like ours.

    `blanks_equal`: in two-valued logic, whether `a = b` is true while both are empty.

    `functions` holds calls by name, and operators that mean something of their own there (`+`, `&`, `mod`).
    """

    name: str
    functions: Mapping[str, Builder]
    two_valued: bool = True
    blanks_equal: bool = True


@dataclass(frozen=True, slots=True)
class Translator:
    """Translates the rules of one place. `resolve` finds what a name stands for there; it raises Untranslatable.

    `valued` gathers the items whose codes rules calculate with: their lists need an attribute `value`.
    `reservations` gathers why a rule may mean something else here.
    """

    dialect: Dialect
    resolve: Callable[[Path], Meaning | Field]
    valued: dict[tuple[str, ...], Field] = field(default_factory=dict)
    reservations: list[str] = field(default_factory=list, kw_only=True)

    # what readers ask for -------------------------------------------------------------------------------------------

    def condition(self, node: Syntax) -> str:
        """For `when`, `required` and the like, where unknown counts as false."""
        return self.written(self.truth(node))

    def assertion(self, node: Syntax, own: str = "") -> str:
        """For `assert` and where others refuse what is not true: `own`, the item that is judged, is not judged while empty."""
        found = logic.once_filled(self.truth(node), own)
        if found.doubts <= {own}:
            return self.written(found)
        certain = logic.certain(found)
        if own:
            certain = logic.disjunction(
                [call("empty", Kind.BOOLEAN, answer(Field((own,), Kind.TEXT)), sure=True), certain]
            )
        return self.written(certain)

    def value(self, node: Syntax, kind: Kind | None = None) -> str:
        """For `calculate` and `default`: as the item's kind, where one is given."""
        found = self.meaning(node)
        return self.written(found if kind is None else self.cast(found, kind))

    def written(self, found: Meaning) -> str:
        """The text of what was translated. Raises Untranslatable where it is too long for us."""
        text = expression_text(found.node)
        try:
            parse(text)
        except ExpressionFault as fault:
            raise Untranslatable(
                f"The rule is too long or too deeply nested for one rule of ours. {fault.message}"
            ) from None
        return text

    # parts ----------------------------------------------------------------------------------------------------------

    def meaning(self, node: Syntax) -> Meaning:
        """What a part means."""
        match node:
            case Literal(value, _):
                return constant(value)
            case Path():
                found = self.resolve(node)
                return answer(found) if isinstance(found, Field) else found
            case Call(name, args, _):
                return self._called(name, args)
            case Apply(op, args, _):
                return self._called(op, args) if op in self.dialect.functions else _OPERATORS[op](self, args)
            case Listing():
                raise Untranslatable("A list of values stands where one value is needed.")
        raise Untranslatable(f"{type(node).__name__} has no counterpart.")

    def _called(self, name: str, args: Sequence[Syntax]) -> Meaning:
        builder = self.dialect.functions.get(name)
        if builder is None:
            raise Untranslatable(f"{name}() has no counterpart in our language.")
        try:
            return builder(self, args)
        except (IndexError, ValueError):
            raise Untranslatable(f"{name}() is called with {len(args)} arguments, which it does not take.") from None

    def truth(self, node: Syntax) -> Meaning:
        """A part as a condition."""
        return self.cast(self.meaning(node), Kind.BOOLEAN)

    def number(self, node: Syntax) -> Meaning:
        """A part as a number."""
        return self.cast(self.meaning(node), Kind.NUMBER)

    def text(self, node: Syntax) -> Meaning:
        """A part as a text; in two-valued dialects an empty answer is a text without characters."""
        found = self.cast(self.meaning(node), Kind.TEXT)
        if self.dialect.two_valued and found.doubts and not found.is_literal:
            return Meaning(Call("coalesce", (found.node, Literal("", 0)), 0), Kind.TEXT)
        return found

    def taken(self, node: Syntax, kind: Kind) -> Meaning:
        """A part as a kind."""
        return self.text(node) if kind is Kind.TEXT else self.cast(self.meaning(node), kind)

    def cast(self, found: Meaning, kind: Kind) -> Meaning:
        """A meaning as another kind."""
        if found.kind is kind or found.kind is Kind.NOTHING:
            return found
        caster = _CASTS.get((found.kind, kind))
        if caster is None:
            raise Untranslatable(f"{_words(found)} is used as {kind}.")
        return caster(self, found)

    def code_value(self, found: Meaning) -> Meaning:
        """The number that the chosen code stands for: an attribute of its list."""
        item = found.field
        if item is None or not item.values or any(value is None for value in item.values.values()):
            raise Untranslatable(f"{_words(found)} is calculated with, and not all its codes are numbers.")
        self.valued[(item.form, *item.path)] = item
        return Meaning(Call("attr", (found.node, Literal("value", 0)), 0), Kind.NUMBER, found.doubts)


def _words(found: Meaning) -> str:
    name = ".".join(found.field.path) if found.field is not None else expression_text(found.node)
    return f"{name} ({found.kind})"


# operators --------------------------------------------------------------------------------------------------------


def _compare(op: str) -> Builder:
    def build(translator: Translator, args: Sequence[Syntax]) -> Meaning:
        left, right = (translator.meaning(arg) for arg in args)
        return compared(translator, op, left, right)

    return build


def _arithmetic(op: str) -> Builder:
    def build(translator: Translator, args: Sequence[Syntax]) -> Meaning:
        return operation(op, Kind.NUMBER, *(translator.number(arg) for arg in args))

    return build


def applied(name: str, kind: Kind, takes: Kind, *, count: int | None = 1, doubt: bool = False) -> Builder:
    """A function of ours that does the same with the same arguments. `count`: how many there are; None: one or more."""

    def build(translator: Translator, args: Sequence[Syntax]) -> Meaning:
        if not args or count not in (None, len(args)):
            raise ValueError
        return call(name, kind, *(translator.taken(arg, takes) for arg in args), doubt=doubt)

    return build


def joined_texts(translator: Translator, args: Sequence[Syntax]) -> Meaning:
    """`catx('-', a, b)` of SAS, `concat_ws` of others: the texts that are there, with the sign between them."""
    sign, first, *others = (translator.text(arg) for arg in args)
    asked = [translator.meaning(arg) for arg in args[1:]]
    there = [TRUE if each.is_literal else call("filled", Kind.BOOLEAN, each, sure=True) for each in asked]
    parts, nothing = [first], Meaning(Literal("", 0), Kind.TEXT)
    for place, part in enumerate(others, 1):
        both = logic.conjunction([logic.disjunction(there[:place]), there[place]])
        parts += [sign if both.is_literal else call("if", Kind.TEXT, both, sign, nothing), part]
    return call("concat", Kind.TEXT, *parts)


def negated(translator: Translator, args: Sequence[Syntax]) -> Meaning:
    """`not`, as operator or function."""
    (part,) = args
    return logic.negation(translator.truth(part), two_valued=translator.dialect.two_valued)


_Values = Callable[[Any, Sequence[Meaning]], list[Meaning]]


def chosen_value(translator: Translator, args: Sequence[Syntax], alike: _Values | None = None) -> Meaning:
    """`if(c, a, b)`: b also where c is unknown. Both values as one kind, by `alike` or as `common` makes them."""
    test, then, otherwise = args
    condition = logic.certain(translator.truth(test))
    values = (alike or common)(translator, [translator.meaning(then), translator.meaning(otherwise)])
    if condition.is_literal:
        return values[0] if condition.literal is True else values[1]
    nodes = tuple(Literal(None, 0) if value.kind is Kind.NOTHING else value.node for value in values)
    kind = next((value.kind for value in values if value.kind is not Kind.NOTHING), Kind.NOTHING)
    return Meaning(Call("if", (condition.node, *nodes), 0), kind, values[0].doubts | values[1].doubts)


def common(translator: Translator, values: Sequence[Meaning]) -> list[Meaning]:
    """The values as one kind: that of those that are no constants, numbers where all can be, else texts."""
    kinds = {value.kind for value in values if value.kind is not Kind.NOTHING}
    if len(kinds) <= 1:
        return list(values)
    for kind in (Kind.NUMBER, Kind.DATE, Kind.TEXT):
        try:
            return [translator.cast(value, kind) for value in values]
        except Untranslatable:
            continue
    raise Untranslatable(f"Values of different kinds stand side by side: {', '.join(sorted(kinds))}.")


_OPERATORS: Mapping[str, Builder] = {
    "and": lambda translator, args: logic.conjunction([translator.truth(arg) for arg in args]),
    "or": lambda translator, args: logic.disjunction([translator.truth(arg) for arg in args]),
    "not": negated,
    **{op: _compare(op) for op in ("=", "!=", "<", "<=", ">", ">=")},
    **{op: _arithmetic(op) for op in ("+", "-", "*", "/", "^")},
    "negative": lambda translator, args: operation("negative", Kind.NUMBER, translator.number(args[0])),
}


# casts ------------------------------------------------------------------------------------------------------------


def _number_of_literal(found: Meaning) -> Meaning | None:
    if not isinstance(found.literal, str):
        return None
    number = number_in(found.literal)
    if number is None:
        raise Untranslatable(f"The text '{found.literal}' is used as a number.")
    return constant(number)


def number_in(text: str) -> Decimal | None:
    """The number that a text writes, as others read texts: blanks around it do not count."""
    found = number_of(text.strip())
    return Decimal(found) if found is not None else None


def _text_to_number(_translator: Translator, found: Meaning) -> Meaning:
    return _number_of_literal(found) or call("number_of", Kind.NUMBER, found, doubt=True)


def _number_to_text(_translator: Translator, found: Meaning) -> Meaning:
    if isinstance(found.literal, Decimal):
        return constant(expression_text(found.node))
    return call("text_of", Kind.TEXT, found)


def _boolean_to_number(_translator: Translator, found: Meaning) -> Meaning:
    return constant(int(found.literal)) if isinstance(found.literal, bool) else call("number", Kind.NUMBER, found)


def _number_to_boolean(_translator: Translator, found: Meaning) -> Meaning:
    """A number is true unless it is 0 or there is none."""
    if isinstance(found.literal, Decimal):
        return constant(found.literal != 0)
    return operation("!=", Kind.BOOLEAN, found, constant(0))


def _text_to_boolean(_translator: Translator, found: Meaning) -> Meaning:
    """A text is true where there is one."""
    return constant(value=True) if found.is_literal else call("filled", Kind.BOOLEAN, found, sure=True)


def _text_to_date(_translator: Translator, found: Meaning) -> Meaning:
    if not isinstance(found.literal, str):
        raise Untranslatable(f"{_words(found)} is used as a date.")
    return constant_day(found.literal)


def _text_to_moment(kind: Kind) -> Callable[[Translator, Meaning], Meaning]:
    """A constant time of day, or day and time with a blank or a T between them."""

    def cast(translator: Translator, found: Meaning) -> Meaning:
        if isinstance(found.literal, str):
            made = constant_moment(found.literal.strip().replace(" ", "T", 1), translator.reservations)
            if made.kind is kind:
                return made
        raise Untranslatable(f"{_words(found)} is used as {kind}.")

    return cast


def _moment_to_time(_translator: Translator, found: Meaning) -> Meaning:
    parts = [call(name, Kind.NUMBER, found) for name in ("hour", "minute")]
    return call("make_time", Kind.TIME, *parts)


def _same_node(kind: Kind) -> Callable[[Translator, Meaning], Meaning]:
    return lambda _translator, found: Meaning(found.node, kind, found.doubts, found.field)


_CASTS: Mapping[tuple[Kind, Kind], Callable[[Translator, Meaning], Meaning]] = {
    (Kind.TEXT, Kind.NUMBER): _text_to_number,
    (Kind.CODE, Kind.NUMBER): Translator.code_value,
    (Kind.BOOLEAN, Kind.NUMBER): _boolean_to_number,
    (Kind.NUMBER, Kind.TEXT): _number_to_text,
    (Kind.CODE, Kind.TEXT): _same_node(Kind.TEXT),
    (Kind.NUMBER, Kind.BOOLEAN): _number_to_boolean,
    (Kind.TEXT, Kind.BOOLEAN): _text_to_boolean,
    (Kind.CODE, Kind.BOOLEAN): _text_to_boolean,
    (Kind.DATE, Kind.BOOLEAN): _text_to_boolean,
    (Kind.DATETIME, Kind.BOOLEAN): _text_to_boolean,
    (Kind.TIME, Kind.BOOLEAN): _text_to_boolean,
    (Kind.FILE, Kind.BOOLEAN): _text_to_boolean,
    (Kind.DATETIME, Kind.DATE): lambda _translator, found: call("date", Kind.DATE, found),
    (Kind.DATETIME, Kind.TIME): _moment_to_time,
    (Kind.DATE, Kind.TEXT): lambda _translator, found: day_text(found),
    (Kind.DATETIME, Kind.TEXT): lambda _translator, found: moment_text(found),
    (Kind.TEXT, Kind.DATE): _text_to_date,
    (Kind.TEXT, Kind.DATETIME): _text_to_moment(Kind.DATETIME),
    (Kind.TEXT, Kind.TIME): _text_to_moment(Kind.TIME),
    (Kind.TEXT, Kind.CODE): _same_node(Kind.CODE),
}
