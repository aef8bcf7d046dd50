"""Names of posted fields: the printed ItemPath, but with a row's stable id in the place of its number.

`lx[2].lx_result` is posted as `lx.<row id>.lx_result`: rows may move or go while a page is open. Parts follow two
underscores (`__d`), which no id contains at that place: an id never ends with an underscore pair and a part name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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


def levels(form: FormDef, data: FormData) -> Iterator[Level]:
    """The form and all its rows, depth first."""
    yield from _levels(Level(Place(), form, data))


def _levels(level: Level) -> Iterator[Level]:
    yield level
    for group in level.part.groups:
        for number, row in enumerate(level.data.groups.get(group.id, ()), start=1):
            yield from _levels(Level(level.place.row(group.id, row, number), group, row))


def paths_of_names(form: FormDef, data: FormData) -> Mapping[str, str]:
    """Posted name -> printed path, of every item and row of the form."""
    found: dict[str, str] = {}
    for level in levels(form, data):
        place = level.place
        if place.steps:
            found[place.name] = str(place.path)
        found.update({place.at + item.id: str(place.path.at(item.id)) for item in level.part.items})
    return found


def names_of_paths(form: FormDef, data: FormData) -> Mapping[str, str]:
    """The other way round."""
    return {path: name for name, path in paths_of_names(form, data).items()}


def split_part(name: str) -> tuple[str, str]:
    """'lx.7.start__d' -> ('lx.7.start', 'd'); a name without a part has an empty one."""
    stem, mark, part = name.rpartition("__")
    if mark and part.split(".", 1)[0] in PARTS:
        return stem, part
    return name, ""
