"""Settles nodes: which items are shown, what rules see of them, what is calculated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.datatypes.values import Missing, Unread
from engine.expressions.frames import Frame, Node
from engine.records.program import GroupStep, InRules, ItemStep, OutcomeStep, Program, Step
from engine.records.tree import Tree

_NO_VALUES = frozenset({Missing, Unread})


def settle_all(program: Program, tree: Tree) -> None:
    """Settle every node, in order of dependency."""
    for scope, plain in program.plain.items():
        for node in tree.nodes.get(scope, ()):
            _fill(node, plain)
    for scope, steps in program.stretches:
        for node in tree.nodes.get(scope, ()):
            frame = tree.frame(node)
            for step in steps:
                _BEGIN[type(step)](step, node, frame, tree)


def _fill(node: Node, plain: Mapping[str, InRules | None]) -> None:
    """Items that are always shown: rules see what was entered."""
    values = node.values
    for name, entered in node.entered.items():
        if name in plain and type(entered) not in _NO_VALUES:
            in_rules = plain[name]
            values[name] = entered if in_rules is None else in_rules(entered)


def _begin_item(step: Any, node: Node, frame: Frame, _tree: Tree) -> None:
    """Settle an item of which nothing is known yet: `settle` says the same, and whether something changed."""
    shown = True if step.visible is None else step.visible(frame)
    if shown and step.may_hide and is_hidden(node):
        shown = False
    if not shown:
        node.hidden.add(step.id)
        if shown is None:
            node.unknown.add(step.id)
        if not step.keeps:
            return
    if step.calculate is not None:
        node.values[step.id] = step.calculate(frame)
        return
    entered = node.entered.get(step.id)
    if entered is not None and type(entered) not in _NO_VALUES:
        node.values[step.id] = step.in_rules(entered)


def _begin_other(step: Any, node: Node, _frame: Frame, tree: Tree) -> None:
    settle(step, node, tree)


_BEGIN: Mapping[type, Callable[[Any, Node, Frame, Tree], None]] = {
    ItemStep: _begin_item,
    GroupStep: _begin_other,
    OutcomeStep: _begin_other,
}


def _entered(step: ItemStep, node: Node) -> Any:
    """What rules see of what was entered."""
    entered = node.entered.get(step.id)
    return None if entered is None or type(entered) in _NO_VALUES else step.in_rules(entered)


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
