"""The tree of a source file: plain values that know where they stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.errors import Mark
from engine.model.item import ExpressionText

Scalar = str | int | Decimal | bool | None
_LINE_END = re.compile("\r\n|\r|\n")


@dataclass(frozen=True)
class Source:
    """A text and where it came from; relative file names in it start at `folder`."""

    name: str
    text: str
    folder: Path | None = None

    @cached_property
    def line_starts(self) -> list[int]:
        """The index of each line's first character."""
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def mark(self, index: int) -> Mark:
        """The place of a character, counted from 0."""
        line = bisect_right(self.line_starts, index)
        return Mark(self.name, line, index - self.line_starts[line - 1] + 1)


class Node:
    """A scalar, list or mapping with its place. Not a dataclass: a definition has some 100,000 of them.

    `value` is the scalar as YAML 1.2 reads it, a list of nodes or a dict of nodes; `raw` the scalar's text as
    written, without quotes; `style` its quote or block sign. `start` and `end` count characters of the source;
    `key` is the start of the key that it stands under, else its own.
    """

    __slots__ = ("end", "key", "raw", "source", "start", "style", "value")

    def __init__(self, source: Source, value: Any, raw: str, style: str, start: int, end: int) -> None:
        self.source = source
        self.value = value
        self.raw = raw
        self.style = style
        self.start = start
        self.end = end
        self.key = start

    @property
    def mark(self) -> Mark:
        """Where the node starts."""
        return self.source.mark(self.start)

    @property
    def key_mark(self) -> Mark:
        """Where its key starts; in a list, where it starts itself."""
        return self.source.mark(self.key)

    @property
    def entries(self) -> dict[str, Node]:
        """The entries of a mapping; of anything else none (its shape is the schema's business)."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def elements(self) -> list[Node]:
        """The elements of a list; of anything else none."""
        return self.value if isinstance(self.value, list) else []

    @property
    def text(self) -> str | None:
        """The scalar as written; None if there is nothing, or a list or a mapping."""
        return None if self.value is None or isinstance(self.value, dict | list) else self.raw

    def get(self, key: str) -> Node | None:
        """The entry of that key, unless it is absent or null."""
        value = self.value
        if type(value) is not dict:
            return None
        node: Node | None = value.get(key)
        return None if node is None or node.value is None else node

    def text_of(self, key: str) -> str | None:
        """The scalar under that key as written."""
        node = self.get(key)
        return None if node is None else node.text

    def flag(self, key: str, default: bool = False) -> bool:
        """The boolean under that key."""
        node = self.get(key)
        return node.value if node is not None and isinstance(node.value, bool) else default

    def integer(self, key: str) -> int | None:
        """The whole number under that key."""
        node = self.get(key)
        return node.value if node is not None and type(node.value) is int else None

    def list_of(self, key: str) -> list[Node]:
        """The elements under that key."""
        node = self.get(key)
        return [] if node is None else node.elements

    def map_of(self, key: str) -> dict[str, Node]:
        """The entries under that key."""
        node = self.get(key)
        return {} if node is None else node.entries

    def expression(self) -> ExpressionText:
        """The scalar as an expression that knows the place of each of its characters."""
        quote = 1 if self.style in _ESCAPES else 0
        as_written = self.end - self.start - 2 * quote == len(self.raw) and self.style not in _BLOCKS
        if as_written and self.source.text.find("\n", self.start, self.end) < 0:
            return ExpressionText(self.raw, self.source.mark(self.start + quote))
        (offset, mark), *later = list(_places(self)) or [(0, self.mark)]
        return ExpressionText(self.raw, mark, (*([(offset, mark)] if offset else []), *later))

    def plain(self) -> Any:
        """The value as plain Python data."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


_DOUBLE_ESCAPE = re.compile(r"\\(?:x..|u....|U........|.)")
_SINGLE_ESCAPE = re.compile("''")
_BLOCKS = frozenset("|>")
_ESCAPES = {'"': _DOUBLE_ESCAPE, "'": _SINGLE_ESCAPE}
_NEVER = re.compile(r"(?!)")
_BLANKS = re.compile(r"\s*")


def _places(node: Node) -> Iterator[tuple[int, Mark]]:
    """Pairs of an offset in a scalar's text and its place; between two pairs columns run on by one.

    For texts that are folded, indented or hold escapes.
    """
    quote = 1 if node.style in _ESCAPES else 0
    name, first = node.source.name, node.mark.moved(quote)
    segment = node.source.text[node.start + quote : node.end - quote]
    escape = _ESCAPES.get(node.style, _NEVER)
    offset = 0
    for number, line in enumerate(segment.splitlines()):
        if number == 0 and node.style in _BLOCKS:
            continue  # the header of a block scalar
        content = line.strip(" \t")
        if not content:
            continue
        column = len(line) - len(line.lstrip(" \t")) + (first.column if number == 0 else 1)
        offset = _skip_blanks(node.raw, offset)
        for shift, width in _pieces(content, escape):
            yield offset, Mark(name, first.line + number, column + shift)
            offset += width


def _skip_blanks(text: str, offset: int) -> int:
    """Where the next line's content begins in the folded text."""
    match = _BLANKS.match(text, offset)
    return match.end() if match else offset


def _pieces(content: str, escape: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Pairs of a column and a width in the text: an escape is one character, whatever it takes to write it."""
    done = 0
    for match in escape.finditer(content):
        yield done, match.start() - done + 1
        done = match.end()
    yield done, len(content) - done
