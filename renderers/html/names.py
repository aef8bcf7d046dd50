"""Names of posted fields: the printed ItemPath, but with a row's stable id in the place of its number.

`leads[2].result` is posted as `leads.<row id>.result`: rows may move or go while a page is open. Parts follow two
underscores (`__d`), which no id contains at that place: an id never ends with an underscore pair and a part name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.model.form import FormDef, GroupDef
from engine.records.form_data import FormData, RowData
from engine.records.path import ItemPath

ROW_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOP = ItemPath()
PARTS = ("d", "m", "y", "t", "o", "u", "mr", "ack", "why", "file")


@dataclass(frozen=True, slots=True)
class Place:
    """Where items stand: the form itself (no steps) or a row of it."""

    steps: tuple[tuple[str, str], ...] = ()  # (group, row id)
    path: ItemPath = _TOP  # the same with numbers

    @property
    def at(self) -> str:
        """What the names of the items start with."""
        return "".join(f"{group}.{row}." for group, row in self.steps)

    @property
    def name(self) -> str:
        """The name of the row itself, as `open:` and `remove:` take it."""
        return self.at.removesuffix(".")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the row and of those that hold it, the outermost first."""
        return tuple(".".join(part for step in self.steps[:n] for part in step) for n in range(1, len(self.steps) + 1))

    @property
    def here(self) -> str:
        """What the paths of the items start with."""
        return f"{self.path}." if self.path.rows else ""

    def row(self, group: str, row: RowData, number: int) -> Place:
        return Place((*self.steps, (group, row.id)), self.path.into(group, number))


@dataclass(frozen=True, slots=True)
class Level:
    """A place with its definition and data."""

    place: Place
    part: FormDef | GroupDef
    data: FormData | RowData


def levels(form: FormDef, data: FormData, opened: Collection[str] | None = None) -> Iterator[Level]:
    """The form and its rows, depth first: all of them, or those of these names and what holds them."""
    wanted = None if opened is None else {name for row in opened for name in holders(row)}
    return _levels(Level(Place(), form, data), wanted)


def _levels(level: Level, wanted: Collection[str] | None) -> Iterator[Level]:
    yield level
    for group in level.part.groups:
        for row, place in places_of(level.place, group, level.data.groups.get(group.id, ())):
            if wanted is None or place.name in wanted:
                yield from _levels(Level(place, group, row), wanted)


def places_of(place: Place, group: GroupDef, rows: Sequence[RowData]) -> Iterator[tuple[RowData, Place]]:
    """The rows of a group with their places."""
    for number, row in enumerate(rows, start=1):
        yield row, place.row(group.id, row, number)


def holders(name: str) -> Iterator[str]:
    """The row that a name means, of itself or as the one that holds an item or a group, and the rows that hold it."""
    steps = name.split(".")
    return (".".join(steps[:end]) for end in range(2, len(steps) + 1, 2))


def ids_in(names: Iterable[str]) -> frozenset[str]:
    """The ids of the rows that names mean, and of those that hold them."""
    return frozenset(row for name in names for row in name.split(".")[1::2])


def name_of(data: FormData, path: ItemPath) -> str | None:
    """The name of what stands at a path: an item, a group, or a row; None where there is no such row."""
    level: FormData | RowData = data
    steps: list[str] = []
    for group, number in path.rows:
        rows = level.groups.get(group, ())
        if number > len(rows):
            return None
        level = rows[number - 1]
        steps += (group, level.id)
    return ".".join([*steps, path.item] if path.item is not None else steps)


def path_of(data: FormData, name: str) -> ItemPath | None:
    """The other way round: the path of a name of an item or row; None where there is no such row."""
    steps = name.split(".")
    level: FormData | RowData = data
    path = ItemPath()
    for group, row in zip(steps[:-1:2], steps[1::2], strict=False):
        found = next((place for place in enumerate(level.groups.get(group, ()), start=1) if place[1].id == row), None)
        if found is None:
            return None
        number, level = found
        path = path.into(group, number)
    return path.at(steps[-1]) if len(steps) % 2 else path


def is_known(form: FormDef, data: FormData, name: str) -> bool:
    """Whether a name is that of an item, group or row of the form; '' is the form itself."""
    path = path_of(data, name) if name else ItemPath()
    if path is None:
        return False
    part: FormDef | GroupDef = form
    for group, _ in path.rows:
        found = next((each for each in part.groups if each.id == group), None)
        if found is None:
            return False
        part = found
    return path.item is None or path.item in {*(item.id for item in part.items), *(group.id for group in part.groups)}


def split_part(name: str) -> tuple[str, str]:
    """'lx.7.start__d' -> ('lx.7.start', 'd'); a name without a part has an empty one."""
    stem, mark, part = name.rpartition("__")
    if mark and part.split(".", 1)[0] in PARTS:
        return stem, part
    return name, ""
