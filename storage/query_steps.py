"""What may be done with a query: from which state a step leads to which, and who may take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from storage.access import Actor


class State(StrEnum):
    """How a query stands."""

    OPEN = "open"  # the hospital is to answer or to correct
    ANSWERED = "answered"  # whoever asked is to read the answer
    CLOSED = "closed"
    CANCELLED = "cancelled"  # it should not have been asked
    EXCLUDED = "excluded"  # a known discrepancy: the rule is right, and so is the value


class Turn(StrEnum):
    """Whose turn it is."""

    HOSPITAL = "hospital"
    ASKER = "asker"
    NOBODY = "nobody"


class Of(StrEnum):
    """Which queries a step is for."""

    PERSON = "person"
    RULE = "rule"
    BOTH = "both"


ASK, ANSWER = "query", "answer"  # permissions, by the names that roles have
BY_RULE = ""  # nobody's: a save takes the step


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the table."""

    name: str
    begins: frozenset[State]
    ends: State
    permission: str
    of: Of = Of.BOTH
    wordy: bool = True  # nothing is done without a text


_O, _A, _C, _X, _E = State
STEPS: Mapping[str, Step] = MappingProxyType(
    {
        step.name: step
        for step in (
            Step("raise", frozenset(), _O, ASK, Of.PERSON),
            Step("answer", frozenset({_O, _A}), _A, ANSWER),
            Step("ask", frozenset({_O, _A}), _O, ASK),
            Step("close", frozenset({_O, _A}), _C, ASK, Of.PERSON, wordy=False),
            Step("cancel", frozenset({_O, _A}), _X, ASK, Of.PERSON),
            Step("exclude", frozenset({_O, _A}), _E, ASK, Of.RULE),
            Step("reopen", frozenset({_C, _X, _E}), _O, ASK),
            Step("broken", frozenset({_C, _E}), _O, BY_RULE, Of.RULE, wordy=False),
            Step("mended", frozenset({_O, _A, _E}), _C, BY_RULE, Of.RULE, wordy=False),
        )
    }
)
TURNS: Mapping[State, Turn] = MappingProxyType(
    {_O: Turn.HOSPITAL, _A: Turn.ASKER, _C: Turn.NOBODY, _X: Turn.NOBODY, _E: Turn.NOBODY}
)
PENDING = tuple(state for state, turn in TURNS.items() if turn is not Turn.NOBODY)


def fits(step: Step, state: State, rule: str) -> bool:
    """Whether a step can be taken with a query, whoever takes it. What a rule closed, a rule alone opens again."""
    if state is State.CLOSED and rule and step.permission != BY_RULE:
        return False
    return state in step.begins and step.of in (Of.BOTH, Of.RULE if rule else Of.PERSON)


def belongs(step: Step, actor: Actor, site: int | None) -> bool:
    """Whether a step is this side's: what the registry asks is answered by hospitals, and settled by the registry.

    Args:
        site: the hospital whose own person asks, None where the registry does.
    """
    return step.permission == ANSWER or actor.site is None or actor.site == site


__all__ = ["ANSWER", "ASK", "BY_RULE", "PENDING", "STEPS", "TURNS", "Of", "State", "Step", "Turn", "belongs", "fits"]
