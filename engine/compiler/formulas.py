"""Binds how a value is computed. A decision table becomes one term, `if(first, …, if(second, …, …))`, which every back end has."""

from __future__ import annotations

from functools import reduce
from hashlib import sha256

from engine.compiler.binding import Workbench
from engine.compiler.decision_tables import judge_table
from engine.compiler.rules import Rule
from engine.expressions.parser import ExpressionFault, parse
from engine.expressions.scopes import Scope
from engine.expressions.terms import BOOLEAN, Term, Type, constant
from engine.model.item import Case, DecisionTable, ExpressionText, Formula


def bind_formula(bench: Workbench, formula: Formula | None, scope: Scope, wanted: Type) -> Rule | None:
    """The rule of an expression or decision table; None where there is none or it is faulty."""
    if not isinstance(formula, DecisionTable):
        return bench.rule(formula, scope, wanted)
    bound = [_row(bench, row, scope, wanted) for row in formula.rows]
    rows = [pair for pair in bound if pair is not None]
    if not rows or len(rows) < len(bound):
        return None
    judge_table(bench, formula, [when for when, _ in rows], scope)
    term = reduce(_under, reversed(rows), constant(None, wanted))
    parts = [rule for pair in rows for rule in pair if rule is not None]
    return Rule(
        term,
        frozenset[str]().union(*(rule.reads for rule in parts)),
        sha256("|".join(rule.digest for rule in parts).encode()).hexdigest()[:16],
        any(rule.time for rule in parts),
        any(rule.events for rule in parts),
    )


def _under(rest: Term, row: tuple[Rule | None, Rule]) -> Term:
    when, then = row
    return then.term if when is None else Term("if", (when.term, then.term, rest), then.term.type)


def _row(bench: Workbench, row: Case, scope: Scope, wanted: Type) -> tuple[Rule | None, Rule] | None:
    when = bench.rule(row.when, scope, BOOLEAN)
    then = _result(bench, row.then, scope, wanted)
    return None if then is None or (row.when is not None and when is None) else (when, then)


def _result(bench: Workbench, text: ExpressionText | None, scope: Scope, wanted: Type) -> Rule | None:
    """The value of a row: a code may stand without quotes."""
    if text is None:
        return Rule(constant(None, wanted))
    listed = bench.model.codelists.get(wanted.codelist or "")
    if listed is None or not _bare_word(text.text):
        return bench.rule(text, scope, wanted)
    if text.text not in listed.choices:
        bench.problems.error(
            text.mark,
            "unknown-code",
            f"{text.text!r} is no code of {wanted.codelist}.{bench.problems.guess(text.text, listed.choices)}",
        )
        return None
    return Rule(constant(text.text, wanted), digest=text.text)


def _bare_word(text: str) -> bool:
    try:
        tree = parse(text)
    except ExpressionFault:
        return True  # such as a code that is no name: 2a
    return type(tree).__name__ == "Path" or (type(tree).__name__ == "Literal" and not text.startswith("'"))


__all__ = ["bind_formula"]
