"""The records of a form side by side: a column each, a row for each item; what the macros of `grid.html` read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.datatypes.base import Control
from engine.datatypes.values import Entered
from engine.model.form import CheckSeverity, FormDef, section_title
from engine.model.item import ItemDef
from engine.records.evaluation import Evaluation, Violation
from engine.records.form_data import FormData
from renderers.html.cells import CellKind, cell_kind
from renderers.html.context import UNFILLED, Badge, Link, acknowledgement, answer_key
from renderers.html.values import display
from renderers.html.words import Words


@dataclass(frozen=True, slots=True)
class Column:
    """A record as the grid shows it."""

    key: str  # what the names of its cells start with
    title: str
    day: str  # in words
    href: str  # its own page
    state: str  # a key of the status signs
    data: FormData
    values: Mapping[str, Any] = field(default_factory=dict)  # what is calculated
    evaluation: Evaluation | None = None  # of a column with inputs; none is shown as text
    told: tuple[Violation, ...] = ()  # what is to be said of it now
    acknowledged: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[Any, Link] = field(default_factory=dict)
    revision: str = ""
    note: Link | None = None  # what has to be decided about it, and where
    clears: str = ""  # what a save deletes
    asked: Mapping[str, Badge] = field(default_factory=dict)  # queries about its items; '' about the whole

    @property
    def live(self) -> bool:
        """Whether it has inputs."""
        return self.evaluation is not None


@dataclass(frozen=True, slots=True)
class Issue:
    """What is wrong with a cell or a column, and the answer that a warning asks for."""

    name: str
    column: Column
    label: str
    message: str
    severity: str
    key: str
    answer: str | None
    settled: bool  # a warning that was answered
    where: Link | None

    @property
    def error(self) -> bool:
        """Whether it stands in the way of completion."""
        return self.severity == CheckSeverity.ERROR


@dataclass(frozen=True, slots=True)
class Cell:
    """An item of a record."""

    column: Column
    name: str
    text: str
    shown: bool = True
    required: bool = False
    calculated: bool = False
    issues: tuple[Issue, ...] = ()
    query: Badge | None = None

    @property
    def tone(self) -> str:
        """'bad', 'soft' or ''."""
        waiting = [issue for issue in self.issues if not issue.settled]
        return "bad" if any(issue.error for issue in waiting) else "soft" if waiting else ""


@dataclass(frozen=True, slots=True)
class Row:
    """An item, a heading or a note, with its cells."""

    item: ItemDef
    kind: CellKind
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid ready to be shown."""

    columns: Sequence[Column]
    sections: Sequence[tuple[str, str, Sequence[Row]]]  # id, title, rows
    issues: Sequence[Issue]

    @property
    def live(self) -> list[Column]:
        """The columns with inputs."""
        return [column for column in self.columns if column.live]


@dataclass(frozen=True, slots=True)
class GridMaker:
    """Makes grids of one form in one language."""

    form: FormDef
    words: Words
    kinds: Mapping[str, CellKind]

    def make(self, columns: Sequence[Column], hidden: Collection[str] = ()) -> Grid:
        """The grid of these records; of `hidden` items it tells that they are there."""
        issues = {column.key: self._issues(column) for column in columns if column.live}
        sections = [
            (
                section.id,
                section_title(section, self.form, self.words.language),
                [
                    Row(
                        item, self.kinds[item.id], tuple(self._cell(item, column, issues, hidden) for column in columns)
                    )
                    for item in section.content
                    if isinstance(item, ItemDef)
                ],
            )
            for section in self.form.sections
        ]
        return Grid(columns, sections, [issue for found in issues.values() for issue in found])

    def for_script(self, columns: Sequence[Column]) -> dict[str, Any]:
        """What the page's script must know of cells and columns."""
        return {
            "columns": [{"key": each.key, "title": each.title, "day": each.day} for each in columns if each.live],
            "cells": {id_: kind.for_script for id_, kind in self.kinds.items() if kind.control is not Control.NOTE},
        }

    def _cell(
        self, item: ItemDef, column: Column, issues: Mapping[str, Sequence[Issue]], hidden: Collection[str]
    ) -> Cell:
        name = f"{column.key}.{item.id}"
        if item.id in hidden:
            return Cell(column, name, self.words.text("private"))
        text, calculated, said = self._text(item, column), item.calculate is not None, column.evaluation
        asked = column.asked.get(item.id)
        if said is None:
            return Cell(column, name, text, calculated=calculated, query=asked)
        own = tuple(issue for issue in issues[column.key] if issue.name == name)
        return Cell(column, name, text, item.id in said.visible, item.id in said.required, calculated, own, asked)

    def _text(self, item: ItemDef, column: Column) -> str:
        if item.calculate is None:
            return self.kinds[item.id].text(column.data.items.get(item.id))
        value = column.values.get(item.id)
        return "" if value is None else display(item, value, self.words.language, {})

    def _issues(self, column: Column) -> list[Issue]:
        labels = {item.id: self.kinds[item.id].face.label for item in self.form.items}
        found = []
        for each in column.told:
            item = each.item if each.home is None else ""
            answer = column.acknowledged.get(acknowledgement(item, each))
            where = column.elsewhere.get(each.home) if each.home is not None else None
            name = f"{column.key}.{item}"
            label = labels.get(item, "")
            severity, key, settled = str(each.severity), answer_key(each), each.is_met_by(answer)
            found.append(Issue(name, column, label, each.message, severity, key, answer, settled, where))
        return found


def outspoken(violations: Sequence[Violation], *, strict: bool) -> Iterator[Violation]:
    """Those that are said while somebody is still writing, or, where it is `strict`, all."""
    return (each for each in violations if strict or each.code not in UNFILLED)


def grid_maker(form: FormDef, words: Words) -> GridMaker:
    """Prepare the grids of a form."""
    return GridMaker(form, words, {item.id: cell_kind(item, words) for item in form.items})


def posted_cells(
    kinds: Mapping[str, CellKind], key: str, posted: Any, base: Mapping[str, Entered]
) -> Iterator[tuple[str, str]]:
    """The fields of a column as its own page would post them. A cell that reads as it was is as if it had not been posted."""
    start = f"{key}."
    for name in posted:
        if not name.startswith(start):
            continue
        id_ = name.removeprefix(start)
        kind = kinds.get(id_)
        if kind is None:
            yield from ((id_, text) for text in posted.getlist(name))
        elif (text := posted.last(name).replace("\r\n", "\n")) != kind.text(base.get(id_)):
            yield from ((id_ + part, typed) for part, typed in kind.posted(text))


__all__ = ["Cell", "Column", "Grid", "GridMaker", "Issue", "Row", "grid_maker", "outspoken", "posted_cells"]
