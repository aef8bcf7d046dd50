"""Outcomes under the other values of a parameter: the plain name holds for its value, `_<parameter><value>` for the others."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from engine.compiler.compiled import CompiledRegistry
from engine.compiler.order import reads_of
from engine.compiler.rules import DerivedRules, ItemRules, Rule, Settling
from engine.expressions.arithmetic import plain
from engine.records.program import Program
from engine.records.settling import settle_all
from engine.records.tree import Tree


def variants(registry: CompiledRegistry) -> dict[str, frozenset[str]]:
    """Parameters with other values -> the ids of the outcomes that depend on them."""
    found = {}
    for parameter in registry.model.parameters.values():
        if parameter.also:
            touched = _depending(registry, parameter.id)
            outcomes = {rules.derived.id for rules in registry.derived if rules.key in touched}
            if outcomes:
                found[parameter.id] = frozenset(outcomes)
    return found


def _depending(registry: CompiledRegistry, parameter: str) -> set[str]:
    """The keys of all that a parameter decides, directly or through others; `order` has what is read before its readers."""
    touched: set[str] = set()
    for rules in registry.order:
        if _names(rules, parameter) or reads_of(rules) & touched:
            touched.add(rules.key)
    return touched


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


def under_each(program: Program, tree: Tree) -> Iterator[tuple[frozenset[str], str]]:
    """Settle the tree under each other value in turn; yields the outcomes to look at and the end of their names.

    When the iteration is over, the tree is settled under the present values again.
    """
    wanted = variants(program.registry)
    if not wanted:
        return
    present = tree.world.parameters
    for parameter, outcomes in wanted.items():
        for value in program.registry.model.parameters[parameter].also:
            tree.world.parameters = {**present, parameter: ((None, value),)}
            settle_all(program, tree)
            yield outcomes, f"_{parameter}{plain(value) if isinstance(value, Decimal) else value}"
    tree.world.parameters = present
    settle_all(program, tree)
