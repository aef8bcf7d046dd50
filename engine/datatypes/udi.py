"""GS1 device identifiers: the check digit of a GTIN, and the parts of a scanned UDI.

Source: GS1 General Specifications, 3 (application identifiers), 7.8 (element strings), 7.9.1 (check digit).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engine.datatypes.calendar_dates import MONTHS

_DEVICE_LENGTH = 16  # of `01` and a GTIN
_FNC1 = "\x1d"  # ends an element of variable length
_SYMBOLOGY = re.compile(r"\](?:C1|d2|Q3|e0|J1)")  # what a scanner may put first (ISO/IEC 15424)
_BRACKETS = re.compile(r"\(([0-9]{2,4})\)([^()]+)")
_PLAIN_VALUE = re.compile(r"[!-'*-Z_a-z]+")  # GS1 character set 82 without the parentheses


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an identifier: a key of the message catalogue and the parts it needs."""

    message: str
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Element:
    """An application identifier with its value: (10) lot, (17) use-by date, ..."""

    ai: str
    value: str

    def __str__(self) -> str:
        return f"({self.ai}){self.value}"


@dataclass(frozen=True, slots=True)
class _Shape:
    """The length of an element's value; predefined lengths need no separator after them."""

    longest: int
    fixed: bool = False
    digits: bool = False


_SHAPES: Mapping[str, _Shape] = MappingProxyType(
    {
        "00": _Shape(18, fixed=True, digits=True),
        "01": _Shape(14, fixed=True, digits=True),
        "02": _Shape(14, fixed=True, digits=True),
        "20": _Shape(2, fixed=True, digits=True),
        **{ai: _Shape(6, fixed=True, digits=True) for ai in ("11", "12", "13", "15", "16", "17")},
        **{ai: _Shape(20) for ai in ("10", "21", "22", "8012", "710", "711", "712", "713", "714", "715", "716")},
        "235": _Shape(28),
        "240": _Shape(30),
        "241": _Shape(30),
        "90": _Shape(30),
        **{ai: _Shape(8, digits=True) for ai in ("30", "37")},
        **{str(ai): _Shape(90) for ai in range(91, 100)},
    }
)
_DATES = frozenset({"11", "12", "13", "15", "16", "17"})


def judge_gtin(value: str) -> Fault | None:
    """A GTIN of 8, 12, 13 or 14 digits: weights 3 and 1 from the right, the sum divisible by 10."""
    if not re.fullmatch(r"[0-9]+", value):
        return Fault("identifier_digits")
    if len(value) not in (8, 12, 13, 14):
        return Fault("gs1_length", (("length", str(len(value))),))
    total = sum(map(int, value[-1::-2])) + 3 * sum(map(int, value[-2::-2]))
    return None if total % 10 == 0 else Fault("gs1_check", (("gtin", value),))


def is_scan(text: str) -> bool:
    """Whether text is a whole element string rather than a bare GTIN."""
    marked = text.startswith(("]", "(")) or _FNC1 in text
    return marked or (text.startswith("01") and len(text) >= _DEVICE_LENGTH)


def read_scan(text: str) -> tuple[Element, ...] | Fault:
    """The elements of a scan: raw with separators, or printed with parentheses."""
    text = _SYMBOLOGY.sub("", text, count=1).lstrip(_FNC1)
    elements: list[Element] = []
    while text:
        found = _next_bracketed(text) if text.startswith("(") else _next_raw(text)
        if isinstance(found, Fault):
            return found
        element, text = found
        elements.append(element)
    return tuple(elements) or Fault("udi_device")


def judge_scan(text: str) -> Fault | None:
    """Known elements of the right length, a device number with its check digit, dates that can be."""
    elements = read_scan(text)
    if isinstance(elements, Fault):
        return elements
    device = next((element.value for element in elements if element.ai == "01"), None)
    if device is None:
        return Fault("udi_device")
    for element in elements:
        if element.ai in _DATES and not _is_date(element.value):
            return Fault("udi_date", (("ai", element.ai), ("date", element.value)))
    return judge_gtin(device)


def udi_part(text: str, ai: str) -> str | None:
    """The value of one element of a UDI, such as '10' (lot), or None."""
    elements = read_scan(text) if is_scan(text) else ()
    found = () if isinstance(elements, Fault) else elements
    return next((element.value for element in found if element.ai == ai), None)


def _next_bracketed(text: str) -> tuple[Element, str] | Fault:
    match = _BRACKETS.match(text)
    if match is None:
        return _unread(text)
    return _checked(match[1], match[2].strip(f" {_FNC1}"), text, text[match.end() :])


def _next_raw(text: str) -> tuple[Element, str] | Fault:
    ai = next((text[:size] for size in (2, 3, 4) if text[:size] in _SHAPES), None)
    if ai is None:
        return _unread(text)
    body, shape = text[len(ai) :], _SHAPES[ai]
    if shape.fixed:
        return _checked(ai, body[: shape.longest], text, body[shape.longest :].removeprefix(_FNC1))
    value, _, rest = body.partition(_FNC1)
    return _checked(ai, value, text, rest)


def _checked(ai: str, value: str, text: str, rest: str) -> tuple[Element, str] | Fault:
    """The element and what follows it, if the value has the shape of its application identifier."""
    shape = _SHAPES.get(ai)
    if shape is None or len(value) > shape.longest or (shape.fixed and len(value) < shape.longest):
        return _unread(text)
    if not _PLAIN_VALUE.fullmatch(value) or (shape.digits and not re.fullmatch(r"[0-9]+", value)):
        return _unread(text)
    return Element(ai, value), rest


def _is_date(value: str) -> bool:
    """YYMMDD; the day may be 00, the end of the month. The century is not told, so 29 February always can be."""
    month, day = int(value[2:4]), int(value[4:])
    longest = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31)
    return 1 <= month <= MONTHS and day <= longest


def _unread(text: str) -> Fault:
    return Fault("udi_element", (("part", text[:20].replace(_FNC1, " ")),))


__all__ = ["Element", "Fault", "is_scan", "judge_gtin", "judge_scan", "read_scan", "udi_part"]
