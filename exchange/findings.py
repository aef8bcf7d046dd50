"""What became of each part of a definition on its way between formats: kept, approximated or dropped, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """Kept: means the same. Approximated: something else was written, as the reason says. Dropped: does nothing any more."""

    KEPT = "kept"
    APPROXIMATED = "approximated"
    DROPPED = "dropped"


class Part(StrEnum):
    """What of a definition a finding is about."""

    ITEM = "item"  # that it is there, with its type
    RULE = "rule"  # a condition, a calculation, a constraint
    CHOICES = "choices"  # the code list of an item
    TEXT = "text"
    LAYOUT = "layout"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part and what became of it. `where` names the item as its source does: `form.field`; a line may follow (`field, row 12`).

    What is dropped or approximated has a reason, and `found`: what stood there, verbatim. `name` is what a rule is called there.
    """

    where: str
    part: Part
    outcome: Outcome = Outcome.KEPT
    reason: str = ""
    found: str = ""
    name: str = ""


class SourceFault(Exception):
    """A file that cannot be read: where, what was found there, what is allowed and what to do, as one message."""

    def __init__(self, message: str, where: str = "") -> None:
        self.where = where
        self.message = message
        super().__init__(f"{where}: {message}" if where else message)


def summary(findings: Iterable[Finding]) -> dict[str, dict[str, int]]:
    """Part -> outcome -> how many."""
    counted = Counter((finding.part, finding.outcome) for finding in findings)
    parts = [part for part in Part if any(counted[part, outcome] for outcome in Outcome)]
    return {str(part): {str(outcome): counted[part, outcome] for outcome in Outcome} for part in parts}


def as_data(findings: Iterable[Finding]) -> dict[str, Any]:
    """The report of `--report json`: a summary and every finding in its order."""
    found = tuple(findings)
    return {"summary": summary(found), "findings": [asdict(finding) for finding in found]}


def told(where: str, part: Part, reason: str = "", found: str = "", name: str = "") -> Finding:
    """Kept, or approximated where there is a reason to tell."""
    return Finding(where, part, Outcome.APPROXIMATED if reason else Outcome.KEPT, reason, found, name)
