"""Constants of a Questionnaire as values of ours, and where first answers and limits of an item stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.datatypes.base import Kind
from exchange.fhir.elements import text_constant
from exchange.fhir.extensions import Expression, expression, expressions, named, value
from exchange.fhir.nodes import decimal, truth
from exchange.fhir.resources import Json, maps
from exchange.rules.meaning import Meaning, Untranslatable, constant
from exchange.rules.moments import constant_moment


def initial_of(item: Json) -> Iterator[Json]:
    """What is answered at first, also by options that are chosen."""
    for one in maps(item.get("initial")):
        found = value(one)
        if found is not None and not (
            isinstance(found, dict) and "valueQuantity" in one and "value" not in found
        ):  # that offers a unit
            yield one
    for option in maps(item.get("answerOption")):
        if option.get("initialSelected") is True:
            yield {key: found for key, found in option.items() if key.startswith("value")}


def computed_limit(item: Json, name: str) -> Expression | None:
    """A limit that is an expression: in place of its value, or as an extension (cqf-expression) of that."""
    for one in named(item, name):
        for key, found in one.items():
            inner = expression(found) if key == "valueExpression" else None
            if key.startswith("_value") and isinstance(found, dict):
                inner = next(
                    (got for ext in ("cqf-expression", "cqf-calculatedValue") for got in expressions(found, ext)), None
                )
            if inner is not None:
                return inner
    return None


def number(found: Any) -> Meaning:
    """A constant number. Raises Untranslatable."""
    known = decimal(found)
    if known is None:
        raise Untranslatable(f"{found!r} is no number.")
    return constant(known)


def constant_of(found: Any, kind: Kind, told: list[str]) -> Meaning:
    """A value of the file as a constant of that kind. `told` gets what was left out. Raises Untranslatable."""
    if isinstance(found, dict):
        found = found.get("value", found.get("code", found.get("reference")))
    if kind in (Kind.DATE, Kind.TIME, Kind.DATETIME):
        return constant_moment(str(found), told)
    if kind not in _CONSTANTS:
        raise Untranslatable(f"A constant {kind} cannot be written in rules.")
    return _CONSTANTS[kind](found)


_CONSTANTS: Mapping[Kind, Callable[[Any], Meaning]] = {
    Kind.NUMBER: number,
    Kind.BOOLEAN: lambda found: constant(truth(found)),
    Kind.TEXT: lambda found: text_constant(str(found)),
    Kind.CODE: lambda found: text_constant(str(found)),
}
