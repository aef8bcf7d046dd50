"""Conditions on attributes of a code told by the codes that have them: whoever holds a pen sees codes, not attributes."""

from __future__ import annotations

from dataclasses import replace

from engine.compiler import CompiledRegistry
from engine.datatypes.base import Kind
from engine.expressions.terms import BOOLEAN, Term

_MOST = 8  # codes that are listed; where there are more, the attribute says it shorter


def by_codes(registry: CompiledRegistry, term: Term) -> Term:
    """The same condition, of the same value for every answer."""
    if term.op == "attr" and term.type.kind is Kind.BOOLEAN:
        return _listed(registry, term, term, "=", wanted=True)
    if term.op == "cmp":
        comparison, _, left, right = term.args
        if left.op == "attr" and right.op == "const" and comparison in ("=", "!="):
            return _listed(registry, term, left, comparison, right.args[0])
    parts = (by_codes(registry, part) if isinstance(part, Term) else part for part in term.args)
    return replace(term, args=tuple(parts))


def _listed(registry: CompiledRegistry, whole: Term, attribute: Term, comparison: str, wanted: object) -> Term:
    code, listed, name = attribute.args
    values, default = registry.attributes[listed, name]
    choices = registry.model.codelists[listed].choices
    codes = tuple(each for each in choices if (values.get(each, default) == wanted) == (comparison == "="))
    return Term("in", (code, codes), BOOLEAN) if 0 < len(codes) <= _MOST else whole


__all__ = ["by_codes"]
