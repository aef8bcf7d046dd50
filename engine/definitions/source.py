"""Definition text -> tree with places, from PyYAML's events; hostile or faulty text becomes problems.

Only the event stream of the C parser is used: its compose and load recurse and crash on deep nesting.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import yaml

from engine.definitions.encoding import UNSEEN, decode, json_for_yaml
from engine.definitions.tree import Node, Source
from engine.errors import Mark, Problems

MAX_NODES = 500_000
MAX_DEPTH = 64
MAX_SCALAR = 100_000
MAX_NUMBER = 60
MAX_EXPONENT = 200
MAX_PROBLEMS = 200
_TOO_DEEP = f"Lists and maps are nested more than {MAX_DEPTH} deep."

_Parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAYBE_NUMBER = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE]([-+]?[0-9]+))?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_BASES = {"0o": 8, "0x": 16}

SYNTAX_ADVICE: Final = (
    ("found character that cannot start any token", "Indent with spaces, not tabs; put a text that starts with @ ` % ! & * or | in quotes."),
    ("mapping values are not allowed", "A text with ': ' in it must be in quotes; check the indentation of the line."),
    ("did not find expected ',' or '}'", "A comma or a closing } is missing, or a text with , { } [ ] in it needs quotes."),
    ("did not find expected ',' or ']'", "A comma or a closing ] is missing, or a text with , { } [ ] in it needs quotes."),
    ("did not find expected key", "Check the indentation, and the quotes of the line before."),
    ("did not find expected '-'", "Every element of this list starts with '- ' in the same column."),
    ("could not find expected ':'", "A key is followed by ': ' and its value."),
    ("found unexpected end of stream", "A quote or a bracket that was opened is never closed."),
    ("found unknown escape character", "In \"…\" a backslash is doubled; in '…' it stands for itself."),
    ("found incompatible YAML document", "Leave out the %YAML line, or write %YAML 1.2."),
)  # fmt: skip


class _Stop(Exception):
    """Ends reading: what follows cannot be read in a useful way."""


def read_source(data: bytes, name: str, problems: Problems, folder: Path | None = None) -> Node | None:
    """The tree of a definition, or None when the text cannot be read; faults go to `problems`."""
    text = decode(data, name, problems)
    if text is None:
        return None
    return _TreeBuilder(Source(name, json_for_yaml(text), folder), problems).build()


def number_of(text: str) -> int | Decimal | None:
    """The number that a plain scalar is in the core schema of YAML 1.2, exactly as written; else None."""
    if _INTEGER.fullmatch(text):
        return int(text[2:], _BASES[text[:2]]) if text[:2] in _BASES else int(text)
    match = _DECIMAL.fullmatch(text)
    return Decimal(text) if match else None


class _TreeBuilder:
    """Turns events into nodes with a stack of its own, so that depth costs no recursion."""

    def __init__(self, source: Source, problems: Problems) -> None:
        self._source = source
        self._problems = problems
        self._before = len(problems.found)
        self._count = 0
        self._root: Node | None = None
        self._open: list[Node] = []  # the lists and mappings that are not closed yet
        self._keys: list[Node | None] = []  # for each of them the key that waits for its value
        self._handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }

    def build(self) -> Node | None:
        """Read all events; None if the text has no content or cannot be read to its end."""
        parser = _Parser(self._source.text)
        handlers = self._handlers
        try:
            while (event := parser.get_event()) is not None:
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
        except _Stop:
            return None
        except yaml.YAMLError as fault:
            self._syntax(fault)
            return None
        finally:
            parser.dispose()
        if self._root is None:
            self._error(
                Mark(self._source.name, 1, 1),
                "empty-file",
                "The file holds nothing. Start with `registry:` or `library:`.",
            )
        return self._root

    def _error(self, mark: Mark, code: str, message: str) -> None:
        self._problems.error(mark, code, message)
        if len(self._problems.found) - self._before >= MAX_PROBLEMS:
            raise _Stop

    def _place(self, mark: yaml.Mark) -> Mark:
        return Mark(self._source.name, mark.line + 1, mark.column + 1)

    def _scalar(self, event: Any) -> None:
        raw, style = event.value, event.style
        node = Node(self._source, raw, raw, style, event.start_mark.index, event.end_mark.index)
        if event.anchor is not None or event.tag is not None:
            self._refuse(event)
        if style:
            if style == '"' and UNSEEN.search(raw):
                self._error(
                    node.mark,
                    "control-character",
                    "An escape in this text stands for a character that cannot be seen. Delete it.",
                )
        elif raw in _CONSTANTS:
            node.value = _CONSTANTS[raw]
        elif raw[0] in _MAYBE_NUMBER:
            node.value = self._number(node, raw)
        if len(raw) > MAX_SCALAR:
            self._error(
                node.mark, "text-too-long", f"The text has {len(raw)} characters; at most {MAX_SCALAR} are allowed."
            )
            node.value, node.raw = "", ""
        self._add(node)

    def _refuse(self, event: Any) -> None:
        """Note what our subset of YAML leaves out; reading goes on as if it were not there."""
        place = self._place(event.start_mark)
        if event.anchor is not None:
            self._error(
                place,
                "yaml-anchor",
                f"The anchor &{event.anchor[:40]} is not allowed. Use a block (`blocks` and `use`) to say a thing once.",
            )
        if event.tag is not None:
            self._error(
                place, "yaml-tag", f"The tag {event.tag[:60]} is not allowed: the type follows from the key. Delete it."
            )

    def _number(self, node: Node, raw: str) -> int | Decimal | str:
        """A plain scalar that starts like a number: the number, or the text (a version, a date)."""
        if len(raw) < 16 and raw.isdecimal() and raw.isascii():
            return int(raw)
        match = None if _INTEGER.fullmatch(raw) else _DECIMAL.fullmatch(raw)
        if _NOT_FINITE.fullmatch(raw):
            self._error(
                node.mark,
                "number",
                f"{raw} is no number that a registry can hold. Leave the bound out, or put a text in quotes.",
            )
            return 0
        exponent = match[1] if match else None
        if (len(raw) > MAX_NUMBER and number_like(raw)) or (exponent and abs(int(exponent)) > MAX_EXPONENT):
            self._error(
                node.mark,
                "number",
                f"A number has at most {MAX_NUMBER} characters and an exponent of at most {MAX_EXPONENT}. Put a text of digits in quotes.",
            )
            return 0
        number = number_of(raw)
        return raw if number is None else number

    def _start(self, event: Any) -> None:
        if event.anchor is not None or event.tag is not None:
            self._refuse(event)
        value: Any = {} if type(event) is yaml.MappingStartEvent else []
        node = Node(self._source, value, "", "", event.start_mark.index, event.end_mark.index)
        self._open.append(node)
        self._keys.append(None)
        if len(self._open) > MAX_DEPTH:
            self._error(node.mark, "too-deep", _TOO_DEEP)
            raise _Stop

    def _end(self, event: Any) -> None:
        node = self._open.pop()
        self._keys.pop()
        node.end = event.end_mark.index
        self._add(node)

    def _alias(self, event: Any) -> None:
        self._error(
            self._place(event.start_mark),
            "yaml-anchor",
            f"The alias *{event.anchor[:40]} is not allowed. Write the value out, or put a text that starts with * in quotes.",
        )
        self._add(Node(self._source, None, "", "", event.start_mark.index, event.end_mark.index))

    def _document(self, event: Any) -> None:
        if self._root is not None:
            self._error(
                self._place(event.start_mark),
                "yaml-documents",
                "A second document starts here. One file holds one definition: delete the line ---, or split the file.",
            )
            raise _Stop

    def _add(self, node: Node) -> None:
        """Put a finished node where it belongs: into the innermost open list or mapping."""
        self._count += 1
        if self._count > MAX_NODES:
            self._error(
                node.mark, "too-many-nodes", f"The file holds more than {MAX_NODES} values. Split it and use `include`."
            )
            raise _Stop
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        if isinstance(parent.value, list):
            parent.value.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = node
            return
        self._keys[-1] = None
        if self._fits(key, parent):
            node.key = key.start
            parent.value[key.raw] = node

    def _fits(self, key: Node, parent: Node) -> bool:
        """Whether a key is a text that the mapping does not have yet, and no merge key."""
        if type(key.value) is str and key.raw not in parent.value and (key.raw != "<<" or key.style):
            return True
        if isinstance(key.value, dict | list):
            self._error(
                key.mark, "key-not-text", "A list or a map cannot be a key. Put a text that holds brackets in quotes."
            )
        elif not key.style and key.raw == "<<":
            self._error(
                key.mark,
                "yaml-merge",
                "The merge key << is not allowed. Use a block (`blocks` and `use`) to say a thing once.",
            )
        elif not isinstance(key.value, str):
            shown = key.raw or "nothing"
            self._error(
                key.mark,
                "key-not-text",
                f'The key {shown} reads as a number, a boolean or nothing. Put it in quotes: "{key.raw}".',
            )
        else:
            first = parent.value[key.raw].key_mark.line
            self._error(
                key.mark,
                "duplicate-key",
                f"The key {key.raw!r} stands here already, in line {first}. Delete or rename one of them.",
            )
        return False

    def _syntax(self, fault: yaml.YAMLError) -> None:
        """What the parser says, with advice in the author's terms."""
        problem = getattr(fault, "problem", None) or str(fault)
        mark, opened = getattr(fault, "problem_mark", None), getattr(fault, "context_mark", None)
        if opened is not None and (mark is None or mark.index >= len(self._source.text.rstrip())):
            mark = opened  # what is not closed is better found at its start than at the end of the file
        advice = next(
            (text for start, text in SYNTAX_ADVICE if problem.startswith(start)),
            "See https://yaml.org for the notation.",
        )
        context = getattr(fault, "context", None)
        said = f"{context}, {problem}" if context else problem
        place = self._place(mark) if mark is not None else Mark(self._source.name, 1, 1)
        if "maximum nesting depth" in problem:  # the parser looks ahead, and has a limit of its own
            self._problems.error(place, "too-deep", _TOO_DEEP)
            return
        self._problems.error(place, "yaml-syntax", f"The notation is faulty ({said}). {advice}")


def number_like(text: str) -> bool:
    """Whether a plain scalar is a number, without making one."""
    return bool(_INTEGER.fullmatch(text) or _DECIMAL.fullmatch(text))
