"""Functions on texts. Characters are counted by code points; the browser's twin is `rules.js`."""

from __future__ import annotations

import re
from decimal import Decimal

from engine.expressions.arithmetic import EXACT, ONE, ZERO, settle

MAX_TEXT = 10_000  # characters of a text that is made

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


def joined(*texts: str) -> str | None:
    """One after the other. Local values that double each other would fill the memory: what is too long is missing."""
    whole = "".join(texts)
    return whole if len(whole) <= MAX_TEXT else None


def number_of(text: str) -> Decimal | None:
    """The number that a text writes with a point, white space around it; rounded to 34 digits, missing when it is none."""
    written = text.strip()
    return settle(EXACT.create_decimal(written)) if _NUMBER.fullmatch(written) else None


def substring(text: str, start: Decimal, count: Decimal | None = None) -> str | None:
    """The characters from the place `start`, counted from 1: `count` of them, or all that follow.

    Places before the first and after the last hold nothing. Missing when one of the numbers is not whole.
    """
    if any(number is not None and number != number.to_integral_value() for number in (start, count)):
        return None
    first = EXACT.subtract(start, ONE)
    end = Decimal(len(text)) if count is None else EXACT.add(first, count)
    return text[_place(first, text) : _place(end, text)]


def _place(number: Decimal, text: str) -> int:
    """A number within the places of a text."""
    return int(min(max(number, ZERO), Decimal(len(text))))


def position_of(text: str, part: str) -> Decimal:
    """The place of the first such part, counted from 1; 0 when there is none."""
    return Decimal(text.find(part) + 1)


def replaced(text: str, old: str, new: str) -> str | None:
    """The text with `new` for each `old`; unchanged where `old` is empty. Missing when the result is too long."""
    if not old:
        return text
    size = len(text) + text.count(old) * (len(new) - len(old))
    return text.replace(old, new) if size <= MAX_TEXT else None


def matches(text: str, patterns: tuple[str, ...]) -> bool:
    """Whether the whole text matches one of the patterns."""
    return any(re.fullmatch(pattern, text) is not None for pattern in patterns)
