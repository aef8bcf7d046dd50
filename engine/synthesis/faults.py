"""What is wrong with a draft as a whole: each violation once, with the rule and the row that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.expressions.frames import Node
from engine.expressions.scopes import EVENT
from engine.records.checking import run_check
from engine.records.evaluation import Elsewhere, Violation
from engine.records.judging import judge_item
from engine.records.path import parse_path
from engine.records.plans import plan_of
from engine.records.program import CheckRun, ItemStep
from engine.records.verdicts import Verdicts, walk
from engine.synthesis.choosing import case_of
from engine.synthesis.draft import Draft

AT = "signing"  # finished forms can be signed


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that is broken: a check of the definition, or what its type and limits ask of an item."""

    code: str
    form: Node  # the record that reports it
    row: Node
    check: CheckRun | None = None
    step: ItemStep | None = None

    def count(self, draft: Draft) -> int:
        """How often it is broken now."""
        if self.check is not None:
            return sum(1 for _ in run_check(self.check, draft.tree, self.form, AT, "en"))
        if self.step is not None:
            return sum(1 for _ in judge_item(case_of(draft, self.step, self.row)))
        return 1

    def __str__(self) -> str:
        return f"{self.code}@{self.step.key if self.step is not None else self.form.scope.id}"


def find_faults(draft: Draft) -> list[Fault]:
    """All that the rules object to, errors and warnings alike."""
    found: dict[tuple[str, ...], Fault] = {}
    for form in draft.forms():
        if draft.is_fixed(form):
            continue  # sound when it was made
        for violation in _violations(draft, form):
            if violation.home is not None and _is_open(draft, violation.home):
                continue  # reported there
            home = str(violation.home) if violation.home is not None else form.key
            place = (violation.code, home, violation.item, violation.row)
            found.setdefault(place, _fault(draft, form, violation))
    return list(found.values())


def _violations(draft: Draft, form: Node) -> Iterator[Violation]:
    plan = plan_of(draft.plan.program, form.scope.id)
    verdicts = Verdicts(plan, draft.tree, form, AT, "en")
    verdicts.judge_all((row, part) for row, part, _ in walk(form, plan.root))
    yield from verdicts


def _is_open(draft: Draft, home: Elsewhere) -> bool:
    """Whether the record in which a check is at home is there."""
    for node in draft.tree.of(draft.plan.registry.scopes.forms[home.form]):
        holder = node.parent
        assert holder is not None
        if holder.scope.kind == EVENT:
            if (holder.event, holder.number) == (home.event, home.number):
                return True
        elif holder.key == home.instance and node.place == home.record + 1:
            return True
    return False


def _fault(draft: Draft, form: Node, violation: Violation) -> Fault:
    check = draft.plan.checks.get(violation.code)
    row = form
    if violation.home is None:
        for group, number in parse_path(violation.item or violation.row).rows:
            row = row.kids[group][number - 1]
    if check is not None:
        return Fault(violation.code, form, row, check)
    item = violation.item.rpartition(".")[2]
    place = draft.plan.program.places.get(f"{form.scope.id}.{item}")
    step = draft.plan.program.steps[place] if place is not None else None
    return Fault(violation.code, form, row, None, step if isinstance(step, ItemStep) else None)


__all__ = ["Fault", "find_faults"]
