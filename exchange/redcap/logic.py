"""REDCap's logic -> our syntax tree, with REDCap's functions. A reference `[event][field(code)][instance]` is a Path of five parts."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path as File
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args

from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax, depth
from exchange.rules.meaning import Untranslatable

MAX_LENGTH = 60_000
MAX_DEPTH = 140  # nodes in one another; the passes that follow are recursive

_COMPARATORS: Mapping[str, str] = {"<>": "!=", "==": "="}
_PARTS = re.compile(r"\[([^\[\]]*)\]")
_FIELD = re.compile(r"\s*(?P<name>[A-Za-z0-9_-]+)\s*(?:\(\s*(?P<code>[^()]*?)\s*\))?\s*(?::(?P<modifier>[^\]]*))?\s*")
_QUOTED = re.compile(r"\[[a-z][a-z0-9_]*(?:\([^()\[\]]*\))?\]")
_INSTANCE = re.compile(r"\d+|(?:first|last|previous|next|current)-instance|new-instance")
_CURLY = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'", "\u2013": "-", "\u2212": "-"})

# What a reference consists of: event, field, code of a multiple choice, instance, modifier; '' where there is none.
EVENT, FIELD, CODE, INSTANCE, MODIFIER = range(5)


def reference(text: str, at: int = 0) -> Path:
    """The five parts of `[event][field(code):modifier][instance]`.

    Raises:
        Untranslatable: it is written otherwise.
    """
    parts = [part.strip() for part in _PARTS.findall(text)]
    instance = parts.pop() if len(parts) > 1 and _INSTANCE.fullmatch(parts[-1]) else ""
    field = _FIELD.fullmatch(parts[-1]) if parts else None
    if field is None or len(parts) > 2:
        raise Untranslatable(f"{text[:80]} is no reference to a field.")
    event = parts[0] if len(parts) == 2 else ""
    return Path((event, field["name"].lower(), field["code"] or "", instance, field["modifier"] or ""), at)


@v_args(inline=True)
class _Tree(Transformer[Token, Syntax]):
    def start(self, part: Syntax) -> Syntax:
        return part

    def number(self, token: Token) -> Syntax:
        return Literal(Decimal(token.rstrip(".")), token.start_pos or 0)

    def string(self, token: Token) -> Syntax:
        """A text; NaN stands for no result, and a reference in quotes for its field."""
        text = token[1:-1]
        if _QUOTED.fullmatch(text):
            return reference(text, token.start_pos or 0)
        return Literal("" if text == "NaN" else text, token.start_pos or 0)

    def field(self, token: Token) -> Syntax:
        return reference(token, token.start_pos or 0)

    def word(self, token: Token) -> Syntax:
        """today, true, 'ymd' without quotes."""
        known: Mapping[str, bool | str] = {"true": True, "false": False, "nan": "", "null": ""}
        return Literal(known.get(token.lower(), str(token)), token.start_pos or 0)

    def nothing(self) -> Syntax:
        return Literal("", 0)

    def call(self, name: Token, *args: Syntax) -> Syntax:
        given = () if args == (Literal("", 0),) else args
        return Call(name.lower().removeprefix("math."), given, name.start_pos or 0)

    def either(self, *parts: Any) -> Syntax:
        """`or`, and `xor`, which REDCap reads from left to right like it."""
        alike = [parts[0]]
        for operator, part in zip(parts[1::2], parts[2::2], strict=True):
            if operator.lower() == "xor":
                alike = [_exclusive(_any(alike), part)]
            else:
                alike.append(part)
        return _any(alike)

    def both(self, *parts: Any) -> Syntax:
        return Apply("and", tuple(parts[::2]), 0)

    def compare(self, left: Syntax, op: Token, right: Syntax) -> Syntax:
        return Apply(_COMPARATORS.get(op, str(op)), (left, right), 0)

    def chain(self, *parts: Any) -> Syntax:
        result: Syntax = parts[0]
        for op, operand in zip(parts[1::2], parts[2::2], strict=True):
            made = ("mod", (result, operand), 0)
            result = Call(*made) if op == "%" else Apply(str(op), (result, operand), 0)
        return result

    def signed(self, op: Token, part: Syntax) -> Syntax:
        if op == "+":
            return part
        if isinstance(part, Literal) and isinstance(part.value, Decimal):
            return Literal(-part.value, 0)
        return Apply("negative", (part,), 0)

    def negate(self, _sign: Token, part: Syntax) -> Syntax:
        return Apply("not", (part,), 0)

    def raised(self, base: Syntax, exponent: Syntax) -> Syntax:
        return Apply("^", (base, exponent), 0)


def _any(parts: Sequence[Syntax]) -> Syntax:
    return parts[0] if len(parts) == 1 else Apply("or", tuple(parts), 0)


def _exclusive(left: Syntax, right: Syntax) -> Syntax:
    only_left = Apply("and", (left, Apply("not", (right,), 0)), 0)
    return Apply("or", (only_left, Apply("and", (right, Apply("not", (left,), 0)), 0)), 0)


@cache
def _parser() -> Lark:
    grammar = File(__file__).with_name("logic.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", transformer=_Tree(), propagate_positions=False)


@lru_cache(maxsize=512)
def parse_logic(text: str) -> Syntax:
    """The syntax tree of a piece of logic.

    Raises:
        Untranslatable: it is none; with the place.
    """
    if len(text) > MAX_LENGTH:
        raise Untranslatable(f"The rule has {len(text)} characters; at most {MAX_LENGTH} are read.")
    plain = _straight(html.unescape(text) if "&" in text else text)
    try:
        tree = _parser().parse(plain)
    except UnexpectedInput as fault:
        place: int | None = fault.pos_in_stream
        ended = isinstance(fault, UnexpectedToken) and fault.token.type == "$END"
        at = len(plain) if ended or place is None or place < 0 else place
        found = repr(plain[at : at + 20]) if plain[at : at + 1].strip() else "its end"
        raise Untranslatable(f"The rule cannot be read at {found}.") from None
    if depth(tree) > MAX_DEPTH:  # type: ignore[arg-type]  # the transformer makes nodes of lark's trees
        raise Untranslatable(f"More than {MAX_DEPTH} operators stand in one another.")
    return tree  # type: ignore[return-value]  # the transformer makes nodes of lark's trees


def _straight(text: str) -> str:
    """Quotes that a word processor bent, straight again, unless they stand within straight ones."""
    return (
        text
        if text.isascii()
        else "".join(
            part if index % 2 else part.translate(_CURLY)
            for index, part in enumerate(re.split(r"('[^']*'|\"[^\"]*\")", text))
        )
    )
