"""Texts in XPath: parts, joining, searching."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Syntax
from exchange.rules import logic
from exchange.rules.meaning import ALWAYS, TRUE, Meaning, Untranslatable, call, constant, operation
from exchange.xlsform import dates
from exchange.xlsform.asking import literal, text_asked
from exchange.xlsform.rules import Make, Rules, is_chosen, names_of

MOST_WORDS = 5  # a place on a map has four


def concat(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    texts = [rules.text(arg) for arg in args]
    left = [text for text in texts if text.kind is not Kind.NOTHING]
    if len(left) < 2:
        return left[0] if left else constant("")
    return Meaning(Call("concat", tuple(text.node for text in left), 0), Kind.TEXT)


def substr(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    """From a place counted from 0, up to before another."""
    text, start, *end = args
    first = rules.number(start)
    if isinstance(first.literal, Decimal) and first.literal < 0:
        raise Untranslatable("A part of a text is counted from its end.")
    parts = [rules.text(text), _plus(first, 1)]
    if end:
        last = rules.number(end[0])
        parts.append(_minus(last, first))
    return call("substring", Kind.TEXT, *parts)


def substring(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    text, *bounds = args
    return call("substring", Kind.TEXT, rules.text(text), *(rules.number(bound) for bound in bounds))


def _plus(found: Meaning, more: int) -> Meaning:
    return (
        constant(found.literal + more)
        if isinstance(found.literal, Decimal)
        else operation("+", Kind.NUMBER, found, constant(more))
    )


def _minus(left: Meaning, right: Meaning) -> Meaning:
    if isinstance(left.literal, Decimal) and isinstance(right.literal, Decimal):
        return constant(left.literal - right.literal)
    return operation("-", Kind.NUMBER, left, right)


def cut(*, before: bool) -> Make:
    """The text before, or after, the first place of another; '' where it is not there."""

    def build(rules: Rules, args: Sequence[Syntax]) -> Meaning:
        text, sign = (rules.text(arg) for arg in args)
        at = call("position_of", Kind.NUMBER, text, sign)
        if before:
            part = call("substring", Kind.TEXT, text, constant(1), _minus(at, constant(1)))
        else:
            length = constant(len(sign.literal)) if isinstance(sign.literal, str) else call("length", Kind.NUMBER, sign)
            part = call("substring", Kind.TEXT, text, operation("+", Kind.NUMBER, at, length))
        there = operation(">", Kind.BOOLEAN, at, constant(0))
        return Meaning(Call("if", (there.node, part.node, Literal("", 0)), 0), Kind.TEXT)

    return build


def text_test(name: str) -> Make:
    def build(rules: Rules, args: Sequence[Syntax]) -> Meaning:
        text, part = args
        sought = rules.text(part)
        if sought.kind is Kind.NOTHING:
            return TRUE
        whole = rules.meaning(text)
        if name == "contains" and whole.kind is Kind.CODES and " " not in str(sought.literal or " "):
            fitting = [code for code, word in names_of(whole).items() if str(sought.literal) in word]
            return logic.disjunction([Meaning(is_chosen(code, whole), Kind.BOOLEAN) for code in fitting])
        return text_asked(name, rules.text(text), sought)

    return build


def regex(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    text, pattern = args
    return call("matches", Kind.BOOLEAN, rules.text(text), constant(literal(rules, pattern)))


def translate(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    """Each character of the second text becomes that at its place in the third."""
    text, these, those = args
    old, new = _literal_or_nothing(rules, these), _literal_or_nothing(rules, those)
    found = rules.text(text)
    for at, character in enumerate(old):
        put = new[at : at + 1]
        if put and put in old[at + 1 :]:
            raise Untranslatable("Characters of a text are exchanged with each other.")
        found = Meaning(
            Call("replace", (found.node, Literal(character, 0), Literal(put, 0)), 0), Kind.TEXT, found.doubts
        )
    return found


def _literal_or_nothing(rules: Rules, node: Syntax) -> str:
    return "" if isinstance(node, Literal) and node.value == "" else literal(rules, node)


def normalized(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (arg,) = args
    found = rules.text(arg)
    for _ in range(4):  # up to 16 blanks in a row
        found = Meaning(Call("replace", (found.node, Literal("  ", 0), Literal(" ", 0)), 0), Kind.TEXT, found.doubts)
    return call("trim", Kind.TEXT, found)


def string(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (arg,) = args
    found = rules.meaning(arg)
    return found if found.kind in (Kind.NOTHING, Kind.CODE) else rules.cast(found, Kind.TEXT)


def formatted_date(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    moment, pattern = args
    written = literal(rules, pattern)
    return dates.formatted(dates.told_by(rules, moment, written), written)


def selected_at(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    """The code, or the word of a text, at a place counted from 0."""
    text, place = args
    at, found = rules.number(place).literal, rules.meaning(text)
    if not isinstance(at, Decimal) or not 0 <= at <= MOST_WORDS:
        raise Untranslatable(f"The place of the chosen code is no fixed number up to {MOST_WORDS}.")
    if found.kind is not Kind.CODES:
        return rules.meaning(_word(text, int(at)))
    codes = list(names_of(found).items())
    node: Syntax = Literal(None, 0)
    for number, (code, name) in reversed(list(enumerate(codes))):
        here: Syntax = is_chosen(code, found)
        if at:
            before = Call("count_true", tuple(is_chosen(other, found) for other, _ in codes[:number]), 0)
            here = Apply("and", (here, Apply("=", (before, Literal(at, 0)), 0)), 0)
        node = Call("if", (here, Literal(name, 0), node), 0) if number >= at else node
    return Meaning(node, Kind.TEXT, frozenset({ALWAYS}))


def _word(text: Syntax, at: int) -> Syntax:
    """`selected-at()` in other functions of XPath."""
    blank = Literal(" ", 0)
    rest = text
    for _ in range(at):
        rest = Call("substring-after", (rest, blank), 0)
    return Call("substring-before", (Call("concat", (rest, blank), 0), blank), 0)
