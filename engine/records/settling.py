"""Settles nodes: which items are shown, what rules see of them, what is calculated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.datatypes.values import Missing, Unread
from engine.expressions.frames import Node
from engine.records.program import GroupStep, ItemStep, OutcomeStep, Program, Step
from engine.records.tree import Tree


def settle_all(program: Program, tree: Tree) -> None:
    """Settle every node, in order of dependency."""
    for step in program.steps:
        nodes = tree.nodes.get(id(step.scope))
        if nodes:
            for node in nodes:
                settle(step, node, tree)


def settle(step: Step, node: Node, tree: Tree) -> bool:
    """Settle one step at one node; whether anything that rules can see has changed."""
    match step:
        case ItemStep():
            return _item(step, node, tree)
        case GroupStep():
            shown = True if step.visible is None else step.visible(tree.frame(node))
            return _show(node, step.id, shown if not is_hidden(node) else False)
        case OutcomeStep():
            value = outcome(step, node, tree)
            changed: bool = node.values.get(step.id) != value
            node.values[step.id] = value
            return changed


def is_hidden(node: Node) -> bool:
    """Whether the node is a row of a group that is not shown, at any depth."""
    here = node
    while here.scope.kind == "group" and here.parent is not None:
        if here.scope.id in here.parent.hidden:
            return True
        here = here.parent
    return False


def _show(node: Node, name: str, shown: bool | None) -> bool:
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
    if shown and node.scope.kind == "group" and is_hidden(node):
        shown = False
    changed = _show(node, step.id, shown)
    value: Any = None
    if step.calculate is not None:
        value = step.calculate(tree.frame(node)) if shown or step.keeps else None
    elif shown or step.keeps:
        entered = node.entered.get(step.id)
        if entered is not None and not isinstance(entered, Missing | Unread):
            value = step.in_rules(entered)
    if value == node.values.get(step.id) and step.id in node.values and not changed:
        return isinstance(node.entered.get(step.id), Missing)  # a reason may have changed: rules can ask for it
    node.values[step.id] = value
    return True


def outcome(step: OutcomeStep, node: Node, tree: Tree) -> Any:
    """The value of an outcome: its formula, or the first row of its decision table that holds."""
    frame = tree.frame(node)
    if step.calculate is not None:
        return step.calculate(frame)
    for when, then in step.cases:
        truth = True if when is None else when(frame)
        if truth is None:
            return None
        if truth:
            return then(frame)
    return None


def steps_of(program: Program, keys: Iterable[str]) -> list[Step]:
    """The steps with these keys, in order."""
    wanted = set(keys)
    return [step for step in program.steps if step.key in wanted]
