"""The order in which values are made: each after what decides whether it is asked, what it may be, and how it is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from engine.expressions.scopes import Scope
from engine.records.program import ItemStep, Program, Step


@dataclass(frozen=True, slots=True)
class HiddenDraw:
    """A value that a distribution draws for itself, once for each instance of a container: no item holds it."""

    name: str
    scope: Scope

    @property
    def key(self) -> str:
        """Its name, by which expressions read it."""
        return self.name


@dataclass(frozen=True, slots=True)
class NumberDraw:
    """How many instances of a container, or records of a repeating form, there are in each thing that holds them."""

    scope: Scope

    @property
    def key(self) -> str:
        """`containers/run`, `records/device`: no item has such a key."""
        return number_key(self.scope)


Making = Step | HiddenDraw | NumberDraw


def number_key(scope: Scope) -> str:
    """The name under which the number of instances or records is drawn."""
    return f"{'records' if scope.kind == 'form' else 'containers'}/{scope.id}"


def making_order(
    program: Program, drawn_after: Mapping[str, frozenset[str]], hidden: Mapping[str, Scope]
) -> tuple[Making, ...]:
    """All steps of a registry, hidden draws and numbers of instances and records, each after what it needs.

    Limits and defaults are followed as far as they go round in no circle: `a <= b` may stand at both items.

    Args:
        drawn_after: what is made -> what its distribution reads: steps (`form.item`) and hidden draws by name.
        hidden: hidden draw -> the container in which it is drawn.

    Raises:
        CycleError: draws wait for each other.
    """
    numbers = [NumberDraw(scope) for scope in _numbered(program)]
    drawn = [HiddenDraw(name, scope) for name, scope in hidden.items()]
    made: dict[str, Making] = {making.key: making for making in (*numbers, *drawn, *program.steps)}
    needs = {key: _needs(making) | drawn_after.get(key, frozenset()) for key, making in made.items()}
    needs = {key: (found - {key}) & made.keys() for key, found in needs.items()}
    wished = {step.key: _wishes(program, step) - {step.key} for step in program.steps}
    for name in [*hidden, *(step.key for step in program.steps)]:
        for wish in sorted(wished.get(name, frozenset()) & made.keys() - needs[name]):
            if not _leads_to(needs, wish, name):
                needs[name] |= {wish}
    graph = {name: [other for other in made if other in needs[name]] for name in [*hidden, *made]}
    return tuple(made[name] for name in TopologicalSorter(graph).static_order())


def _numbered(program: Program) -> Iterator[Scope]:
    scopes, forms = program.registry.scopes, program.registry.model.forms
    yield from (scope for scope in scopes.containers.values() if scope.kind == "container" and scope.id != "patient")
    yield from (scope for name, scope in scopes.forms.items() if forms[name].repeats and not forms[name].per_event)


def _needs(making: Making) -> frozenset[str]:
    """What is made before it in any case: what its rules read, and what holds it."""
    around = making.scope.ancestors()
    if isinstance(making, NumberDraw):
        next(around)  # itself
    reads = frozenset[str]() if isinstance(making, HiddenDraw | NumberDraw) else making.reads
    return reads | {number_key(outer) for outer in around if outer.kind in ("form", "container")}


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


__all__ = ["CycleError", "HiddenDraw", "Making", "NumberDraw", "making_order", "number_key"]
