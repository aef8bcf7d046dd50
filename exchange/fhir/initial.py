"""First answers and limits of an item: what stands for them in a Questionnaire, and constants as values of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.datatypes.base import Kind
from exchange.fhir.elements import text_constant
from exchange.fhir.extensions import Expression, expression, expressions, named, value
from exchange.fhir.items import decimal
from exchange.fhir.resources import Json, maps
from exchange.rules.meaning import Meaning, Untranslatable, constant


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


def _a_number(found: Any) -> Meaning:
    number = decimal(found)
    if number is None:
        raise Untranslatable(f"{found!r} is no number.")
    return constant(number)


CONSTANTS: Mapping[Kind, Callable[[Any], Meaning]] = {
    Kind.NUMBER: _a_number,
    Kind.BOOLEAN: lambda found: constant(str(found).lower() == "true"),
    Kind.TEXT: lambda found: text_constant(str(found)),
    Kind.CODE: lambda found: text_constant(str(found)),
}
