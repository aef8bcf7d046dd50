"""What depends on what: which rule of which entry reads an item, group, outcome, parameter or code list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from engine.compiler import CompiledRegistry
from engine.compiler.order import holding_groups
from engine.compiler.rules import DerivedRules, GroupRules, ItemRules, Rule
from engine.expressions.scopes import Scope


@dataclass(frozen=True, slots=True)
class Use:
    """An entry (`kind` and `key`) reads something in a rule of that role."""

    kind: str
    key: str
    role: str
    reads: frozenset[str]
    parameters: frozenset[str]


@dataclass(frozen=True)
class Uses:
    """All uses in a registry, from both ends."""

    registry: CompiledRegistry

    @cached_property
    def all(self) -> tuple[Use, ...]:
        """Every rule with what it reads."""
        return tuple(
            Use(kind, key, role, rule.reads - {key} - holding_groups(scope), frozenset(_parameters(rule)))
            for kind, key, role, rule, scope in self._rules()
        )

    @cached_property
    def of(self) -> dict[str, list[Use]]:
        """Key -> the uses of it."""
        found: dict[str, list[Use]] = {}
        for use in self.all:
            for key in sorted(use.reads | {f"param {name}" for name in use.parameters}):
                found.setdefault(key, []).append(use)
        return found

    @cached_property
    def by(self) -> dict[tuple[str, str], list[Use]]:
        """Entry -> what its rules read."""
        found: dict[tuple[str, str], list[Use]] = {}
        for use in self.all:
            found.setdefault((use.kind, use.key), []).append(use)
        return found

    def _rules(self) -> Iterator[tuple[str, str, str, Rule, Scope]]:
        for rules in self.registry.order:
            if isinstance(rules, ItemRules):
                yield from (("item", rules.key, role, rule, rules.scope) for role, rule in _of_item(rules))
            elif isinstance(rules, GroupRules):
                if rules.visible is not None:
                    yield "group", rules.key, "when", rules.visible, rules.scope
            else:
                yield from (("outcome", rules.derived.id, "outcome", rule, rules.scope) for rule in _of_outcome(rules))
        for check in self.registry.checks:
            yield from (("check", check.check.id, "check", part.rule, part.rows or check.scope) for part in check.parts)
        for event in self.registry.events.values():
            for rule in (event.after, event.when, event.optional, event.cancel, event.start, event.stop):
                if rule is not None:
                    yield "event", event.event.id, "event", rule, event.scope


def _of_item(rules: ItemRules) -> Iterator[tuple[str, Rule]]:
    required = rules.required if isinstance(rules.required, Rule) else None
    named = (
        ("when", rules.visible),
        ("required", required),
        ("calculation", rules.calculate),
        ("only", rules.only),
        ("default", rules.default),
    )
    yield from ((role, rule) for role, rule in named if rule is not None)
    for bound in rules.ranges:
        yield from (("range", rule) for rule in (bound.low, bound.high) if rule is not None)


def _of_outcome(rules: DerivedRules) -> Iterator[Rule]:
    if rules.calculate is not None:
        yield rules.calculate


def _parameters(rule: Rule) -> Iterator[str]:
    yield from (str(term.args[0]) for term in rule.term.walk() if term.op == "param")
