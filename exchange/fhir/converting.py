"""From one kind to another, and from one unit to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.definitions.source import number_of
from engine.expressions.nodes import Call, Literal, Path, Syntax
from exchange.fhir.calls import Args, missing, ours, same
from exchange.fhir.elements import Collection, One, of, ones
from exchange.fhir.evaluate import Evaluator, Function, Scope
from exchange.rules.meaning import Meaning, Untranslatable, constant, operation


def _to_text(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
    values = ones(receiver)
    found = ev.own(receiver, scope)
    if missing(found):
        return ()
    if found.kind in (Kind.DATE, Kind.DATETIME):
        return tuple(replace(one, facet="iso") for one in values)
    if found.kind is Kind.BOOLEAN:
        node = Call("if", (found.node, Literal("true", 0), Literal("false", 0)), 0)
        return of(Meaning(node, Kind.TEXT, found.doubts))
    return of(ev.translator.cast(found, Kind.TEXT))


def _to_number(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
    values = ones(receiver)
    if values and all(one.facet == "digits" for one in values):
        return tuple(replace(one, facet="") for one in values)
    found = ev.own(receiver, scope)
    if missing(found):
        return ()
    known = found.field is not None and found.field.values and all(map(_counts_as_it_is_written, values))
    if found.kind is Kind.CODE and not known:
        found = Meaning(found.node, Kind.TEXT, found.doubts)
    return of(_read_number(ev, found))


def _counts_as_it_is_written(one: One) -> bool:
    """Whether the codes of a choice are numbers, and no other number is its score."""
    entries = one.choices.entries if one.choices is not None else ()
    numbers = [(number_of(str(choice.value)), choice.score) for choice in entries]
    return all(number is not None and score in (None, number) for number, score in numbers)


def _read_number(ev: Evaluator, found: Meaning) -> Meaning:
    if found.kind is Kind.TEXT and not found.is_literal:
        return ours("number_of", Kind.NUMBER, found, doubt=True)
    return ev.translator.cast(found, Kind.NUMBER)


def _to_date(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
    found = ev.own(receiver, scope)
    return () if missing(found) else of(ev.translator.cast(found, Kind.DATE))


def _typed(_ev: Evaluator, receiver: Collection, args: Args, _scope: Scope) -> Collection:
    """`as`, `ofType`: the values of that type; answers have the type of their item."""
    (wanted,) = args
    kinds = _TYPES.get(_type_name(wanted))
    if kinds is None:
        raise Untranslatable(f"The type {_type_name(wanted)} has no counterpart.")
    return tuple(one for one in ones(receiver) if one.meaning.kind in kinds)


def _is(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    return of(constant(bool(_typed(ev, receiver, args, scope)))) if receiver else ()


def _type_name(node: Syntax) -> str:
    match node:
        case Path((name,), _):
            return name.lower()
        case Call(name, _, _):
            return name.removeprefix(".").lower()
    return "?"


_TYPES: Mapping[str, tuple[Kind, ...]] = {
    "coding": (Kind.CODE, Kind.CODES),
    "code": (Kind.CODE, Kind.CODES),
    "string": (Kind.TEXT, Kind.CODE),
    "decimal": (Kind.NUMBER,),
    "integer": (Kind.NUMBER,),
    "quantity": (Kind.NUMBER,),
    "boolean": (Kind.BOOLEAN,),
    "date": (Kind.DATE,),
    "datetime": (Kind.DATETIME, Kind.DATE),
    "time": (Kind.TIME,),
}


# How many of a unit are one of its base. Exact by definition: NIST SP 811, appendix B; UCUM table of prefixes.
_UNITS: Mapping[str, tuple[str, Decimal]] = {
    "g": ("g", Decimal(1)),
    "kg": ("g", Decimal(1000)),
    "mg": ("g", Decimal("0.001")),
    "ug": ("g", Decimal("0.000001")),
    "[lb_av]": ("g", Decimal("453.59237")),
    "[oz_av]": ("g", Decimal("28.349523125")),
    "m": ("m", Decimal(1)),
    "cm": ("m", Decimal("0.01")),
    "mm": ("m", Decimal("0.001")),
    "[in_i]": ("m", Decimal("0.0254")),
    "[ft_i]": ("m", Decimal("0.3048")),
    "L": ("L", Decimal(1)),
    "mL": ("L", Decimal("0.001")),
    "dL": ("L", Decimal("0.1")),
    "h": ("h", Decimal(1)),
    "d": ("h", Decimal(24)),
    "wk": ("h", Decimal(168)),
}


def per_unit(stored: str, other: str) -> Decimal | None:
    """How many of the other unit make one stored unit, where both are known."""
    here, there = _UNITS.get(stored), _UNITS.get(other)
    return here[1] / there[1] if here is not None and there is not None and here[0] == there[0] else None


def _to_quantity(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    if not args:
        return receiver
    wanted = str(ev.one(args[0], scope).literal)
    return tuple(_converted(one, wanted) for one in ones(receiver))


def _converted(one: One, wanted: str) -> One:
    if one.unit in ("", wanted):
        return replace(one, unit=wanted) if one.unit else _no_unit(wanted)
    factor = per_unit(one.unit, wanted)
    if factor is None:
        raise Untranslatable(f"How many {wanted} are one {one.unit} is not known.")
    return replace(one, meaning=operation("*", Kind.NUMBER, one.meaning, constant(factor)), unit=wanted)


def _no_unit(wanted: str) -> One:
    raise Untranslatable(f"A number without a unit is converted to {wanted}.")


FUNCTIONS: Mapping[str, Function] = {
    "toString": _to_text,
    "toInteger": _to_number,
    "toDecimal": _to_number,
    "toDate": _to_date,
    "toDateTime": same,
    "toQuantity": _to_quantity,
    "toBoolean": same,
    "as": _typed,
    "ofType": _typed,
    "is": _is,
}
