"""What is worked out once per registry before subjects are made: the order, what rules ask of texts, which forms come first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from engine.compiler.compiled import CompiledRegistry
from engine.compiler.rules import CheckRules, DerivedRules, GroupRules, ItemRules, Rule
from engine.compiler.scoping import Scopes
from engine.datatypes.base import Kind
from engine.expressions.scopes import Scope
from engine.expressions.terms import Term
from engine.model.metadata_version import StudyEventDef
from engine.records.program import CheckRun, ItemStep, Program, Step, program_of
from engine.synthesis.distribution import NO_DISTRIBUTION, Distribution
from engine.synthesis.order import HiddenDraw, Making, NumberDraw, making_order

# What a rule asks of an identifier -> the check with which one is made that fits.
_ASKED_BY = {"valid_pesel": "pesel", "pesel_birthdate": "pesel", "pesel_sex": "pesel", "valid_npwz": "npwz"}


@dataclass(frozen=True, eq=False)
class Plan:
    """A registry, ready to make subjects of."""

    registry: CompiledRegistry
    program: Program
    distribution: Distribution
    order: tuple[Making, ...]
    checks: Mapping[str, CheckRun]
    asked: Mapping[str, str]  # item (`form.item`) -> check of an identifier that rules ask for
    dated: frozenset[str]  # items that the schedule goes by: without them nothing would follow
    first: frozenset[str]  # forms that are there as soon as what holds them is
    waits: Mapping[
        str, frozenset[str]
    ]  # number of instances, records or occurrences -> forms that are to be there first
    watched: Mapping[str, frozenset[str]]  # step -> keys of items, groups and scopes of whose changes it may depend


def plan_synthesis(registry: CompiledRegistry, distribution: Distribution = NO_DISTRIBUTION) -> Plan:
    """The plan of a registry.

    Raises:
        CycleError: draws of the distribution wait for each other.
    """
    program = program_of(registry)
    checks = {run.rules.check.id: run for runs in program.checks.values() for run in runs}
    terms = list(_terms(registry))
    asked = {
        key: _ASKED_BY[term.args[0]]
        for form, term in terms
        if term.op == "call" and term.args[0] in _ASKED_BY
        for key in _text_items(registry, form, term.args[1])
    }
    order = making_order(program, distribution.reads, distribution.homes)
    first = frozenset(_first_forms(registry))
    waits = dict(_waits(registry, distribution))
    return Plan(
        registry, program, distribution, order, checks, asked, _dated(registry), first, waits, _watched(program)
    )


def scope_key(scope: Scope) -> str:
    """How what is read names a scope."""
    return f"{scope.form_id}.{scope.id}"


def _watched(program: Program) -> dict[str, frozenset[str]]:
    """What steps read; places of rows move when others come or go."""
    return {step.key: step.reads | {scope_key(step.scope)} if step.crosses else step.reads for step in program.steps}


@lru_cache(maxsize=256)
def order_of(plan: Plan, forms: frozenset[str]) -> tuple[Step, ...]:
    """What is made in some forms, in order."""
    return tuple(
        making
        for making in plan.order
        if not isinstance(making, HiddenDraw | NumberDraw) and making.scope.form_id in forms
    )


@lru_cache(maxsize=4096)
def followers(plan: Plan, key: str) -> tuple[Step, ...]:
    """The step of an item or group, and all that may come out otherwise once it has changed, in order."""
    reached, found = {key}, list[Step]()
    for step in plan.program.steps:
        if step.key == key or not step.reads.isdisjoint(reached):
            found.append(step)
            reached.add(step.key)
    return tuple(found)


def _waits(registry: CompiledRegistry, distribution: Distribution) -> Iterator[tuple[str, frozenset[str]]]:
    """Of what is counted once: the forms that tell how many there are. Before they are there nobody knows."""
    forms = registry.model.forms.keys()
    told = {key: reads for key, reads in distribution.reads.items() if "/" in key}
    for name, rules in registry.events.items():
        ends = [rule.reads for rule in (rules.start, rules.stop) if rule is not None]
        told[event_key(name)] = told.get(event_key(name), frozenset()).union(*ends)
    for key, reads in told.items():
        yield key, frozenset(read.partition(".")[0] for read in reads if "." in read) & forms


def event_key(event: str) -> str:
    """The name under which the occurrences of an event are drawn."""
    return f"events/{event}"


def _dated(registry: CompiledRegistry) -> frozenset[str]:
    rules = (rule for event in registry.events.values() for rule in (event.after, event.start, event.stop))
    return frozenset(key for rule in rules if rule is not None for key in rule.reads)


def holder_scope(scopes: Scopes) -> Scope:
    """What hidden draws are about: the outermost container in the patient, else the patient."""
    patient = scopes.containers["patient"]
    return next((scope for scope in scopes.containers.values() if scope.parent is patient), patient)


def _first_forms(registry: CompiledRegistry) -> Iterator[str]:
    """Forms of no event, and those of containers that an event collects which is sure to take place."""
    model = registry.model
    sure = {form for event in model.events.values() if is_sure(event) for form in event.forms}
    collected = {form for event in model.events.values() for form in event.forms}
    for form in model.forms.values():
        if not form.per_event and (form.id in sure or form.id not in collected):
            yield form.id


def is_sure(event: StudyEventDef) -> bool:
    """Whether an event takes place whatever is entered, and not only some time afterwards."""
    conditions = (event.when, event.optional, event.cancel, event.every)
    return all(each is None for each in conditions) and not event.repeats and not event.day


def rules_in(rules: ItemRules | GroupRules | DerivedRules | CheckRules) -> Iterator[Rule]:
    """All rules of an item, group, outcome or check."""
    match rules:
        case ItemRules():
            found = [rules.visible, rules.calculate, rules.default, rules.only]
            found += [limit for bound in rules.ranges for limit in (bound.low, bound.high)]
            found += [rules.required] if isinstance(rules.required, Rule) else []
        case GroupRules():
            found = [rules.visible]
        case DerivedRules():
            found = [rules.calculate]
        case CheckRules():
            found = [part.rule for part in rules.parts]
    yield from (rule for rule in found if rule is not None)


def _terms(registry: CompiledRegistry) -> Iterator[tuple[Rule, Term]]:
    for rules in (*registry.order, *registry.checks):
        for rule in rules_in(rules):
            for term in rule.term.walk():
                yield rule, term


def _text_items(registry: CompiledRegistry, rule: Rule, term: Term) -> Iterator[str]:
    """The items that a term reads outright, among those that its rule reads."""
    if term.op == "read":
        for key in sorted(rule.reads):
            if key.partition(".")[2] == term.args[3] and key in registry.items:
                yield key


def targets_of(plan: Plan, step: ItemStep) -> list[int]:
    """The scopes, by their id(), of what a reference may point to."""
    if step.rules.item.datatype.kind is not Kind.REFERENCE:
        return []
    return [id(plan.registry.scopes.targets[name]) for name in step.rules.item.targets]


__all__ = [
    "Plan",
    "event_key",
    "followers",
    "holder_scope",
    "is_sure",
    "order_of",
    "plan_synthesis",
    "rules_in",
    "targets_of",
]
