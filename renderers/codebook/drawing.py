"""What depends on what in a form, drawn: boxes that link to their entries, arrows from what is read to what it decides on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.words import Phrase
from renderers.codebook.entries import name_of
from renderers.codebook.layers import layers_of
from renderers.codebook.tables import Book, Cell, anchor, phrase_of
from renderers.codebook.uses import Uses

MOST = 150  # nodes that can still be read
_WIDTH, _HEIGHT, _GAP, _BETWEEN, _EDGE = 232, 30, 10, 84, 12
_LETTERS = 31  # of a label that fit into a box

# What a rule does -> the kind of line
LINES: Mapping[str, str] = {
    **dict.fromkeys(("calculation", "default", "outcome"), "calculation"),
    **dict.fromkeys(("when", "only"), "when"),
    **dict.fromkeys(("required", "range"), "other"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """A node: where it stands, where it leads, what it is called in each language; `foreign` ones are of other forms."""

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
    """All that is drawn of a form."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def draw(book: Book, uses: Uses, form: str) -> Drawing | None:
    """The drawing of a form: nothing where nothing depends, without boxes where there are too many."""
    edges = {
        (source, use.key if use.kind == "item" else f"outcome {use.key}"): LINES[use.role]
        for use in uses.all
        if use.role in LINES and use.kind in ("item", "outcome")
        for source in use.reads
        if source in book.registry.items
        and (source.startswith(f"{form}.") or (use.kind == "item" and use.key.startswith(f"{form}.")))
    }
    joined = {node for edge in edges for node in edge}
    nodes = [key for key in book.registry.items if key in joined] + sorted(
        node for node in joined if node.startswith("outcome ")
    )
    if not nodes:
        return None
    if len(nodes) > MOST:
        return Drawing(0, 0, (), ())
    return _placed(book, form, layers_of(nodes, edges), edges)


def _placed(book: Book, form: str, layers: list[list[str]], edges: Mapping[tuple[str, str], str]) -> Drawing:
    tallest = max(map(len, layers)) * (_HEIGHT + _GAP) - _GAP
    places: dict[str, tuple[int, int]] = {}
    for column, layer in enumerate(layers):
        top = (tallest - len(layer) * (_HEIGHT + _GAP) + _GAP) // 2
        for number, node in enumerate(layer):
            places[node] = (_EDGE + column * (_WIDTH + _BETWEEN), _EDGE + top + number * (_HEIGHT + _GAP))
    width = len(layers) * (_WIDTH + _BETWEEN) - _BETWEEN + 2 * _EDGE
    lines = tuple(Line(_curve(places[source], places[target]), kind) for (source, target), kind in edges.items())
    return Drawing(width, tallest + 2 * _EDGE, tuple(_boxes(book, form, places)), lines)


def _boxes(book: Book, form: str, places: Mapping[str, tuple[int, int]]) -> Iterable[Box]:
    for node, (x, y) in places.items():
        outcome = node.removeprefix("outcome ") if node.startswith("outcome ") else ""
        name: Cell = name_of(book, "outcome", outcome) if outcome else name_of(book, "item", node)
        phrases: dict[str, Phrase] = {language: phrase_of(name, language) for language in book.languages}
        full = {language: str(phrase)[1:-1] for language, phrase in phrases.items()}  # without the quotes
        foreign = not outcome and not node.startswith(f"{form}.")
        href = anchor("outcome", outcome) if outcome else anchor("item", node)
        yield Box(
            x, y, href, {language: _short(text) for language, text in full.items()}, full, foreign or bool(outcome)
        )


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1].rstrip()}…"


def _curve(source: tuple[int, int], target: tuple[int, int]) -> str:
    """From the right side of one box to the left side of the other."""
    x1, y1 = source[0] + _WIDTH, source[1] + _HEIGHT // 2
    x2, y2 = target[0] - 6, target[1] + _HEIGHT // 2
    bend = max(abs(x2 - x1) // 2, 40)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
