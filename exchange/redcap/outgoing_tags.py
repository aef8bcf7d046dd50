"""Rules of ours that REDCap says by action tags: values that are offered, and choices that are narrowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.arithmetic import plain
from engine.expressions.nodes import Apply, Call, Listing, Literal, Path, Syntax
from engine.expressions.parser import parse
from engine.expressions.printer import expression_text
from exchange.redcap.outgoing import Logic
from exchange.rules.meaning import Inexpressible
from exchange.rules.moments import written_moment

_MOMENTS: Mapping[str, tuple[str, Kind]] = {"today": ("@TODAY", Kind.DATE), "now": ("@NOW", Kind.DATETIME)}


def default_tags(logic: Logic, text: str, kind: Kind, codes: Mapping[str, str]) -> str:
    """`@DEFAULT='…'`, `@TODAY`, or one of them within @IF. `codes`: of ours -> REDCap's.

    Raises:
        Inexpressible: the value is calculated.
    """
    return _offered(logic, parse(text), kind, codes)


def _offered(logic: Logic, node: Syntax, kind: Kind, codes: Mapping[str, str]) -> str:
    match written_moment(node):
        case Call("today" | "now" as name, (), _):
            return _MOMENTS[name][0]
    match node:
        case Literal(None) | Literal(""):
            return "''"
        case Call("today" | "now" as name, (), _) if kind is _MOMENTS[name][1]:
            return _MOMENTS[name][0]
        case Call("make_time", (Call("hour", (Call("now"),)), Call("minute", (Call("now"),))), _):
            return "@NOW"
        case Call("if", (test, then, otherwise), _):
            condition = logic.condition(expression_text(test))
            parts = (_offered(logic, part, kind, codes) for part in (then, otherwise))
            return f"@IF({condition}, {', '.join(parts)})"
    return f"@DEFAULT={quoted(_piped(logic, node, kind, codes))}"


def _piped(logic: Logic, node: Syntax, kind: Kind, codes: Mapping[str, str]) -> str:
    node = written_moment(node) or node
    match node:
        case Literal(bool() as value):
            return "1" if value else "0"
        case Literal(Decimal() as value):
            return plain(value)
        case Literal(str() as value):
            return codes.get(value, value)
        case Path():
            name = logic.printed(node)
            return f"{name[:-1]}:value]" if logic.kind(node) is Kind.CODE else name
        case Call("label", (Path() as path,), _) if kind is Kind.TEXT:
            return logic.printed(path)
        case Call("coalesce", (part, Literal("")), _) | Call("text_of", (part,), _):
            return _piped(logic, part, kind, codes)
        case Call("concat", parts, _):
            return "".join(_piped(logic, part, kind, codes) for part in parts)
        case Call("make_date" | "make_time" | "at_time", _, _):
            return logic.printed(node).strip("'")
    raise Inexpressible("REDCap offers constants and answers, nothing that is calculated.")


def quoted(text: str) -> str:
    quote = next((each for each in "'\"" if each not in text), None)
    if quote is None:
        raise Inexpressible("A text with both kinds of quotes cannot be offered.")
    return f"{quote}{text}{quote}"


def choice_tags(logic: Logic, text: str, codes: Mapping[str, str]) -> list[str]:
    """`@HIDECHOICE` and `@SHOWCHOICE`, perhaps within @IF.

    Raises:
        Inexpressible: the choices are narrowed by something else than their codes.
    """
    return [_narrowed(logic, part, codes) for part in _parts("and", parse(text))]


def _parts(op: str, node: Syntax) -> Sequence[Syntax]:
    return node.args if isinstance(node, Apply) and node.op == op else (node,)


def _narrowed(logic: Logic, node: Syntax, codes: Mapping[str, str]) -> str:
    *others, last = _parts("or", node)
    tag = _by_codes(last, codes)
    if not others:
        return tag
    rest = others[0] if len(others) == 1 else Apply("or", tuple(others), 0)
    return f"@IF({logic.opposite(expression_text(rest))}, {tag}, '')"


def _by_codes(node: Syntax, codes: Mapping[str, str]) -> str:
    match node:
        case Apply("!=", (Path(("code",)), Literal(str() as value)), _):
            return _tag("HIDECHOICE", [value], codes)
        case Apply("=", (Path(("code",)), Literal(str() as value)), _):
            return _tag("SHOWCHOICE", [value], codes)
        case Apply("not", (Apply("in", (Path(("code",)), Listing(items)), _),), _):
            return _tag("HIDECHOICE", _values(items), codes)
        case Apply("in", (Path(("code",)), Listing(items)), _):
            return _tag("SHOWCHOICE", _values(items), codes)
    raise Inexpressible("REDCap hides choices by their codes alone.")


def _values(items: Iterable[Syntax]) -> list[str]:
    return [str(item.value) for item in items if isinstance(item, Literal)]


def _tag(name: str, values: Iterable[str], codes: Mapping[str, str]) -> str:
    return f"@{name}={quoted(', '.join(codes.get(value, value) for value in values))}"
