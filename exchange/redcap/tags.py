"""Field annotations: action tags (`@DEFAULT='1'`, `@CALCTEXT(…)`, `@IF(condition, tags, tags)`) and the free text around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_ANNOTATION = 60_000
MAX_NESTED = 20  # @IF in @IF

_NAME = re.compile(r"@[A-Z][A-Z0-9_-]*")
_VALUE = re.compile(r"\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s,()@]+))")
_OPEN = re.compile(r"\s*\(")


@dataclass(frozen=True, slots=True)
class Tag:
    """An action tag: its name without @, what follows `=`, what stands in brackets, and all of it as it was written."""

    name: str
    value: str = ""
    inside: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Conditional:
    """A tag, the conditions of the @IF around it (text, and whether it has to hold), and all of that @IF, or of the tag, as text."""

    tag: Tag
    conditions: tuple[tuple[str, bool], ...] = ()
    text: str = ""


def parts_of(text: str) -> Iterator[Tag | str]:
    """The tags of an annotation and the texts between them, in order."""
    at = 0
    for match in _NAME.finditer(text):
        if match.start() < at or (match.start() and text[match.start() - 1].isalnum()):  # in a tag; an e-mail address
            continue
        if text[at : match.start()].strip():
            yield text[at : match.start()].strip()
        tag, at = _tag(text, match)
        yield tag
    if text[at:].strip():
        yield text[at:].strip()


def _tag(text: str, match: re.Match[str]) -> tuple[Tag, int]:
    name, end = match[0][1:], match.end()
    value = _VALUE.match(text, end)
    if value is not None:
        found = value["double"] or value["single"] or value["bare"] or ""
        return Tag(name, found, "", text[match.start() : value.end()]), value.end()
    bracket = _OPEN.match(text, end)
    close = _closing(text, bracket.end()) if bracket is not None else None
    if bracket is None:
        return Tag(name, text=match[0]), end
    if close is None:  # all of the rest stands in it
        return Tag(name, text=text[match.start() :]), len(text)
    return Tag(name, "", text[bracket.end() : close], text[match.start() : close + 1]), close + 1


def _closing(text: str, start: int) -> int | None:
    """Where the bracket closes that was opened before `start`."""
    depth, quote = 1, ""
    for at in range(start, len(text)):
        sign = text[at]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "()":
            depth += 1 if sign == "(" else -1
            if not depth:
                return at
    return None


def arguments_of(text: str) -> list[str]:
    """What stands between the commas of a call, those in brackets and quotes left out."""
    found, depth, quote, start = [], 0, "", 0
    for at, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
        elif sign == "," and not depth:
            found.append(text[start:at].strip())
            start = at + 1
    return [*found, text[start:].strip()]


def conditionals(tag: Tag, level: int = 0) -> Iterator[Conditional]:
    """The tags in an @IF with their conditions; another tag alone."""
    if tag.name != "IF":
        yield Conditional(tag, (), tag.text)
        return
    parts = arguments_of(tag.inside)
    if len(parts) == 1 and parts[0].startswith("(") and parts[0].endswith(")"):
        parts = arguments_of(parts[0][1:-1])  # a pair of brackets too many
    if len(parts) < 2 or level > MAX_NESTED:
        return
    for branch, holds in zip(parts[1:3], (True, False), strict=False):
        for inner in parts_of(branch):
            if isinstance(inner, Tag):
                for found in conditionals(inner, level + 1):
                    yield Conditional(found.tag, ((parts[0], holds), *found.conditions), tag.text)
