"""Our expressions that stand for one function of XPath, as that function: what the reader made of it, undone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine.expressions.nodes import Apply, Call, Let, Literal, Syntax, walk
from exchange.rules.trees import rebuilt, written_out
from exchange.xlsform import dates


def simpler(node: Syntax) -> Syntax:
    """Our expressions that stand for one function of XPath, as that function."""
    plain = rebuilt(node, lambda part: written_out(part) if isinstance(part, Let) else part)
    return rebuilt(rebuilt(plain, _placeless), _known)


def _placeless(part: Syntax) -> Syntax:
    """Trees are alike wherever they stood."""
    return replace(part, at=0)


_PLACES = {(">", Decimal(0)): "[contains]", ("=", Decimal(1)): "[starts]"}


def _known(part: Syntax) -> Syntax:
    match part:
        case Apply("*", (Call("sign", (left,), _), Call("mod", (Call("abs", (again,), _), right), _)), _) if (
            left == again
        ):
            return Call("[mod]", (left, right.args[0] if isinstance(right, Call) and right.name == "abs" else right), 0)
        case Call("trim", _, _):
            return _normal(part)
        case Call("if", (Call("filled", (codes,)), Call("trim", (words,), _), Literal(None)), _) if _says_all(
            words, codes
        ):
            return codes
        case Call("if", (Call("[contains]", (text, sign), _), cut, Literal("")), _):
            before = isinstance(cut, Call) and len(cut.args) == 3
            return Call("[before]" if before else "[after]", (text, sign), 0)
        case Apply(op, (Call("position_of", args, _), Literal(Decimal() as place)), _) if (op, place) in _PLACES:
            return Call(_PLACES[op, place], args, 0)
        case Call("concat" | "text_of" | "substring", _, _):
            return _as_format(part)
    return part


def _normal(part: Call) -> Call:
    """Blanks that are made one in four steps."""
    text = part.args[0]
    for _ in range(4):
        if not isinstance(text, Call) or text.name != "replace" or text.args[1:] != (Literal("  ", 0), Literal(" ", 0)):
            return part
        text = text.args[0]
    return Call("[normal]", (text,), 0)


def _says_all(words: Syntax, codes: Syntax) -> bool:
    """Whether a text tells each code that is chosen."""
    parts = words.args if isinstance(words, Call) and words.name == "concat" else (words,)
    return all(
        isinstance(part, Call) and isinstance(part.args[0], Apply) and part.args[0].args[1:] == (codes,)
        for part in parts
    )


def _as_format(part: Call) -> Syntax:
    found = _format_of(part)
    if found is not None:
        return Call("[format]", (found[1], Literal(found[0], 0)), 0)
    if part.name == "concat":
        pieces = [_format_piece(arg) for arg in part.args]
        days = {repr(piece[1]): piece[1] for piece in pieces if piece is not None and piece[1] is not None}
        if None not in pieces and len(days) == 1:
            return Call(
                "[format]", (next(iter(days.values())), Literal("".join(piece[0] for piece in pieces if piece), 0)), 0
            )
    return part


def _format_piece(part: Syntax) -> tuple[str, Syntax | None] | None:
    match part:
        case Literal(str() as text) if "%" not in text:
            return text, None
        case Call("[format]", (day, Literal(str() as pattern)), _):
            return pattern, day
    return None


def _format_of(part: Call) -> tuple[str, Syntax] | None:
    for day in _days_in(part):
        for sign in dates.WRITERS:
            if dates.WRITERS[sign](day) == part:
                return f"%{sign}", day
    return None


def _days_in(part: Call) -> list[Syntax]:
    named = [
        node.args[0]
        for node in walk(part)
        if isinstance(node, Call)
        and node.name in ("year", "month", "day", "hour", "minute", "weekday")
        and len(node.args) == 1
    ]
    return named[:1]
