"""Binds outcomes, and tells which of them are stated before there is anything to judge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from engine.compiler.binding import Workbench
from engine.compiler.rules import CaseRule, DerivedRules, Rule
from engine.expressions.evaluator import compile_term
from engine.expressions.frames import Frame, Node, World
from engine.expressions.parser import ExpressionFault, parse
from engine.expressions.scopes import Scope
from engine.expressions.terms import BOOLEAN, Term, Type, constant
from engine.expressions.typing_rules import UNTYPED
from engine.model.metadata_version import Case, DerivedDef

_ASKING = frozenset({"exists", "exists_ref", "filled", "is"})  # whoever asks has thought of what may be absent
_SOME_TIME = datetime(2000, 1, 1, 12, tzinfo=UTC)


def compile_derived(bench: Workbench) -> Iterator[DerivedRules]:
    """The outcomes over containers and rows."""
    of_groups = {key.partition(".")[2]: scope for key, scope in bench.scopes.groups.items()}
    for derived in bench.model.derived.values():
        scope = bench.scopes.containers.get(derived.owner) or of_groups.get(derived.owner)
        if scope is None or derived.id not in scope.fields:
            continue
        wanted = scope.fields[derived.id].type
        calculate = bench.rule(derived.calculate, scope, wanted)
        cases = tuple(_case(bench, derived, case, scope, wanted) for case in derived.cases)
        rules = [calculate, *(case.when for case in cases), *(case.then for case in cases)]
        reads = frozenset[str]().union(*(rule.reads for rule in rules if rule is not None))
        outcome = DerivedRules(derived, scope, calculate, cases, reads)
        _warn_if_early(bench, outcome)
        yield outcome


def _warn_if_early(bench: Workbench, outcome: DerivedRules) -> None:
    """Say so when an outcome has a value while there is nothing yet to judge, and does not ask whether there is."""
    forms = sorted({key.partition(".")[0] for key in outcome.reads} & bench.model.forms.keys())
    if not forms or outcome.scope.kind == "group" or any(term.op in _ASKING for term in _terms(outcome)):
        return
    value = _of_nothing(bench, outcome)
    if value is not None:
        shown = str(value).lower() if isinstance(value, bool) else value
        bench.problems.warning(
            outcome.derived.mark,
            "early-outcome",
            f"{outcome.derived.id} is {shown} while nothing is entered in {', '.join(forms)}: it is stated before there is anything to judge. "
            f"Ask first, if that is not meant: if(exists({forms[0]}), …, null).",
        )


def _terms(outcome: DerivedRules) -> Iterator[Term]:
    rules = [outcome.calculate, *(part for case in outcome.cases for part in (case.when, case.then))]
    for rule in rules:
        if rule is not None:
            yield from rule.term.walk()


def frame_of_nothing(bench: Workbench, scope: Scope) -> Frame:
    """Where no form was opened."""
    node: Node | None = None
    for each in reversed(list(scope.ancestors())):
        node = Node(each, node)
    assert node is not None
    world = World(_SOME_TIME)
    world.parameters = {id_: parameter.values for id_, parameter in bench.model.parameters.items()}
    return Frame(node, world)


def _of_nothing(bench: Workbench, outcome: DerivedRules) -> Any:
    """What the outcome is where no form was opened."""
    frame = frame_of_nothing(bench, outcome.scope)
    if outcome.calculate is not None:
        return compile_term(outcome.calculate.term)(frame)
    for case in outcome.cases:
        truth = True if case.when is None else compile_term(case.when.term)(frame)
        if truth is not False:
            return compile_term(case.then.term)(frame) if truth else None
    return None


def _case(bench: Workbench, derived: DerivedDef, case: Case, scope: Scope, wanted: Type) -> CaseRule:
    when = bench.rule(case.when, scope, BOOLEAN)
    listed = bench.model.codelists.get(derived.codelist or "")
    if listed is not None and _bare_word(case.then.text):
        if case.then.text not in listed.choices:
            bench.problems.error(
                case.then.mark,
                "unknown-code",
                f"{case.then.text!r} is no code of {derived.codelist}.{bench.problems.guess(case.then.text, listed.choices)}",
            )
        then = Rule(constant(case.then.text, wanted))
    else:
        then = bench.rule(case.then, scope, wanted) or Rule(UNTYPED)
    return CaseRule(when, then, case.when.text if case.when else "")


def _bare_word(text: str) -> bool:
    try:
        tree = parse(text)
    except ExpressionFault:
        return True  # such as a code that is no name: 2a
    return type(tree).__name__ == "Path" or (type(tree).__name__ == "Literal" and not text.startswith("'"))


__all__ = ["compile_derived", "frame_of_nothing"]
