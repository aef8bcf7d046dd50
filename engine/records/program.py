"""A registry's rules as runnable closures, made once per compiled registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from engine.compiler.collecting import without_collection
from engine.compiler.compiled import CompiledRegistry
from engine.compiler.order import holding_groups, reads_of
from engine.compiler.rules import CheckRules, DerivedRules, GroupRules, ItemRules, Rule
from engine.datatypes.base import DataType, Kind
from engine.expressions.evaluator import compile_term
from engine.expressions.frames import Frame, Run
from engine.expressions.scopes import Scope
from engine.records.distance import looks_beyond

InRules = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class ItemStep:
    """Settles an item at a node: is it shown, what do rules see of it."""

    key: str
    id: str
    scope: Scope
    rules: ItemRules
    visible: Run | None
    calculate: Run | None
    default: Run | None
    keeps: bool
    in_rules: InRules
    reads: frozenset[str]
    crosses: bool  # reads beyond its own row and what holds it
    may_hide: bool  # stands in a group that has a condition, or whose own group has
    plain: bool  # always shown and never calculated: nothing else decides about it

    @property
    def seen(self) -> InRules | None:
        """How rules see a value; None: as it is."""
        return None if type(self.rules.item.datatype).in_rules is DataType.in_rules else self.in_rules


@dataclass(frozen=True, slots=True)
class GroupStep:
    """Settles a group at the node that holds it."""

    key: str
    id: str
    scope: Scope  # of the holder
    rules: GroupRules
    visible: Run | None
    reads: frozenset[str]
    crosses: bool


@dataclass(frozen=True, slots=True)
class OutcomeStep:
    """Settles an outcome at a container instance or row."""

    key: str
    id: str
    scope: Scope
    rules: DerivedRules
    calculate: Run | None
    reads: frozenset[str]
    crosses: bool = True


Step = ItemStep | GroupStep | OutcomeStep


@dataclass(frozen=True, slots=True)
class Judge:
    """What is asked of an item's value: required, ranges, narrowed list."""

    rules: ItemRules
    required: Run | bool
    ranges: tuple[tuple[Run | None, Run | None], ...]
    only: Run | None
    reads: frozenset[str]
    crosses: bool  # reads beyond its own row and what holds it


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check with its parts as closures."""

    rules: CheckRules
    parts: tuple[Run, ...]
    beyond: bool  # looks at other episodes or patients
    by_row: bool  # a part of it is judged at rows

    def is_silent(self, frame: Frame) -> bool:
        """Whether nothing is said in the frame of the form where the check is at home; no when rows must be looked at."""
        if self.by_row:
            return False
        for run in self.parts:  # noqa: SIM110 -- a generator would take longer than most checks
            if run(frame) is False:
                return False
        return True


@dataclass(frozen=True, eq=False, repr=False)
class Program:
    """The closures of a registry. The cached views are derived from them alone."""

    registry: CompiledRegistry
    steps: tuple[Step, ...]
    judges: Mapping[str, Judge]
    checks: Mapping[str, tuple[CheckRun, ...]]  # by the form in which they are reported
    events: Mapping[str, Mapping[str, Run]]  # event -> its rules by name

    @cached_property
    def stretches(self) -> tuple[tuple[int, tuple[Step, ...]], ...]:
        """The steps that depend on something, in order.

        Each time a scope (by its id()) and steps that can be run node by node: none of them looks at another node of it.
        """
        found: list[tuple[int, list[Step]]] = []
        for step in self.steps:
            if isinstance(step, ItemStep) and step.plain:
                continue
            if found and not step.crosses and found[-1][0] == id(step.scope) and not found[-1][1][-1].crosses:
                found[-1][1].append(step)
            else:
                found.append((id(step.scope), [step]))
        return tuple((scope, tuple(steps)) for scope, steps in found)

    @cached_property
    def converted(self) -> Mapping[int, tuple[tuple[str, InRules], ...]]:
        """Scope (by its id()) -> the items that are always shown and that rules see otherwise than people."""
        found: dict[int, list[tuple[str, InRules]]] = {}
        for step in self.steps:
            if isinstance(step, ItemStep) and step.plain and step.seen is not None:
                found.setdefault(id(step.scope), []).append((step.id, step.seen))
        return {scope: tuple(items) for scope, items in found.items()}

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Key -> the place of its step."""
        return {step.key: place for place, step in enumerate(self.steps)}

    @cached_property
    def readers(self) -> Mapping[str, tuple[int, ...]]:
        """Key -> the places of the steps that read it."""
        found: dict[str, list[int]] = {}
        for place, step in enumerate(self.steps):
            for key in step.reads:
                found.setdefault(key, []).append(place)
        return {key: tuple(places) for key, places in found.items()}

    @cached_property
    def defaults(self) -> Mapping[str, tuple[ItemStep, ...]]:
        """Form -> its items that have a default, each after what the defaults before it may fill in."""
        found: dict[str, list[ItemStep]] = {}
        for step in self.steps:
            if isinstance(step, ItemStep) and step.default is not None:
                found.setdefault(step.scope.form_id, []).append(step)
        return {form: tuple(steps) for form, steps in found.items()}

    @cached_property
    def outcomes(self) -> tuple[OutcomeStep, ...]:
        """The steps that settle outcomes, in order."""
        return tuple(step for step in self.steps if isinstance(step, OutcomeStep))


def _run(rule: Rule | None) -> Run | None:
    return compile_term(rule.term) if rule is not None else None


_FAR = frozenset(
    {"aggregate", "neighbour", "deref", "exists", "exists_ref", "is_a", "event_is", "in_window", "row_index"}
)


def _crosses(rule: Rule | None) -> bool:
    """Whether a rule reads more than its own row and the rows and forms that hold it."""
    if rule is None or rule.term.op == "const":
        return False
    return any(
        term.op in _FAR or (term.op in ("read", "reason") and (term.args[0] or term.args[2]))
        for term in rule.term.walk()
    )


def _step(rule: ItemRules | GroupRules | DerivedRules, conditional: frozenset[str]) -> Step | None:
    match rule:
        case ItemRules():
            if rule.item.datatype.kind is Kind.NOTHING and rule.visible is None:
                return None
            keeps = rule.item.when_hidden == "keep"
            crosses = _crosses(rule.visible) or _crosses(rule.calculate)
            runs = _run(rule.visible), _run(rule.calculate), _run(rule.default)
            in_rules = rule.item.datatype.in_rules
            may_hide = not holding_groups(rule.scope).isdisjoint(conditional)
            plain = rule.visible is None and rule.calculate is None and not may_hide
            return ItemStep(
                rule.key,
                rule.item.id,
                rule.scope,
                rule,
                *runs,
                keeps,
                in_rules,
                reads_of(rule),
                crosses,
                may_hide,
                plain,
            )
        case GroupRules():
            assert rule.scope.parent is not None
            shown = _run(rule.visible)
            return GroupStep(
                rule.key, rule.group.id, rule.scope.parent, rule, shown, reads_of(rule), _crosses(rule.visible)
            )
        case DerivedRules():
            return OutcomeStep(rule.key, rule.derived.id, rule.scope, rule, _run(rule.calculate), reads_of(rule))


def _judge(rules: ItemRules, registry: CompiledRegistry) -> Judge:
    bounds = [rule for check in rules.ranges for rule in (check.low, check.high)]
    asked = [*bounds, rules.only, rules.required if isinstance(rules.required, Rule) else None]
    reads = frozenset[str]().union(*(rule.reads for rule in asked if rule is not None))
    required = rules.required if isinstance(rules.required, bool) else compile_term(rules.required.term)
    ranges = tuple((_run(check.low), _run(check.high)) for check in rules.ranges)
    for name in rules.item.targets if rules.item.unique else ():  # a message names the row by its key
        target = registry.scopes.targets[name]
        group = registry.groups.get(f"{target.form_id}.{target.id}")
        reads |= {f"{target.form_id}.{group.group.key}"} if group is not None and group.group.key else frozenset()
    crosses = rules.item.unique or any(map(_crosses, asked))
    return Judge(rules, required, ranges, _run(rules.only), reads | {rules.key}, crosses)


def _beyond(check: CheckRules) -> bool:
    return any(
        looks_beyond(part.rule.term, (part.rows, check.scope) if part.rows is not None else (check.scope,))
        for part in check.parts
    )


@lru_cache(maxsize=64)
def program_of(registry: CompiledRegistry) -> Program:
    """The program of a compiled registry; made at its first use."""
    with without_collection():
        return _program(registry)


def _program(registry: CompiledRegistry) -> Program:
    conditional = frozenset(key for key, rules in registry.groups.items() if rules.visible is not None)
    made = (_step(rule, conditional) for rule in registry.order)
    steps = tuple(step for step in made if step is not None)
    judges = {key: _judge(rules, registry) for key, rules in registry.items.items()}
    runs = {
        id(check): CheckRun(
            check,
            tuple(compile_term(part.rule.term) for part in check.parts),
            _beyond(check),
            any(part.rows is not None for part in check.parts),
        )
        for check in registry.checks
    }
    checks = {form: tuple(runs[id(check)] for check in found) for form, found in registry.checks_of.items()}
    events = {
        id_: {
            name: run
            for name in ("after", "when", "optional", "cancel", "start", "stop", "held", "missed")
            if (run := _run(getattr(rules, name))) is not None
        }
        for id_, rules in registry.events.items()
    }
    return Program(registry, steps, judges, checks, events)


__all__ = ["CheckRun", "GroupStep", "ItemStep", "Judge", "OutcomeStep", "Program", "Step", "program_of"]
