"""Searches for values that satisfy all rules, or break one of them alone: small changes, the best state is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from engine.records.program import CheckRun
from engine.synthesis.draft import Chooser, Draft, Snapshot
from engine.synthesis.faults import Fault, find_faults
from engine.synthesis.proposals import Change, proposals
from engine.synthesis.stages import open_due

_SIDEWAYS = 0.25  # how often a change is kept that makes nothing better
_OPENED = 30  # occurrences that one change may bring about
_KICKS = 3  # changes at once where none helps alone
_LIKELY = 40  # changes among which these are drawn
_UNBROKEN = 4  # what it weighs that the check to break is not broken


@dataclass(frozen=True, slots=True)
class State:
    """A draft as it was judged."""

    kept: Snapshot
    faults: list[Fault]
    cost: int


@dataclass(slots=True)
class Search:
    """One search; `broken` is the check that is to be broken, if one is."""

    draft: Draft
    chooser: Chooser
    broken: CheckRun | None = None
    most: int = 160  # drafts judged as a whole
    tries: int = 4000  # changes tried
    judged: int = 0
    tried: int = 0

    def run(self) -> list[Fault]:
        """Look for the best state and leave the draft in it; the faults that are left, without the one that is wanted."""
        here = best = self._judge()
        while best.cost and self.judged < self.most and self.tried < self.tries:
            here = self._step(here) or self._kick(best)
            if here.cost < best.cost:
                best = here
        self.draft.restore(best.kept)
        return self._unwanted(best.faults)

    def _unwanted(self, faults: list[Fault]) -> list[Fault]:
        return [fault for fault in faults if self.broken is None or fault.check is not self.broken]

    def _judge(self) -> State:
        self.judged += 1
        faults = find_faults(self.draft)
        unwanted = self._unwanted(faults)
        cost = len(unwanted) + (_UNBROKEN if self.broken is not None and len(unwanted) == len(faults) else 0)
        return State(self.draft.snapshot(), faults, cost)

    def _aims(self, state: State) -> list[Fault]:
        """What to work at: the faults, or the check that is not broken yet."""
        unwanted = self._unwanted(state.faults)
        if self.broken is None or len(unwanted) < len(state.faults):
            return unwanted
        return list(self._unbroken(self.broken)) or unwanted

    def _unbroken(self, check: CheckRun) -> Iterator[Fault]:
        rules = check.rules
        for form in self.draft.tree.of(rules.scope):
            yield Fault(rules.check.id, form, form, check)
            for part in rules.parts:
                for row in self.draft.tree.of(part.rows) if part.rows is not None else ():
                    if row.is_within(form):
                        yield Fault(rules.check.id, form, row, check)

    def _step(self, here: State) -> State | None:
        """One change that is kept; None when none was found."""
        aims = self._aims(here)
        if not aims:
            return None
        aim = self.draft.draw.choice(aims)
        wanted = aim.check is not None and aim.check is self.broken
        before = aim.count(self.draft)
        for change in proposals(self.draft, aim):
            if self.judged >= self.most or self.tried >= self.tries:
                break
            found = self._try(here, aim, change, before, wanted=wanted)
            if found is not None:
                return found
        return None

    def _kick(self, best: State) -> State:
        """Where no single change helps: a few at once, whatever comes of it."""
        self.draft.restore(best.kept)
        aims = self._aims(best)
        for _ in range(self.draft.draw.randint(1, _KICKS)) if aims else ():
            changes = list(islice(proposals(self.draft, self.draft.draw.choice(aims)), _LIKELY))
            if changes:
                self.draft.draw.choice(changes).apply(self.draft, self.chooser)
                self.draft.fill(self.chooser)
        return self._judge()

    def _try(self, here: State, aim: Fault, change: Change, before: int, *, wanted: bool) -> State | None:
        self.tried += 1
        draft = self.draft
        before_it = change.node.entered.get(change.name)
        change.apply(draft, self.chooser)
        after = aim.count(draft)
        if (after > before) if wanted else (after < before):
            draft.fill(self.chooser)
            if open_due(draft, self.chooser, _OPENED) > _OPENED:
                draft.restore(here.kept)
                return None
            found = self._judge()
            if found.cost < here.cost or (found.cost == here.cost and draft.draw.random() < _SIDEWAYS):
                return found
        elif not change.of_rows:  # nothing else was touched
            replace(change, value=before_it).apply(draft, self.chooser)
            return None
        draft.restore(here.kept)
        return None


__all__ = ["Search"]
