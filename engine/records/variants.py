"""Outcomes under the other values of a parameter: the plain name holds for its value, `_<parameter><value>` for the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from engine.compiler.rules import DerivedRules, ItemRules, Rule, Settling
from engine.expressions.arithmetic import plain
from engine.records.program import OutcomeStep, Program, Step
from engine.records.settling import settle
from engine.records.tree import Tree


@dataclass(frozen=True, slots=True)
class Variant:
    """A parameter with other values than its own, and what depends on it."""

    parameter: str
    values: tuple[Decimal | str, ...]
    steps: tuple[Step, ...]  # all that it decides, in order
    outcomes: tuple[OutcomeStep, ...]  # those among them


def under_each(program: Program, tree: Tree) -> Iterator[tuple[tuple[OutcomeStep, ...], str]]:
    """Settle the tree under each other value in turn; yields the outcomes to look at and the end of their names.

    When the iteration is over, the tree is settled under the present values again.
    """
    present = tree.world.parameters
    for variant in _variants(program):
        for value in variant.values:
            tree.world.parameters = {**present, variant.parameter: ((None, value),)}
            _settle(variant.steps, tree)
            yield variant.outcomes, f"_{variant.parameter}{plain(value) if isinstance(value, Decimal) else value}"
        tree.world.parameters = present
        _settle(variant.steps, tree)


def _settle(steps: Iterable[Step], tree: Tree) -> None:
    for step in steps:
        with tree.world.remembering():
            for node in tree.of(step.scope):
                settle(step, node, tree)


@lru_cache(maxsize=64)
def _variants(program: Program) -> tuple[Variant, ...]:
    """The parameters with other values that outcomes depend on."""
    found = []
    for parameter in program.registry.model.parameters.values():
        steps = tuple(_depending(program, parameter.id)) if parameter.also else ()
        outcomes = tuple(step for step in steps if isinstance(step, OutcomeStep))
        if outcomes:
            found.append(Variant(parameter.id, parameter.also, steps, outcomes))
    return tuple(found)


def _depending(program: Program, parameter: str) -> Iterator[Step]:
    """All that a parameter decides, directly or through others; what is read comes before its readers."""
    touched: set[str] = set()
    for step in program.steps:
        if step.reads & touched or _names(step.rules, parameter):
            touched.add(step.key)
            yield step


def _names(rules: Settling, parameter: str) -> bool:
    asked: list[Rule | None] = []
    match rules:
        case ItemRules():
            asked = [rules.visible, rules.calculate]
        case DerivedRules():
            asked = [rules.calculate]
        case _:
            asked = [rules.visible]
    terms = (term for rule in asked if rule is not None for term in rule.term.walk())
    return any(term.op == "param" and term.args[0] == parameter for term in terms)


__all__ = ["under_each"]
