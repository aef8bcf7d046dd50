"""Prepared markup: a macro is rendered once into a segment whose holes and optional parts are filled for each page.

A macro asks its second argument for everything that changes: `s.text('value')` is a hole, `{% call s.when('bad') %}`
an optional part. `Holes` answers with marks, which `prepare` turns into a Segment; `Live` answers with the real
thing. Both give the same page (tested); the segment is only quicker.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from jinja2.environment import TemplateModule
from markupsafe import Markup, escape

Flags = frozenset[str]
Texts = Mapping[str, str]  # markup: escaped already
Macro = Callable[..., Markup]

_VARIANTS = 64  # of one segment; more are joined without being kept


def markup(text: str) -> str:
    """Plain text -> markup. Most values are a number or a code and need no look at each character by the escaper."""
    return text if text.isalnum() else str(escape(text))


class State(Protocol):
    """What a macro may ask."""

    def text(self, key: str) -> Markup: ...
    def when(self, key: str, caller: Callable[[], Markup]) -> Markup: ...
    def unless(self, key: str, caller: Callable[[], Markup]) -> Markup: ...


class Part(Protocol):
    """A piece of a page that can be filled."""

    def fill(self, flags: Flags, texts: Texts) -> str: ...


@dataclass(frozen=True, slots=True)
class Live:
    """The state of one request, asked directly by a macro."""

    flags: Flags
    texts: Texts

    def text(self, key: str) -> Markup:
        return Markup(self.texts.get(key, ""))  # noqa: S704 - values were escaped when the state was made

    def when(self, key: str, caller: Callable[[], Markup]) -> Markup:
        return caller() if key in self.flags else Markup("")

    def unless(self, key: str, caller: Callable[[], Markup]) -> Markup:
        return Markup("") if key in self.flags else caller()


class Holes:
    """Answers a macro with marks around everything that changes; the mark is random, so no text can fake it."""

    def __init__(self, fixed: Texts) -> None:
        self.mark = secrets.token_hex(12)
        self.fixed = fixed

    def _command(self, command: str) -> Markup:
        return Markup(self.mark + command + self.mark)  # noqa: S704 - removed again by prepare()

    def text(self, key: str) -> Markup:
        if key in self.fixed:
            return Markup(self.fixed[key])  # noqa: S704 - escaped by its maker
        return self._command("=" + key)

    def when(self, key: str, caller: Callable[[], Markup]) -> Markup:
        return self._command("?" + key) + caller() + self._command("/")

    def unless(self, key: str, caller: Callable[[], Markup]) -> Markup:
        return self._command("!" + key) + caller() + self._command("/")


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Hole:
    key: str


@dataclass(frozen=True, slots=True)
class Optional:
    """A part that stands only while a flag is set (or, if `absent`, while it is not)."""

    key: str
    absent: bool
    body: tuple[Piece, ...]


Piece = Literal | Hole | Optional
Variant = tuple[list[str], tuple[str, ...]]  # texts with a gap at each odd place, and the holes that fill the gaps


@dataclass(frozen=True, slots=True)
class Segment:
    """Prepared markup. `keys` are the flags it knows: others make no difference to it."""

    pieces: tuple[Piece, ...]
    keys: Flags
    variants: dict[Flags, Variant] = field(default_factory=dict, compare=False)

    def fill(self, flags: Flags, texts: Texts) -> str:
        variant = self.variants.get(flags)
        if variant is None:
            variant = self._variant(flags)
        pieces, holes = variant
        if not holes:
            return pieces[0]
        out, get = pieces.copy(), texts.get
        out[1::2] = [get(hole, "") for hole in holes]
        return "".join(out)

    def _variant(self, flags: Flags) -> Variant:
        pieces, holes = [""], list[str]()
        for piece in _flatten(self.pieces, flags):
            if isinstance(piece, Literal):
                pieces[-1] += piece.text
            else:
                holes.append(piece.key)
                pieces += ["", ""]  # the hole, and the text after it
        variant = pieces, tuple(holes)
        if len(self.variants) < _VARIANTS:
            self.variants[flags] = variant
        return variant


def _flatten(pieces: Iterable[Piece], flags: Flags) -> Iterable[Literal | Hole]:
    for piece in pieces:
        if isinstance(piece, Optional):
            if (piece.key in flags) is not piece.absent:
                yield from _flatten(piece.body, flags)
        else:
            yield piece


def prepare(macro: Macro, face: object, fixed: Texts | None = None) -> Segment:
    """Render a macro once; texts in `fixed` stand for good."""
    holes = Holes(fixed or {})
    tokens = str(macro(face, holes)).split(holes.mark)
    stack: list[list[Piece]] = [[]]
    opened: list[tuple[str, bool]] = []
    keys: set[str] = set()
    for number, token in enumerate(tokens):
        if number % 2 == 0:
            if token:
                stack[-1].append(Literal(token))
        elif token.startswith("="):
            stack[-1].append(Hole(token[1:]))
        elif token == "/":
            key, absent = opened.pop()
            body = tuple(stack.pop())
            stack[-1].append(Optional(key, absent, body))
        else:
            opened.append((token[1:], token.startswith("!")))
            keys.add(token[1:])
            stack.append([])
    return Segment(tuple(stack[0]), frozenset(keys))


@dataclass(frozen=True, slots=True)
class LivePart:
    """The same piece, rendered by its macro at every request: slow, and what segments are tested against."""

    macro: Macro
    face: object
    fixed: Texts

    def fill(self, flags: Flags, texts: Texts) -> str:
        return str(self.macro(self.face, Live(flags, {**texts, **self.fixed})))


@dataclass(frozen=True, slots=True)
class Workshop:
    """Makes parts from the macros of a template module, prepared or live."""

    module: TemplateModule
    prepared: bool = True

    def part(self, name: str, face: object = None, fixed: Texts | None = None) -> Part:
        macro: Macro = getattr(self.module, name)
        return prepare(macro, face, fixed) if self.prepared else LivePart(macro, face, fixed or {})
