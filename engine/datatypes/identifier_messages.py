"""What a person is told about an identifier: part of the catalogue in `engine.datatypes.messages`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# A PESEL is never repeated in a message: messages are kept and sent where identifiers may not be.
IDENTIFIER_MESSAGES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "identifier_digits": (
            "Numer {value:quote} powinien składać się z samych cyfr. Sprawdź wpis.",
            "{value:quote} should consist of digits only. Check the entry.",
        ),
        "identifier_check": (
            "Numer {value:quote}: nie zgadza się cyfra kontrolna. Sprawdź, czy nie przestawiono cyfr.",
            "{value:quote}: the check digit does not fit. Check for swapped digits.",
        ),
        "pesel_digits": (
            "Numer PESEL składa się z samych cyfr. Usuń inne znaki.",
            "A PESEL consists of digits only. Remove the rest.",
        ),
        "pesel_length": (
            "Numer PESEL ma 11 cyfr, a wpisano {count}. Sprawdź, czego brakuje.",
            "A PESEL has 11 digits, and {count} {count:plural:was|were} entered. Check what differs.",
        ),
        "pesel_month": (
            "Numer PESEL: cyfry 3 i 4 ({month}) nie oznaczają żadnego miesiąca. Sprawdź, czy nie przestawiono cyfr.",
            "PESEL: digits 3 and 4 ({month}) stand for no month. Check for swapped digits.",
        ),
        "pesel_day": (
            "Numer PESEL: cyfry 5 i 6 to dzień {day}, a {month:month} {year} ma {days} dni. Sprawdź cyfry.",
            "PESEL: digits 5 and 6 are day {day}, but {month:month} {year} has {days} days. Check the digits.",
        ),
        "pesel_check": (
            "Numer PESEL: nie zgadza się cyfra kontrolna. Sprawdź, czy nie przestawiono cyfr.",
            "PESEL: the check digit does not fit. Check for swapped digits.",
        ),
        "npwz_form": (
            "Numer PWZ {value} powinien mieć 7 cyfr i nie zaczynać się od zera. Sprawdź wpis.",
            "Licence number {value} should have 7 digits and not begin with 0. Check the entry.",
        ),
        "npwz_check": (
            "Numer PWZ {value}: nie zgadza się cyfra kontrolna. Sprawdź, czy nie przestawiono cyfr.",
            "Licence number {value}: the check digit does not fit. Check for swapped digits.",
        ),
        "gs1_check": (
            "Numer GTIN {gtin}: nie zgadza się cyfra kontrolna. Zeskanuj kod jeszcze raz albo sprawdź cyfry.",
            "GTIN {gtin}: the check digit does not fit. Scan again or check the digits.",
        ),
        "gs1_length": (
            "Numer GTIN {value} ma {length} {length:plural:cyfrę|cyfry|cyfr}, a powinien mieć 8, 12, 13 albo 14.",
            "GTIN {value} has {length} {length:plural:digit|digits}; it should have 8, 12, 13 or 14. Check the entry.",
        ),
        "udi_element": (
            "W kodzie UDI nie udało się odczytać części {part:quote}. Zeskanuj kod jeszcze raz.",
            "The UDI has a part that cannot be read: {part:quote}. Scan it again.",
        ),
        "udi_date": (
            "W kodzie UDI data ({ai}) {date} nie istnieje. Zeskanuj kod jeszcze raz.",
            "The UDI has the date ({ai}) {date}, which does not exist. Scan it again.",
        ),
        "udi_device": (
            "W kodzie UDI brakuje numeru wyrobu (01). Zeskanuj drugi kod z opakowania.",
            "The UDI lacks the device number (01). Scan the other code on the package.",
        ),
        "iban_form": (
            "Numer {value:quote} powinien zaczynać się od dwóch liter i dwóch cyfr. Sprawdź wpis.",
            "{value:quote} should begin with two letters and two digits. Check the entry.",
        ),
    }
)
