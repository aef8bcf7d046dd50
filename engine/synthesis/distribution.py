"""A distribution: how the values of a registry are drawn. Read from a file and bound to one definition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from engine.expressions.frames import Frame
from engine.expressions.scopes import Scope

Drawing = Callable[[Frame, Random], Any]  # what rules see of the value that was drawn; None: nothing
SLOT = "~"  # stands before the name of a hidden draw where rules keep local values
SUBJECT = "subject_number"  # no two subjects have the same
HOSPITAL = "hospital"  # the code of the hospital for which a subject is made; null where none was named
DAYS_AGO = "days_ago"  # how many days ago a subject is to have begun; null where that is left open
INSTANCE = "instance_number"  # which instance of its container the nearest one is, from 1
PREVIOUS = "previous_end"  # the last time told of in the instance before it; null in the first one
PLANNED = "planned_day"  # the day for which the event is planned in which a record stands
SEED = "~seed"  # the slot of the seed, which no expression can name


@dataclass(frozen=True, slots=True)
class ItemDrawing:
    """How one item is filled: the value, and how often nothing or a reason stands there instead."""

    draw: Drawing | None = None
    empty: Drawing | None = None  # gives a chance
    missing: Drawing | None = None  # gives a chance


@dataclass(frozen=True, slots=True)
class Distribution:
    """All that is drawn otherwise than at random."""

    items: Mapping[str, ItemDrawing] = field(default_factory=dict)  # by `form.item`
    rows: Mapping[str, Drawing] = field(default_factory=dict)  # number of rows, by `form.group`
    events: Mapping[str, Drawing] = field(default_factory=dict)  # how often it takes place, or whether
    containers: Mapping[str, Drawing] = field(default_factory=dict)  # number of instances in what holds them
    records: Mapping[str, Drawing] = field(default_factory=dict)  # number of records of a repeating form
    hidden: Mapping[str, Drawing] = field(default_factory=dict)  # values that no item holds
    homes: Mapping[str, Scope] = field(default_factory=dict)  # hidden draw -> the container in which it is drawn
    reads: Mapping[str, frozenset[str]] = field(default_factory=dict)  # what is drawn -> what its drawing reads
    missing: float = 0.02  # how often a reason stands in place of a value
    reasons: Mapping[str, float] = field(default_factory=dict)  # weights of reasons
    warnings: float = 0.0  # share of subjects with a warning
    unfinished: float = 0.0  # share of subjects whose forms are not all filled in


NO_DISTRIBUTION = Distribution()

__all__ = [
    "DAYS_AGO",
    "HOSPITAL",
    "INSTANCE",
    "NO_DISTRIBUTION",
    "PLANNED",
    "PREVIOUS",
    "SEED",
    "SLOT",
    "SUBJECT",
    "Distribution",
    "Drawing",
    "ItemDrawing",
]
