"""What the functions of FHIRPath are built with: our functions by name, strict ones, and the values of answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.datatypes.base import Kind
from engine.expressions.functions import FUNCTIONS as OURS
from engine.expressions.nodes import Call, Literal, Syntax
from exchange.fhir.elements import Collection, Element, One, Spot, of, text_constant
from exchange.fhir.evaluate import Evaluator, Function, Scope
from exchange.fhir.nodes import GROUP
from exchange.rules.meaning import TRUE, Meaning, Untranslatable, call, constant

Args = tuple[Syntax, ...]

UNKNOWN = Meaning(Literal(None, 0), Kind.NOTHING, frozenset({"…"}))


def ours(name: str, kind: Kind, *args: Meaning, doubt: bool = False) -> Meaning:
    """A function of our language. Raises Untranslatable where there is none of that name."""
    if name not in OURS:
        raise Untranslatable(f"Our language has no function {name}().")
    return folded(call(name, kind, *args, doubt=doubt))


_OF_CONSTANTS: Mapping[str, Callable[..., str | bool | int]] = {
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "contains": str.__contains__,
    "sorts_before": str.__lt__,
    "length": len,
    "lower": str.lower,
    "upper": str.upper,
}


def folded(found: Meaning) -> Meaning:
    """A function of constants as its value: rules ask for parts of linkIds, which are known."""
    node = found.node
    if not isinstance(node, Call) or node.name not in _OF_CONSTANTS:
        return found
    values = [arg.value for arg in node.args if isinstance(arg, Literal) and isinstance(arg.value, str)]
    if len(values) < len(node.args):
        return found
    value = _OF_CONSTANTS[node.name](*values)
    return text_constant(value) if isinstance(value, str) else constant(value)


def missing(*parts: Meaning) -> bool:
    return any(part.kind is Kind.NOTHING for part in parts)


def strict(build: Callable[..., Meaning], kind: Kind | None = Kind.NUMBER) -> Function:
    """A function of values that is missing where one of them is; receiver and arguments are cast to `kind`."""

    def made(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
        parts = [ev.own(receiver, scope), *(ev.one(arg, scope) for arg in args)]
        if missing(*parts):
            return ()
        if kind is Kind.TEXT:
            parts = [_as_text(ev, part) if index == 0 else part for index, part in enumerate(parts)]
        elif kind is not None:
            parts = [ev.translator.cast(part, kind) for part in parts]
        return of(build(*parts))

    return made


def _as_text(ev: Evaluator, part: Meaning) -> Meaning:
    return ev.translator.cast(part, Kind.TEXT)


def null(found: Meaning) -> Meaning:
    return Meaning(found.node, Kind.BOOLEAN, found.doubts) if found.kind is Kind.NOTHING else found


def answered(ev: Evaluator, receiver: Collection, scope: Scope, *, rows: bool = True) -> Collection:
    """The values of answers in place of the answers."""
    return tuple(part for one in receiver for part in _answer_of(ev, one, scope, rows=rows))


def _answer_of(ev: Evaluator, one: Element, scope: Scope, *, rows: bool) -> Collection:
    """The value of an answer; of a repeating group its rows, which are there whatever was answered."""
    if not isinstance(one, Spot):
        return (one,)
    if one.part == "answer":
        return ev.member((one,), "value", scope)
    groups = ev.grown.groups.get(one.node, ())
    if not rows or one.part != "item" or one.node.type != GROUP or not one.node.repeats or not groups:
        return (one,)
    around = () if one.absolute else ev.rows(scope)
    return (One(TRUE, one.guard, groups if groups != around else ()),)


def same(_ev: Evaluator, receiver: Collection, _args: Args, _scope: Scope) -> Collection:
    """What changes nothing here."""
    return receiver
