"""ItemPath: where a value stands in a form, printed and parsed here and nowhere else: `sets[1].isolates[2].organism`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.records.form_data import FormData, RowData

_STEP = re.compile(r"([a-z][a-z0-9_]*)\[([1-9][0-9]*)\]")


@dataclass(frozen=True, slots=True, order=True)
class ItemPath:
    """The rows that lead to an item, as (group, number counted from 1), and the item; no item means the row itself."""

    rows: tuple[tuple[str, int], ...] = ()
    item: str | None = None

    def __str__(self) -> str:
        steps = [f"{group}[{number}]" for group, number in self.rows]
        return ".".join([*steps, self.item] if self.item else steps)

    @property
    def row(self) -> ItemPath:
        """The row that holds the item."""
        return ItemPath(self.rows)

    def at(self, item: str) -> ItemPath:
        """The path of another item of the same row."""
        return ItemPath(self.rows, item)

    def into(self, group: str, number: int) -> ItemPath:
        """The path of a row of a group in this row."""
        return ItemPath((*self.rows, (group, number)))


def parse_path(text: str) -> ItemPath:
    """Read what str() printed. Raises ValueError with the text when it is no path."""
    rows: list[tuple[str, int]] = []
    item: str | None = None
    for step in text.split(".") if text else []:
        match = _STEP.fullmatch(step)
        if item is not None or not (match or step.isidentifier()):
            raise ValueError(f"not a path of an item: {text!r}")
        if match:
            rows.append((match[1], int(match[2])))
        else:
            item = step
    return ItemPath(tuple(rows), item)


def part_at(data: FormData, path: ItemPath) -> FormData | RowData | None:
    """The form or the row in which the path's item stands; None where there is no such row."""
    part: FormData | RowData = data
    for group, number in path.rows:
        rows = part.groups.get(group, ())
        if number > len(rows):
            return None
        part = rows[number - 1]
    return part
