"""Makes subjects: number i of a seed is the same, however many are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random

from engine.datatypes.local_time import to_local
from engine.synthesis.choosing import Choices
from engine.synthesis.draft import Draft, begin_draft
from engine.synthesis.plan import Plan
from engine.synthesis.repair import Search
from engine.synthesis.samples import at_local
from engine.synthesis.stages import make_forms

_ATTEMPTS = 6
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
        breaking: id of a check that it is to break, and nothing else.

    Raises:
        Unsatisfiable: no values were found.
    """
    broken = plan.checks[breaking] if breaking is not None else None
    left: dict[str, int] = {}
    for attempt in range(_ATTEMPTS):
        draw = Random(f"{seed}/{number}/{attempt}")  # noqa: S311 -- it must come out the same each time
        draft = begin_draft(plan, draw, number, now, _begin(draw, now))
        chooser = Choices()
        make_forms(draft, chooser)
        faults = Search(draft, chooser).run()
        if faults:
            for fault in faults:
                left[str(fault)] = left.get(str(fault), 0) + 1
            continue
        if broken is None:
            return Made(draft)
        also = Search(draft, chooser, broken).run()
        return Made(draft, tuple(dict.fromkeys([broken.rules.check.id, *(fault.code for fault in also)])))
    named = ", ".join(sorted(left, key=lambda name: (-left[name], name)))
    raise Unsatisfiable(f"subject {number}: no values were found that satisfy {named}")


def _begin(draw: Random, now: datetime) -> datetime:
    day = to_local(now).date() - timedelta(days=draw.randint(_EARLIEST, _LATEST))
    found = at_local(day, time(9, 0))
    assert found is not None
    return found


__all__ = ["Made", "Unsatisfiable", "make_subject"]
