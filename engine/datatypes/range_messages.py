"""What a person is told about a value outside its bounds: part of the catalogue in `engine.datatypes.messages`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RANGE_MESSAGES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "range_hard": (
            "{value}{unit:unit} nie mieści się w granicach {low}–{high}.",
            "{value}{unit:unit} is not between {low} and {high}.",
        ),
        "range_hard_min": (
            "{value}{unit:unit} to za mało: najmniejsza możliwa wartość to {low}.",
            "{value}{unit:unit} is too small: the smallest possible value is {low}.",
        ),
        "range_hard_max": (
            "{value}{unit:unit} to za dużo: największa możliwa wartość to {high}.",
            "{value}{unit:unit} is too large: the largest possible value is {high}.",
        ),
        "range_hard_before": (
            "{value} to za wcześnie: najwcześniej może być {low}.",
            "{value} is too early: the earliest is {low}.",
        ),
        "range_hard_after": (
            "{value} to za późno: najpóźniej może być {high}.",
            "{value} is too late: the latest is {high}.",
        ),
        "range_soft": (
            "{value}{unit:unit} to nietypowa wartość (zwykle {low}–{high}).",
            "{value}{unit:unit} is outside the usual range ({low}–{high}).",
        ),
        "range_soft_min": (
            "{value}{unit:unit} to mniej niż zwykle (od {low}).",
            "{value}{unit:unit} is below the usual range ({low} or more).",
        ),
        "range_soft_max": (
            "{value}{unit:unit} to więcej niż zwykle (do {high}).",
            "{value}{unit:unit} is above the usual range (up to {high}).",
        ),
        "range_soft_before": (
            "{value} to wcześniej niż zwykle (od {low}).",
            "{value} is earlier than usual (from {low}).",
        ),
        "range_soft_after": (
            "{value} to później niż zwykle (do {high}).",
            "{value} is later than usual (until {high}).",
        ),
        # what to do
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
)
