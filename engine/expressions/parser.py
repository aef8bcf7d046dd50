"""Text -> syntax tree, by the grammar beside this file."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args

from engine.expressions.functions import KEYWORDS
from engine.expressions.nodes import Apply, Call, Let, Listing, Literal, Other, Path, Syntax, depth
from engine.expressions.tables import parser_with

MAX_LENGTH = 20_000
MAX_DEPTH = 60  # of brackets
MAX_OPERATORS = (
    150  # that stand in one another: 'not not not …', a + b + c + …; recursion in passes stays far from its limit
)


class ExpressionFault(Exception):
    """A text that is no expression: `at` counts characters from its start."""

    def __init__(self, at: int, message: str) -> None:
        self.at = at
        self.message = message
        super().__init__(message)


@v_args(inline=True)
class _Tree(Transformer[Token, Syntax]):
    """Builds nodes while the parser reduces, so that no deep recursion is needed."""

    def number(self, token: Token) -> Syntax:
        return Literal(Decimal(token), token.start_pos or 0)

    def string(self, token: Token) -> Syntax:
        return Literal(token[1:-1].replace("''", "'"), token.start_pos or 0)

    def constant(self, token: Token) -> Syntax:
        return Literal({"true": True, "false": False, "null": None}[str(token)], token.start_pos or 0)

    def path(self, *names: Token) -> Path:
        return Path(tuple(map(str, names)), names[0].start_pos or 0)

    def other(self, path: Path) -> Syntax:
        return Other(path, path.at)

    def listing(self, *items: Syntax) -> Syntax:
        return Listing(items, items[0].at)

    def either(self, *parts: Syntax) -> Syntax:
        return Apply("or", parts, parts[0].at)

    def both(self, *parts: Syntax) -> Syntax:
        return Apply("and", parts, parts[0].at)

    def negate(self, part: Syntax) -> Syntax:
        return Apply("not", (part,), part.at)

    def compare(self, left: Syntax, op: Token, right: Syntax) -> Syntax:
        return Apply(str(op), (left, right), left.at)

    def member(self, left: Syntax, right: Syntax) -> Syntax:
        return Apply("in", (left, right), left.at)

    def not_member(self, left: Syntax, right: Syntax) -> Syntax:
        return Apply("not", (self.member(left, right),), left.at)

    def judged(self, part: Syntax, truth: Token) -> Syntax:
        return Apply("is", (part, Literal(str(truth), truth.start_pos or 0)), part.at)

    def not_judged(self, part: Syntax, truth: Token) -> Syntax:
        return Apply("not", (self.judged(part, truth),), part.at)

    def chain(self, *parts: Any) -> Syntax:
        result = parts[0]
        for op, operand in zip(parts[1::2], parts[2::2], strict=True):
            result = Apply(str(op), (result, operand), result.at)
        return result  # type: ignore[no-any-return]  # lark passes nodes and tokens alike

    def signed(self, op: Token, part: Syntax) -> Syntax:
        if op == "+":
            return part
        if isinstance(part, Literal) and isinstance(part.value, Decimal):
            return Literal(part.value.copy_negate() if part.value else part.value, op.start_pos or 0)
        return Apply("negative", (part,), op.start_pos or 0)

    def raised(self, base: Syntax, exponent: Syntax) -> Syntax:
        return Apply("^", (base, exponent), base.at)

    def arguments(self, *parts: Syntax) -> tuple[Syntax, ...]:
        return parts

    values = arguments
    keys = arguments

    def call(
        self,
        name: Token,
        args: tuple[Syntax, ...] | None,
        values: tuple[Syntax, ...] | None,
        where: Syntax | None,
        by: tuple[Syntax, ...] | None,
    ) -> Syntax:
        return Call(str(name), args or (), name.start_pos or 0, values or (), where, by or ())

    def binding(self, name: Token, value: Syntax) -> tuple[str, Syntax]:
        return str(name), value

    def let(self, *parts: Any) -> Syntax:
        return Let(parts[:-1], parts[-1], parts[0][1].at)


@cache
def _parser() -> Lark:
    return parser_with(_Tree())


# Bounds and defaults are mostly a number, and many conditions one name: no grammar is needed to read them.
_SIMPLE = re.compile(r"(?P<number>-?[0-9]+(?:\.[0-9]+)?)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)", re.ASCII)

_OPERATORS = KEYWORDS - {"true", "false", "null"}


def _plain(match: re.Match[str]) -> Syntax:
    if match["number"]:
        return Literal(Decimal(match["number"]) or Decimal(0), 0)  # -0 is 0
    constants = {"true": True, "false": False, "null": None}
    return Literal(constants[match["word"]], 0) if match["word"] in constants else Path((match["word"],), 0)


def _check_size(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise ExpressionFault(0, f"The expression has {len(text)} characters; at most {MAX_LENGTH} are allowed.")
    if text.count("(") <= MAX_DEPTH:
        return
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth > MAX_DEPTH:
            raise ExpressionFault(
                at, f"Brackets are nested deeper than {MAX_DEPTH}. Split the expression by `define:`."
            )


@cache
def parse(text: str) -> Syntax:
    """The syntax tree of an expression.

    Raises:
        ExpressionFault: with the place and what was expected there.
    """
    simple = _SIMPLE.fullmatch(text)
    if simple is not None and text not in _OPERATORS:
        return _plain(simple)
    _check_size(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as fault:
        place: int | None = fault.pos_in_stream
        ended = isinstance(fault, UnexpectedToken) and fault.token.type == "$END"
        at = len(text) if ended or place is None or place < 0 else place
        found = repr(text[at : at + 12]) if at < len(text) else "the end"
        raise ExpressionFault(at, f"Cannot read the expression here: found {found}.{_hint(text, at)}") from None
    if depth(tree) > MAX_OPERATORS:  # type: ignore[arg-type]  # the transformer makes nodes of lark's trees
        raise ExpressionFault(
            0, f"More than {MAX_OPERATORS} operators stand in one another. Split the expression by `define:`."
        )
    return tree  # type: ignore[return-value]  # the transformer makes nodes of lark's trees


_HINTS = {
    "==": "Equality is written `=`.",
    "<>": "'Not equal' is written `!=`.",
    "&&": "Write `and`.",
    "||": "Write `or`.",
    "!": "Write `not`.",
    '"': "Texts stand in single quotes: 'text'.",
    "%": "There is no `%`; write the number.",
    "{": "A list of codes stands in round brackets: ('a', 'b').",
}


def _hint(text: str, at: int) -> str:
    if at == len(text) and text.count("(") > text.count(")"):
        return " A bracket is not closed."
    near = text[max(0, at - 1) : at + 2]
    return next((f" {advice}" for sign, advice in _HINTS.items() if sign in near), "")
