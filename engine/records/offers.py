"""Defaults: values that are offered to empty items when they become known or change.

What was offered is an entered value like any other. An offer never replaces a value or a reason, and an item that
somebody emptied stays empty until its default says something else. renderers/html/static/record.js offers alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from engine.compiler.compiled import CompiledRegistry
from engine.datatypes.values import Unread, Value
from engine.expressions.frames import Node
from engine.model.form import walk_items
from engine.records.checking import path_of
from engine.records.evaluation import Evaluation
from engine.records.program import ItemStep, program_of
from engine.records.session import Session


def has_defaults(registry: CompiledRegistry, form: str) -> bool:
    """Whether a form can offer anything."""
    return form in program_of(registry).defaults


def offer(session: Session, before: Session | None = None, besides: Collection[str] = ()) -> Mapping[str, Value]:
    """Fill in what the defaults of the form in focus say; what was filled in, by printed path.

    Args:
        before: the form as it was when its defaults were last offered. None: they never were.
        besides: ids of rows, '' for the form itself, in which nothing is offered.
    """
    found: dict[str, Value] = {}
    for step in session.program.defaults.get(session.form.id, ()):
        for node in tuple(session.tree.of(step.scope)):
            row = "" if node is session.focus else node.key
            if not node.is_within(session.focus) or row in besides or node.entered.get(step.id) is not None:
                continue
            value = due(session, step, node)
            if value is None or (before is not None and _was_known(before, step, node, value)):
                continue
            path = path_of(node).at(step.id)
            session.set(path, value)
            found[str(path)] = value
    return found


def evaluate_with_offers(session: Session) -> Evaluation:
    """All that the rules say of what was entered, and what the defaults would add to it."""
    said = session.evaluation
    types = {item.id: item.datatype for item in walk_items(session.form)}
    found = offer(session)
    return replace(
        said, offered={path: types[path.rpartition(".")[2]].write_json(value) for path, value in found.items()}
    )


def due(session: Session, step: ItemStep, node: Node) -> Value | None:
    """What the default of an empty item says. None: unknown, the item is hidden, or it could not hold the value."""
    if step.default is None or step.id in node.hidden:
        return None
    value = step.default(session.tree.frame(node))
    if value is None:
        return None
    item = step.rules.item
    read = item.datatype.from_rule(value, item.facets)
    return None if isinstance(read, Unread) else read


def _was_known(before: Session, step: ItemStep, node: Node, value: Value) -> bool:
    """Whether the item held something then, or its default said the same: then somebody emptied it or left it empty."""
    earlier = before.tree.world.rows.get(node.key)
    if earlier is None:
        return False  # a new row
    return earlier.entered.get(step.id) is not None or due(before, step, earlier) == value


__all__ = ["due", "evaluate_with_offers", "has_defaults", "offer"]
