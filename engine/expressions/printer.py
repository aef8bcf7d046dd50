"""Syntax tree -> text, with the brackets that are needed and no others. `parse` reads it back as the same tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from engine.expressions.arithmetic import plain
from engine.expressions.nodes import Apply, Call, Let, Listing, Literal, Other, Path, Syntax

# How tightly an operator binds, as the grammar has it; a part that binds less stands in brackets.
_OR, _AND, _NOT, _IS, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 11)
_LOOSEST = 0
_BINDS: Mapping[str, int] = {
    "or": _OR,
    "and": _AND,
    "not": _NOT,
    "is": _IS,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "in"), _COMPARE),
    "+": _SUM,
    "-": _SUM,
    "*": _PRODUCT,
    "/": _PRODUCT,
    "negative": _SIGN,
    "^": _POWER,
}


def expression_text(node: Syntax) -> str:
    """The tree as one would write it."""
    return _text(node, _LOOSEST)


def _text(node: Syntax, outside: int) -> str:
    text, binds = _WRITERS[type(node)](node)
    return f"({text})" if binds < outside else text


def _literal(node: Literal) -> tuple[str, int]:
    match node.value:
        case bool():
            return str(node.value).lower(), _ATOM
        case Decimal():
            return plain(node.value), _ATOM if node.value >= 0 else _SIGN
        case None:
            return "null", _ATOM
    return "'" + node.value.replace("'", "''") + "'", _ATOM


def _path(node: Path) -> tuple[str, int]:
    return str(node), _ATOM


def _other(node: Other) -> tuple[str, int]:
    return f"other {node.path}", _ATOM


def _apply(node: Apply) -> tuple[str, int]:
    binds = _BINDS[node.op]
    if node.op == "not":
        return _negated(node.args[0])
    if node.op == "is":
        return f"{_text(node.args[0], _COMPARE)} is {_truth(node.args[1])}", binds
    if node.op == "negative":
        return f"-{_text(node.args[0], _SIGN)}", binds
    left, *rest = node.args
    own = binds + 1 if binds in (_OR, _AND, _COMPARE, _POWER) else binds  # chains of + and * lean to the left
    after = _SIGN if node.op == "^" else binds + 1
    parts = (_text(left, own), *(_text(part, after) for part in rest))
    return f" {node.op} ".join(parts), binds


def _negated(part: Syntax) -> tuple[str, int]:
    """`x not in (…)` and `x is not true` read better than `not x in (…)`, and are the same."""
    if isinstance(part, Apply) and part.op == "in":
        return f"{_text(part.args[0], _SUM)} not in {_text(part.args[1], _SUM)}", _COMPARE
    if isinstance(part, Apply) and part.op == "is":
        return f"{_text(part.args[0], _COMPARE)} is not {_truth(part.args[1])}", _IS
    return f"not {_text(part, _NOT)}", _NOT


def _truth(node: Syntax) -> str:
    assert isinstance(node, Literal)
    return str(node.value)


def _listing(node: Listing) -> tuple[str, int]:
    return f"({', '.join(_text(item, _LOOSEST) for item in node.items)})", _ATOM


def _call(node: Call) -> tuple[str, int]:
    inside = ", ".join(_text(arg, _LOOSEST) for arg in node.args)
    if node.values:
        inside += ": " + ", ".join(_text(value, _LOOSEST) for value in node.values)
    if node.where is not None:
        inside += f" where {_text(node.where, _LOOSEST)}"
    if node.by:
        inside += " by " + ", ".join(_text(key, _LOOSEST) for key in node.by)
    return f"{node.name}({inside.strip()})", _ATOM


def _let(node: Let) -> tuple[str, int]:
    bindings = ", ".join(f"{name} = {_text(value, _OR)}" for name, value in node.bindings)
    return f"let {bindings}: {_text(node.body, _LOOSEST)}", _LOOSEST


_WRITERS: Mapping[type, Callable[..., tuple[str, int]]] = {
    Literal: _literal,
    Path: _path,
    Other: _other,
    Apply: _apply,
    Listing: _listing,
    Call: _call,
    Let: _let,
}
