"""Makes subjects: number i of a seed is the same, however many are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from random import Random

from engine.datatypes.base import Json
from engine.datatypes.local_time import to_local
from engine.expressions.frames import Node
from engine.model.form import CheckSeverity
from engine.records.program import CheckRun, GroupStep, ItemStep
from engine.synthesis.beside import with_twin
from engine.synthesis.choosing import Choices
from engine.synthesis.distribution import DAYS_AGO, HOSPITAL, SEED, SLOT, SUBJECT
from engine.synthesis.draft import Chooser, Draft, begin_draft
from engine.synthesis.faults import find_faults
from engine.synthesis.hospital import site_of, with_hospital
from engine.synthesis.order import NumberDraw
from engine.synthesis.plan import Plan
from engine.synthesis.repair import Search
from engine.synthesis.samples import at_local
from engine.synthesis.stages import make_forms
from engine.synthesis.writing import subject_json

_SPOILED = 8  # checks that are tried
_HASTE = 10  # drafts judged at the first attempt
_BRIEF = 25  # drafts judged while one is tried
_FEW = 100  # changes tried then: what they do not break is not broken easily
_EARLIEST, _LATEST = 30, 600  # days before now at which a subject begins, where no distribution says more


class Unsatisfiable(Exception):
    """No subject was found that satisfies all rules; the text names those that stood in the way."""


@dataclass(frozen=True, slots=True)
class Made:
    """A subject, and the rules that it breaks: none, or those that were to be broken and what follows from them."""

    draft: Draft
    broken: tuple[str, ...] = ()
    beside: Json = None  # the subject with another that it is compared with, where a check needs one to be broken

    @property
    def json(self) -> Json:
        """The subject in the shape of the JSON contract."""
        return subject_json(self.draft) if self.beside is None else self.beside


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a subject besides that its rules hold."""

    breaking: str | None = None  # id of a check that it breaks, and nothing else as far as possible
    severity: CheckSeverity | None = None  # of a check that it breaks: one that is easily broken
    hospital: str | None = None  # code of the hospital, for distributions that ask
    days_ago: int | None = None  # how long ago it began, for distributions that ask
    attempts: int = 6  # how often it is begun anew
    patience: int = 160  # how many drafts are judged before an attempt is given up


ANY = Wanted()


def make_subject(plan: Plan, seed: int, number: int, now: datetime, wanted: Wanted = ANY) -> Made:
    """One subject. Where nothing else is wanted, the distribution says how many have a warning or are unfinished.

    Args:
        number: from 1; every number is a subject of its own.

    Raises:
        Unsatisfiable: no values were found.
    """
    order = _Order(plan, seed, number, now, wanted)
    if wanted.breaking is not None:
        return _breaking(order, plan.checks[wanted.breaking])
    draft = _sound(order)
    if wanted.severity is not None:
        return _spoiled(draft, [wanted.severity])
    fate = Random(f"{seed}/{number}/fate").random()  # noqa: S311 -- it must come out the same each time
    if fate < plan.distribution.warnings:
        return _spoiled(draft, [CheckSeverity.WARNING, CheckSeverity.WARNING_REASON])
    if fate < plan.distribution.warnings + plan.distribution.unfinished:
        return _unfinished(draft)
    return Made(draft)


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be made."""

    plan: Plan
    seed: int
    number: int
    now: datetime
    wanted: Wanted

    def begun(self, turn: str) -> Draft:
        """A draft with all its forms, whatever is wrong with it."""
        draw = Random(f"{self.seed}/{self.number}/{turn}")  # noqa: S311 -- it must come out the same each time
        ago = self.wanted.days_ago if self.wanted.days_ago is not None else draw.randint(_EARLIEST, _LATEST)
        clock = at_local(to_local(self.now).date() - timedelta(days=ago), time(9, 0))
        assert clock is not None
        given = {SEED: self.seed, SLOT + SUBJECT: Decimal(self.number), SLOT + HOSPITAL: self.wanted.hospital}
        asked = Decimal(self.wanted.days_ago) if self.wanted.days_ago is not None else None
        draft = begin_draft(self.plan, draw, self.now, clock, {**given, SLOT + DAYS_AGO: asked})
        faults = with_hospital(draft, self.wanted.hospital)
        if faults:
            raise Unsatisfiable(f"the hospital: no values were found that satisfy {', '.join(map(str, faults))}")
        make_forms(draft, Choices())
        return draft


def _sound(order: _Order, turn: str = "") -> Draft:
    """A subject that satisfies all rules."""
    left: dict[str, int] = {}
    for attempt in range(order.wanted.attempts):
        draft = order.begun(f"{turn}{attempt}")
        patience = min(order.wanted.patience, _HASTE * 4**attempt)  # at first it is quicker to begin anew
        faults = Search(draft, Choices(), most=patience).run()
        if not faults:
            return draft
        for fault in faults:
            left[str(fault)] = left.get(str(fault), 0) + 1
    named = ", ".join(sorted(left, key=lambda name: (-left[name], name)))
    raise Unsatisfiable(f"subject {order.number}: no values were found that satisfy {named}")


def _breaking(order: _Order, check: CheckRun) -> Made:
    """Change a sound subject so that it breaks a check, and as little else as possible."""
    name = check.rules.check.id
    best: Made | None = None
    if check.beyond:
        draft = _sound(order)
        twins = with_twin(order.plan.registry, subject_json(draft), name, order.now)
        if twins is not None:
            return Made(draft, twins[1], twins[0])
    for attempt in range(order.wanted.attempts):  # not every subject has what the check is about
        draft = _sound(order, f"{attempt}/" if attempt else "")
        if check.rules.scope.parent is site_of(draft).scope:
            draft.fixed = None
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
        raise Unsatisfiable(f"subject {order.number}: no values were found that break {name}")
    return best


def _spoiled(draft: Draft, severities: list[CheckSeverity]) -> Made:
    """Change a sound subject so that it breaks a check, one that is easily broken."""
    checks = [
        check
        for check in draft.plan.checks.values()
        if check.rules.check.severity in severities
        and check.rules.check.at == "save"
        and draft.tree.of(check.rules.scope)
    ]
    draft.draw.shuffle(checks)
    for check in checks[:_SPOILED]:
        kept = draft.snapshot()
        also = Search(draft, Choices(), check, most=_BRIEF, tries=_FEW).run()
        if not also and find_faults(draft):
            return Made(draft, (check.rules.check.id,))
        draft.restore(kept)
    return Made(draft)


def _unfinished(draft: Draft) -> Made:
    """Leave the second half of one form open."""
    form = draft.draw.choice([node for node in draft.forms() if len(node.entered) > 1 and not draft.is_fixed(node)])
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

    def number(self, draft: Draft, making: NumberDraw, holder: Node) -> int:
        return 0

    def hidden(self, draft: Draft, name: str, node: Node) -> None:
        return None


__all__ = ["ANY", "Made", "Unsatisfiable", "Wanted", "make_subject"]
