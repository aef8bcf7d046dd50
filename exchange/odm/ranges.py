"""RangeChecks: bounds without a message become ranges, everything else a check of the form with the source's message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.definitions.source import number_of
from engine.expressions.nodes import Apply, Literal, Syntax
from exchange.document import Entry
from exchange.findings import Finding, Part
from exchange.odm.draft import OWN, Draft, Place, Stated
from exchange.odm.elements import Element, translated, whole_text

CHECK = "RangeCheck"
_NUMBERS = frozenset({"integer", "decimal"})
_DAYS = frozenset({"date", "partial_date"})
_ENDS: Mapping[str, tuple[int, str]] = {"GE": (0, ""), "GT": (0, "over"), "LE": (1, ""), "LT": (1, "under")}
_SIGNS: Mapping[str, str] = {"LT": "<", "LE": "<=", "GT": ">", "GE": ">=", "EQ": "=", "NE": "!="}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "pl": {
        "LT": "Wartość musi być mniejsza niż",
        "LE": "Wartość może wynosić najwyżej",
        "GT": "Wartość musi być większa niż",
        "GE": "Wartość musi wynosić co najmniej",
        "EQ": "Wartość musi być równa",
        "NE": "Wartość nie może być równa",
        "IN": "Dozwolone wartości:",
        "NOTIN": "Wartości niedozwolone:",
        "": "Wartość nie spełnia warunku.",
    },
    "en": {
        "LT": "The value must be less than",
        "LE": "The value must be at most",
        "GT": "The value must be greater than",
        "GE": "The value must be at least",
        "EQ": "The value must be",
        "NE": "The value must not be",
        "IN": "Allowed values:",
        "NOTIN": "Values that are not allowed:",
        "": "The value does not meet the condition.",
    },
}
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T.*)?")


@dataclass(frozen=True, slots=True)
class Limit:
    """A RangeCheck: what is compared with what, how strictly."""

    comparator: str
    values: tuple[str, ...]
    hard: bool
    element: Element

    @property
    def words(self) -> str:
        """As one reads it: `GE 18`."""
        return f"{self.comparator} {', '.join(self.values)}".strip()


def read_range_checks(draft: Draft, element: Element, entry: Entry, place: Place, where: str) -> None:
    """Set the ranges of an item; what is none becomes a check, translated once all names are known."""
    own = next(iter(unit_oids(element)), None)
    for part in element.findall("RangeCheck"):
        values = tuple(text for value in part.findall("CheckValue") if (text := (value.text or "").strip()))
        limit = Limit(
            part.get("Comparator", "").strip().upper(),
            values,
            part.get("SoftHard", "Hard").strip().lower() != "soft",
            part,
        )
        unit = part.find("MeasurementUnitRef")
        if unit is not None and own is not None and unit.get("MeasurementUnitOID") != own:
            reason = "The limit is in another unit than the item, and nothing says how to convert it."
            draft.placing.untranslated(
                entry, name=f"{CHECK} {limit.words}", found=limit.words, where=where, reason=reason
            )
        elif not _is_range(draft, entry, limit, where):
            _checked(draft, entry, limit, place, where)


def unit_oids(element: Element) -> list[str]:
    """The units of an item, the one first in which its limits are."""
    oids = [ref.get("MeasurementUnitOID", "") for ref in element.findall("MeasurementUnitRef")]
    limits = [ref.get("MeasurementUnitOID", "") for ref in element.findall("RangeCheck/MeasurementUnitRef")]
    return sorted(oids, key=lambda oid: oid not in limits[:1])


def _is_range(draft: Draft, entry: Entry, limit: Limit, where: str) -> bool:
    """Whether the limit could be set as an end of a range that nothing else has set: ranges have no words of their own."""
    if (
        limit.comparator not in _ENDS
        or len(limit.values) != 1
        or any(translated(limit.element.find("ErrorMessage")).values())
    ):
        return False
    bound = _bound(entry["type"], limit.values[0])
    end, excluded = _ENDS[limit.comparator]
    strictness = "hard" if limit.hard else "soft"
    bounds = entry.get("range", {}).get(strictness, [None, None])
    if bound is None or bounds[end] is not None:
        return False
    other = bounds[1 - end]
    other = next(iter(other.values())) if isinstance(other, dict) else other
    if (
        isinstance(bound, int | Decimal)
        and isinstance(other, int | Decimal)
        and (bound > other) is (end == 0)
        and bound != other
    ):
        return False
    entry.setdefault("range", {}).setdefault(strictness, [None, None])[end] = {excluded: bound} if excluded else bound
    draft.findings.append(Finding(where, Part.RULE, found=limit.words, name="RangeCheck"))
    return True


def _bound(type_: str, text: str) -> Any:
    if type_ in _NUMBERS:
        number = number_of(text)
        return None if number is None else int(number) if Decimal(number) == int(number) else Decimal(number)
    match = _DAY.fullmatch(text)
    if type_ in _DAYS and match:
        return f"make_date({', '.join(str(int(part)) for part in match.groups())})"
    return None


def _checked(draft: Draft, entry: Entry, limit: Limit, place: Place, where: str) -> None:
    """A check of the form: what a comparison or a formal expression says."""
    spoken = tuple(
        (part.get("Context", "").strip(), text)
        for part in limit.element.iter("FormalExpression")
        if (text := whole_text(part).strip())
    )
    check: Entry = {"id": "", "assert": "", "on": entry["id"]}
    if not limit.hard:
        check["severity"] = "warning"
    check["message"] = _message(draft, limit)
    found = limit.words if limit.values else ""
    tree = comparison(limit)
    draft.rules.append(Stated(check, "assert", CHECK, where, place, spoken, found, own=entry, tree=tree))


def comparison(limit: Limit) -> Syntax | None:
    """The limit as a rule; None without values, or for a comparator that ODM does not know."""
    same = tuple(Apply("=", (OWN, Literal(value, 0)), 0) for value in limit.values)
    sign = _SIGNS.get(limit.comparator)
    if not same or (sign and len(same) > 1):
        return None
    if sign:
        return Apply(sign, (OWN, Literal(limit.values[0], 0)), 0)
    among = same[0] if len(same) == 1 else Apply("or", same, 0)
    return {"IN": among, "NOTIN": Apply("not", (among,), 0)}.get(limit.comparator)


def _message(draft: Draft, limit: Limit) -> dict[str, str]:
    given = draft.text(limit.element.find("ErrorMessage"))
    if given:
        return given
    found = {}
    for language in draft.texts.languages:
        words = _WORDS.get(language, _WORDS["en"])
        beginning = words.get(limit.comparator, words[""]) if limit.values else words[""]
        found[language] = f"{beginning} {', '.join(limit.values)}".strip() + ("" if beginning.endswith(".") else ".")
    return found
