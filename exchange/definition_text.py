"""Document -> YAML as a person would write it: keys in the order of the schema, short things on one line, few quotes.

Comments of a text that is replaced are kept: each at the part it stood at, or at what held that part if it is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine.definitions.encoding import UNSEEN
from engine.definitions.schema import definition_schema
from engine.definitions.source import number_of
from exchange.comments import Comments, Path
from exchange.document import Document

WIDTH = 160  # of a line that could be several
FOLDED = 140  # of the lines of a long text
_FIRST = ("use", "group")  # what a part is, before what it has
_BLOCKS = frozenset({"items", "sections", "forms", "checks"})  # whoever holds one of these is not put on one line
_LONG = _BLOCKS | {"codes"}
_TOGETHER = frozenset(
    [
        "registry",
        "library",
        "version",
        "title",
        "keeper",
        "legal_basis",
        "aims",
        "eligibility",
        "help",
        "contacts",
        "languages",
    ]
)
_WORD = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`=][^\n\t\x85]*|-[^\s,\[\]{}\n\t][^\n\t]*")
_IN_FLOW = re.compile(r"[,\[\]{}]")
_TROUBLE = re.compile(r": |:$| #|^\s|\s$")
_MEANT_OTHERWISE = frozenset(["~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"])
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def definition_text(document: Document, before: str = "") -> str:
    """The text of a definition; `before` is the one that it replaces, whose comments are kept."""
    ordered = in_order(document, definition_schema())
    return _Page(Comments.of(before), _languages(document)).written(ordered)


def _languages(document: Document) -> tuple[str, ...]:
    return tuple(document.get("languages", ("pl", "en")))


# order ------------------------------------------------------------------------------------------------------------


def in_order(value: Any, schema: Mapping[str, Any]) -> Any:
    """The value with the keys of every mapping in the order in which the schema has them."""
    root = definition_schema()
    return _arranged(value, schema, root)


def _arranged(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        return [_arranged(part, schema.get("items", {}), root) for part in value]
    if not isinstance(value, dict):
        return value
    known = schema.get("properties", {})
    places = {key: place for place, key in enumerate((*_FIRST, *known))}
    # What has no place is named by people: languages, ids. What is long stands last, and what others say before it.
    keys = sorted(value, key=lambda key: (key in _LONG, key == "annotations", places.get(key, -1)))
    other = schema.get("additionalProperties", {})
    other = other if isinstance(other, dict) else {}
    return {key: _arranged(value[key], known.get(key, other), root) for key in keys}


# text -------------------------------------------------------------------------------------------------------------


def scalar(value: Any, *, flow: bool = True) -> str:
    """A value on one line, in quotes where it needs them."""
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "null"
        case int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
    text = UNSEEN.sub("", value)
    return text if _needs_no_quotes(text, flow=flow) else _quoted(text)


def _needs_no_quotes(text: str, *, flow: bool) -> bool:
    return (
        _WORD.fullmatch(text) is not None
        and _TROUBLE.search(text) is None
        and (not flow or _IN_FLOW.search(text) is None)
        and text.lower() not in _MEANT_OTHERWISE
        and not text.startswith(("---", "..."))
        and number_of(text) is None
        and text[:1] not in "+.0123456789"
    ) or (text[:1].isdigit() and _plain_after_digit(text, flow=flow))


def _plain_after_digit(text: str, *, flow: bool) -> bool:
    """`1.0.0` and `2 days` are texts without quotes; what any reader might take for a number, date or time is not."""
    return (
        re.fullmatch(r"[0-9]+(\.[0-9]+){2,}|[0-9]+ [A-Za-z][^\n\t]*", text) is not None
        and _TROUBLE.search(text) is None
        and (not flow or _IN_FLOW.search(text) is None)
    )


def _quoted(text: str) -> str:
    if "\\" in text and "'" not in text and "\n" not in text and "\t" not in text:
        return f"'{text}'"
    return '"' + "".join(_ESCAPES.get(sign, sign) for sign in text) + '"'


def in_flow(value: Any) -> str:
    """A value on one line: `{pl: …, en: …}`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {in_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(in_flow(part) for part in value) + "]"
    return scalar(value)


class _Page:
    """The lines of one text as they come."""

    def __init__(self, comments: Comments, languages: Sequence[str]) -> None:
        self._comments = comments
        self._languages = languages
        self._lines: list[str] = []

    def written(self, document: Document) -> str:
        self._comments = self._comments.settled(_paths(document, ()))
        for key, value in document.items():
            self._entry(key, value, "", (key,))
        self._above((), "")
        return "\n".join(self._lines) + "\n"

    def _entry(self, key: str, value: Any, indent: str, path: Path) -> None:
        """A key and its value."""
        if self._stands_apart(path):
            self._lines.append("")
        self._above(path, indent)
        self._part(f"{indent}{scalar(key)}:", value, indent + "  ", path)

    def _stands_apart(self, path: Path) -> bool:
        """Parts of the definition, and forms, have an empty line above."""
        if len(path) == 1:
            return path[0] not in _TOGETHER
        return len(path) == 2 and path[0] == "forms" and not self._lines[-1].startswith("forms:")

    def _part(self, start: str, value: Any, indent: str, path: Path) -> None:
        """A value behind what it stands under: on the same line if it fits, else below."""
        line = self._on_one_line(start, value, path)
        if line is not None:
            self._lines.append(line + self._comments.behind(path))
        elif isinstance(value, dict):
            self._lines.append(start + self._comments.behind(path))
            for key, part in value.items():
                self._entry(key, part, indent, (*path, key))
        elif isinstance(value, list):
            self._lines.append(start + self._comments.behind(path))
            for name, part in named(value):
                self._element(part, indent, (*path, name))
        else:
            self._long_text(start, value, indent, path)

    def _element(self, value: Any, indent: str, path: Path) -> None:
        """An element of a list; a mapping begins on the line of its dash."""
        self._above(path, indent)
        start = f"{indent}-"
        line = self._on_one_line(start, value, path)
        if line is not None or not isinstance(value, dict):
            self._part(start, value, indent + "  ", path)
            return
        for number, (key, part) in enumerate(value.items()):
            inner = indent + "  "
            if number:
                self._above((*path, key), inner)
            begin = f"{inner}{scalar(key)}:" if number else f"{start} {scalar(key)}:"
            behind = len(self._lines)
            self._part(begin, part, inner + "  ", (*path, key))
            if not number:
                self._lines[behind] += self._comments.behind(path)

    def _on_one_line(self, start: str, value: Any, path: Path) -> str | None:
        if isinstance(value, dict | list):
            if not value:
                return f"{start} {in_flow(value)}"
            if len(path) < 2 and isinstance(value, dict) and path[0] not in ("title", "languages"):
                return None
            if (
                (path[-1] in _BLOCKS and not _scalars_alone(value))
                or _holds_blocks(value)
                or self._comments.inside(path)
            ):
                return None
            line = f"{start} {in_flow(value)}"
            return line if len(line) <= WIDTH else None
        line = f"{start} {scalar(value, flow=False)}"
        simple = not isinstance(value, str) or (len(line) <= WIDTH and "\n" not in value)
        return line if simple else None

    def _long_text(self, start: str, value: str, indent: str, path: Path) -> None:
        """A text over several lines: as it is where it has line breaks, folded where it is only long."""
        text = UNSEEN.sub("", value)
        behind = self._comments.behind(path)
        if "\n" in text and _may_be_literal(text):
            self._lines.append(f"{start} |-{behind}")
            self._lines.extend(f"{indent}{line}" if line else "" for line in text.split("\n"))
        elif _may_be_folded(text):
            self._lines.append(f"{start} >-{behind}")
            self._lines.extend(f"{indent}{line}" for line in _folded(text, FOLDED - len(indent)))
        else:
            self._lines.append(f"{start} {scalar(text, flow=False)}{behind}")

    def _above(self, path: Path, indent: str) -> None:
        self._lines.extend(f"{indent}{comment}" for comment in self._comments.above(path))


def _scalars_alone(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(part, dict | list) for part in value)


def _holds_blocks(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_holds_blocks, value))
    if not isinstance(value, dict):
        return isinstance(value, str) and "\n" in value
    return any(isinstance(value.get(key), list | dict) and not _scalars_alone(value[key]) for key in _BLOCKS) or any(
        map(_holds_blocks, value.values())
    )


def _may_be_literal(text: str) -> bool:
    lines = text.split("\n")
    return (
        not text[0].isspace() and bool(lines[-1]) and all(line == line.rstrip() for line in lines) and "\t" not in text
    )


def _may_be_folded(text: str) -> bool:
    return "\n" not in text and "\t" not in text and "  " not in text and text == text.strip() and " " in text


def _folded(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line


def named(elements: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """The elements of a list with what names them in a path: their id, or their number."""
    seen: set[str] = set()
    for number, element in enumerate(elements):
        name = (
            next((str(element[key]) for key in ("id", "group", "use", "file") if key in element), "")
            if isinstance(element, dict)
            else ""
        )
        unique = name if name and name not in seen else f"{name}#{number}"
        seen.add(unique)
        yield unique, element


def _paths(value: Any, path: Path) -> Iterator[Path]:
    yield path
    parts = value.items() if isinstance(value, dict) else named(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _paths(part, (*path, str(key)))
