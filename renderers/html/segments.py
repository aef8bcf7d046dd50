"""Prepared markup: a macro is rendered once into constant texts with gaps, which a page fills and joins.

A macro asks its second argument for everything that changes: `s.text('value')` is a hole, `{% call s.when('bad') %}`
an optional part. `Holes` answers with marks, which `prepare` turns into a Segment; `Live` answers with the real
thing. Both give the same page (tested); the segment is only quicker.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Protocol

from jinja2.environment import TemplateModule
from markupsafe import Markup, escape

Flags = tuple[str, ...]  # those that are set; a flag that a piece does not know makes no difference to it
Texts = Mapping[str, str]  # markup: escaped already
Macro = Callable[..., Markup]
Filler = Callable[[Texts], Sequence[str]]

_VARIANTS = 64  # of one segment; more are made anew each time
_to_escape = re.compile("[&<>'\"]").search


_BODY = Markup(secrets.token_hex(12))  # noqa: S704 - hexadecimal digits; random, so that no text can fake it


def markup(text: str) -> str:
    """Plain text -> markup. Most values are a number, a date or a code, and nothing in them needs the escaper."""
    return text if _to_escape(text) is None else str(escape(text))


class State(Protocol):
    """What a macro may ask."""

    def text(self, key: str) -> Markup: ...
    def when(self, key: str, caller: Callable[[], Markup]) -> Markup: ...
    def unless(self, key: str, caller: Callable[[], Markup]) -> Markup: ...


class Part(Protocol):
    """A piece of a page that can be filled."""

    def fill(self, flags: Flags, texts: Texts) -> str:
        """The piece as one text."""
        ...

    def pieces(self, flags: Flags, texts: Texts) -> Sequence[str]:
        """The same, not yet joined: for a page that is joined as a whole."""
        ...

    def opened(self, flags: Flags, names: tuple[str, ...]) -> Filler:
        """The same for whoever fills these texts under these flags again and again."""
        ...


def around(fill: Callable[[Markup], str]) -> tuple[str, str]:
    """What stands before and after a body: a long one is put between them when the page is joined, and copied once."""
    before, _, after = fill(_BODY).partition(_BODY)
    return before, after


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


def gap(key: str) -> str:
    """A piece of a face that each request fills: it becomes a hole wherever a macro puts it, in a text or an attribute."""
    return f"\ue000{key}\ue001"


_GAP = re.compile("\ue000([a-z]+)\ue001")


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


@dataclass(frozen=True, slots=True)
class Segment:
    """Prepared markup. What flags leave of it, joined between those holes that are filled, is made once."""

    parts: tuple[Piece, ...]
    variants: dict[tuple[Flags, tuple[str, ...]], Filler] = field(default_factory=dict, compare=False)

    def fill(self, flags: Flags, texts: Texts) -> str:
        return "".join(self.pieces(flags, texts))

    def pieces(self, flags: Flags, texts: Texts) -> Sequence[str]:
        key = flags, tuple(texts)
        variant = self.variants.get(key)
        if variant is None:
            variant = self.opened(*key)
            if len(self.variants) < _VARIANTS:
                self.variants[key] = variant
        return variant(texts)

    def opened(self, flags: Flags, names: tuple[str, ...]) -> Filler:
        constant, holes = _variant(self.parts, flags, names)
        if not holes:
            return lambda _texts: constant
        if len(holes) == 1:
            (hole,), (before, _, after) = holes, constant
            return lambda texts: (before, texts[hole], after)
        values = itemgetter(*holes)

        def fill(texts: Texts) -> Sequence[str]:
            pieces = constant.copy()
            pieces[1::2] = values(texts)
            return pieces

        return fill


def _variant(pieces: Iterable[Piece], flags: Flags, filled: tuple[str, ...]) -> tuple[list[str], tuple[str, ...]]:
    """Texts with a gap at each odd place, and the holes that fill the gaps."""
    texts, holes = [""], list[str]()
    for piece in _flatten(pieces, flags):
        if isinstance(piece, Literal):
            texts[-1] += piece.text
        elif piece.key in filled:
            holes.append(piece.key)
            texts += ["", ""]  # the gap, and the text after it
    return texts, tuple(holes)


def _flatten(pieces: Iterable[Piece], flags: Flags) -> Iterator[Literal | Hole]:
    for piece in pieces:
        if not isinstance(piece, Optional):
            yield piece
        elif (piece.key in flags) is not piece.absent:
            yield from _flatten(piece.body, flags)


def prepare(macro: Macro, face: object, fixed: Texts | None = None) -> Segment:
    """Render a macro once; texts in `fixed` stand for good."""
    holes = Holes(fixed or {})
    tokens = str(macro(face, holes)).split(holes.mark)
    stack: list[list[Piece]] = [[]]
    opened: list[tuple[str, bool]] = []
    for number, token in enumerate(tokens):
        if number % 2 == 0:
            stack[-1] += _cut(token)
        elif token.startswith("="):
            stack[-1].append(Hole(token[1:]))
        elif token == "/":
            part = Optional(*opened.pop(), tuple(stack.pop()))
            stack[-1].append(part)
        else:
            opened.append((token[1:], token.startswith("!")))
            stack.append([])
    return Segment(tuple(stack[0]))


def _cut(text: str) -> Iterator[Literal | Hole]:
    """Constant text, cut at the gaps that a face brought."""
    for number, piece in enumerate(_GAP.split(text)):
        if number % 2:
            yield Hole(piece)
        elif piece:
            yield Literal(piece)


@dataclass(frozen=True, slots=True)
class LivePart:
    """The same piece, rendered by its macro at every request: slow, and what segments are tested against."""

    macro: Macro
    face: object
    fixed: Texts

    def fill(self, flags: Flags, texts: Texts) -> str:
        whole = str(self.macro(self.face, Live(flags, {**texts, **self.fixed})))
        return _GAP.sub(lambda found: texts.get(found[1], ""), whole)

    def pieces(self, flags: Flags, texts: Texts) -> Sequence[str]:
        return (self.fill(flags, texts),)

    def opened(self, flags: Flags, names: tuple[str, ...]) -> Filler:
        return lambda texts: self.pieces(flags, texts)


@dataclass(frozen=True, slots=True)
class Workshop:
    """Makes parts from the macros of a template module, prepared or live."""

    module: TemplateModule
    prepared: bool = True

    def part(self, name: str, face: object = None, fixed: Texts | None = None) -> Part:
        macro: Macro = getattr(self.module, name)
        return prepare(macro, face, fixed) if self.prepared else LivePart(macro, face, fixed or {})
