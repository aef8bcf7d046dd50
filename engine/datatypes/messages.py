"""All that a person may be told about a value, by key, in Polish and English.

A placeholder says how its part is told (see `engine.datatypes.words`): {value:quote}, {days:plural:dzień|dni|dni}.
The rule of thumb: what was found, then what to do; short, without blame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from types import MappingProxyType
from typing import Any

from engine.datatypes.identifier_messages import IDENTIFIER_MESSAGES
from engine.datatypes.range_messages import RANGE_MESSAGES
from engine.datatypes.values import PartialDate, Quantity, Unread, Value
from engine.datatypes.words import ENGLISH, POLISH, date_text, fill, number_text

_PRESENCE = {
    "required": ("Uzupełnij pole {label:quote}.", "Fill in {label:quote}."),
    "required_or_reason": (
        "Uzupełnij pole {label:quote} albo podaj powód braku.",
        "Fill in {label:quote} or say why it is missing.",
    ),
    "missing_not_allowed": (
        "W tym polu powód braku {reason:quote} nie wystarczy. Podaj wartość.",
        "The reason {reason:quote} is not enough here. Enter a value.",
    ),
    "to_be_completed": (
        "Wartość miała być uzupełniona później. Uzupełnij ją przed podpisaniem.",
        "This value was to be completed later. Complete it before signing.",
    ),
    "unknown_item": (
        "Formularz {form:quote} nie ma pola {item:quote}. Popraw nazwę albo usuń to pole.",
        "The form {form:quote} has no item {item:quote}. Correct the name or remove it.",
    ),
    "unknown_item_place": (
        "{item:quote} to nie pole formularza {form:quote}. Wartości kilku formularzy podaje się tak: {shape}.",
        "{item:quote} is no item of the form {form:quote}. Values of several forms are given like this: {shape}.",
    ),
    "no_value": (
        "To pole jest tylko opisem i nie przyjmuje wartości. Usuń {value:quote}.",
        "This is only a note and holds no value. Remove {value:quote}.",
    ),
    "rows_few": (
        "Jest {count} {count:plural:wiersz|wiersze|wierszy}, potrzeba co najmniej {min}. Dodaj brakujące.",
        "There {count:plural:is|are} {count} {count:plural:row|rows}; at least {min} needed. Add the missing ones.",
    ),
    "json_rows": (
        "Zamiast {value} podaj listę wierszy, a każdy wiersz jako obiekt.",
        "Give a list of rows instead of {value}, each row as an object.",
    ),
    "rows_many": (
        "Jest {count} {count:plural:wiersz|wiersze|wierszy}, a może być najwyżej {max}. Usuń nadmiarowe.",
        "There {count:plural:is|are} {count} {count:plural:row|rows}; at most {max} allowed. Remove the others.",
    ),
    "unique": (
        "{value:quote} jest już w wierszu {row}. Wybierz inną wartość albo popraw tamten wiersz.",
        "{value:quote} is already in row {row}. Choose another value or correct that row.",
    ),
    "unique_elsewhere": (
        "{value:quote} jest już zapisane w innym miejscu rejestru. Sprawdź, czy to nie ta sama osoba lub rekord.",
        "{value:quote} is already recorded elsewhere. Check whether it is the same person or record.",
    ),
}

_CALCULATED = {
    "calculated_misfit": (
        "Wyliczona wartość {value:quote} nie mieści się w tym polu. Zgłoś to prowadzącym rejestr.",
        "The calculated value {value:quote} does not fit this field. Tell the registry's office.",
    ),
}

_TEXTS = {
    "length": (
        "Tekst ma {length} {length:plural:znak|znaki|znaków}, a może mieć {max}. Skróć go o {over}.",
        "The text has {length} {length:plural:character|characters}; {max} are allowed. Shorten it by {over}.",
    ),
    "text_character": (
        "Na pozycji {place} jest znak niedrukowalny ({character}). Usuń go albo wpisz tekst ręcznie.",
        "At position {place} there is a hidden character ({character}). Delete it or type the text by hand.",
    ),
    "text_pattern": (
        "{value:quote} ma inny zapis niż oczekiwany w tym polu. Sprawdź wpis.",
        "{value:quote} is not written the way this field expects. Check the entry.",
    ),
    "text_pattern_hint": (
        "{value:quote} ma inny zapis. Oczekiwany: {hint}.",
        "{value:quote} is written differently. Expected: {hint}.",
    ),
    "json_text": ("Zamiast {value} podaj tekst.", "Give a text instead of {value}."),
}

_CHOICES = {
    "not_in_list": (
        "Na liście nie ma odpowiedzi {value:quote}. Wybierz jedną z listy.",
        "{value:quote} is not in the list. Choose an answer from the list.",
    ),
    "code_form": (
        "{value:quote} nie wygląda na kod: dozwolone są litery, cyfry i znaki . - / : + * _. Sprawdź zapis.",
        "{value:quote} does not look like a code: letters, digits and . - / : + * _ are allowed. Check it.",
    ),
    "code_icd10": (
        "{value:quote} to nie kod ICD-10. Wpisz wielką literę, dwie cyfry i, jeśli trzeba, kropkę z jednym lub dwoma znakami, np. I48 albo I48.0.",
        "{value:quote} is no ICD-10 code. Write a capital letter, two digits and, if needed, a dot with one or two characters, such as I48 or I48.0.",
    ),
    "code_icd9pl": (
        "{value:quote} to nie kod ICD-9-PL. Wpisz dwie cyfry, kropkę i do czterech cyfr (37.77) albo literę i dwie lub trzy cyfry (A01).",
        "{value:quote} is no ICD-9-PL code. Write two digits, a dot and up to four digits (37.77), or a letter and two or three digits (A01).",
    ),
    "code_atc": (
        "{value:quote} to nie kod ATC. Wpisz literę, dwie cyfry, dwie litery i dwie cyfry, np. B01AA03, lub początek takiego kodu.",
        "{value:quote} is no ATC code. Write a letter, two digits, two letters and two digits, such as B01AA03, or the beginning of such a code.",
    ),
    "code_snomed": (
        "{value:quote} to nie kod SNOMED CT. Wpisz same cyfry, od 6 do 18, np. 112283007.",
        "{value:quote} is no SNOMED CT code. Write digits alone, 6 to 18 of them, such as 112283007.",
    ),
    "code_unknown": (
        "Słownik (wersja {version}) nie zna kodu {value:quote}. Wyszukaj właściwy po słowach albo po kodzie.",
        "The dictionary (version {version}) has no code {value:quote}. Look the right one up by words or by code.",
    ),
    "code_outdated": (
        "Kod {value} {label:quote} nie obowiązuje w słowniku (wersja {version}). Wybierz inny albo potwierdź, że ma zostać.",
        "The code {value} {label:quote} is not valid in the dictionary (version {version}). Choose another, or confirm that it stays.",
    ),
    "exclusive": (
        "Odpowiedzi {first:quote} i {second:quote} wykluczają się. Zostaw jedną z nich.",
        "{first:quote} and {second:quote} exclude each other. Keep one of them.",
    ),
    "boolean_form": (
        "{value:quote} to ani tak, ani nie. Wybierz jedną z tych odpowiedzi.",
        "{value:quote} is neither yes nor no. Choose one of them.",
    ),
    "json_boolean": ("Zamiast {value} podaj true albo false.", "Give true or false instead of {value}."),
    "json_code": ("Zamiast {value} podaj kod jako tekst.", "Give the code as text instead of {value}."),
    "json_codes": (
        'Zamiast {value} podaj listę kodów, np. ["a", "b"].',
        'Give a list of codes instead of {value}: ["a", "b"].',
    ),
}

_NUMBERS = {
    "number_form": (
        "{value:quote} nie jest liczbą. Wpisz samą liczbę, np. 12,5.",
        "{value:quote} is not a number. Enter a number alone, such as 12.5.",
    ),
    "number_mixed": (
        "{value:quote} można odczytać na dwa sposoby. Wpisz liczbę z jednym przecinkiem, bez kropek.",
        "{value:quote} can be read in two ways. Enter the number with one decimal point and no commas.",
    ),
    "number_spaces": (
        "W liczbie {value:quote} odstęp stoi w nietypowym miejscu. Sprawdź, czy nie brakuje cyfry.",
        "{value:quote} has a space in an unusual place. Check whether a digit is missing.",
    ),
    "number_digits": (
        "{value:quote} ma za dużo cyfr. Podaj najwyżej {digits} {digits:plural:cyfrę|cyfry|cyfr}.",
        "{value:quote} has too many digits. Give at most {digits}.",
    ),
    "number_decimals": (
        "{value:quote} ma za dużo cyfr po przecinku, może ich być najwyżej {decimals}. Popraw liczbę.",
        "{value:quote} has too many decimals. Give at most {decimals}.",
    ),
    "integer_fraction": (
        "{value:quote} ma część ułamkową. Wpisz liczbę całkowitą.",
        "{value:quote} has a fraction. Enter a whole number.",
    ),
    "quantity_unit": (
        "Jednostki {unit:quote} nie można tu użyć. Wybierz jedną z: {allowed}.",
        "The unit {unit:quote} cannot be used here. Choose one of: {allowed}.",
    ),
    "quantity_no_unit": (
        "Nie wiadomo, w jakiej jednostce jest {value:quote}. Wybierz jedną z: {allowed}.",
        "{value:quote} does not say its unit. Choose one of: {allowed}.",
    ),
    "json_number": (
        'Zamiast {value} podaj liczbę z kropką, np. 1.5 albo "1.5".',
        'Give a number with a point instead of {value}, such as 1.5 or "1.5".',
    ),
    "json_float": (
        "Liczba {value} przeszła przez zapis binarny i mogła stracić cyfry. Podaj ją jako tekst.",
        "The number {value} came through a binary float and may have lost digits. Give it as text.",
    ),
    "json_quantity": (
        'Zamiast {value} podaj liczbę z jednostką: {{"value": "1.2", "unit": "mg/dL"}}.',
        'Give a number with its unit instead of {value}: {{"value": "1.2", "unit": "mg/dL"}}.',
    ),
}

_TIMES = {
    "date_form": (
        "{value:quote} nie jest datą. Wpisz dzień, miesiąc i rok, np. 17.03.2025.",
        "{value:quote} is not a date. Enter day, month and year, such as 17.03.2025 or 2025-03-17.",
    ),
    "date_incomplete": (
        "W dacie {value:quote} brakuje części. Podaj dzień, miesiąc i rok.",
        "{value:quote} lacks a part. Enter day, month and year.",
    ),
    "date_short_year": (
        "W dacie {value:quote} rok ma dwie cyfry. Wpisz cztery, np. 2025.",
        "{value:quote} has a year of two digits. Enter four, such as 2025.",
    ),
    "date_year": (
        "W dacie {value:quote} rok jest spoza lat {first}–{last}. Sprawdź rok.",
        "{value:quote} has a year outside {first}–{last}. Check the year.",
    ),
    "date_month": (
        "W dacie {value:quote} nie ma miesiąca {month}. Wpisz miesiąc od 1 do 12.",
        "{value:quote}: there is no month {month}. Enter a month from 1 to 12.",
    ),
    "date_day": (
        "Nie ma dnia {value:quote}: {month:month} {year} ma {days} dni. Popraw dzień.",
        "There is no day {value:quote}: {month:month} {year} has {days} days. Correct the day.",
    ),
    "partial_form": (
        "{value:quote} nie jest datą. Wpisz rok (2008), miesiąc i rok (06.2008) albo pełną datę.",
        "{value:quote} is not a date. Enter a year (2008), month and year (06.2008) or a full date.",
    ),
    "partial_day_without_month": (
        "W dacie {value:quote} jest dzień bez miesiąca. Podaj miesiąc albo usuń dzień.",
        "{value:quote} has a day without a month. Enter the month or clear the day.",
    ),
    "partial_without_year": (
        "W dacie {value:quote} brakuje roku. Podaj rok.",
        "{value:quote} has no year. Enter the year.",
    ),
    "time_form": (
        "{value:quote} nie jest godziną. Wpisz godzinę i minuty, np. 09:10.",
        "{value:quote} is not a time. Enter hours and minutes, such as 09:10.",
    ),
    "time_range": (
        "Nie ma godziny {value:quote}. Wpisz czas od 00:00 do 23:59.",
        "There is no time {value:quote}. Enter one from 00:00 to 23:59.",
    ),
    "time_seconds": (
        "{value:quote} zawiera sekundy, a zapisać można tylko minuty. Wpisz godzinę i minuty.",
        "{value:quote} has seconds, but only minutes are kept. Enter hours and minutes.",
    ),
    "datetime_form": (
        "{value:quote} nie jest datą z godziną. Wpisz obie, np. 17.03.2025 09:10.",
        "{value:quote} is not a date with a time. Enter both, such as 2025-03-17 09:10.",
    ),
    "offset_form": (
        "W {value:quote} przesunięcie czasu jest za duże. Wpisz je np. tak: +01:00.",
        "{value:quote} has too large a time offset. Enter it like +01:00.",
    ),
    "skipped_time": (
        "Godziny {value:quote} nie było: zegary przesunięto z {gap_from} na {gap_to}. Popraw godzinę.",
        "{value:quote} did not exist: clocks went from {gap_from} to {gap_to}. Correct the time.",
    ),
    "ambiguous_time": (
        "Godzina {value:quote} była dwa razy (cofnięto zegary). Wybierz: pierwsza ({first}) czy druga ({second}).",
        "{value:quote} occurred twice, as clocks went back. Choose the first time ({first}) or the second ({second}).",
    ),
    "json_date": ("Zamiast {value} podaj datę, np. 2025-03-17.", "Give a date instead of {value}: 2025-03-17."),
    "json_partial": (
        "Zamiast {value} podaj datę lub jej część, np. 2008, 2008-06 albo 2008-06-17.",
        "Give a date or part of one instead of {value}: 2008, 2008-06 or 2008-06-17.",
    ),
    "json_time": ("Zamiast {value} podaj godzinę, np. 09:10.", "Give a time instead of {value}: 09:10."),
    "json_datetime": (
        "Zamiast {value} podaj datę z godziną, np. 2025-03-17T09:10.",
        "Give a date with a time instead of {value}: 2025-03-17T09:10.",
    ),
}

_LINKS = {
    "reference_form": (
        "{value:quote} nie wskazuje żadnego wiersza. Wybierz wiersz z listy.",
        "{value:quote} points to no row. Choose a row from the list.",
    ),
    "json_row_ref": (
        "Zamiast {value} podaj klucz wiersza (tekst) albo jego numer od 1.",
        "Give the key of a row (text) or its number from 1 instead of {value}.",
    ),
    "json_record_ref": (
        'Zamiast {value} podaj {{"ref": "zdarzenie[1].formularz"}}.',
        'Give {{"ref": "event[1].form"}} instead of {value}.',
    ),
    "file_form": (
        "Nie udało się odczytać załącznika. Dodaj plik jeszcze raz.",
        "The file could not be read. Attach it again.",
    ),
    "file_media": (
        "Pliku {name:quote} nie można dodać, bo to {media_type:media}. Dozwolone: {allowed:media}.",
        "{name:quote} cannot be attached, as it is {media_type:media}. Allowed: {allowed:media}.",
    ),
    "file_size": (
        "Plik {name:quote} ma {size:size}, a może mieć najwyżej {max:limit}. Zmniejsz go albo wybierz inny.",
        "{name:quote} has {size:size}; at most {max:limit} are allowed. Make it smaller or choose another.",
    ),
    "file_empty": ("Plik {name:quote} jest pusty. Wybierz inny.", "{name:quote} is empty. Choose another."),
    "file_harm": (
        "Pliku {name:quote} nie dodano: jest w nim złośliwe oprogramowanie. Powiedz o tym informatykom.",
        "{name:quote} was not attached: it holds malware. Tell whoever keeps your computers.",
    ),
    "file_unknown": (
        "Pliku {name:quote} nie dodano: nie udało się go sprawdzić. Spróbuj za chwilę.",
        "{name:quote} was not attached: it could not be searched for malware. Try again in a while.",
    ),
    "file_gone": (
        "Pliku {name:quote} nie ma już wśród niezapisanych zmian. Dodaj go jeszcze raz.",
        "{name:quote} is no longer among the unsaved changes. Attach it again.",
    ),
    "file_many": (
        "Pliku {name:quote} nie dodano: niezapisane pliki mają razem {max:limit}. Zapisz formularz i dodaj go potem.",
        "{name:quote} was not attached: unsaved files have {max:limit} together. Save the form, then attach it.",
    ),
}

MESSAGES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        key: MappingProxyType({POLISH: polish, ENGLISH: english})
        for part in (
            _PRESENCE,
            _CALCULATED,
            RANGE_MESSAGES,
            _TEXTS,
            _CHOICES,
            _NUMBERS,
            _TIMES,
            IDENTIFIER_MESSAGES,
            _LINKS,
        )
        for key, (polish, english) in part.items()
    }
)


def message(key: str, language: str, /, **parts: Any) -> str:
    """The message in 'pl' or 'en'. Parts may be values: a Decimal or a date is written as the language does.

    An unknown key or a missing part is a bug and raises KeyError; a language that is neither gets English.
    """
    language = language if language in (POLISH, ENGLISH) else ENGLISH
    return fill(MESSAGES[key][language], language, parts)


def explain(unread: Unread, language: str, hint: str = "") -> str:
    """What a person is told about input that could not be read; the `hint` of an item says what its pattern expects."""
    parts = dict(unread.parts)
    if unread.message == "text_pattern" and hint:
        return message("text_pattern_hint", language, hint=hint.rstrip(". "), **parts)
    return message(unread.message, language, **parts)


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a range (None: there is none) and how a value is compared with them."""

    low: Value | None
    high: Value | None
    above: str = ">="
    below: str = "<="


def range_message(
    value: Value, limits: Limits, language: str, *, hard: bool, early: bool, unit: str = "",
    sources: str | None = None,
) -> str:  # fmt: skip
    """What a person is told about a value outside its bounds, and what to do about it.

    The wording depends on which bounds exist and whether they are allowed themselves, and on whether the value is an
    amount or a moment.

    Args:
        early: the lower bound is broken, not the upper one.
        unit: that of value and bounds (UCUM).
        sources: of a calculated value, what it comes from, in words; '' when that is nothing that people enter.
    """
    shown = value.value if isinstance(value, Quantity) else value
    moment = isinstance(shown, date | time | PartialDate)  # a datetime is a date
    if moment:
        broken = f"_{limits.above if early else limits.below}"
    else:
        broken = ("" if limits.low is None else limits.above) + ("" if limits.high is None else limits.below)
    key = f"range_{'hard' if hard else 'soft'}{broken}"
    told = message(key, language, value=shown, low=limits.low, high=limits.high, unit=unit)
    return f"{told} {range_remedy(language, hard=hard, moment=moment, unit=unit, sources=sources)}"


def range_remedy(language: str, *, hard: bool, moment: bool, unit: str, sources: str | None) -> str:
    """What to do about a value outside its bounds: a unit is named where there is one, what is calculated by its sources."""
    if sources is not None:
        return message("remedy_sources" if sources else "remedy_report", language, sources=sources)
    about = "_moment" if moment else "_unit" if unit else ""
    return message(("remedy_correct" if hard else "remedy_check") + about, language)


__all__ = [
    "ENGLISH", "MESSAGES", "POLISH", "Limits", "date_text", "explain", "message", "number_text", "range_message", "range_remedy",
]  # fmt: skip
