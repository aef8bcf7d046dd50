"""Numbers of rules: decimals with 34 significant digits, halves away from zero; None where there is no result.

The browser's twin is `rules.js`; integer powers are the same sequence of multiplications on both sides, and what
libraries may round differently (sqrt, exp, ln, other powers) is rounded to 20 digits.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

EXACT = Context(prec=34, rounding=ROUND_HALF_UP, Emin=-999_999, Emax=999_999, traps=[])
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP, Emin=-999_999, Emax=999_999, traps=[])
_FORTY = Context(prec=40, rounding=ROUND_HALF_UP, Emin=-999_999, Emax=999_999, traps=[])
_TWENTY = Context(prec=20, rounding=ROUND_HALF_UP, Emin=-999_999, Emax=999_999, traps=[])
_LARGEST = 6144  # as in IEEE 754 decimal128; beyond it a result is missing, below its reciprocal it is 0
_ROOM = 20_000  # exponents up to which exp is tried
ZERO, ONE = Decimal(0), Decimal(1)


def settle(number: Decimal) -> Decimal | None:
    """A result within bounds: no NaN, infinity or negative zero."""
    if not number.is_finite():
        return None
    if not number:
        return ZERO
    exponent = number.adjusted()
    if exponent > _LARGEST:
        return None
    return ZERO if exponent < -_LARGEST else number


def add(a: Decimal, b: Decimal) -> Decimal | None:
    """a + b."""
    return settle(EXACT.add(a, b))


def subtract(a: Decimal, b: Decimal) -> Decimal | None:
    """a − b."""
    return settle(EXACT.subtract(a, b))


def multiply(a: Decimal, b: Decimal) -> Decimal | None:
    """a · b."""
    return settle(EXACT.multiply(a, b))


def divide(a: Decimal, b: Decimal) -> Decimal | None:
    """a / b; missing when b is 0."""
    return settle(EXACT.divide(a, b)) if b else None


def power(base: Decimal, exponent: Decimal) -> Decimal | None:
    """base ^ exponent; 0^0 is 1. Missing for 0 to a negative power and for roots of negative numbers."""
    if exponent == exponent.to_integral_value() and abs(exponent) <= 999:
        return _integer_power(base, int(exponent))
    if base < 0 or (not base and exponent < 0):
        return None
    return _real_power(base, exponent) if base else ZERO


@lru_cache(
    maxsize=4096
)  # a score is calculated from the same answers again and again, and this takes longer than all else
def _real_power(base: Decimal, exponent: Decimal) -> Decimal | None:
    """Equal numbers give the same however they are written: both functions round correctly."""
    return _exponential(_WIDE.multiply(exponent, _WIDE.ln(base)))


def _integer_power(base: Decimal, exponent: int) -> Decimal | None:
    if exponent < 0 and not base:
        return None
    result, factor, rest = ONE, base, abs(exponent)
    while rest:
        if rest & 1:
            result = EXACT.multiply(result, factor)
        rest >>= 1
        if rest:
            factor = EXACT.multiply(factor, factor)
    settled = settle(result)
    if exponent >= 0 or settled is None:
        return settled
    return divide(ONE, settled)


def _exponential(x: Decimal) -> Decimal | None:
    if abs(x) > _ROOM:
        return None if x > 0 else ZERO
    return _twenty(_WIDE.exp(x))


def _twenty(wide: Decimal) -> Decimal | None:
    """A wide result to 20 digits. By way of 40: an exact half, such as 25000050000025 ^ 1.5, must not hang on the last digit."""
    return settle(_TWENTY.plus(_FORTY.plus(wide)))


def exponential(x: Decimal) -> Decimal | None:
    """e ^ x, 20 digits."""
    return _exponential(x)


def logarithm(x: Decimal) -> Decimal | None:
    """Natural logarithm, 20 digits; missing at or below 0."""
    return _twenty(_WIDE.ln(x)) if x > 0 else None


def common_logarithm(x: Decimal) -> Decimal | None:
    """Logarithm to base 10, 20 digits; missing at or below 0."""
    return _twenty(_WIDE.log10(x)) if x > 0 else None


def square_root(x: Decimal) -> Decimal | None:
    """Square root, 20 digits; missing below 0."""
    return _twenty(_WIDE.sqrt(x)) if x >= 0 else None


def rounded(x: Decimal, places: Decimal = ZERO) -> Decimal | None:
    """x with that many decimals (negative: tens, hundreds …), halves away from zero. Missing beyond ±34 decimals."""
    return rounding(places)(x)


@lru_cache(maxsize=70)
def rounding(places: Decimal) -> Callable[[Decimal], Decimal | None]:
    """What rounds to that many decimals: nearly always they are known before any number is."""
    if places != places.to_integral_value() or abs(places) > 34:
        return lambda _x: None
    decimals = int(places)
    unit = Decimal((0, (1,), -decimals))  # the least number of that many decimals

    def to_places(x: Decimal) -> Decimal | None:
        result = x.quantize(unit, context=_ROOMY if x.adjusted() < 80 else _huge(x))
        if result == x:  # then a number that has no more decimals than asked for stays as it is written
            exponent = x.as_tuple().exponent
            assert isinstance(exponent, int)
            if -exponent <= decimals:
                return x
        return settle(result)

    return to_places


_ROOMY = Context(prec=160, rounding=ROUND_HALF_UP, Emin=-999_999, Emax=999_999, traps=[])


def _huge(x: Decimal) -> Context:
    return Context(prec=max(40, x.adjusted() + 80), rounding=ROUND_HALF_UP, Emin=-999_999, Emax=999_999, traps=[])


def negate(x: Decimal) -> Decimal | None:
    """−x. Not by the operator, which rounds to the 28 digits of the thread's context."""
    return settle(EXACT.minus(x))


def absolute(x: Decimal) -> Decimal | None:
    """x without its sign."""
    return settle(EXACT.abs(x))


def floor(x: Decimal, places: Decimal = ZERO) -> Decimal | None:
    """Greatest number not above x with that many decimals (negative: tens, hundreds …). Missing beyond ±34 decimals."""
    return _cut(x, places, ROUND_FLOOR)


def ceiling(x: Decimal, places: Decimal = ZERO) -> Decimal | None:
    """Least number not below x with that many decimals; as `floor`."""
    return _cut(x, places, ROUND_CEILING)


def truncated(x: Decimal, places: Decimal = ZERO) -> Decimal | None:
    """x without the decimals after that many; as `floor`."""
    return _cut(x, places, ROUND_DOWN)


def _cut(x: Decimal, places: Decimal, way: str) -> Decimal | None:
    if places != places.to_integral_value() or abs(places) > 34:
        return None
    exponent = x.as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent >= -places:
        return x
    unit = Decimal((0, (1,), -int(places)))
    return settle(x.quantize(unit, rounding=way, context=_ROOMY if x.adjusted() < 80 else _huge(x)))


def sign(x: Decimal) -> Decimal:
    """1 above 0, −1 below, else 0."""
    return Decimal((x > 0) - (x < 0))


def modulo(a: Decimal, b: Decimal) -> Decimal | None:
    """The remainder with the sign of b; missing when b is 0 or the quotient has more than 34 digits."""
    if not b or (a and a.adjusted() - b.adjusted() >= 33):
        return None
    rest = EXACT.remainder(a, b)
    if rest and (rest < 0) != (b < 0):
        rest = EXACT.add(rest, b)
    return settle(rest)


def plain(x: Decimal) -> str:
    """Decimal text without exponent and trailing zeros."""
    text = format(x, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
