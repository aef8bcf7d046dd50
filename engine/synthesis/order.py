"""The order in which values are made: each after what decides whether it is asked, what it may be, and how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from engine.records.program import ItemStep, Program, Step


@dataclass(frozen=True, slots=True)
class HiddenDraw:
    """A value that a distribution draws for itself: no item holds it."""

    name: str


Making = Step | HiddenDraw


def making_order(
    program: Program, drawn_after: Mapping[str, frozenset[str]], hidden: Mapping[str, frozenset[str]]
) -> tuple[Making, ...]:
    """All steps of a registry and the hidden draws, each after what it needs.

    Limits and defaults are followed as far as they go round in no circle: `a <= b` may stand at both items.

    Args:
        drawn_after: step -> what its distribution reads, steps (`form.item`) and hidden draws by name.
        hidden: hidden draw -> what it reads.

    Raises:
        CycleError: draws wait for each other.
    """
    made: dict[str, Making] = {step.key: step for step in program.steps}
    needs = {step.key: (step.reads | drawn_after.get(step.key, frozenset())) - {step.key} for step in program.steps}
    made |= {name: HiddenDraw(name) for name in hidden}
    needs |= dict(hidden)
    wished = {step.key: _wishes(program, step) - {step.key} for step in program.steps}
    for name in [*hidden, *(step.key for step in program.steps)]:
        for wish in sorted(wished.get(name, frozenset()) & made.keys() - needs[name]):
            if not _leads_to(needs, wish, name):
                needs[name] |= {wish}
    graph = {name: [other for other in made if other in needs[name]] for name in [*hidden, *made]}
    return tuple(made[name] for name in TopologicalSorter(graph).static_order())


def _wishes(program: Program, step: Step) -> frozenset[str]:
    """What it is good to know before an item is drawn: its limits, what narrows its list, its default."""
    if not isinstance(step, ItemStep):
        return frozenset()
    judge = program.judges.get(step.key)
    default = step.rules.default.reads if step.rules.default is not None else frozenset()
    return (judge.reads if judge is not None else frozenset()) | default


def _leads_to(needs: Mapping[str, frozenset[str]], start: str, goal: str) -> bool:
    """Whether `start` already waits for `goal`, directly or through others."""
    seen, waiting = {start}, [start]
    while waiting:
        for name in needs.get(waiting.pop(), frozenset()):
            if name == goal:
                return True
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return False


__all__ = ["CycleError", "HiddenDraw", "Making", "making_order"]
