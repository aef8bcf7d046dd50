"""Texts that fit a pattern, and texts that say of themselves that they are made up."""

from __future__ import annotations

import re
import string
from random import Random

_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[:=!]|\(\?<[=!]|[()|]|[*+?]\??|\{\d*(?:,\d*)?\}\??|.", re.DOTALL
)
_CLASSES = {
    "d": string.digits,
    "w": string.ascii_letters + string.digits + "_",
    "s": " ",
    "D": string.ascii_letters,
    "W": "-/",
    "S": string.ascii_letters + string.digits,
}
_ANY = string.ascii_letters + string.digits
_ALL = "".join(chr(code) for code in range(32, 127))
_MORE = 4  # how often an endless repetition goes beyond its least number
_TRIES = 40
_WORDS = ("przykład", "wzór", "próba", "synteza", "model", "ćwiczenie", "pokaz", "szkic")


def text_like(pattern: str, draw: Random) -> str | None:
    """A text that the whole pattern fits; None where none was found (a pattern may look ahead)."""
    for _ in range(_TRIES):
        found = _Reader(pattern, draw).whole()
        if re.fullmatch(pattern, found):
            return found
    return None


def made_up_text(draw: Random, longest: int) -> str:
    """A text of one or two words that nobody takes for a real one."""
    return f"{draw.choice(_WORDS)} {draw.randrange(10_000):04d}"[: max(1, longest)]


class _Reader:
    """Goes through a pattern once and draws at each choice."""

    def __init__(self, pattern: str, draw: Random) -> None:
        self._tokens = [match[0] for match in _TOKEN.finditer(pattern)]
        self._place = 0
        self._draw = draw

    def whole(self) -> str:
        return self._branches()

    def _branches(self) -> str:
        """One of the alternatives, to the end or to the closing parenthesis."""
        found = [self._sequence()]
        while self._next() == "|":
            self._place += 1
            found.append(self._sequence())
        return self._draw.choice(found)

    def _next(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _sequence(self) -> str:
        parts = []
        while self._next() not in ("", "|", ")"):
            start = self._place
            part = self._atom()
            least, most = self._repeats()
            count = self._draw.randint(least, most)
            end = self._place
            again = []
            for _ in range(count - 1):
                self._place = start
                again.append(self._atom())
            self._place = end
            parts += [part, *again] if count else []
        return "".join(parts)

    def _atom(self) -> str:
        token = self._next()
        self._place += 1
        if token.startswith("(") and token != "\\(":
            inner = self._branches()
            self._place += 1
            return "" if token in ("(?=", "(?!", "(?<=", "(?<!") else inner
        if token in ("^", "$"):
            return ""
        if token == ".":
            return self._draw.choice(_ANY)
        if token.startswith("["):
            return self._draw.choice(_members(token))
        if token.startswith("\\"):
            return self._draw.choice(_CLASSES[token[1]]) if token[1] in _CLASSES else token[1]
        return token

    def _repeats(self) -> tuple[int, int]:
        token = self._next()
        if not token or (token[0] not in "*+?{"):
            return 1, 1
        self._place += 1
        if token[0] in "*+?":
            least = 1 if token[0] == "+" else 0
            return least, 1 if token[0] == "?" else least + _MORE
        low, comma, high = token.rstrip("?").strip("{}").partition(",")
        least = int(low or 0)
        return least, int(high) if high else least + (_MORE if comma else 0)


def _members(token: str) -> str:
    """The characters of a class such as `[A-Z0-9/]`."""
    negated = token.startswith("[^")
    fits = re.compile(token)
    among = _ANY if negated else _ALL
    found = "".join(char for char in among if fits.fullmatch(char))
    return found or "".join(char for char in map(chr, range(32, 0x250)) if fits.fullmatch(char)) or " "


__all__ = ["made_up_text", "text_like"]
