"""The values that items hold: plain Python types where they suffice, small frozen classes where not.

boolean `bool`, number `Decimal`, text, code and identifier `str`, multiple choice `tuple[str, ...]`,
date `date`, time `time`, date and time an aware `datetime` whose offset is the one that was valid in
Europe/Warsaw. What is not answered is absent (None in rules).
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date of which the day, or the day and the month, may be unknown; the precision is kept."""

    year: int
    month: int | None = None
    day: int | None = None

    def __str__(self) -> str:
        text = f"{self.year:04d}"
        if self.month is not None:
            text += f"-{self.month:02d}"
        if self.day is not None:
            text += f"-{self.day:02d}"
        return text

    @property
    def precision(self) -> str:
        """'day', 'month' or 'year'."""
        return "day" if self.day else "month" if self.month else "year"

    def earliest(self) -> date:
        """The first day that completes the date."""
        return date(self.year, self.month or 1, self.day or 1)

    def latest(self) -> date:
        """The last day that completes the date."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def mid(self) -> date:
        """The day used in calculations: 1 July for a year, the 15th for a year and month."""
        if self.month is None:
            return date(self.year, 7, 1)
        return date(self.year, self.month, self.day or 15)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as entered with its unit, and the same in the stored unit, rounded to the item's decimals."""

    entered: Decimal
    unit: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Reference:
    """Points to a row by its stable id, or to a record; `target` may name nothing (a broken reference).

    As read from JSON or a file the target is not yet an id: it is a row's key, `#2` for the second row, or a
    path such as `follow_up[2].visit`. Records resolve it, since only they know the rows.
    """

    target: str


@dataclass(frozen=True, slots=True)
class FileValue:
    """An attached file; its bytes are kept elsewhere under the digest (SHA-256, hex)."""

    name: str
    media_type: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A coded reason why there is no value, such as 'nk' (not known). Rules see it as empty."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unread:
    """Input that is not a value of its type: kept as typed in the working copy, a violation at its item.

    `code` is that of the violation (`type`, `pattern`, ...), `message` a key of the message catalogue and
    `parts` fill its placeholders.
    """

    text: str
    code: str
    message: str
    parts: tuple[tuple[str, str], ...] = ()


Value = bool | Decimal | str | date | time | datetime | PartialDate | Quantity | Reference | FileValue | tuple[str, ...]
Entered = Value | Missing | Unread
