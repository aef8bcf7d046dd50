"""Numbers as people type them and as JSON carries them -> canonical Decimals, without ever rounding."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from engine.datatypes.base import Json
from engine.datatypes.reading import refuse
from engine.datatypes.values import Unread

DIGITS = 34  # significant digits of every number: those of IEEE 754 decimal128
_LONGEST = 100  # characters; a longer text has more digits than are kept, so it need not be read
_SPACES = " \u00a0\u2009\u202f"  # space, no-break, thin, narrow no-break: Polish thousands separators
_TYPED = re.compile(
    rf"(?P<sign>[+-]?)(?P<whole>[0-9]{{1,3}}(?:[{_SPACES}][0-9]{{3}})+|[0-9]*)(?:[.,](?P<fraction>[0-9]+))?"
)
_JSON = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_MIXED = re.compile(rf"[+-]?[0-9{_SPACES}]*[.,][0-9{_SPACES}]*[.,][0-9.,{_SPACES}]*")
_SPACED = re.compile(rf"[+-]?[0-9.,{_SPACES}]*[0-9][0-9.,{_SPACES}]*")


def parse_number(text: str, decimals: int | None) -> Decimal | Unread:
    """Typed text -> number: `1,5`, `1.5`, `1 250`, `−3`. `decimals` limits the decimal places; None does not."""
    plain = text.strip().replace("\u2212", "-")
    if len(plain) > _LONGEST:
        return refuse(text, "number_digits", digits=str(DIGITS))
    match = _TYPED.fullmatch(plain)
    if match is None or not (match["whole"] or match["fraction"]):
        return refuse(text, _fault_of(plain))
    whole = re.sub(f"[{_SPACES}]", "", match["whole"]) or "0"
    return fit(Decimal(f"{match['sign']}{whole}.{match['fraction'] or '0'}"), decimals, text)


def read_number(data: Json, decimals: int | None) -> Decimal | Unread:
    """JSON -> number, from decimal text, int or Decimal. A float is refused: it has lost what was written."""
    if isinstance(data, float):
        return refuse(data, "json_float")
    if isinstance(data, str) and len(data) <= _LONGEST and _JSON.fullmatch(data.strip()):
        return fit(Decimal(data.strip()), decimals, data)
    if isinstance(data, int | Decimal) and not isinstance(data, bool):
        return fit(Decimal(data), decimals, data)
    return refuse(data, "json_number")


def fit(number: Decimal, decimals: int | None, source: Json) -> Decimal | Unread:
    """The canonical number, or the refusal when it has more digits or decimals than are kept."""
    if not number.is_finite():
        return refuse(source, "number_form")
    if number and not -DIGITS <= number.adjusted() < DIGITS:
        return refuse(source, "number_digits", digits=str(DIGITS))
    number = canonical(number)
    if len(number.as_tuple().digits) > DIGITS or places(number) > DIGITS:
        return refuse(source, "number_digits", digits=str(DIGITS))
    if decimals == 0 and places(number):
        return refuse(source, "integer_fraction")
    if decimals is not None and places(number) > decimals:
        return refuse(source, "number_decimals", decimals=str(decimals))
    return number


def canonical(number: Decimal) -> Decimal:
    """The same number without trailing zeros, exponent or negative zero: 1.50 -> 1.5, 2E+3 -> 2000."""
    if not number:
        return Decimal(0)
    _, digits, exponent = number.as_tuple()
    if exponent == 0 or (isinstance(exponent, int) and exponent < 0 and digits[-1]):
        return number  # nearly all numbers are canonical already
    exact = Context(prec=max(len(digits), abs(number.adjusted()) + 1))
    number = number.normalize(exact)
    return number if places(number) else number.quantize(Decimal(1), context=exact)


def places(number: Decimal) -> int:
    """How many decimal places a finite number is written with."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def divide(number: Decimal, divisor: Decimal, decimals: int | None) -> Decimal:
    """The quotient to 34 digits, then half away from zero to `decimals`: the order in which the browser does it."""
    quotient = Context(prec=DIGITS, rounding=ROUND_HALF_UP).divide(number, divisor)
    if decimals is not None:
        wide = Context(prec=3 * DIGITS, rounding=ROUND_HALF_UP)
        quotient = quotient.quantize(Decimal(1).scaleb(-decimals), context=wide)
    return canonical(quotient)


def plain_text(number: Decimal) -> str:
    """The number of the JSON contract: a point, no exponent."""
    return format(number, "f")


def number_schema(decimals: int | None) -> dict[str, Json]:
    """JSON Schema of a number that has at most so many decimals."""
    fraction = {None: r"(\.[0-9]+)?", 0: r"(\.0+)?"}.get(decimals, rf"(\.[0-9]{{1,{decimals}}}0*)?")
    text = {"type": "string", "pattern": rf"^\s*(-?[0-9]+{fraction})?\s*$"}
    return {"anyOf": [{"type": "integer" if decimals == 0 else "number"}, text, {"type": "null"}]}


def _fault_of(plain: str) -> str:
    """The message for text that is no number."""
    if _MIXED.fullmatch(plain):
        return "number_mixed"
    return "number_spaces" if _SPACED.fullmatch(plain) and any(s in plain for s in _SPACES) else "number_form"
