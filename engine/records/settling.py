"""Settles nodes: which items are shown, what rules see of them, what is calculated."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.datatypes.values import Missing
from engine.expressions.frames import Frame, Node, Run
from engine.records.program import GroupStep, InRules, ItemStep, OutcomeStep, Program, Step
from engine.records.tree import Tree

Begin = Callable[[Node, Frame, Tree], object]  # settles something at a node of which nothing is known yet


def settle_all(program: Program, tree: Tree) -> None:
    """Settle every node, in order of dependency."""
    for scope, nodes in tree.nodes.items():
        converted = program.converted.get(scope, ())
        for node in nodes:
            if node.entered:
                _fill(node, converted)
    for scope, beginnings in _beginnings(program):
        with tree.world.remembering():
            for node in tree.nodes.get(scope, ()):
                frame = tree.frame(node)
                for begin in beginnings:
                    begin(node, frame, tree)


def _fill(node: Node, converted: tuple[tuple[str, InRules], ...]) -> None:
    """What was entered. Nobody looks at an item before it is settled, and then it goes if it is hidden."""
    values = node.values = dict(node.entered)
    for name in node.odd:
        del values[name]
    for name, in_rules in converted:
        if name in values:
            values[name] = in_rules(values[name])


@lru_cache(maxsize=64)
def _beginnings(program: Program) -> tuple[tuple[int, tuple[Begin, ...]], ...]:
    """The stretches of a program with each step as a closure, which need not ask what kind of step it is."""
    return tuple((scope, tuple(map(_beginning, steps))) for scope, steps in program.stretches)


def _beginning(step: Step) -> Begin:
    """Settles a step for the first time: `settle` says the same, and whether something changed."""
    if not isinstance(step, ItemStep):
        return lambda node, _frame, tree: settle(step, node, tree)
    id_, visible, calculate, may_hide, keeps = step.id, step.visible, step.calculate, step.may_hide, step.keeps
    in_rules = step.seen
    if visible is None and calculate is not None and not may_hide:
        return _calculating(id_, calculate)

    def begin(node: Node, frame: Frame, _tree: Tree) -> None:
        shown = True if visible is None else visible(frame)
        if shown and may_hide and is_hidden(node):
            shown = False
        if not shown:
            node.hidden.add(id_)
            if shown is None:
                node.unknown.add(id_)
            if not keeps:
                node.values.pop(id_, None)
                return
        if calculate is not None:
            node.values[id_] = calculate(frame)
        elif in_rules is not None and id_ in node.values:
            node.values[id_] = in_rules(node.values[id_])

    return begin


def _calculating(id_: str, calculate: Run) -> Begin:
    def begin(node: Node, frame: Frame, _tree: Tree) -> None:
        node.values[id_] = calculate(frame)

    return begin


def _entered(step: ItemStep, node: Node) -> Any:
    """What rules see of what was entered."""
    entered = node.entered.get(step.id)
    return None if entered is None or step.id in node.odd else step.in_rules(entered)


def settle(step: Step, node: Node, tree: Tree) -> bool:
    """Settle one step at one node; whether anything that rules can see has changed."""
    match step:
        case ItemStep():
            return _item(step, node, tree)
        case GroupStep():
            shown = True if step.visible is None else step.visible(tree.frame(node))
            return _show(node, step.id, shown if not is_hidden(node) else False)
        case OutcomeStep():
            value = None if step.calculate is None else step.calculate(tree.frame(node))
            changed = step.id not in node.values or not is_same(value, node.values[step.id])
            node.values[step.id] = value
            return changed


def is_same(value: Any, other: Any) -> bool:
    """Whether two values are written alike: 1.0 and 1 are equal, but a text or a digest of them is not."""
    return bool(value == other) and (type(value) is not Decimal or value.as_tuple() == other.as_tuple())


def is_hidden(node: Node) -> bool:
    """Whether the node is a row of a group that is not shown, at any depth."""
    here = node
    while here.scope.kind == "group" and here.parent is not None:
        if here.scope.id in here.parent.hidden:
            return True
        here = here.parent
    return False


def _show(node: Node, name: str, shown: bool | None) -> bool:
    if shown and name not in node.hidden:
        return False
    before = (name in node.hidden, name in node.unknown)
    if shown:
        node.hidden.discard(name)
    else:
        node.hidden.add(name)
    if shown is None:
        node.unknown.add(name)
    else:
        node.unknown.discard(name)
    return before != (name in node.hidden, name in node.unknown)


def _item(step: ItemStep, node: Node, tree: Tree) -> bool:
    shown = True if step.visible is None else step.visible(tree.frame(node))
    if shown and step.may_hide and is_hidden(node):
        shown = False
    changed = _show(node, step.id, shown)
    value: Any = None
    if step.calculate is not None:
        value = step.calculate(tree.frame(node)) if shown or step.keeps else None
    elif shown or step.keeps:
        value = _entered(step, node)
    if not changed and step.id in node.values and is_same(value, node.values[step.id]):
        return isinstance(node.entered.get(step.id), Missing)  # a reason may have changed: rules can ask for it
    node.values[step.id] = value
    return True
