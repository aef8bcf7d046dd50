"""What is done with a request to the help centre: the one table of steps, from state to state and from team to team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a request stands."""

    OPEN = "open"  # the team has to answer
    ANSWERED = "answered"  # the asker reads, and asks on or closes
    CLOSED = "closed"


class Team(StrEnum):
    """Who answers: the administrators of the asker's hospital, those of all, or the registry's coordinators."""

    LOCAL = "local"
    CENTRAL = "central"
    REGISTRY = "registry"


class Kind(StrEnum):
    """What a request is about, as the asker says it."""

    TECHNICAL = "technical"  # accounts, signing in, faults
    SUBSTANTIVE = "substantive"  # what the registry asks


class Side(StrEnum):
    """Who takes a step."""

    ASKER = "asker"
    TEAM = "team"


TEAMS: Mapping[Kind, tuple[Team, ...]] = MappingProxyType(  # who answers a kind, the first that there is
    {Kind.TECHNICAL: (Team.LOCAL, Team.CENTRAL), Kind.SUBSTANTIVE: (Team.REGISTRY,)}
)
WAITS_LOCALLY = timedelta(days=2)  # then it waits for the administrators of all as well


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the table."""

    name: str
    side: Side
    begins: frozenset[State]
    ends: State
    wordy: bool = True  # nothing is done without a text
    teams: frozenset[Team] = frozenset(Team)  # before whom the request may lie
    to: Team | None = None  # before whom it lies afterwards; none: as before


_O, _A, _C = State
_ASKER, _TEAM = Side
_PENDING = frozenset({_O, _A})
STEPS: Mapping[str, Step] = MappingProxyType(
    {
        step.name: step
        for step in (
            Step("ask", _ASKER, frozenset(), _O),
            Step("add", _ASKER, _PENDING, _O),
            Step("close", _ASKER, _PENDING, _C, wordy=False),
            Step("reopen", _ASKER, frozenset({_C}), _O),
            Step("answer", _TEAM, _PENDING, _A),
            Step("settle", _TEAM, frozenset({_A}), _C, wordy=False),
            Step("to_central", _TEAM, _PENDING, _O, False, frozenset({Team.LOCAL, Team.REGISTRY}), Team.CENTRAL),
            Step("to_registry", _TEAM, _PENDING, _O, False, frozenset({Team.LOCAL, Team.CENTRAL}), Team.REGISTRY),
        )
    }
)


def fits(step: Step, side: Side, state: State, team: Team) -> bool:
    """Whether a side can take a step with a request."""
    return step.side is side and state in step.begins and team in step.teams


__all__ = ["STEPS", "TEAMS", "WAITS_LOCALLY", "Kind", "Side", "State", "Step", "Team", "fits"]
