"""Syntax tree with XPath's names -> XPath."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from engine.expressions.arithmetic import plain
from engine.expressions.nodes import Apply, Call, Listing, Literal, Path, Syntax
from exchange.rules.meaning import Inexpressible

SELF = Path((".",), 0)
_BINDS: Mapping[str, int] = {
    "or": 1,
    "and": 2,
    "=": 3,
    "!=": 3,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "mod": 6,
    "negative": 7,
}
_ATOM = 9


def fixed(node: Syntax) -> str:
    """The text of a tree."""
    return _text(node, 0)


def _text(node: Syntax, outside: int) -> str:
    text, binds = _written(node)
    return f"({text})" if binds < outside else text


def _written(node: Syntax) -> tuple[str, int]:
    match node:
        case Literal():
            return _literal(node)
        case Path():
            return _path(node), _ATOM
        case Apply("not", (part,), _):
            return f"not({_text(part, 0)})", _ATOM
        case Apply("negative", (part,), _):
            return f"-{_text(part, 7)}", 7
        case Apply("^", (base, exponent), _):
            return f"pow({_text(base, 0)}, {_text(exponent, 0)})", _ATOM
        case Apply("in", (left, Listing(items)), _):
            return _joined("or", _BINDS["or"], tuple(Apply("=", (left, item), 0) for item in items))
        case Apply("is", _, _):
            raise Inexpressible("A truth value is judged inside of a value.")
        case Apply(op, args, _):
            return _joined("div" if op == "/" else op, _BINDS[op], args)
        case Call():
            return _CALLS.get(node.name, _called)(node)
    raise Inexpressible(f"{type(node).__name__} has no counterpart in XPath.")


def _joined(word: str, binds: int, args: tuple[Syntax, ...]) -> tuple[str, int]:
    left, *rest = args
    loose = binds if word in ("+", "-", "*", "div", "mod") else binds + 1
    return f" {word} ".join([_text(left, loose), *(_text(part, binds + 1) for part in rest)]), binds


def _literal(node: Literal) -> tuple[str, int]:
    match node.value:
        case bool():
            return f"{str(node.value).lower()}()", _ATOM
        case Decimal():
            return plain(node.value), _ATOM if node.value >= 0 else 7
        case None:
            return "''", _ATOM
    text = node.value
    if "'" not in text:
        return f"'{text}'", _ATOM
    if '"' in text:
        raise Inexpressible("A text holds both kinds of quotation marks, which XPath cannot write.")
    return f'"{text}"', _ATOM


def _path(node: Path) -> str:
    if node.parts[0] == "$":
        return f"${{{node.parts[1]}}}"
    return "/".join(node.parts)


def _called(node: Call) -> tuple[str, int]:
    return f"{node.name}({', '.join(_text(arg, 0) for arg in node.args)})", _ATOM


def _chosen(node: Call) -> tuple[str, int]:
    found = (
        f"{_text(node.args[0], _ATOM)}[{_text(node.where, 0)}]"
        if node.where is not None
        else _text(node.args[0], _ATOM)
    )
    steps = "".join(f"/{value.parts[-1]}" for value in node.values if isinstance(value, Path))
    return found + steps, _ATOM


def _of_list(node: Call) -> tuple[str, int]:
    listed, code, column = node.args
    assert isinstance(listed, Literal)
    assert isinstance(column, Literal)
    return f"instance('{listed.value}'){'/root'}/item[name = {_text(code, 4)}]/{column.value}", _ATOM


def _current(node: Call) -> tuple[str, int]:
    steps = [str(value.value) for value in node.values if isinstance(value, Literal)]
    return "current()/" + "/".join(step[2:-1] if step.startswith("${") else step for step in steps), _ATOM


def _remainder(node: Call) -> tuple[str, int]:
    return _joined("mod", _BINDS["mod"], node.args)


def _filled(sign: str) -> Callable[[Call], tuple[str, int]]:
    return lambda node: (f"{_text(node.args[0], 4)} {sign} ''", 3)


_CALLS: Mapping[str, Callable[[Call], tuple[str, int]]] = {
    "filled": _filled("!="),
    "empty": _filled("="),
    "chosen": lambda node: (f"selected({_text(node.args[0], 0)}, {_text(node.args[1], 0)})", _ATOM),
    "mod": _remainder,
    "[]": _chosen,
    "[list]": _of_list,
    "current": _current,
}
