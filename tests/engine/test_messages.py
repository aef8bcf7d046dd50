"""Messages and the words in them."""

import re
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from engine.datatypes import Limits, PartialDate, Quantity, message, range_message
from engine.datatypes.messages import MESSAGES
from engine.datatypes.words import date_text, number_text, placeholders, plural, unit_text, value_text

SOURCES = Path(__file__).parents[2] / "engine" / "datatypes"


@pytest.mark.parametrize("key", MESSAGES)
def test_both_languages_use_parts_that_can_be_given(key):
    polish, english = (set(placeholders(MESSAGES[key][language])) for language in ("pl", "en"))
    assert polish == english


@pytest.mark.parametrize("key", MESSAGES)
def test_words(key):
    """Short, in the house's typography, without blame."""
    for language, text in MESSAGES[key].items():
        assert text.endswith((".", "}}."))
        assert len(text) <= 140
        assert not re.search(r"invalid|nieprawidłow|błędn", text, re.IGNORECASE)
        assert language == "en" or key.startswith("json_") or '"' not in text


def test_each_message_that_a_type_names_exists():
    named = {
        key
        for path in SOURCES.glob("*.py")
        for key in re.findall(r"(?:refuse\([^()\"]*|Fault\(|return )\"([a-z0-9]+_[a-z0-9_]+)\"", path.read_text())
    }
    assert len(named) > 40
    assert named <= set(MESSAGES)


def test_value_in_the_words_of_the_language():
    parts = {"value": Decimal(1850), "unit": "Gy.cm2", "low": Decimal("0.05"), "high": Decimal(300)}
    assert message("range_soft>=<=", "pl", **parts) == "1850 Gy·cm² to nietypowa wartość (zwykle 0,05–300)."
    assert message("range_soft>=<=", "en", **parts) == "1850 Gy·cm² is outside the usual range (0.05–300)."


def test_input_is_never_read_as_a_template():
    assert "{value.__class__}" in message("number_form", "pl", value="{value.__class__}")


def test_unknown_key_or_missing_part_is_a_bug():
    with pytest.raises(KeyError):
        message("no_such_message", "pl")
    with pytest.raises(KeyError):
        message("number_form", "pl")


def test_other_languages_get_english():
    assert message("required", "de", label="Wiek") == message("required", "en", label="Wiek")


AMOUNTS = [
    (5, 1, 4, ">=", "<=", True, "5 mg nie mieści się w granicach 1–4. Popraw wartość albo jednostkę."),
    (0, 1, None, ">=", "<=", True, "0 mg to za mało: najmniejsza możliwa wartość to 1. Popraw wartość albo jednostkę."),
    (5, None, 4, ">=", "<=", True, "5 mg to za dużo: największa możliwa wartość to 4. Popraw wartość albo jednostkę."),
    (5, None, 4, ">=", "<=", False, "5 mg to więcej niż zwykle (do 4). Sprawdź liczbę i jednostkę."),
    (0, 1, None, ">=", "<=", False, "0 mg to mniej niż zwykle (od 1). Sprawdź liczbę i jednostkę."),
    (0, 0, 500, ">", "<=", True, "0 mg nie mieści się w granicach: musi być więcej niż 0 i najwyżej 500. Popraw wartość albo jednostkę."),
    (9, 1, 9, ">=", "<", False, "9 mg to nietypowa wartość (zwykle co najmniej 1 i mniej niż 9). Sprawdź liczbę i jednostkę."),
    (0, 0, None, ">", "<=", True, "0 mg to za mało: musi być więcej niż 0. Popraw wartość albo jednostkę."),
    (9, None, 9, ">=", "<", True, "9 mg to za dużo: musi być mniej niż 9. Popraw wartość albo jednostkę."),
]  # fmt: skip


@pytest.mark.parametrize(("value", "low", "high", "above", "below", "hard", "told"), AMOUNTS)
def test_range_of_amounts(value, low, high, above, below, hard, told):
    low, high = (None if bound is None else Decimal(bound) for bound in (low, high))
    limits, early = Limits(low, high, above, below), low is not None and value <= low
    assert range_message(Decimal(value), limits, "pl", hard=hard, early=early, unit="mg") == told
    quantity = Quantity(Decimal(1), "g", Decimal(value))
    assert range_message(quantity, limits, "pl", hard=hard, early=early, unit="mg") == told, (
        "told in the unit of the bounds"
    )


@pytest.mark.parametrize(
    ("hard", "sources", "told"),
    [
        (True, None, "5 nie mieści się w granicach 1–4. Popraw wpis."),
        (False, None, "5 to nietypowa wartość (zwykle 1–4). Sprawdź liczbę."),
        (True, "„Wiek”", "5 nie mieści się w granicach 1–4. Wartość jest wyliczana. Sprawdź, z czego wynika: „Wiek”."),
        (True, "", "5 nie mieści się w granicach 1–4. Wartość jest wyliczana. Zgłoś to prowadzącym rejestr."),
    ],
)
def test_what_to_do_fits_the_value(hard, sources, told):
    """A unit is named where there is one; nobody is asked to correct what is calculated."""
    assert (
        range_message(Decimal(5), Limits(Decimal(1), Decimal(4)), "pl", hard=hard, early=False, sources=sources) == told
    )


MOMENTS = [
    (date(2025, 3, 17), date(2025, 4, 1), True, ">=", "17.03.2025 to za wcześnie: najwcześniej może być 01.04.2025."),
    (date(2025, 4, 1), date(2025, 4, 1), True, ">", "01.04.2025 to za wcześnie: musi być później niż 01.04.2025."),
    (date(2025, 6, 17), date(2025, 5, 1), False, "<=", "17.06.2025 to za późno: najpóźniej może być 01.05.2025."),
    (time(12), time(12), False, "<", "12:00 to za późno: musi być wcześniej niż 12:00."),
    (datetime(2025, 6, 17, 9, 10, tzinfo=timezone(timedelta(hours=2))), date(2025, 5, 1), False, "<=", "17.06.2025 09:10 to za późno"),
    (PartialDate(2008, 6), date(2009, 1, 1), True, ">=", "06.2008 to za wcześnie: najwcześniej może być 01.01.2009."),
]  # fmt: skip


@pytest.mark.parametrize(("value", "limit", "early", "compared", "told"), MOMENTS)
def test_range_of_moments(value, limit, early, compared, told):
    limits = Limits(limit, None, above=compared) if early else Limits(None, limit, below=compared)
    assert range_message(value, limits, "pl", hard=True, early=early).startswith(told)


@pytest.mark.parametrize(
    ("count", "polish", "english"),
    [(0, "błędów", "errors"), (1, "błąd", "error"), (2, "błędy", "errors"), (5, "błędów", "errors"),
     (12, "błędów", "errors"), (22, "błędy", "errors"), (112, "błędów", "errors"), (101, "błędów", "errors")],
)  # fmt: skip
def test_plural(count, polish, english):
    assert plural(count, ("błąd", "błędy", "błędów"), "pl") == polish
    assert plural(count, ("error", "errors"), "en") == english


@pytest.mark.parametrize(
    ("number", "polish", "english"),
    [("1.50", "1,5", "1.5"), ("-2", "−2", "−2"), ("1E+3", "1000", "1000"), ("-0.0", "0", "0"), ("1E-7", "0,0000001", "0.0000001")],
)  # fmt: skip
def test_number_text(number, polish, english):
    assert (number_text(Decimal(number), "pl"), number_text(Decimal(number), "en")) == (polish, english)


def test_date_text():
    assert (date_text(date(2025, 3, 7), "pl"), date_text(date(2025, 3, 7), "en")) == ("07.03.2025", "2025-03-07")


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("mg/dL", "mg/dL"), ("umol/L", "µmol/L"), ("Gy.cm2", "Gy·cm²"), ("10*9/L", "10⁹/L"), ("mL/min/{1.73_m2}", "mL/min/1,73 m²"),
        ("mm[Hg]", "mmHg"), ("Cel", "°C"), ("%", "%"), ("1", ""), ("kg/m2", "kg/m²"), ("m.s-1", "m·s⁻¹"), ("a", "lat"), ("{score}", "pkt"),
        ("{INR}", ""), ("{lead}", ""), ("{leads}/min", "/min"), ("mL/{beat}/m2", "mL/m²"), ("gf", "g"), ("[wood'U]", "j. Wooda"), ("10*6.[IU]", "mln j.m."),
        ("[IU]/mL", "IU/mL"),
    ],
)  # fmt: skip
def test_unit_text(unit, text):
    assert unit_text(unit, "pl") == text


@pytest.mark.parametrize(
    ("unit", "text"), [("{score}", "points"), ("{lead}", ""), ("h", "h"), ("[Ch]", "Fr"), ("1", "")]
)
def test_unit_text_in_english(unit, text):
    assert unit_text(unit, "en") == text


def test_value_text_of_all_kinds():
    assert value_text((Decimal("1.5"), date(2025, 3, 17)), "pl") == "1,5, 17.03.2025"
    assert value_text(value=True, language="pl") == "tak"
