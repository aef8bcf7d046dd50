"""What members of values are: `.code` of an answer, `.display`, the scores that extend a coding, the unit of a quantity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from engine.datatypes.base import Kind
from exchange.document import Field
from exchange.fhir.elements import Collection, One, chosen, expanded, has_scores, of, score, text_constant
from exchange.fhir.extensions import SCORES
from exchange.fhir.nodes import Choice, Choices
from exchange.rules.meaning import Untranslatable, constant


def member_of(one: One, name: str) -> Collection:
    """`one.name`. Raises Untranslatable."""
    walk = _FACETS.get((one.facet, "value" if name.startswith("value") else name))  # valueCoding, valueDecimal, …
    if walk is None:
        raise Untranslatable(f".{name} of a value has no counterpart.")
    return walk(one)


_KINDS: Mapping[str, tuple[Kind, ...]] = {
    "Boolean": (Kind.BOOLEAN,),
    "Decimal": (Kind.NUMBER,),
    "Integer": (Kind.NUMBER,),
    "Quantity": (Kind.NUMBER,),
    "Date": (Kind.DATE,),
    "DateTime": (Kind.DATETIME, Kind.DATE),
    "Time": (Kind.TIME,),
    "String": (Kind.TEXT, Kind.CODE, Kind.CODES),
    "Coding": (Kind.CODE, Kind.CODES),
}


def may_be(name: str, found: Field, choices: Choices | None) -> bool:
    """Whether an answer has a `valueCoding` and the like: others have none, so that a sum of scores passes over the total."""
    kinds = _KINDS.get(name.removeprefix("value"))
    return kinds is None or found.kind in kinds or (choices is not None and not choices.coded)


def _code(one: One) -> Collection:
    """The code itself. A constant is the foreign code again, so that it is compared with what foreign rules write."""
    return (replace(one, facet="code"),)


def _choice_part(part: Callable[[Choice], str]) -> Callable[[One], Collection]:
    def read(one: One) -> Collection:
        if one.choice is not None:
            return (replace(one, meaning=text_constant(part(one.choice)), facet="", choice=None),)
        if one.choices is None:
            raise Untranslatable("Only the code of a choice from an external list is known.")
        return tuple(
            One(text_constant(part(choice)), chosen(one, choice.code), one.rows) for choice in one.choices.entries
        )

    return read


def _score(one: One) -> Collection:
    """Of a choice its score, of an answer that of the choice it is: the attribute `value` of its list."""
    if one.choice is None:
        return (replace(one, meaning=score(one.meaning), facet="", choices=None),)
    return (replace(one, meaning=constant(one.choice.score), facet=""),) if one.choice.score is not None else ()


def _extension(one: One) -> Collection:
    """What codings are extended by: scores."""
    if one.choice is not None:
        return (replace(one, facet="extension"),) if one.choice.score is not None else ()
    scored = one.choices is not None and has_scores(one.choices)
    return tuple(replace(part, facet="extension") for part in expanded((one,))) if scored else ()


def _same(one: One) -> Collection:
    return (replace(one, facet=""),)


def _coding(one: One) -> Collection:
    return (replace(one, facet="coding"),)


def _unit(one: One) -> Collection:
    return of(text_constant(one.unit)) if one.unit else ()


_FACETS: Mapping[tuple[str, str], Callable[[One], Collection]] = {
    ("coding", "code"): _code,
    ("coding", "value"): lambda one: (one,),  # of an answer whose value was taken already
    ("", "value"): lambda one: (one,),
    ("coding", "display"): _choice_part(lambda choice: choice.display),
    ("coding", "system"): _choice_part(lambda choice: choice.system),
    ("coding", "extension"): _extension,
    ("option", "value"): _coding,
    ("option", "extension"): _extension,
    ("extension", "url"): lambda one: (replace(one, meaning=text_constant(SCORES[0]), facet="score url"),),
    ("extension", "value"): _score,
    ("quantity", "value"): _same,
    ("quantity", "unit"): _unit,
    ("quantity", "code"): _unit,
}
