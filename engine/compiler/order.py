"""The order in which items settle: each after what it reads. Cycles are refused, with the way round."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from engine.compiler.rules import DerivedRules, GroupRules, ItemRules, Settling
from engine.errors import Mark, Problems
from engine.expressions.scopes import Scope


def reads_of(rules: Settling) -> frozenset[str]:
    """The keys that decide whether an item or group is shown and what its value is."""
    if isinstance(rules, DerivedRules):
        return rules.reads
    found = rules.visible.reads if rules.visible else frozenset()
    if isinstance(rules, ItemRules) and rules.calculate:
        found |= rules.calculate.reads
    return found | holding_groups(rules.scope if isinstance(rules, ItemRules) else rules.scope.parent)


def holding_groups(scope: Scope | None) -> frozenset[str]:
    """The keys of the groups in whose rows something stands: hidden groups hide what is in them."""
    found = set()
    while scope is not None and scope.kind == "group":
        found.add(f"{scope.form_id}.{scope.id}")
        scope = scope.parent
    return frozenset(found)


def settle_order(rules: Sequence[Settling], problems: Problems) -> tuple[Settling, ...]:
    """The rules in an order in which everything read is settled before, also what defaults read."""
    by_key = {rule.key: rule for rule in rules}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for rule in rules:
        needed = (reads_of(rule) | _offered_after(rule)) & by_key.keys()
        if rule.key in needed:
            problems.error(
                _mark(rule),
                "cycle",
                f"{rule.key} depends on itself. Break the circle: let one of the rules read something else.",
            )
            needed -= {rule.key}
        sorter.add(rule.key, *sorted(needed))
    try:
        order = tuple(sorter.static_order())
    except CycleError as fault:
        circle = list(fault.args[1])[::-1]
        rule = by_key[min(circle, key=lambda key: _mark(by_key[key]))]
        problems.error(
            _mark(rule),
            "cycle",
            f"These depend on each other: {' > '.join(circle)}. Break the circle: let one of them read something else.",
        )
        return tuple(rules)
    return tuple(by_key[key] for key in order)


def _offered_after(rule: Settling) -> frozenset[str]:
    """The keys that a default reads. Its own item is empty while it is asked: `prev(number) + 1` is no circle."""
    if not isinstance(rule, ItemRules) or rule.default is None:
        return frozenset()
    return rule.default.reads - {rule.key}


def _mark(rule: Settling) -> Mark:
    match rule:
        case ItemRules(item=item):
            return item.mark
        case GroupRules(group=group):
            return group.mark
        case DerivedRules(derived=derived):
            return derived.mark
