"""Binds indicators: what reports count, divide and compare, each over the records of one scope."""

from __future__ import annotations

from collections.abc import Iterator

from engine.compiler.binding import Workbench
from engine.compiler.rules import IndicatorRules, Rule
from engine.datatypes.base import Kind
from engine.expressions.scopes import Scope
from engine.expressions.terms import BOOLEAN, NUMBER
from engine.model.item import ExpressionText
from engine.model.metadata_version import IndicatorDef

STRATA = frozenset({"site", "year"})  # what every record has, though no item says it
_COUNTED = frozenset({Kind.BOOLEAN, Kind.NUMBER})


def compile_indicators(bench: Workbench) -> Iterator[IndicatorRules]:
    """All indicators whose records exist."""
    of_groups = {key.partition(".")[2]: scope for key, scope in bench.scopes.groups.items()}
    known = {**of_groups, **bench.scopes.forms, **bench.scopes.containers}
    for indicator in bench.model.indicators:
        scope = known.get(indicator.owner)
        if scope is not None:
            yield _indicator(bench, indicator, scope)


def _indicator(bench: Workbench, indicator: IndicatorDef, scope: Scope) -> IndicatorRules:
    strata = [text.text if text.text in STRATA else bench.rule(text, scope) for text in indicator.by]
    return IndicatorRules(
        indicator,
        scope,
        _counted(bench, indicator.numerator, scope),
        _counted(bench, indicator.denominator, scope),
        bench.rule(indicator.value, scope, NUMBER),
        bench.rule(indicator.where, scope, BOOLEAN),
        tuple(part for part in strata if part is not None),
        bench.rule(indicator.target, scope, NUMBER),
    )


def _counted(bench: Workbench, text: ExpressionText | None, scope: Scope) -> Rule | None:
    """A condition, whose true records are counted, or a number, which is summed."""
    rule = bench.rule(text, scope)
    if text is not None and rule is not None and rule.term.type.kind not in _COUNTED | {Kind.NOTHING}:
        bench.problems.error(
            text.mark,
            "wrong-type",
            f"This gives a {rule.term.type}; an indicator counts where a condition holds, or sums a number.",
        )
    return rule


__all__ = ["STRATA", "compile_indicators"]
