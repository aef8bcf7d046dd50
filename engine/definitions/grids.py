"""Forms whose records are entered side by side, `layout: grid`: what such a form may hold, and that it has many records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.datatypes.base import Kind
from engine.definitions.context import Context
from engine.definitions.tree import Node
from engine.model.form import FormDef
from engine.model.item import ItemDef

MOST_CODES = 300  # of an item: they travel with the page, and a cell is told by its words
_NO_CELL = frozenset({Kind.FILE, Kind.REFERENCE})


def check_grid(context: Context, form: FormDef, layout: Node, events: Sequence[Node]) -> None:
    """Report what a grid cannot show, or that there is nothing to stand side by side.

    Args:
        layout: where the form says that it is a grid.
        events: those that collect the form.
    """
    repeats = any(event.flag("repeats") or "every" in event.entries for event in events)
    if not (repeats if form.per_event else form.repeats):
        context.error(
            layout.mark,
            "grid-misfit",
            f"A grid shows the records of a form side by side, and {form.id!r} has only one. Say `repeats: true`, or "
            "`per: event` where an event that says `every:` or `repeats: true` collects it; or leave `layout` out.",
        )
    for group in form.groups:
        context.error(
            group.mark,
            "grid-misfit",
            f"{group.id!r} repeats in a record, and a grid has one cell for an item of a record. Ask its items without a "
            "group, put the group into a form of its own, or leave `layout: grid` out.",
        )
    for item in form.items:
        for what, instead in _misfits(item):
            context.error(
                item.mark,
                "grid-misfit",
                f"{item.id!r} is {what}, which does not fit into the cell of a grid. {instead}, or leave `layout: grid` out.",
            )


def _misfits(item: ItemDef) -> Iterator[tuple[str, str]]:
    """What an item is that has no place in a cell, and what to do about it."""
    if item.calculate is None and item.datatype.kind in _NO_CELL:
        yield f"a {item.datatype.name}", "Put it into a form of its own"
    if item.facets.open_list or len(item.facets.choices) > MOST_CODES:
        yield f"chosen from a dictionary, or from more than {MOST_CODES} codes", "Take a shorter list"


__all__ = ["check_grid"]
