"""Builds how a value is computed: by an expression (`calculate`) or by a decision table (`cases`, with its `hit` policy)."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions.context import Context
from engine.definitions.rename import Renames, rename_expression
from engine.definitions.tree import Node
from engine.model.item import Case, DecisionTable, ExpressionText, Formula

RULES = ("calculate", "cases")
_ROW = frozenset({"when", "then", "else"})


def build_formula(context: Context, node: Node, renames: Renames) -> Formula | None:
    """The expression or table of an item or outcome; None where it has neither. `renames` is that of a block in use."""
    if node.entries.keys() >= set(RULES):
        context.error(
            node.entries["cases"].key_mark,
            "outcome-rule",
            "`calculate` is an expression and `cases` a decision table: a value is computed by one of them. Delete the other.",
        )
    table = node.get("cases")
    if table is None:
        hit = node.get("hit")
        if hit is not None:
            context.error(
                hit.key_mark,
                "hit-without-cases",
                "`hit` says how a decision table is read, and there is no `cases` here.",
            )
        return _read(context, node.get("calculate"), renames)
    unique = node.text_of("hit") == "unique"
    return DecisionTable(tuple(_rows(context, table.elements, renames)), unique, table.key_mark)


def _rows(context: Context, nodes: list[Node], renames: Renames) -> Iterator[Case]:
    """The rows; `else` may only be the last."""
    for node in nodes:
        keys = node.entries.keys() & _ROW
        if keys == {"else"}:
            if node is not nodes[-1]:
                context.error(node.mark, "case-order", "The rows after `else` would never be reached. Put it last.")
            yield Case(None, _read(context, node.get("else"), renames), node.mark)
            continue
        if keys != {"when", "then"} and isinstance(node.value, dict):
            context.error(
                node.mark,
                "case-shape",
                "A row of `cases` is {when: condition, then: value}, the last one may be {else: value}.",
            )
        when = _read(context, node.get("when"), renames)
        if when is not None:
            yield Case(when, _read(context, node.get("then"), renames), node.mark)


def _read(context: Context, node: Node | None, renames: Renames) -> ExpressionText | None:
    expression = context.expression(node)
    return rename_expression(expression, renames) if expression is not None and renames else expression


__all__ = ["RULES", "build_formula"]
