"""What a person is told about a value outside its range, by the comparisons that its limits make; then what to do.

`range_hard>=<=` is said of an amount with two limits that are allowed themselves, `range_hard>` of one that must be more
than its only limit; `range_hard_>=` of a moment that lies before its earliest. The browser makes the same keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from types import MappingProxyType

_POLISH = {">=": "co najmniej {low}", ">": "więcej niż {low}", "<=": "najwyżej {high}", "<": "mniej niż {high}"}
_ENGLISH = {">=": "at least {low}", ">": "more than {low}", "<=": "at most {high}", "<": "less than {high}"}

_USUAL = {  # limits that are allowed themselves
    "range_hard>=<=": (
        "{value}{unit:unit} nie mieści się w granicach {low}–{high}.",
        "{value}{unit:unit} is not between {low} and {high}.",
    ),
    "range_hard>=": (
        "{value}{unit:unit} to za mało: najmniejsza możliwa wartość to {low}.",
        "{value}{unit:unit} is too small: the smallest possible value is {low}.",
    ),
    "range_hard<=": (
        "{value}{unit:unit} to za dużo: największa możliwa wartość to {high}.",
        "{value}{unit:unit} is too large: the largest possible value is {high}.",
    ),
    "range_hard_>=": (
        "{value} to za wcześnie: najwcześniej może być {low}.",
        "{value} is too early: the earliest is {low}.",
    ),
    "range_hard_<=": (
        "{value} to za późno: najpóźniej może być {high}.",
        "{value} is too late: the latest is {high}.",
    ),
    "range_soft>=<=": (
        "{value}{unit:unit} to nietypowa wartość (zwykle {low}–{high}).",
        "{value}{unit:unit} is outside the usual range ({low}–{high}).",
    ),
    "range_soft>=": (
        "{value}{unit:unit} to mniej niż zwykle (od {low}).",
        "{value}{unit:unit} is below the usual range ({low} or more).",
    ),
    "range_soft<=": (
        "{value}{unit:unit} to więcej niż zwykle (do {high}).",
        "{value}{unit:unit} is above the usual range (up to {high}).",
    ),
    "range_soft_>=": (
        "{value} to wcześniej niż zwykle (od {low}).",
        "{value} is earlier than usual (from {low}).",
    ),
    "range_soft_<=": (
        "{value} to później niż zwykle (do {high}).",
        "{value} is later than usual (until {high}).",
    ),
}

_EXCLUDED = {  # a limit that is not allowed itself
    "range_hard>": (
        "{value}{unit:unit} to za mało: musi być więcej niż {low}.",
        "{value}{unit:unit} is too small: it must be more than {low}.",
    ),
    "range_hard<": (
        "{value}{unit:unit} to za dużo: musi być mniej niż {high}.",
        "{value}{unit:unit} is too large: it must be less than {high}.",
    ),
    "range_hard_>": (
        "{value} to za wcześnie: musi być później niż {low}.",
        "{value} is too early: it must be later than {low}.",
    ),
    "range_hard_<": (
        "{value} to za późno: musi być wcześniej niż {high}.",
        "{value} is too late: it must be earlier than {high}.",
    ),
    "range_soft>": (
        "{value}{unit:unit} to mniej niż zwykle (więcej niż {low}).",
        "{value}{unit:unit} is below the usual range (more than {low}).",
    ),
    "range_soft<": (
        "{value}{unit:unit} to więcej niż zwykle (mniej niż {high}).",
        "{value}{unit:unit} is above the usual range (less than {high}).",
    ),
    "range_soft_>": (
        "{value} to wcześniej niż zwykle (później niż {low}).",
        "{value} is earlier than usual (later than {low}).",
    ),
    "range_soft_<": (
        "{value} to później niż zwykle (wcześniej niż {high}).",
        "{value} is later than usual (earlier than {high}).",
    ),
}


def _of_two(low: str, high: str) -> dict[str, tuple[str, str]]:
    polish, english = f"{_POLISH[low]} i {_POLISH[high]}", f"{_ENGLISH[low]} and {_ENGLISH[high]}"
    return {
        f"range_hard{low}{high}": (
            f"{{value}}{{unit:unit}} nie mieści się w granicach: musi być {polish}.",
            f"{{value}}{{unit:unit}} is not possible: it must be {english}.",
        ),
        f"range_soft{low}{high}": (
            f"{{value}}{{unit:unit}} to nietypowa wartość (zwykle {polish}).",
            f"{{value}}{{unit:unit}} is outside the usual range ({english}).",
        ),
    }


_REMEDIES = {  # what to do
    "remedy_correct": ("Popraw wpis.", "Correct the entry."),
    "remedy_correct_unit": ("Popraw wartość albo jednostkę.", "Correct the value or the unit."),
    "remedy_correct_moment": ("Popraw datę lub godzinę.", "Correct the date or time."),
    "remedy_check": ("Sprawdź liczbę.", "Check the number."),
    "remedy_check_unit": ("Sprawdź liczbę i jednostkę.", "Check the number and the unit."),
    "remedy_check_moment": ("Sprawdź datę lub godzinę.", "Check the date or time."),
    "remedy_sources": (
        "Wartość jest wyliczana. Sprawdź, z czego wynika: {sources}.",
        "This value is calculated. Check what it comes from: {sources}.",
    ),
    "remedy_report": (
        "Wartość jest wyliczana. Zgłoś to prowadzącym rejestr.",
        "This value is calculated. Tell the registry's office.",
    ),
}

RANGE_MESSAGES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {key: texts for low, high in product((">=", ">"), ("<=", "<")) for key, texts in _of_two(low, high).items()}
    | _USUAL
    | _EXCLUDED
    | _REMEDIES
)
