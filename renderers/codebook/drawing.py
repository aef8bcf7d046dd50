"""What depends on what in a form and around an item, drawn: boxes that link to their entries, arrows from what is read to what it decides on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from renderers.codebook.entries import name_of
from renderers.codebook.layers import layers_of
from renderers.codebook.tables import Book, anchor, phrase_of
from renderers.codebook.uses import Use, Uses

MOST, MOST_AROUND = 150, 40  # boxes that can still be read: of a form, around an item
_WIDTH, _HEIGHT, _GAP, _BETWEEN, _EDGE = 232, 30, 10, 84, 12
_LETTERS = 31  # of a label that fit into a box

# What a rule does -> the kind of line
LINES: Mapping[str, str] = {
    **dict.fromkeys(("calculation", "default", "outcome"), "calculation"),
    **dict.fromkeys(("when", "only"), "when"),
    **dict.fromkeys(("required", "range", "check"), "other"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """A node: where it stands, where it leads, what it is called in each language; `foreign` ones are not what is drawn."""

    x: int
    y: int
    href: str
    labels: Mapping[str, str]
    titles: Mapping[str, str]
    foreign: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An arrow."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """All boxes and arrows, and how large they are together."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def draw_form(book: Book, uses: Uses, form: str) -> Drawing | None:
    """The drawing of a form: nothing where nothing depends, without boxes where there are too many."""
    own = f"{form}."
    edges = {
        (source, target): kind
        for use in uses.all
        if use.kind in ("item", "outcome")
        for source, target, kind in _edges(book, use)
        if source.startswith(own) or target.startswith(own)
    }
    return _drawing(book, own, edges, MOST)


def draw_item(book: Book, uses: Uses, key: str) -> Drawing | None:
    """The drawing of an item: what it reads on the left, what reads it on the right."""
    near = [*uses.by.get(("item", key), ()), *uses.of.get(key, ())]
    edges = {
        (source, target): kind for use in near for source, target, kind in _edges(book, use) if key in (source, target)
    }
    return _drawing(book, key, edges, MOST_AROUND) if len(edges) > 1 else None  # one arrow says no more than its row


def _edges(book: Book, use: Use) -> Iterator[tuple[str, str, str]]:
    """What a rule draws: from each item or outcome that it reads. A node is an item's key, or a kind and an id."""
    target = use.key if use.kind == "item" else f"{use.kind} {use.key}"
    for read in use.reads if use.role in LINES else ():
        outcome = read.partition(".")[2]
        if read in book.registry.items:
            yield read, target, LINES[use.role]
        elif outcome in book.registry.model.derived:
            yield f"outcome {outcome}", target, LINES[use.role]


def _drawing(book: Book, own: str, edges: Mapping[tuple[str, str], str], most: int) -> Drawing | None:
    joined = {node for edge in edges for node in edge}
    nodes = [key for key in book.registry.items if key in joined] if len(joined) <= most else []
    nodes += sorted(joined.difference(nodes)) if len(joined) <= most else []
    if not joined:
        return None
    return _placed(book, own, layers_of(nodes, edges), edges) if nodes else Drawing(0, 0, (), ())


def _placed(book: Book, own: str, layers: list[list[str]], edges: Mapping[tuple[str, str], str]) -> Drawing:
    places = {
        node: (_EDGE + column * (_WIDTH + _BETWEEN), _EDGE + number * (_HEIGHT + _GAP))
        for column, layer in enumerate(layers)
        for number, node in enumerate(layer)
    }
    width = len(layers) * (_WIDTH + _BETWEEN) - _BETWEEN + 2 * _EDGE
    height = max(map(len, layers)) * (_HEIGHT + _GAP) - _GAP + 2 * _EDGE
    lines = tuple(Line(_curve(places[source], places[target]), kind) for (source, target), kind in edges.items())
    return Drawing(width, height, tuple(_boxes(book, own, places)), lines)


def _boxes(book: Book, own: str, places: Mapping[str, tuple[int, int]]) -> Iterator[Box]:
    for node, (x, y) in places.items():
        kind, _, id_ = node.rpartition(" ")
        name = name_of(book, kind or "item", id_)
        full = {language: str(phrase_of(name, language))[1:-1] for language in book.languages}  # without the quotes
        short = {language: _short(text) for language, text in full.items()}
        yield Box(
            x,
            y,
            anchor(kind or "item", id_),
            short,
            full,
            foreign=not (node == own or (own.endswith(".") and node.startswith(own))),
        )


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1].rstrip()}…"


def _curve(source: tuple[int, int], target: tuple[int, int]) -> str:
    """From the right side of one box to the left side of the other."""
    x1, y1 = source[0] + _WIDTH, source[1] + _HEIGHT // 2
    x2, y2 = target[0] - 6, target[1] + _HEIGHT // 2
    bend = max(abs(x2 - x1) // 2, 40)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
