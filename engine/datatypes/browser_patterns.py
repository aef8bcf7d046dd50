"""Regular expressions as browsers write them: what a pattern matches in Python, the result matches there, with the flag `u`.

Python's classes know all of Unicode, a lone brace stands for itself, and `.` stops at a line feed alone. ECMAScript
(ECMA-262, section 22.2) differs in each of these, and refuses escapes that mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from engine.datatypes.patterns import fault_of_pattern

_SPACES = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_INK = r"\0-\x08\x0e-\x1b\x21-\x84\x86-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff\u3001-\u{10ffff}"
_WORD = r"\p{L}\p{N}_"
_SETS = MappingProxyType({r"\d": r"\p{Nd}", r"\D": r"\P{Nd}", r"\s": _SPACES, r"\S": _INK, r"\w": _WORD})  # in a class
_ALONE = MappingProxyType({name: f"[{letters}]" for name, letters in _SETS.items()} | {r"\W": f"[^{_WORD}]"})
_BETWEEN = MappingProxyType(  # places between characters: nothing that browsers repeat
    {
        "^": "^",
        "|": "|",
        "$": r"(?=\n?$)",
        r"\b": f"(?:(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}]))",
    }
)
_CONTROLS = MappingProxyType({r"\n": "\n", r"\t": "\t", r"\r": "\r", r"\f": "\f", r"\v": "\v", r"\a": "\a"})

_ESCAPE = r"\\(?:x..|u.{4}|U.{8}|.)"
_TOKEN = re.compile(
    r"(?P<repeat>(?:[*+?]|\{(?:\d+(?:,\d*)?|,\d*)\})\??)|(?P<opening>\((?:\?(?:[:=!]|<[=!]))?)|(?P<closing>\))"
    rf"|(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<letter>{_ESCAPE}|.)",
    re.DOTALL | re.ASCII,
)
_MEMBER = re.compile(rf"({_ESCAPE}|.)(?:-({_ESCAPE}|.))?", re.DOTALL)


class _Foreign(Exception):
    """A part of a pattern that cannot be said in a browser."""


def fault_in_rule(text: str) -> tuple[str, str] | None:
    """A code and a message if a pattern cannot be used in a rule, which runs on both sides, else None."""
    fault = fault_of_pattern(text)
    if fault is not None:
        return fault
    try:
        browser_pattern(text)
    except _Foreign as foreign:
        return (
            "bad-pattern",
            f"'{foreign}' cannot be used in a rule, as browsers have nothing like it. Use classes such as [0-9A-Z], groups and repeats.",
        )
    return None


def browser_pattern(text: str) -> str:
    """The pattern of a rule, which `fault_in_rule` has found sound, as text for `new RegExp(…, 'u')`."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    repeatable, looking = False, list[bool]()  # looking: for each open group whether it only looks ahead or behind
    for match in _TOKEN.finditer(text):
        token, kind = match[0], match.lastgroup or ""
        if kind == "repeat" and not repeatable:
            raise _Foreign(text[max(0, match.start() - 2) : match.end()])
        if kind == "opening":
            looking.append(token[-1] in "=!")
        repeatable = not looking.pop() if kind == "closing" else kind not in ("repeat", "opening")
        repeatable = repeatable and token not in _BETWEEN
        yield _WRITERS[kind](token)


def _alone(token: str) -> str:
    """What stands for a character or a place, outside a class."""
    return _BETWEEN.get(token) or _ALONE.get(token) or (r"[^\n]" if token == "." else _literal(token))


def _literal(token: str) -> str:
    """One character that stands for itself, or is escaped; written so that it means nothing else, in and out of a class."""
    letter = token[-1]
    if token in _CONTROLS:
        letter = _CONTROLS[token]
    elif len(token) > 2:
        letter = chr(int(token[2:], 16))  # noqa: FURB166 -- no prefix of Python's
    elif len(token) > 1 and letter.isascii() and letter.isalnum():
        raise _Foreign(token)
    return letter if letter.isalnum() or letter == "_" else f"\\u{{{ord(letter):x}}}"


def _class(token: str) -> str:
    """A class in brackets."""
    opening = "[^" if token.startswith("[^") else "["
    members = (_member(*found.groups()) for found in _MEMBER.finditer(token[len(opening) : -1]))
    return f"{opening}{''.join(members)}]"


def _member(first: str, last: str | None) -> str:
    if last is not None:
        return f"{_literal(first)}-{_literal(last)}"
    return _SETS.get(first) or _literal(first)


_WRITERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "repeat": lambda token: token.replace("{,", "{0,"),
        "opening": str,
        "closing": str,
        "class": _class,
        "letter": _alone,
    }
)

__all__ = ["browser_pattern", "fault_in_rule"]
