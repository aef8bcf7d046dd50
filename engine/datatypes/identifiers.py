"""The checks of identifiers: a table of names that an item's `check` may use.

Each check says which part is wrong. Sources: PESEL and NPWZ as in the registries' data sets (PESEL: population
register act of 24 September 2010, art. 15; NPWZ: Polish Chamber of Physicians, rules for verifying licence numbers);
GS1 General Specifications, 7.9.1; Luhn: ISO/IEC 7812-1, annex B; MOD 11-2 and MOD 97-10: ISO/IEC 7064, the latter as
ISO 13616 (IBAN) applies it.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from types import MappingProxyType

from engine.datatypes.calendar_dates import MONTHS
from engine.datatypes.udi import Fault, is_scan, judge_gtin, judge_scan, read_scan

_SEPARATORS = re.compile(r"[\s\u00ad\u2010-\u2013\u2212\u200b\ufeff-]")
_DIGITS = re.compile(r"[0-9]+")
_DIGITS_ALONE = "0123456789"
_PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
_PESEL_LENGTH = 11
_UNSEEN = re.compile(r"[\u00ad\u200b\ufeff]")  # what a text that was copied may hold between its letters
# As people write it: together, or the date of birth apart. Not a part of more, nor a telephone number with its country.
_WRITTEN = re.compile(r"(?<![0-9+])([0-9]{6})(?:\s?[\u2010-\u2013\u2212-]\s?|\s{0,2})([0-9]{5})(?![0-9])")
_LIVING = (1900, 2000)  # centuries of births: months of the others (41 to 52, 61 to 72, 81 to 92) come by chance
_PESEL_CENTURIES = (1900, 2000, 2100, 2200, 1800)  # by twenties of the month number


def normalise(text: str) -> str:
    """Capitals without white space and hyphens, in Unicode form NFC."""
    return unicodedata.normalize("NFC", _SEPARATORS.sub("", text).upper())


def judge_pesel(value: str) -> Fault | None:
    """Eleven digits, a date that exists, the check digit: weights 1 3 7 9 repeated, sum with it divisible by 10."""
    if not _DIGITS.fullmatch(value):
        return Fault("pesel_digits")
    if len(value) != _PESEL_LENGTH:
        return Fault("pesel_length", (("count", str(len(value))),))
    year, month, day = _pesel_parts(value)
    if not 1 <= month <= MONTHS:
        return Fault("pesel_month", (("month", value[2:4]),))
    days = calendar.monthrange(year, month)[1]
    if not 1 <= day <= days:
        found = (("year", year), ("month", month), ("day", day), ("days", days))
        return Fault("pesel_day", tuple((key, str(part)) for key, part in found))
    total = sum(weight * int(digit) for weight, digit in zip(_PESEL_WEIGHTS, value[:10], strict=True))
    return None if (total + int(value[10])) % 10 == 0 else Fault("pesel_check")


def holds_pesel(text: str) -> bool:
    """Whether a text holds what reads as a PESEL of somebody who may live.

    Eleven digits together, or six and five with a blank, a break of the line or a hyphen between them, whose check digit
    and day of birth are right. Digits that are grouped otherwise are not put together: one in some 55 rows of eleven
    digits is a PESEL by chance, and doses, dates and telephone numbers stand beside each other.
    """
    return any(_is_of_living("".join(run)) for run in _WRITTEN.findall(_UNSEEN.sub("", text)))


def is_pesel(text: str) -> bool:
    """Whether a text as a whole is a PESEL, however its digits are grouped."""
    return judge_pesel(normalise(text)) is None


def _is_of_living(digits: str) -> bool:
    born = pesel_birth_date(digits)
    return born is not None and born.year // 100 * 100 in _LIVING


def pesel_birth_date(pesel: str) -> date | None:
    """The birth date that a PESEL tells; None when the number is not a PESEL."""
    return None if judge_pesel(pesel) else date(*_pesel_parts(pesel))


def pesel_sex(pesel: str) -> str | None:
    """'f' or 'm' by the tenth digit (even: female); None when the number is not a PESEL."""
    if judge_pesel(pesel):
        return None
    return "m" if int(pesel[9]) % 2 else "f"


def judge_npwz(value: str) -> Fault | None:
    """A physician's licence number K A B C D E F: K = (A + 2B + 3C + 4D + 5E + 6F) mod 11, never 0 or 10."""
    if not re.fullmatch(r"[1-9][0-9]{6}", value):
        return Fault("npwz_form")
    total = sum(place * int(digit) for place, digit in enumerate(value[1:], start=1))
    return None if total % 11 == int(value[0]) else Fault("npwz_check")


def judge_luhn(value: str) -> Fault | None:
    """Every second digit from the right is doubled (less 9 above 9); the sum is divisible by 10."""
    if not _DIGITS.fullmatch(value):
        return Fault("identifier_digits")
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in value[-2::-2])
    return None if (sum(doubled) + sum(map(int, value[::-2]))) % 10 == 0 else Fault("identifier_check")


def judge_mod11(value: str) -> Fault | None:
    """MOD 11-2: digits and a check character 0–9 or X (ten), as in ISNI and ORCID."""
    if not re.fullmatch(r"[0-9]+[0-9X]", value):
        return Fault("identifier_digits")
    remainder = 0
    for digit in value[:-1]:
        remainder = (remainder + int(digit)) * 2 % 11
    expected = "0123456789X"[(12 - remainder) % 11]
    return None if value[-1] == expected else Fault("identifier_check")


def judge_mod97(value: str) -> Fault | None:
    """MOD 97-10 as in an IBAN: the first four characters go to the end, letters count from A = 10; remainder 1."""
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]+", value):
        return Fault("iban_form")
    remainder = 0
    for character in value[4:] + value[:4]:
        remainder = int(f"{remainder}{int(character, 36)}") % 97
    return None if remainder == 1 else Fault("identifier_check")


def judge_gs1(value: str) -> Fault | None:
    """A GTIN (the UDI-DI of a device) or a whole scanned UDI; see `engine.datatypes.udi`."""
    return judge_scan(value) if is_scan(value) else judge_gtin(value)


def normalise_gs1(text: str) -> str:
    """A scan in the form with parentheses, which keeps the case of a lot number; a bare number as any other."""
    scan = text.strip() if is_scan(text.strip()) else normalise(text)
    if not is_scan(scan):  # without its spaces and hyphens a number may turn out to be a scan
        return scan
    elements = read_scan(scan)
    # What cannot be read is shown with spaces for the separators (ASCII 29), and judged as it is.
    return scan.replace("\x1d", " ") if isinstance(elements, Fault) else "".join(map(str, elements))


@dataclass(frozen=True, slots=True)
class IdentifierCheck:
    """A named check: what is wrong with an identifier, an invented one, and how it is written before it is judged."""

    judge: Callable[[str], Fault | None]
    sample: Callable[[Random], str]
    normalise: Callable[[str], str] = normalise


def make_pesel(born: date, *, female: bool, series: int) -> str:
    """A PESEL of a day of birth: of 5000 series each is valid. It may be somebody's."""
    month = born.month + 20 * _PESEL_CENTURIES.index(born.year // 100 * 100)
    sex = series // 1000 % 5 * 2 + (0 if female else 1)
    digits = f"{born.year % 100:02d}{month:02d}{born.day:02d}{series % 1000:03d}{sex}"
    return _completed(f"{digits}?", judge_pesel, _DIGITS_ALONE)


def _completed(form: str, judge: Callable[[str], Fault | None], among: Iterable[str]) -> str:
    """The form with what makes it right in the place of the question mark; empty when nothing does."""
    return next((text for part in among if judge(text := form.replace("?", part)) is None), "")


def _sampler(form: str, judge: Callable[[str], Fault | None], among: Iterable[str]) -> Callable[[Random], str]:
    """Invents identifiers: a digit for each `#`, and what is right for `?`."""
    parts = tuple(among)

    def sample(draw: Random) -> str:
        found = ""
        while not found:  # not every number can be completed: no NPWZ begins with 0
            found = _completed(re.sub("#", lambda _: str(draw.randrange(10)), form), judge, parts)
        return found

    return sample


def _sample_pesel(draw: Random) -> str:
    born = date(1930, 1, 1) + timedelta(days=draw.randrange(28_000))
    return make_pesel(born, female=draw.random() < 0.5, series=draw.randrange(5000))


CHECKS: Mapping[str, IdentifierCheck] = MappingProxyType(
    {
        "pesel": IdentifierCheck(judge_pesel, _sample_pesel),
        "npwz": IdentifierCheck(judge_npwz, _sampler("?######", judge_npwz, _DIGITS_ALONE)),
        "gs1": IdentifierCheck(judge_gs1, _sampler("0590#########?", judge_gs1, _DIGITS_ALONE), normalise_gs1),
        "luhn": IdentifierCheck(judge_luhn, _sampler("#########?", judge_luhn, _DIGITS_ALONE)),
        "mod11": IdentifierCheck(judge_mod11, _sampler("##########?", judge_mod11, f"{_DIGITS_ALONE}X")),
        "mod97": IdentifierCheck(
            judge_mod97, _sampler("PL?" + "#" * 24, judge_mod97, [f"{number:02d}" for number in range(100)])
        ),
    }
)


def _pesel_parts(pesel: str) -> tuple[int, int, int]:
    """Year, month and day; the century is added to the month in twenties (80 stands for 1800)."""
    twenties, month = divmod(int(pesel[2:4]), 20)
    return _PESEL_CENTURIES[twenties] + int(pesel[:2]), month, int(pesel[4:6])


__all__ = [
    "CHECKS",
    "Fault",
    "IdentifierCheck",
    "holds_pesel",
    "is_pesel",
    "make_pesel",
    "normalise",
    "pesel_birth_date",
    "pesel_sex",
]
