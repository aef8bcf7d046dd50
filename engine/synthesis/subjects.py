"""Makes subjects: number i of a seed is the same, however many are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random

from engine.datatypes.local_time import to_local
from engine.expressions.frames import Node
from engine.model.form import CheckSeverity
from engine.records.program import CheckRun, GroupStep, ItemStep
from engine.synthesis.choosing import Choices
from engine.synthesis.draft import Chooser, Draft, begin_draft
from engine.synthesis.faults import find_faults
from engine.synthesis.plan import Plan
from engine.synthesis.repair import Search
from engine.synthesis.samples import at_local
from engine.synthesis.stages import make_forms

_ATTEMPTS = 6
_WARNINGS = 8  # warnings that are tried
_BRIEF = 25  # drafts judged while a warning is tried
_EARLIEST, _LATEST = 30, 600  # days before now at which a subject begins, where no distribution says more


class Unsatisfiable(Exception):
    """No subject was found that satisfies all rules; the text names those that stood in the way."""


@dataclass(frozen=True, slots=True)
class Made:
    """A subject, and the rules that it breaks: none, or those that were to be broken and what follows from them."""

    draft: Draft
    broken: tuple[str, ...] = ()


def make_subject(plan: Plan, seed: int, number: int, now: datetime, breaking: str | None = None) -> Made:
    """One subject.

    Args:
        number: from 1; every number is a subject of its own.
        breaking: id of a check that it is to break, and nothing else. Without it, the distribution says how many
            subjects break a warning or are left unfinished.

    Raises:
        Unsatisfiable: no values were found.
    """
    if breaking is not None:
        return _breaking(plan, seed, number, now, plan.checks[breaking])
    draft = _sound(plan, seed, number, now)
    fate = Random(f"{seed}/{number}/fate").random()  # noqa: S311 -- it must come out the same each time
    if fate < plan.distribution.warnings:
        return _warned(draft)
    if fate < plan.distribution.warnings + plan.distribution.unfinished:
        return _unfinished(draft)
    return Made(draft)


def _sound(plan: Plan, seed: int, number: int, now: datetime, turn: str = "") -> Draft:
    """A subject that satisfies all rules."""
    left: dict[str, int] = {}
    for attempt in range(_ATTEMPTS):
        draw = Random(f"{seed}/{number}/{turn}{attempt}")  # noqa: S311 -- it must come out the same each time
        draft = begin_draft(plan, draw, seed, number, now, _begin(draw, now))
        chooser = Choices()
        make_forms(draft, chooser)
        faults = Search(draft, chooser).run()
        if not faults:
            return draft
        for fault in faults:
            left[str(fault)] = left.get(str(fault), 0) + 1
    named = ", ".join(sorted(left, key=lambda name: (-left[name], name)))
    raise Unsatisfiable(f"subject {number}: no values were found that satisfy {named}")


def _begin(draw: Random, now: datetime) -> datetime:
    day = to_local(now).date() - timedelta(days=draw.randint(_EARLIEST, _LATEST))
    found = at_local(day, time(9, 0))
    assert found is not None
    return found


def _breaking(plan: Plan, seed: int, number: int, now: datetime, check: CheckRun) -> Made:
    """Change a sound subject so that it breaks a check, and as little else as possible."""
    name = check.rules.check.id
    best: Made | None = None
    for attempt in range(_ATTEMPTS):  # not every subject has what the check is about
        draft = _sound(plan, seed, number, now, f"{attempt}/" if attempt else "")
        Search(draft, Choices(), check).run()
        found = {fault.code for fault in find_faults(draft)}
        if name not in found:
            continue
        codes = (name, *sorted(found - {name}))
        if best is None or len(codes) < len(best.broken):
            best = Made(draft, codes)
        if len(codes) == 1:
            break
    if best is None:
        raise Unsatisfiable(f"subject {number}: no values were found that break {name}")
    return best


def _warned(draft: Draft) -> Made:
    """Change a sound subject so that it breaks a warning, one that is easily broken."""
    checks = [
        check
        for check in draft.plan.checks.values()
        if check.rules.check.severity is not CheckSeverity.ERROR and check.rules.check.at == "save"
    ]
    draft.draw.shuffle(checks)
    for check in checks[:_WARNINGS]:
        kept = draft.snapshot()
        also = Search(draft, Choices(), check, most=_BRIEF).run()
        if not also and find_faults(draft):
            return Made(draft, (check.rules.check.id,))
        draft.restore(kept)
    return Made(draft)


def _unfinished(draft: Draft) -> Made:
    """Leave the second half of one form open."""
    form = draft.draw.choice([node for node in draft.forms() if len(node.entered) > 1])
    items = [item for item in form.scope.fields if item in form.entered]
    for item in items[len(items) // 2 :]:
        draft.enter(form, item, None)
    draft.fill(Nothing())
    return Made(draft, tuple(dict.fromkeys(fault.code for fault in find_faults(draft))))


class Nothing(Chooser):
    """Leaves open what is asked from now on."""

    def value(self, draft: Draft, step: ItemStep, node: Node) -> None:
        return None

    def rows(self, draft: Draft, step: GroupStep, node: Node) -> int:
        return 0

    def hidden(self, draft: Draft, name: str) -> None:
        return None


__all__ = ["Made", "Unsatisfiable", "make_subject"]
