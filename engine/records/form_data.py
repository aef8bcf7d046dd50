"""Entered values as immutable trees: a form with its rows, and the subject with all its forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from engine.datatypes.values import Entered


@dataclass(frozen=True, slots=True)
class RowData:
    """One row of a group; `id` is stable for ever and never reused, the order is that of the tuple."""

    id: str
    items: Mapping[str, Entered] = field(default_factory=dict)
    groups: Mapping[str, tuple[RowData, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FormData:
    """What was entered into one form; an item that was not answered is absent."""

    items: Mapping[str, Entered] = field(default_factory=dict)
    groups: Mapping[str, tuple[RowData, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence of an event (the third follow-up visit), with the forms that belong to it alone."""

    event: str
    id: str
    forms: Mapping[str, FormData] = field(default_factory=dict)
    day: date | None = None  # planned or actual; occurrences stand in this order
    number: int = 0  # which time; 0: by its place among those of the event


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of a container: the patient, an episode, a run; a form that is absent was never opened."""

    container: str
    id: str
    forms: Mapping[str, tuple[FormData, ...]] = field(default_factory=dict)  # several only when the form repeats
    occurrences: tuple[Occurrence, ...] = ()
    children: tuple[Instance, ...] = ()
    missed: Mapping[tuple[str, int], str] = field(
        default_factory=dict
    )  # event and number -> why somebody says that it did not take place
    numbers: Mapping[str, tuple[int, ...]] = field(
        default_factory=dict
    )  # form -> numbers of its records, from 0, where some are withdrawn; the others keep theirs


@dataclass(frozen=True, slots=True)
class Focus:
    """Which form is looked at: the form, the container instance it belongs to, and the event it stands in."""

    form: str
    instance: str  # id of the container instance that holds the form or the occurrence
    occurrence: str | None = None
    record: int = 0  # number of the record of a repeating form, from 0
