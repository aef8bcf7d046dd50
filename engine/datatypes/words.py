"""Values in the words of a language: numbers, dates, units, plurals, and the placeholders of message templates."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from string import Formatter
from types import MappingProxyType
from typing import Any

from engine.datatypes import local_time
from engine.datatypes.media_types import UNKNOWN, labels_of
from engine.datatypes.values import FileValue, PartialDate, Quantity, Reference

POLISH, ENGLISH = "pl", "en"
_MEGABYTE = 1_000_000  # bytes, as the SI has it
MONTHS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        POLISH: (
            *("styczeń", "luty", "marzec", "kwiecień", "maj", "czerwiec"),
            *("lipiec", "sierpień", "wrzesień", "październik", "listopad", "grudzień"),
        ),
        ENGLISH: (
            *("January", "February", "March", "April", "May", "June"),
            *("July", "August", "September", "October", "November", "December"),
        ),
    }
)
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})  # categories of Unicode: controls, format, line and paragraph separators
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# UCUM units that people write otherwise than by rule; the rest is shown by `unit_text`'s own rules.
_UNITS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        POLISH: {
            "a": "lat", "mo": "mies.", "wk": "tyg.", "d": "dni", "h": "godz.", "{score}": "pkt", "[pH]": "",
            "gf": "g", "[Ch]": "F", "[wood'U]": "j. Wooda", "[IU]": "j.m.", "10*6.[IU]": "mln j.m.",
        },
        ENGLISH: {
            "a": "years", "mo": "months", "wk": "weeks", "d": "days", "{score}": "points", "[pH]": "",
            "gf": "g", "[Ch]": "Fr", "[wood'U]": "Wood units", "10*6.[IU]": "million IU",
        },
    }
)  # fmt: skip
_REMARK = re.compile(
    r"/?\{[A-Za-z][A-Za-z_]*\}"
)  # an annotation of UCUM in words, English ones at that; {1.73_m2} stays


def number_text(number: Decimal, language: str) -> str:
    """A number for people: decimal comma in Polish, the minus sign −, no exponent, no thousands separator."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
        if language == POLISH:
            text = text.replace(".", ",")
    if text[0] == "-":
        text = "0" if text == "-0" else f"\u2212{text[1:]}"
    return text


def date_text(day: date, language: str) -> str:
    """A date for people: 17.03.2025 in Polish; 2025-03-17 in English, where day and month could be mistaken."""
    return f"{day.day:02d}.{day.month:02d}.{day.year:04d}" if language == POLISH else day.isoformat()


def partial_text(day: PartialDate, language: str) -> str:
    """A partial date for people: 2008, 06.2008 or 17.06.2008."""
    if day.month is None or language != POLISH:
        return str(day)
    return f"{day.month:02d}.{day.year:04d}" if day.day is None else date_text(day.earliest(), language)


def time_text(clock: time) -> str:
    """A time of day: 09:10."""
    return clock.strftime("%H:%M")


def datetime_text(moment: datetime, language: str) -> str:
    """Date and time for people; the offset is added where the wall time alone would not tell the instant."""
    wall = moment.replace(tzinfo=None)
    text = f"{date_text(moment.date(), language)} {time_text(wall.time())}"
    alone = local_time.resolve(wall)
    plain = len(alone) == 1 and alone[0].utcoffset() == moment.utcoffset()
    return text if plain else f"{text} {local_time.offset_text(moment)}"


def boolean_text(answer: bool, language: str) -> str:
    """Tak or nie, yes or no, in small letters."""
    yes, no = ("tak", "nie") if language == POLISH else ("yes", "no")
    return yes if answer else no


@lru_cache(512)  # a definition has few units, each told many times
def unit_text(unit: str, language: str) -> str:
    """A UCUM unit for people: `Gy.cm2` -> Gy·cm², `umol/L` -> µmol/L, `10*9/L` -> 10⁹/L, `a` -> lat.

    Annotations in words mean nothing to UCUM and are left out: `{leads}/min` -> /min, `{INR}` -> nothing. The label tells.
    """
    if unit in _UNITS.get(language, {}):
        return _UNITS[language][unit]
    text = _REMARK.sub("", unit)
    text = re.sub(r"\{([^{}]*)\}", r"\1", text).replace("[", "").replace("]", "")
    text = re.sub(r"10[*^](-?[0-9]+)", lambda m: "10" + m[1].translate(_SUPERSCRIPTS), text)
    text = re.sub(r"(?<=[A-Za-z])(-?[0-9]+)(?=$|[./])", lambda m: m[1].translate(_SUPERSCRIPTS), text)
    text = re.sub(r"(?<![A-Za-z])u(?=[A-Za-z])", "µ", text).replace("Cel", "°C")
    text = re.sub(r"(?<![0-9])\.|\.(?![0-9])", "·", text).replace("_", " ")  # a point between digits is a decimal one
    return "" if text == "1" else text.replace(".", ",") if language == POLISH else text


def quantity_text(number: Decimal, unit: str, language: str) -> str:
    """A number with its unit."""
    return f"{number_text(number, language)} {unit_text(unit, language)}".rstrip()


def size_text(size: int, language: str) -> str:
    """A file's size in kB or MB (thousands of bytes), to one decimal."""
    unit, divisor = ("MB", _MEGABYTE) if size >= _MEGABYTE else ("kB", 1_000)
    return f"{number_text((Decimal(size) / divisor).quantize(Decimal('0.1')), language)} {unit}"


def limit_text(size: int, language: str) -> str:
    """The greatest size of a file, to two digits and never more than it is: 10485760 bytes are 10 MB."""
    step = 10 ** max(len(str(size)) - 2, 0)
    return size_text(size // step * step, language)


def plural(count: int, forms: Sequence[str], language: str) -> str:
    """The form that agrees with a count; Polish has three (1 błąd, 2 błędy, 5 błędów), English two."""
    if count == 1 or language != POLISH:
        return forms[0 if count == 1 else -1]
    few = count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14)
    return forms[1 if few else -1]


def value_text(value: Any, language: str) -> str:
    """Any value as a message shows it; what is text already stays as it is."""
    tell = _TELLER_OF.get(type(value))
    if tell is not None:
        return tell(value, language)
    for kind, tell in _TELLERS:
        if isinstance(value, kind):
            return tell(value, language)
    return str(value)


def visible(text: str) -> str:
    """Text with its controls, bidi marks and other unseen characters written out: they hide or turn around what is read."""
    return text if text.isprintable() else "".join(map(_written, text))


def _written(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    code = ord(character)
    return chr(0x2400 + code) if code < ord(" ") else f"[U+{code:04X}]"  # ␀, ␉ …; [U+202E]


def quoted(text: str, language: str) -> str:
    """„…” in Polish, '…' in English."""
    return f"„{text}”" if language == POLISH else f"'{text}'"


_TELLERS: tuple[tuple[type, Callable[[Any, str], str]], ...] = (
    (bool, boolean_text),
    (int, lambda value, language: number_text(Decimal(value), language)),
    (Decimal, number_text),
    (datetime, datetime_text),  # before date, of which it is a kind
    (date, date_text),
    (time, lambda value, _: time_text(value)),
    (PartialDate, partial_text),
    (Quantity, lambda value, language: quantity_text(value.entered, value.unit, language)),
    (Reference, lambda value, _: value.target),
    (FileValue, lambda value, _: value.name),
    (tuple, lambda value, language: ", ".join(value_text(each, language) for each in value)),
)
_TELLER_OF = dict(_TELLERS)  # nearly every value is of the very type


def _tell_unit(unit: Any, language: str, _: str) -> str:
    """A unit that follows a number; nothing where there is none."""
    text = unit_text(str(unit), language)
    return f" {text}" if text else ""


def _tell_media(names: Any, language: str, _: str) -> str:
    """Kinds of files, or that the kind is not known."""
    if names == UNKNOWN:
        return "nieznany rodzaj pliku" if language == POLISH else "an unknown kind of file"
    return labels_of(str(names).split(", "))


# What may stand after the colon of a placeholder: {value:quote}, {days:plural:dzień|dni|dni}.
_PLACEHOLDERS: Mapping[str, Callable[[Any, str, str], str]] = MappingProxyType(
    {
        "": lambda value, language, _: visible(value_text(value, language)),
        "quote": lambda value, language, _: quoted(visible(value_text(value, language)), language),
        "number": lambda value, language, _: number_text(Decimal(value), language),
        "month": lambda value, language, _: MONTHS[language][int(value) - 1],
        "plural": lambda value, language, forms: plural(int(value), forms.split("|"), language),
        "unit": _tell_unit,
        "size": lambda value, language, _: size_text(int(value), language),
        "limit": lambda value, language, _: limit_text(int(value), language),
        "media": _tell_media,
        "list": lambda value, language, _: ", ".join(
            quoted(visible(value_text(each, language)), language) for each in value
        ),
    }
)


Piece = tuple[str, str | None, str, str]  # text, then the placeholder after it: part, teller, options


@cache  # templates are those of the message tables, none comes from a definition or from input
def _pieces(template: str) -> tuple[Piece, ...]:
    """A template, taken apart once."""
    parsed = ((text, name, *(spec or "").partition(":")) for text, name, spec, _ in Formatter().parse(template))
    return tuple((text, name, teller, options) for text, name, teller, _, options in parsed)


def fill(template: str, language: str, parts: Mapping[str, Any]) -> str:
    """The template with its placeholders told in a language. A missing part or unknown teller is a bug: KeyError."""
    out = []
    for text, name, teller, options in _pieces(template):
        out.append(text)
        if name is not None:
            out.append(_PLACEHOLDERS[teller](parts[name], language, options))
    return "".join(out)


def placeholders(template: str) -> Iterable[str]:
    """The names of the parts that a template needs."""
    return {name for _, name, _, _ in _pieces(template) if name is not None}
