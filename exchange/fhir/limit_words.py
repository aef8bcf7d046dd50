"""What constraints that we make of limits and of required answers tell people, in the languages of a registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, time
from decimal import Decimal

from engine.datatypes.words import ENGLISH, POLISH, date_text, number_text, time_text
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax
from engine.expressions.parser import parse
from engine.model.text import in_language
from exchange.document import Entry
from exchange.fhir.piping import without_values
from exchange.rules.names import Names

_MOMENTS = frozenset({"date", "datetime", "partial_date", "time"})
_BOUNDS: Mapping[tuple[str, bool], tuple[str, str]] = {  # operator, of a moment -> Polish, English
    (">=", False): ("co najmniej {}", "at least {}"),
    (">", False): ("więcej niż {}", "more than {}"),
    ("<=", False): ("najwyżej {}", "at most {}"),
    ("<", False): ("mniej niż {}", "less than {}"),
    (">=", True): ("nie wcześniej niż {}", "not before {}"),
    (">", True): ("później niż {}", "after {}"),
    ("<=", True): ("nie później niż {}", "not after {}"),
    ("<", True): ("wcześniej niż {}", "before {}"),
}
_RANGE = (
    "wartość w granicach, które wynikają z innych odpowiedzi",
    "a value within limits that follow from other answers",
)
_USUALLY = ("zwykle {}", "usually {}")
_CLOCK: Mapping[str, tuple[str, str]] = {"today": ("dzisiaj", "today"), "now": ("teraz", "now")}
_NEEDED = ("Tu potrzebna jest odpowiedź.", "An answer is needed here.")


def _in(language: str, words: tuple[str, str]) -> str:
    """Polish, or English for all others: these are the languages in which the engine speaks."""
    return words[0] if language == POLISH else words[1]


def needed_message(languages: Iterable[str]) -> dict[str, str]:
    """What is told of an answer that is required under a condition."""
    return {language: _in(language, _NEEDED) for language in languages}


def limit_message(names: Names, entry: Entry, op: str, limit: object, languages: Iterable[str], *, hard: bool) -> dict[str, str]:  # fmt: skip
    """`At least 30 kg.`, `Usually at least 30 kg.`: what a limit of an item allows. `op`: how a value is compared with it."""
    node = parse(str(limit))
    made = {}
    for language in languages:
        told = _limit(names, entry, node, language)
        bound = _in(language, _BOUNDS[op, entry["type"] in _MOMENTS]).format(told) if told else _in(language, _RANGE)
        words = bound if hard else _in(language, _USUALLY).format(bound)
        made[language] = f"{words[0].upper()}{words[1:]}."
    return made


def _limit(names: Names, entry: Entry, node: Syntax, language: str) -> str:
    """A limit in words; '' where it is worked out in a way that words do not tell."""
    match node:
        case Literal(Decimal() as number):
            return number_text(number, language) + _unit(entry)
        case Apply("negative", (Literal(Decimal() as number),), _):
            return number_text(-number, language) + _unit(entry)
        case Call("make_date", (Literal(Decimal() as year), Literal(Decimal() as month), Literal(Decimal() as day)), _):
            return date_text(date(int(year), int(month), int(day)), language if language == POLISH else ENGLISH)
        case Call("make_time", (Literal(Decimal() as hour), Literal(Decimal() as minute)), _):
            return time_text(time(int(hour), int(minute)))
        case Call("at_time", (day, clock), _):
            parts = [_limit(names, entry, part, language) for part in (day, clock)]
            return " ".join(parts) if all(parts) else ""
        case Call(("today" | "now") as name, (), _):
            return _in(language, _CLOCK[name])
        case Path():
            spot = names.find(node)
            label = in_language(without_values(spot.item.label), language) if spot is not None else ""
            return _in(language, ("„{}”", "“{}”")).format(label) if label else ""
    return ""


def _unit(entry: Entry) -> str:
    unit = entry.get("unit")
    stored = unit.get("store") if isinstance(unit, dict) else unit
    return f" {stored}" if isinstance(stored, str) else ""
