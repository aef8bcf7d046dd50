"""What every field type shares when it reads: blank input, refusals, and the characters that no text may hold."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from engine.datatypes.base import Json
from engine.datatypes.values import Unread

_ECHO = 60  # characters of the user's input that a message repeats
# Controls, line and paragraph separators, bidi embeddings, overrides and isolates, surrogates and the
# noncharacters (Unicode 15, 23.7): they hide or reorder what is read, or cannot be stored or sent as XML.
_NONCHARACTERS = "".join(f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(17))
_FORBIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef" + _NONCHARACTERS + "]"
)
_LINE_BREAK = re.compile(r"\r\n|[\r\u2028\u2029]")
_UNSTORABLE = re.compile(r"[\ud800-\udfff]")


def is_blank(data: Json) -> bool:
    """Nothing was entered: null, or a text of white space alone."""
    return data is None or (isinstance(data, str) and not data.strip())


def refuse(source: Json, message: str, code: str = "type", **parts: str) -> Unread:
    """The refusal of an input; the message finds it, shortened, under the placeholder `value`."""
    text = echo(source)
    short = text if len(text) <= _ECHO else text[: _ECHO - 1] + "…"
    return Unread(text, code, message, (("value", short), *parts.items()))


def echo(source: Json) -> str:
    """The input as text that can be stored: lone surrogates and NUL are replaced, nested data is hinted at."""
    if isinstance(source, str):
        return _UNSTORABLE.sub("\ufffd", source).replace("\x00", "\u2400")
    if isinstance(source, bool):
        return "true" if source else "false"
    if isinstance(source, int):
        return str(Decimal(source))  # str of a huge int raises, that of a Decimal does not
    if isinstance(source, list | dict):
        return "[…]" if isinstance(source, list) else "{…}"
    return str(source)


def clean_text(text: str, *, line_breaks: bool = False) -> str:
    """White space cut off at both ends, line breaks as line feeds where they are allowed, Unicode form NFC."""
    if line_breaks:
        text = _LINE_BREAK.sub("\n", text)
    return unicodedata.normalize("NFC", text.strip())


def refuse_characters(text: str, source: Json, *, line_breaks: bool = False) -> Unread | None:
    """The refusal of `source` that names the first forbidden character of its text and the position (from 1)."""
    for match in _FORBIDDEN.finditer(text):
        if line_breaks and match[0] == "\n":
            continue
        return refuse(source, "text_character", character=f"U+{ord(match[0]):04X}", place=str(match.start() + 1))
    return None
