"""What is said in a thread, step by step: of queries and of requests to the help centre, each with its own table of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, Protocol, TypeVar

from storage.access import Actor
from storage.errors import NotFound

LONGEST = 2000  # characters of a message


class Wordy(Protocol):
    """A row of a table of steps."""

    @property
    def wordy(self) -> bool:
        """Whether nothing is done without a text."""


StepT = TypeVar("StepT", bound=Wordy)


@dataclass(frozen=True, slots=True)
class Message:
    """What was said at a step; `who` took it, or made the save at which the rule did."""

    number: int
    step: str
    text: str | None  # None: erased with the subject
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SaidOf(Generic[StepT]):
    """A step that somebody takes, in which words and when. Raises NotFound and ValueError where there is none such."""

    step: str
    text: str
    actor: Actor
    at: datetime

    STEPS: ClassVar[Mapping[str, Wordy]]  # by name

    @property
    def row(self) -> StepT:
        """Its row in the table."""
        return self.STEPS[self.step]  # type: ignore[return-value]  # a class variable knows no type variables

    def __post_init__(self) -> None:
        if self.step not in self.STEPS:
            raise NotFound("step", self.step)
        if (self.row.wordy and not self.text.strip()) or len(self.text) > LONGEST:
            raise ValueError(f"a text of 1 to {LONGEST} characters is needed")


__all__ = ["LONGEST", "Message", "SaidOf"]
