"""XPath -> our syntax tree, with the foreign names in it.

A path keeps its steps as parts: `../a/b` is `("..", "a", "b")`, `/data/a` `("/", "data", "a")`, `${a}` `("$", "a")` and
`${a}/b` `("$", "a", "/", "b")`. What is chosen by a condition is a call: `[]` with the path, and the condition as its `where`;
further steps are `values`.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import LarkError, UnexpectedCharacters, UnexpectedToken, VisitError

from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax, depth
from exchange.rules.meaning import Untranslatable

MAX_TEXT = 20_000  # characters of an expression
MAX_DEPTH = 120  # parts in one another
CHOSEN = "[]"
_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " "})
_OPERATORS = {"div": "/"}


def parse_xpath(text: str) -> Syntax:
    """The tree of an expression. Curly quotes count as straight ones, as XLSForm tools take them.

    Raises:
        Untranslatable: it is no XPath, or is too long or too deep; the reason says where it goes wrong.
    """
    if len(text) > MAX_TEXT:
        raise Untranslatable(f"The expression has {len(text)} characters; at most {MAX_TEXT} are read.")
    try:
        node: Any = _parser().parse(text.translate(_QUOTES))
    except (UnexpectedCharacters, UnexpectedToken) as fault:
        raise Untranslatable(_where(text, fault)) from None
    except VisitError as fault:
        if isinstance(fault.orig_exc, Untranslatable):
            raise fault.orig_exc from None
        raise
    except (LarkError, RecursionError):
        raise Untranslatable("The expression is no XPath.") from None
    if depth(node) > MAX_DEPTH:
        raise Untranslatable(f"Parts of the expression stand more than {MAX_DEPTH} deep in one another.")
    found: Syntax = node
    return found


def _where(text: str, fault: UnexpectedCharacters | UnexpectedToken) -> str:
    at: int = getattr(fault, "pos_in_stream", None) or 0
    rest = text[at : at + 20] if at >= 0 else ""
    if not rest or getattr(getattr(fault, "token", None), "type", "") == "$END":
        return "The expression is not complete: a bracket or a value is missing at its end."
    return f"The expression is no XPath: it goes wrong at {rest!r} (character {at + 1})."


@cache
def _parser() -> Lark:
    grammar = FilePath(__file__).with_suffix(".lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_Builder(), maybe_placeholders=False)


class _Builder(Transformer[Token, Any]):
    """Builds nodes while the text is read."""

    def number(self, parts: list[Token]) -> Syntax:
        return Literal(Decimal(parts[0]), 0)

    def string(self, parts: list[Token]) -> Syntax:
        return Literal(str(parts[0][1:-1]), 0)

    def reference(self, parts: list[Token]) -> Syntax:
        return Path(("$", parts[0][2:-1].strip()), 0)

    def either(self, parts: list[Syntax]) -> Syntax:
        return _flat("or", parts)

    def both(self, parts: list[Syntax]) -> Syntax:
        return _flat("and", parts)

    def compare(self, parts: list[Any]) -> Syntax:
        left, op, right = parts
        return Apply(str(op), (left, right), 0)

    def chain(self, parts: list[Any]) -> Syntax:
        left, op, right = parts
        if op == "mod":
            return Call("mod", (left, right), 0)
        return Apply(_OPERATORS.get(str(op), str(op)), (left, right), 0)

    def signed(self, parts: list[Any]) -> Syntax:
        sign, part = parts
        if sign == "+":
            raise Untranslatable("A sign + stands before a value; XPath has only -.")
        if isinstance(part, Literal) and isinstance(part.value, Decimal):
            return Literal(-part.value, 0)
        return Apply("negative", (part,), 0)

    def union(self, _parts: list[Syntax]) -> Syntax:
        raise Untranslatable("Several paths are joined by |.")

    def call(self, parts: list[Any]) -> Syntax:
        name, *args = parts
        return Call(str(name), tuple(args), 0)

    def filters(self, parts: list[Syntax]) -> list[Syntax]:
        return parts

    def filtered(self, parts: list[Any]) -> Syntax:
        base, conditions = parts
        return Call(CHOSEN, (base,), 0, where=_flat("and", conditions))

    def below(self, parts: list[Any]) -> Syntax:
        base, *conditions, steps = parts
        start = self.filtered([base, conditions[0]]) if conditions else base
        return _walk(start, steps)

    def steps(self, parts: list[Any]) -> list[Any]:
        return parts

    def named(self, parts: list[Any]) -> Any:
        return (str(parts[0]), *parts[1:])

    def each(self, parts: list[Any]) -> Any:
        return ("*", *parts)

    def parent(self, parts: list[Any]) -> Any:
        return ("..", *parts)

    def self(self, parts: list[Any]) -> Any:
        return (".", *parts)

    def attribute(self, parts: list[Any]) -> Any:
        return (f"@{parts[0]}",)

    def relative(self, parts: list[Any]) -> Syntax:
        return _walk(None, parts[0])

    def absolute(self, parts: list[Any]) -> Syntax:
        return _walk(Path(("/",), 0), parts[0])

    def anywhere(self, parts: list[Any]) -> Syntax:
        return _walk(Path(("//",), 0), parts[0])


def _walk(start: Syntax | None, steps: list[Any]) -> Syntax:
    """Steps joined to a path; from the first condition on they are `values` of a choice."""
    here: Syntax | None = start
    for name, *conditions in steps:
        if here is None:
            here = Path((name,), 0)
        elif isinstance(here, Path):
            joint = ("/",) if here.parts[0] == "$" and len(here.parts) == 2 else ()
            here = Path((*here.parts, *joint, name), 0)
        else:
            here = _deeper(here, name)
        for condition in conditions:
            here = Call(CHOSEN, (here,), 0, where=_flat("and", condition))
    assert here is not None
    return here


def _deeper(here: Syntax, name: str) -> Syntax:
    """`instance('l')/…/item`, `current()/..`, and what stands behind a condition."""
    call = here if isinstance(here, Call) else Call(CHOSEN, (here,), 0)
    return Call(call.name, call.args, 0, (*call.values, Literal(name, 0)), call.where)


def _flat(op: str, parts: list[Syntax]) -> Syntax:
    if len(parts) == 1:
        return parts[0]
    flat: list[Syntax] = []
    for part in parts:
        flat.extend(part.args if isinstance(part, Apply) and part.op == op else (part,))
    return Apply(op, tuple(flat), 0)
