"""What the rules say about a form: the result of an evaluation, as data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from engine.datatypes.base import Json
from engine.model.form import CheckSeverity


class ItemState(StrEnum):
    """The five kinds of empty, and 'answered'. 'withdrawn' is given by storage alone."""

    ANSWERED = "answered"
    NOT_ANSWERED = "not_answered"  # shown, empty
    MISSING = "missing"  # coded missing
    NOT_APPLICABLE = "not_applicable"  # its condition is false
    NOT_ASKED = "not_asked"  # its condition is unknown, or the form was not opened
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The record that a rule is about, where it is not the one that is looked at: where people have to go."""

    form: str
    instance: str  # id of the container instance that holds it or its event
    record: int = 0  # position among the records of a repeating form
    event: str = ""  # id of the event, where the form has a record per event
    number: int = 0  # which time

    def __str__(self) -> str:
        """As a reference names it: `discharge[1].complications`."""
        if self.event:
            return f"{self.event}[{self.number}].{self.form}"
        return f"{self.form}[{self.record + 1}]" if self.record else self.form


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that is broken, the same on page, API, import and re-run.

    `code` is a check's id or one of the built-in ones (required, type, pattern, range_hard, ...); `item` and
    `row` are printed paths ('' when the form itself is meant). `rule` is a hash of the rule's text and `inputs`
    a digest of the values it read: an acknowledgement holds only while both and the row stay the same.
    `item` and `row` are paths in the record of `home`, where there is one.
    """

    code: str
    severity: CheckSeverity
    item: str
    row: str
    message: str
    blocks: str = "completion"
    rule: str = ""
    inputs: str = ""
    home: Elsewhere | None = None

    @property
    def place(self) -> str:
        """The path of the item, or else of the row; '' for the form, and for whatever stands in another record."""
        return "" if self.home is not None else self.item or self.row

    def is_met_by(self, answer: str | None) -> bool:
        """Whether an answer is what a warning asks for: to be confirmed, or a reason where one is wanted. None meets an error."""
        if self.severity is CheckSeverity.WARNING_REASON:
            return bool(answer and answer.strip())
        return self.severity is CheckSeverity.WARNING and answer is not None

    @property
    def abroad(self) -> str:
        """The place in another record as one text, `discharge[1].complications.events[2].onset`; '' in this one."""
        return ".".join(filter(None, (str(self.home), self.item or self.row))) if self.home is not None else ""


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """An occurrence that the schedule expects."""

    event: str
    number: int
    date: dt.date | None
    window: tuple[dt.date | None, dt.date | None]
    state: str  # planned, due, overdue, done, missed, cancelled, optional
    instance: str = ""  # id of the container instance
    expected: bool = True  # false: it is there, but its condition does not hold any more
    reason: str = ""  # why somebody says that it did not take place


@dataclass(frozen=True, slots=True)
class DerivedValue:
    """An outcome, with the reasons when its definition says `explain`."""

    value: Any
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that rules derive for one form. Paths are printed ItemPaths."""

    visible: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    calculated: Mapping[str, Any] = field(default_factory=dict)
    states: Mapping[str, ItemState] = field(default_factory=dict)  # every item of the form
    to_clear: tuple[str, ...] = ()  # entered values that a false condition will delete at the save
    violations: tuple[Violation, ...] = ()
    derived: Mapping[str, DerivedValue] = field(default_factory=dict)
    events: tuple[PlannedEvent, ...] = ()  # of the container instance
    events_besides: tuple[PlannedEvent, ...] = ()  # of the subject's other instances
    derived_besides: Mapping[tuple[str, str], Any] = field(default_factory=dict)  # theirs: instance, outcome -> value
    groups: frozenset[str] = frozenset()  # the groups that are shown
    unsigned: tuple[str, ...] = ()  # items whose missing reason never allows signing

    at: str = "save"  # what was judged: 'save' or 'signing'
    offered: Mapping[str, Json] = field(default_factory=dict)  # what defaults would fill in, where that was asked for

    @property
    def complete(self) -> bool:
        """No error stands against completion; judged for signing, none stands against the signature either."""
        return not any(
            v.severity is CheckSeverity.ERROR and (v.blocks == "completion" or self.at == "signing")
            for v in self.violations
        )
