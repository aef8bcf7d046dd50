"""How large an expression becomes once its defines are written out: known before anything is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from engine.expressions.functions import AGGREGATES
from engine.expressions.nodes import Call, Let, Syntax, children
from engine.expressions.parser import MAX_OPERATORS

MAX_TERMS = 20_000  # of one expression
MAX_LOOPS = 5  # aggregates in one another: each goes through all rows for each row of the one around it
_REMEDY = " Calculate a part of it in an item of its own."
_ENOUGH = 10**9  # sizes are not told apart beyond: those of defines that double grow without end


class Extent(NamedTuple):
    """Terms, those of them that defines bring, how many stand in one another, and how many aggregates do."""

    terms: int = 0
    brought: int = 0
    depth: int = 0
    loops: int = 0

    @property
    def fault(self) -> str:
        """What is too large about an expression, and what to do; empty if nothing is."""
        if self.terms > MAX_TERMS:
            return f"With its defines written out the expression has more than {MAX_TERMS} parts.{_REMEDY}"
        if self.depth > MAX_OPERATORS:
            return f"With its defines and local values written out more than {MAX_OPERATORS} operators stand in one another.{_REMEDY}"
        if self.loops > MAX_LOOPS:
            return f"More than {MAX_LOOPS} aggregates stand in one another.{_REMEDY}"
        return ""


def extent_of(node: Syntax, defines: Mapping[str, Extent]) -> Extent:
    """The extent of an expression. `defines` has those of what its calls stand for, parameters included."""
    parts = [extent_of(part, defines) for part in children(node)]
    inner = together(parts)
    terms, brought, depth, loops = inner.terms + 1, inner.brought, inner.depth + 1, inner.loops
    match node:
        case Let(bindings, _, _):
            depth += len(bindings)
        case Call(name) if name in defines:
            body = defines[name]
            terms, brought = terms + body.terms, brought + body.terms
            depth, loops = max(depth, 1 + body.depth), max(loops, body.loops)
        case Call(name, where=where, values=values) if name in AGGREGATES and (where is not None or values):
            loops += 1
        case _:
            pass
    return Extent(min(terms, _ENOUGH), min(brought, _ENOUGH), min(depth, _ENOUGH), loops)


def together(parts: Iterable[Extent]) -> Extent:
    """The extent of parts that stand beside each other."""
    terms = brought = depth = loops = 0
    for part in parts:
        terms, brought = terms + part.terms, brought + part.brought
        depth, loops = max(depth, part.depth), max(loops, part.loops)
    return Extent(terms, brought, depth, loops)
