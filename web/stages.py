"""Made-up patients who are somewhere on their way: how far each one is, and their records loaded so far."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from engine.compiler import CompiledRegistry
from engine.model.form import CheckSeverity
from engine.records.form_data import FormData
from engine.synthesis import NO_DISTRIBUTION, Made, Plan, Wanted, plan_synthesis, read_distribution
from web.drafts import Draft, keep_draft
from web.settings import Settings
from web.synthetic import Load, Record, Target


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a patient is: since how many days, which share of the records is saved, what is wrong."""

    days_ago: int
    saved: float = 1.0  # of all records that are due
    severity: CheckSeverity | None = None
    draft: bool = False  # whether the next record is begun

    def wanted(self, hospital: str) -> Wanted:
        """What synthesis is asked for, without trying for long."""
        return Wanted(
            severity=self.severity, hospital=hospital, days_ago=self.days_ago, attempts=2, patience=40
        )  # fmt: skip


def plan_of(registry: CompiledRegistry, settings: Settings) -> Plan:
    """How patients of a registry are made up: by the distribution beside its examples, where there is one."""
    file = settings.definitions / "examples" / f"{registry.model.registry}.distribution.yaml"
    return plan_synthesis(registry, read_distribution(file, registry) if file.is_file() else NO_DISTRIBUTION)


def load_stage(target: Target, made: Made, stage: Stage) -> None:
    """Save the records of a stage; the next one may be begun and left."""
    load = Load(target, made)
    left = ceil(load.size * stage.saved)
    for visit in load.visits(left + stage.draft):
        ready, begun = visit.split(left)
        if ready.forms:
            load.save(ready)
        left -= len(ready.forms)
        for record in load.records(begun):
            _begin(target, record)


def _begin(target: Target, record: Record) -> None:
    """A record of which somebody typed the first half."""
    items = list(record.data.items.items())
    half = FormData(dict(items[: max(1, len(items) // 2)]), record.data.groups)
    form = target.registry.model.forms[record.place.form]
    draft = Draft(half, 0, rows=frozenset())
    keep_draft(target.database, target.actor, record.subject, record.place, form, draft, record.at)


__all__ = ["Stage", "load_stage", "plan_of"]
