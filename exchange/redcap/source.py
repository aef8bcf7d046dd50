"""A REDCap project as a file tells it: fields in their order, and of a project XML also forms' titles, events and what repeats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exchange.redcap.columns import Column


@dataclass(frozen=True, slots=True)
class Row:
    """A field: its cells by column, stripped; those of columns that REDCap does not know by their heading."""

    number: int  # of the row in its file
    cells: Mapping[Column, str]
    others: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, column: Column) -> str:
        return self.cells.get(column, "")

    @property
    def where(self) -> str:
        """The place as findings name it."""
        return f"{self[Column.FORM]}.{self[Column.NAME]}"


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a longitudinal project."""

    name: str  # unique, with its arm: visit_1_arm_1
    title: str
    forms: tuple[str, ...]
    repeats: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)  # what is kept verbatim


@dataclass(frozen=True, slots=True)
class Project:
    """All that a file says."""

    title: str
    rows: tuple[Row, ...]
    registry: str = ""  # its id here, where the file was written by export
    record_id: str = ""  # the field that names records; '' where the file holds instruments alone
    form_titles: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    repeating: Mapping[str, frozenset[str]] = field(
        default_factory=dict
    )  # form that repeats -> at which events; none: at all
    record_labels: Mapping[str, str] = field(
        default_factory=dict
    )  # form that repeats -> what its records are called by
    missing_codes: str = ""  # code, label | …
    untold: tuple[tuple[str, str], ...] = ()  # what is not taken over: part of the file, why
