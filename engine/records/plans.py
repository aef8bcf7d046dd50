"""What is asked at a form and at each row of its groups, laid out once so that a pass over a record is short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from engine.datatypes.base import Kind
from engine.expressions.frames import Node, Run
from engine.expressions.scopes import Scope
from engine.model.form import FormDef, GroupDef
from engine.model.item import ItemDef
from engine.records.evaluation import ItemState
from engine.records.fitting import Test, test_of
from engine.records.program import CheckRun, Judge, Program


@dataclass(frozen=True, slots=True, eq=False)
class ItemPlan:
    """One item of a form or row; `place` is its number there. A heading or note is not judged."""

    id: str
    key: str
    place: int
    item: ItemDef
    scope: Scope
    judge: Judge | None
    required: Run | bool


@dataclass(frozen=True, slots=True, eq=False)
class PartPlan:
    """A form or a group: its items and the groups in it."""

    part: FormDef | GroupDef
    scope: Scope
    number: int  # among the groups of what holds it
    by_id: Mapping[str, ItemPlan]
    ids: frozenset[str]
    blank: dict[str, ItemState]  # the items that people fill, each not answered
    calculated: tuple[str, ...]
    required: frozenset[str]  # always, while shown
    asked: tuple[tuple[str, Run], ...]  # required when a rule says so
    tested: tuple[tuple[str, Test], ...]  # whose values may be implausible
    groups: tuple[PartPlan, ...]
    group_defs: tuple[GroupDef, ...]
    may_hide: bool  # whether rows may be hidden with their group


@dataclass(frozen=True, eq=False)
class FormPlan:
    """All parts of a form, and who reads what in it."""

    root: PartPlan
    checks: tuple[CheckRun, ...]
    told: Mapping[str, frozenset[str]]  # check, or key of an item -> what is piped into its words

    @cached_property
    def parts(self) -> Mapping[int, PartPlan]:
        """By id() of the scope."""
        return {id(part.scope): part for part in _walk(self.root)}

    @cached_property
    def by_key(self) -> Mapping[str, ItemPlan]:
        """`form.item` -> the item, headings included."""
        return {item.key: item for part in _walk(self.root) for item in part.by_id.values()}

    @cached_property
    def judged_by(self) -> Mapping[str, tuple[ItemPlan, ...]]:
        """Key -> the items that are judged again when it changed."""
        found: dict[str, list[ItemPlan]] = {}
        for plan in self.by_key.values():
            for key in plan.judge.reads | self._piped(plan.key) if plan.judge is not None else ():
                found.setdefault(key, []).append(plan)
        return {key: tuple(plans) for key, plans in found.items()}

    @cached_property
    def checked_by(self) -> Mapping[str, tuple[int, ...]]:
        """Key -> the checks that are run again when it changed."""
        found: dict[str, list[int]] = {}
        for number, check in enumerate(self.checks):
            for key in check.rules.reads | self._piped(check.rules.check.id):
                found.setdefault(key, []).append(number)
        return {key: tuple(numbers) for key, numbers in found.items()}

    def _piped(self, name: str) -> frozenset[str]:
        return self.told.get(name, frozenset())


@lru_cache(maxsize=512)
def plan_of(program: Program, form: str) -> FormPlan:
    """The plan of a form; made at its first use."""
    scope = program.registry.scopes.forms[form]
    root = _part(program, program.registry.model.forms[form], scope, 0, may_hide=False)
    return FormPlan(root, program.checks[form], program.registry.told)


def _part(program: Program, part: FormDef | GroupDef, scope: Scope, number: int, *, may_hide: bool) -> PartPlan:
    items = [_item(program, item, scope, place) for place, item in enumerate(part.items)]
    groups = []
    for place, group in enumerate(part.groups):
        rows = scope.children[group.id]
        hides = may_hide or program.registry.groups[f"{scope.form_id}.{group.id}"].visible is not None
        groups.append(_part(program, group, rows, place, may_hide=hides))
    tests = [(plan.id, test_of(plan.judge)) for plan in items if plan.judge is not None]
    filled = [plan for plan in items if plan.judge is not None and plan.item.calculate is None]
    return PartPlan(
        part,
        scope,
        number,
        {plan.id: plan for plan in items},
        frozenset(plan.id for plan in items),
        dict.fromkeys((plan.id for plan in filled), ItemState.NOT_ANSWERED),
        tuple(plan.id for plan in items if plan.item.calculate is not None),
        frozenset(plan.id for plan in filled if plan.required is True),
        tuple((plan.id, plan.required) for plan in filled if not isinstance(plan.required, bool)),
        tuple((id_, test) for id_, test in tests if test is not None),
        tuple(groups),
        part.groups,
        may_hide,
    )


def _item(program: Program, item: ItemDef, scope: Scope, place: int) -> ItemPlan:
    key = f"{scope.form_id}.{item.id}"
    if item.datatype.kind is Kind.NOTHING:
        return ItemPlan(item.id, key, place, item, scope, None, required=False)
    judge = program.judges[key]
    required = False if item.calculate is not None else judge.required
    return ItemPlan(item.id, key, place, item, scope, judge, required)


def _walk(part: PartPlan) -> Iterator[PartPlan]:
    yield part
    for group in part.groups:
        yield from _walk(group)


def order_of(node: Node, plan: FormPlan) -> tuple[tuple[int, int], ...]:
    """Where a row of the form stands among all others: a key to sort by, the form itself first."""
    steps = []
    while node.scope.kind == "group" and node.parent is not None:
        steps.append((plan.parts[id(node.scope)].number, node.place))
        node = node.parent
    return tuple(reversed(steps))


__all__ = ["FormPlan", "ItemPlan", "PartPlan", "order_of", "plan_of"]
