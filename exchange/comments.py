"""Comments of a YAML text and the parts that they stand at, so that a text that is written anew keeps them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from engine.definitions.source import read_source
from engine.definitions.tree import Node
from engine.errors import Problems

Path = tuple[str, ...]
_COMMENT = re.compile(r"(?:^|(?<=\s))#")


@dataclass(frozen=True, slots=True)
class Comments:
    """Lines above a part, and what stands behind it on its line. The empty path is the end of the text."""

    lines: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)
    ends: Mapping[Path, str] = field(default_factory=dict)
    holders: frozenset[Path] = frozenset()  # parts in which some part has a comment

    @classmethod
    def of(cls, text: str) -> Comments:
        """The comments of a text; none where it cannot be read."""
        root = read_source(text.encode(), "", Problems()) if text.strip() else None
        if root is None:
            return cls()
        starts = sorted(_starts(root, ()), key=lambda start: start[0])
        scalars = sorted((node.start, node.end) for node in _scalars(root))
        lines: dict[Path, list[str]] = {}
        ends: dict[Path, str] = {}
        for begin, end in _found(text, scalars):
            comment = text[begin:end].rstrip()
            line_start = text.rfind("\n", 0, begin) + 1
            if text[line_start:begin].strip():
                ends[_part_at(starts, line_start, begin)] = comment
            else:
                lines.setdefault(_part_after(starts, begin), []).append(comment)
        return cls({path: tuple(found) for path, found in lines.items()}, ends)

    def settled(self, paths: Iterable[Path]) -> Comments:
        """The same for a text with these parts: what stood at a part that is gone stands above what held it."""
        known = set(paths)
        lines: dict[Path, tuple[str, ...]] = {}
        for path, found in self.lines.items():
            place = _nearest(path, known)
            lines[place] = (*lines.get(place, ()), *found)
        ends = {path: end for path, end in self.ends.items() if path in known}
        for path, end in self.ends.items():
            if path not in known:
                place = _nearest(path, known)
                lines[place] = (*lines.get(place, ()), end)
        holders = frozenset(path[:depth] for path in (*lines, *ends) for depth in range(1, len(path)))
        return replace(self, lines=lines, ends=ends, holders=holders)

    def above(self, path: Path) -> tuple[str, ...]:
        return self.lines.get(path, ())

    def behind(self, path: Path) -> str:
        """What is written behind a part, with the blanks before it."""
        end = self.ends.get(path)
        return f"  {end}" if end else ""

    def inside(self, path: Path) -> bool:
        """Whether a part of this part has a comment, so that it needs lines of its own."""
        return path in self.holders


def _nearest(path: Path, known: set[Path]) -> Path:
    while path and path not in known:
        path = path[:-1]
    return path


def _starts(node: Node, path: Path) -> Iterator[tuple[int, Path]]:
    """Where each part starts, with its key; an element of a list at its own first character."""
    from exchange.definition_text import named  # noqa: PLC0415  # the writer names elements; it imports this module

    if path:
        yield node.key, path
    if isinstance(node.value, dict):
        for key, part in node.value.items():
            yield from _starts(part, (*path, key))
    elif isinstance(node.value, list):
        plain = [part.plain() for part in node.value]
        for (name, _), part in zip(named(plain), node.value, strict=True):
            yield from _starts(part, (*path, name))


def _scalars(node: Node) -> Iterator[Node]:
    if isinstance(node.value, dict):
        for part in node.value.values():
            yield from _scalars(part)
    elif isinstance(node.value, list):
        for part in node.value:
            yield from _scalars(part)
    else:
        yield node


def _found(text: str, scalars: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Where comments begin and end: at a # outside of texts."""
    begins = [begin for begin, _ in scalars]
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        for match in _COMMENT.finditer(text, at, end):
            before = bisect_right(begins, match.start()) - 1
            if before < 0 or scalars[before][1] <= match.start():
                yield match.start(), end
                break
        at = end + 1


def _part_at(starts: list[tuple[int, Path]], line_start: int, comment: int) -> Path:
    """The outermost part that begins on the line, else the last one before the comment."""
    here = [path for start, path in starts if line_start <= start < comment]
    if here:
        return min(here, key=len)
    return max(((start, path) for start, path in starts if start < comment), default=(0, ()))[1]


def _part_after(starts: list[tuple[int, Path]], comment: int) -> Path:
    """The outermost of the parts that begin first after the comment; the end of the text where there is none."""
    first = min((start for start, _ in starts if start > comment), default=None)
    return min((path for start, path in starts if start == first), key=len, default=())
