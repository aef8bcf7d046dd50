"""FHIRPath -> our syntax tree with foreign names, by the grammar beside this file.

`a.b` is `Call(".b", (a,))`, `a.f(x)` is `Call("f", (a, x))`, a function without receiver gets `$this`, `a[i]` is `Call("[]", (a, i))`;
`%x`, `$this` and a first name are Paths; `3 years` is `Call("quantity", (3, 'year'))` and `@2020-01-02` is `Call("@", ('2020-01-02',))`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path as File

from lark import Lark, Token, Transformer, UnexpectedInput, v_args

from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax, depth
from exchange.rules.meaning import Untranslatable

MAX_LENGTH = 20_000
MAX_OPERATORS = 150  # that stand in one another: what follows is recursive

_ESCAPES: Mapping[str, str] = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", **{sign: sign for sign in "'\"`\\/"}}
_OPERATORS: Mapping[str, str] = {"contains": "has"}  # the operator; `contains()` is a function of texts
_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
THIS = Path(("$this",), 0)


def _unescaped(text: str) -> str:
    r"""What is no escape stays as it is: in patterns people write `\\d` once."""

    def character(match: re.Match[str]) -> str:
        code = match[1]
        return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPES.get(code, match[0])

    return _ESCAPED.sub(character, text)


@v_args(inline=True)
class _Tree(Transformer[Token, Syntax]):
    def number(self, token: Token) -> Syntax:
        return Literal(Decimal(token), 0)

    def quantity(self, number: Token, unit: Token) -> Syntax:
        word = _unescaped(unit[1:-1]) if unit.type == "STRING" else unit.rstrip("s")
        return Call("quantity", (Literal(Decimal(number), 0), Literal(word, 0)), 0)

    def string(self, token: Token) -> Syntax:
        return Literal(_unescaped(token[1:-1]), 0)

    def moment(self, token: Token) -> Syntax:
        return Call("@", (Literal(str(token[1:]), 0),), 0)

    def truth(self, token: Token) -> Syntax:
        return Literal(token == "true", 0)

    def nothing(self) -> Syntax:
        return Literal(None, 0)

    def external(self, token: Token) -> Syntax:
        return Path((re.sub(r"[`'\"]", "", token),), 0)

    def name(self, token: Token) -> Syntax:
        return Path((token.strip("`"),), 0)

    def call(self, name: Token, args: tuple[Syntax, ...] | None) -> Syntax:
        return Call(name.strip("`"), (THIS, *(args or ())), 0)

    def member(self, part: Syntax, name: Token) -> Syntax:
        return Call("." + name.strip("`"), (part,), 0)

    def method(self, part: Syntax, name: Token, args: tuple[Syntax, ...] | None) -> Syntax:
        return Call(name.strip("`"), (part, *(args or ())), 0)

    def itself(self, part: Syntax, _this: Token) -> Syntax:
        return part

    def indexed(self, part: Syntax, index: Syntax) -> Syntax:
        return Call("[]", (part, index), 0)

    def arguments(self, *parts: Syntax) -> tuple[Syntax, ...]:
        return parts

    def signed(self, sign: Token, part: Syntax) -> Syntax:
        return Apply("negative", (part,), 0) if sign == "-" else part

    def applied(self, left: Syntax, op: Token, right: Syntax) -> Syntax:
        return Apply(_OPERATORS.get(op, str(op)), (left, right), 0)


@cache
def _parser() -> Lark:
    grammar = File(__file__).with_suffix(".lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_Tree())


@lru_cache(maxsize=2000)  # variables are asked for again and again
def parsed(text: str) -> Syntax:
    """The syntax tree of a FHIRPath expression.

    Raises:
        Untranslatable: with the place where it cannot be read, or because it is too long.
    """
    if len(text) > MAX_LENGTH:
        raise Untranslatable(f"The expression has {len(text)} characters; at most {MAX_LENGTH} are read.")
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as fault:
        at: int | None = fault.pos_in_stream  # None at the end, whatever its type says
        found = repr(text[at : at + 20]) if at is not None and 0 <= at < len(text) else "the end"
        raise Untranslatable(f"The expression cannot be read as FHIRPath: found {found}.") from None
    if depth(tree) > MAX_OPERATORS:  # type: ignore[arg-type]  # the transformer makes nodes of lark's trees
        raise Untranslatable(f"More than {MAX_OPERATORS} operators stand in one another.")
    return tree  # type: ignore[return-value]  # the transformer makes nodes of lark's trees
