"""The states of a form, and the one table of what leads from one to the next: who may, and what must hold."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a form stands. That a registry is frozen, or its year closed, lies over all of them: storage.closing."""

    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    REVIEWED = "reviewed"
    SIGNED = "signed"
    LOCKED = "locked"


class Need(StrEnum):
    """What must hold before an action is done."""

    REASON = "reason"  # somebody says why
    VALID = "valid"  # no error stands against completion
    READY = "ready"  # judged at signing, no error stands against the signature
    PASSWORD = "password"  # whoever does it proves at that moment who it is


class Action(StrEnum):
    """What people do to a form."""

    SAVE = "save"
    COMPLETE = "complete"
    REVIEW = "review"
    UNREVIEW = "unreview"
    SIGN = "sign"
    UNSIGN = "unsign"
    LOCK = "lock"
    UNLOCK = "unlock"


@dataclass(frozen=True, slots=True)
class Transition:
    """A row of the table."""

    source: State
    action: Action
    permission: str  # of web.roles
    needs: tuple[Need, ...]
    target: State | None  # none: what the marks that still stand say (`marked_state`)


S, A, N = State, Action, Need
TRANSITIONS = (
    Transition(S.IN_PROGRESS, A.SAVE, "enter", (), S.IN_PROGRESS),
    Transition(S.IN_PROGRESS, A.COMPLETE, "enter", (N.VALID,), S.COMPLETE),
    Transition(S.COMPLETE, A.SAVE, "enter", (), S.IN_PROGRESS),
    Transition(S.COMPLETE, A.COMPLETE, "enter", (N.VALID,), S.COMPLETE),
    Transition(S.COMPLETE, A.REVIEW, "review", (), S.REVIEWED),
    Transition(S.COMPLETE, A.SIGN, "sign", (N.READY, N.PASSWORD), S.SIGNED),
    Transition(S.COMPLETE, A.LOCK, "lock", (), S.LOCKED),
    # A change of a value takes mark and signature back; a save that changes nothing leaves them.
    Transition(S.REVIEWED, A.SAVE, "enter", (N.REASON,), S.IN_PROGRESS),
    Transition(S.REVIEWED, A.COMPLETE, "enter", (N.REASON, N.VALID), S.COMPLETE),
    Transition(S.REVIEWED, A.UNREVIEW, "review", (N.REASON,), S.COMPLETE),
    Transition(S.REVIEWED, A.SIGN, "sign", (N.READY, N.PASSWORD), S.SIGNED),
    Transition(S.REVIEWED, A.LOCK, "lock", (), S.LOCKED),
    Transition(S.SIGNED, A.SAVE, "enter", (N.REASON,), S.IN_PROGRESS),
    Transition(S.SIGNED, A.COMPLETE, "enter", (N.REASON, N.VALID), S.COMPLETE),
    Transition(S.SIGNED, A.UNSIGN, "sign", (N.REASON,), None),
    Transition(S.SIGNED, A.LOCK, "lock", (), S.LOCKED),
    Transition(S.LOCKED, A.UNLOCK, "lock", (N.REASON,), None),
)
_TABLE = {(row.source, row.action): row for row in TRANSITIONS}

MARKS = {A.REVIEW: S.REVIEWED, A.SIGN: S.SIGNED}  # the actions that leave a mark, and the state that it gives
ENDS = {A.UNREVIEW: A.REVIEW, A.UNSIGN: A.SIGN}  # the actions that take one back
FINISHED = frozenset({S.COMPLETE, S.REVIEWED, S.SIGNED, S.LOCKED})  # nobody has to fill anything in
MARKED = frozenset({S.REVIEWED, S.SIGNED})  # a change needs a reason, and takes the marks back


def transition(state: str, action: Action) -> Transition | None:
    """The row for an action in a state; none where it cannot be done."""
    return _TABLE.get((State(state), action))


def actions_in(state: str) -> tuple[Transition, ...]:
    """What can be done in a state besides saving, in the order of the table."""
    saving = (Action.SAVE, Action.COMPLETE)
    return tuple(row for row in TRANSITIONS if row.source == state and row.action not in saving)


def states_before(actions: Collection[Action]) -> frozenset[State]:
    """The states in which a form waits for one of these actions."""
    return frozenset(row.source for row in TRANSITIONS if row.action in actions)


def permissions_for(actions: Collection[Action]) -> dict[Action, str]:
    """What each of these actions asks for, whatever the state."""
    return {row.action: row.permission for row in TRANSITIONS if row.action in actions}


def marked_state(standing: Collection[str]) -> State:
    """The state of an unlocked form whose standing marks are those that these actions left."""
    for action in (Action.SIGN, Action.REVIEW):
        if action in standing:
            return MARKS[action]
    return State.COMPLETE


__all__ = [
    "ENDS",
    "FINISHED",
    "MARKED",
    "MARKS",
    "TRANSITIONS",
    "Action",
    "Need",
    "State",
    "Transition",
    "actions_in",
    "marked_state",
    "permissions_for",
    "states_before",
    "transition",
]
