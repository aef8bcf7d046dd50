"""How large blocks become once the blocks that they use are written out: known before anything is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from engine.definitions.tree import Node
from engine.errors import Problems
from engine.expressions.order_of_use import in_order_of_use

MAX_NESTED = 60  # blocks in one another
_ENOUGH = 10**9  # sizes are not told apart beyond: those of blocks that double grow without end


class Extent(NamedTuple):
    """Entries, and the characters of what is brought in by blocks."""

    entries: int
    text: int

    @property
    def fits(self) -> bool:
        """Whether so much is left, where an extent is what may still be used."""
        return self.entries >= 0 and self.text >= 0

    def less(self, other: Extent) -> Extent:
        """What is left of it."""
        return Extent(self.entries - other.entries, self.text - other.text)


def extents_of(blocks: Mapping[str, Node], problems: Problems) -> dict[str, Extent]:
    """The size of each block that can be expanded, after those that it uses; circles and too much nesting are reported."""
    uses = {name: list(_uses(node.elements)) for name, node in blocks.items()}
    order, circles = in_order_of_use({name: [use.raw for use in found] for name, found in uses.items()})
    for circle in circles:
        last = next(use for use in uses[circle[-1]] if use.raw == circle[0])
        problems.error(
            last.mark,
            "block-cycle",
            f"The blocks use each other: {' -> '.join((*circle, circle[0]))}. A block cannot hold itself.",
        )
    nested: dict[str, int] = {}
    found: dict[str, Extent] = {}
    for name in order:
        inner = [use for use in uses[name] if use.raw in nested]
        nested[name] = 1 + max((nested[use.raw] for use in inner), default=0)
        if nested[name] == MAX_NESTED + 1:
            deepest = next(use for use in inner if nested[use.raw] == MAX_NESTED)
            problems.error(deepest.mark, "too-deep", f"Blocks use each other more than {MAX_NESTED} deep.")
        if nested[name] <= MAX_NESTED:
            brought = [found[use.raw] for use in inner]
            entries = sum(1 for _ in _entries(blocks[name].elements)) + sum(each.entries for each in brought)
            text = blocks[name].end - blocks[name].start + sum(each.text for each in brought)
            found[name] = Extent(min(entries, _ENOUGH), min(text, _ENOUGH))
    return found


def _entries(entries: list[Node]) -> Iterator[Node]:
    """The entries of a block and of the groups in it."""
    for entry in entries:
        yield entry
        yield from _entries(entry.list_of("items"))


def _uses(entries: list[Node]) -> Iterator[Node]:
    """Where a block names another one."""
    for entry in _entries(entries):
        used = entry.get("use")
        if used is not None and used.text is not None:
            yield used
