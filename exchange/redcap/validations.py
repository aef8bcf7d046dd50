"""REDCap's text validation types: which type of ours each is, and what of it is a pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DECIMALS = 6  # of a number whose decimals REDCap does not state


@dataclass(frozen=True, slots=True)
class Validation:
    """A validation type. `pattern` and `hint` are of texts; `lost` says what ours does not hold."""

    type: str
    decimals: int | None = None
    pattern: str = ""
    hint: str = ""
    lost: str = ""


def _number(decimals: int) -> Validation:
    return Validation("decimal", decimals)


def _pattern(pattern: str, hint: str) -> Validation:
    return Validation("text", pattern=pattern, hint=hint)


_NO_SECONDS = "Seconds are not kept."

VALIDATIONS: Mapping[str, Validation] = {
    **dict.fromkeys(("date_ymd", "date_mdy", "date_dmy", "date"), Validation("date")),
    **dict.fromkeys(("datetime_ymd", "datetime_mdy", "datetime_dmy", "datetime"), Validation("datetime")),
    **{f"datetime_seconds_{order}": Validation("datetime", lost=_NO_SECONDS) for order in ("ymd", "mdy", "dmy")},
    "datetime_seconds": Validation("datetime", lost=_NO_SECONDS),
    "time": Validation("time"),
    "time_hh_mm_ss": _pattern(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d", "HH:MM:SS"),
    "time_mm_ss": _pattern(r"[0-5]\d:[0-5]\d", "MM:SS"),
    **dict.fromkeys(("integer", "int"), Validation("integer")),
    **dict.fromkeys(("number", "float", "number_comma_decimal"), _number(DECIMALS)),
    **{f"number_{n}dp": _number(n) for n in range(1, 5)},
    **{f"number_{n}dp_comma_decimal": _number(n) for n in range(1, 5)},
    "email": _pattern(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}", "name@example.org"),
    "phone": _pattern(
        r"(\+?1[-. ]?)?\(?[2-9]\d{2}\)?[-. ]?\d{3}[-. ]?\d{4}([ ]?(x|ext\.?)[ ]?\d{1,6})?", "(999) 999-9999"
    ),
    "phone_australia": _pattern(r"(\+61 ?|\(0\d\) ?|0)[\d ]{8,14}", "(02) 1234 5678"),
    "phone_uk": _pattern(r"(\+44 ?|\(?0)[\d ()]{9,16}", "+44 7911 123456"),
    "zipcode": _pattern(r"\d{5}(-\d{4})?", "99999 or 99999-9999"),
    "ssn": _pattern(r"\d{3}-\d{2}-\d{4}", "999-99-9999"),
    "alpha_only": _pattern(r"[A-Za-z]+", "A-Z, a-z"),
    "mrn_10d": _pattern(r"\d{10}", "9999999999"),
    "mrn_generic": _pattern(r"[A-Za-z0-9_-]+", "A-Z, a-z, 0-9, _, -"),
    "vmrn": _pattern(r"\d{4,9}", "9999, up to 999999999"),
    "postalcode_australia": _pattern(r"\d{4}", "9999"),
    "postalcode_canada": _pattern(r"[A-Za-z]\d[A-Za-z] ?\d[A-Za-z]\d", "A9A 9A9"),
    "postalcode_french": _pattern(r"\d{5}", "99999"),
    "postalcode_germany": _pattern(r"\d{5}", "99999"),
    "postalcode_uk": _pattern(r"[A-Za-z]{1,2}\d[A-Za-z0-9]? ?\d[A-Za-z]{2}", "AA9 9AA"),
}
