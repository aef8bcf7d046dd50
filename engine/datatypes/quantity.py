"""Quantities: a number with the unit it was entered in, and its value in the stored unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.numerals import canonical, divide, fit, number_schema, parse_number, plain_text, read_number
from engine.datatypes.reading import echo, is_blank, refuse
from engine.datatypes.values import Quantity, Unread
from engine.datatypes.words import ENGLISH, POLISH, number_text, quantity_text, unit_text


class QuantityType(DataType):
    """Typed as `110 umol/L` or `110 µmol/L`. A number alone is read only where there is one unit that it can be in.

    The entered number is kept as it is; only the converted value is rounded to the item's decimals.
    """

    name = "quantity"
    odm = "float"
    kind = Kind.NUMBER
    slot = Slot.NUMBER
    control = Control.QUANTITY
    options = frozenset({"unit", "decimals", "range"})

    def parse(self, text: str, facets: Facets) -> Quantity | Unread | None:
        if is_blank(text):
            return None
        number, unit = _split(text.strip(), facets)
        return _build(parse_number(number, None), unit, facets, text)

    def format(self, value: Quantity, facets: Facets, language: str) -> str:
        if unit_text(value.unit, language) or not _several(facets):
            return quantity_text(value.entered, value.unit, language)
        return f"{number_text(value.entered, language)} {value.unit}"  # a bare number would be refused

    def read_json(self, data: Json, facets: Facets) -> Quantity | Unread | None:
        if is_blank(data):
            return None
        if not isinstance(data, dict):
            return _build(read_number(data, None), "", facets, data)
        unit = data.get("unit") or ""
        if not set(data) <= {"value", "unit"} or not isinstance(unit, str):
            return refuse(data, "json_quantity")
        if is_blank(data.get("value")):
            return refuse(data, "json_quantity") if data.get("unit") is None else None
        return _build(read_number(data["value"], None), unit, facets, data["value"])

    def write_json(self, value: Quantity) -> dict[str, str]:
        return {"value": plain_text(value.entered), "unit": value.unit}

    def store(self, value: Quantity) -> Stored:
        return Stored(value.value, {"entered": plain_text(value.entered), "unit": value.unit})

    def load(self, stored: Stored) -> Quantity:
        extra = stored.extra or {}
        number = canonical(Decimal(stored.value))
        return Quantity(Decimal(extra.get("entered", number)), extra.get("unit", ""), number)

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        number = number_schema(None)
        several, units = _several(facets), list(_factors(facets))
        parts = {"value": number, "unit": {"enum": units if several else [*units, "", None]}}
        needed = ["value", "unit"] if several else ["value"]
        whole = {"type": "object", "properties": parts, "required": needed, "additionalProperties": False}
        return {"anyOf": [whole, {"type": "null"}] if several else [whole, *number["anyOf"]]}

    def in_rules(self, value: Quantity) -> Decimal:
        return value.value

    def from_rule(self, result: Decimal, facets: Facets) -> Quantity | Unread:
        stored = fit(result, facets.decimals, plain_text(result))
        return stored if isinstance(stored, Unread) else Quantity(stored, facets.unit or "", stored)


def _factors(facets: Facets) -> Mapping[str, Decimal]:
    """How many of each unit make one stored unit; the stored unit itself first."""
    return {facets.unit or "": Decimal(1), **facets.units}


def _several(facets: Facets) -> bool:
    """Whether a number must say its unit."""
    return len(_factors(facets)) > 1


def spellings(facets: Facets) -> Mapping[str, str]:
    """How units may be written -> the unit, longest spelling first."""
    found = {
        spelling: unit
        for unit in _factors(facets)
        for spelling in (unit, unit_text(unit, POLISH), unit_text(unit, ENGLISH))
        if spelling
    }
    return {spelling: found[spelling] for spelling in sorted(found, key=len, reverse=True)}


def _split(text: str, facets: Facets) -> tuple[str, str]:
    """The number and the unit of typed text ('' where none is said), which may be spelled as in UCUM or as shown to people."""
    known = spellings(facets)
    for spelling in known:
        number = text.removesuffix(spelling)
        glued = number == number.rstrip() and spelling[0].isdigit()  # `510*9/L` does not say where the unit begins
        if number != text and number.rstrip()[-1:].isdigit() and not glued:
            return number, known[spelling]
    number, _, unit = text.partition(" ") if text[:1].isdigit() else (text, "", "")
    foreign = unit.strip() if unit.strip() and not unit.strip()[0].isdigit() else ""
    return (number, foreign) if foreign else (text, "")


def _build(number: Decimal | Unread, unit: str, facets: Facets, source: Json) -> Quantity | Unread:
    """The quantity with its converted value; `source` is what a refusal repeats."""
    if isinstance(number, Unread):
        return replace(number, text=echo(source))  # the message is about the number, kept is all that was typed
    factors = _factors(facets)
    allowed = ", ".join(each for each in factors if each) or "1"
    if not unit and _several(facets):
        return refuse(source, "quantity_no_unit", allowed=allowed)
    unit = unit or facets.unit or ""
    if unit not in factors:
        return refuse(source, "quantity_unit", unit=unit[:40], allowed=allowed)
    stored = fit(divide(number, factors[unit], facets.decimals), None, source)
    return stored if isinstance(stored, Unread) else Quantity(number, unit, stored)
