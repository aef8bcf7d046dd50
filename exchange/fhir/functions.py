"""What each function and operator of FHIRPath means in our language: a row each. See http://hl7.org/fhirpath/."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from engine.datatypes.base import Kind
from engine.expressions.nodes import Call, Literal
from exchange.fhir import calculating, collecting, comparing, converting, wording
from exchange.fhir.calls import Args, answered, missing, null
from exchange.fhir.elements import Collection, Element, One, Spot, expanded, has_scores, of, ones, score
from exchange.fhir.evaluate import Evaluator, Function, Scope
from exchange.fhir.extensions import SCORES
from exchange.rules import logic
from exchange.rules.meaning import Meaning, Untranslatable, doubts_of, operation
from exchange.rules.translate import common


def _joined(join: Callable[[list[Meaning]], Meaning]) -> Function:
    def build(ev: Evaluator, left: Collection, args: Args, scope: Scope) -> Collection:
        (right,) = args
        sides = [null(ev.truth(side, scope)) for side in (left, ev.run(right, scope))]
        return of(join(sides))

    return build


def _implied(sides: list[Meaning]) -> Meaning:
    return logic.disjunction([logic.negation(sides[0], two_valued=False), sides[1]])


def _differing(sides: list[Meaning]) -> Meaning:
    return operation("!=", Kind.BOOLEAN, *sides)


def _not(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
    found = ev.truth(receiver, scope)
    return () if found.kind is Kind.NOTHING else of(logic.negation(found, two_valued=False))


def _iif(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    if len(args) == 2:
        args = (*args, Literal(None, 0))
    test, then, otherwise = args
    inner = scope if _is_context(receiver) else replace(scope, this=receiver)
    condition = logic.certain(null(ev.truth(ev.run(test, inner), scope)))
    if condition.is_literal:
        return ev.run(then if condition.literal is True else otherwise, inner)
    branches = [ev.run(branch, inner) for branch in (then, otherwise)]
    if _known(condition, branches[0]) and branches[1]:
        return _either(ev, branches, scope)
    return _branched(ev, condition, branches, scope)


def _is_context(receiver: Collection) -> bool:
    return any(isinstance(one, Spot) for one in receiver)


def _known(condition: Meaning, branch: Collection) -> bool:
    """`iif(x.exists(), x, …)`."""
    values = [one for one in branch if isinstance(one, One)]
    asked = Call("filled", (values[0].meaning.node,), 0) if len(values) == 1 else None
    return len(branch) == 1 and condition.node == asked


def _either(ev: Evaluator, branches: list[Collection], scope: Scope) -> Collection:
    first, second = common(ev.translator, [ev.own(branch, scope) for branch in branches])
    doubts = frozenset() if not second.doubts else first.doubts
    facet = _facet(branches)
    rest = second.node.args if isinstance(second.node, Call) and second.node.name == "coalesce" else (second.node,)
    return (One(Meaning(Call("coalesce", (first.node, *rest), 0), first.kind, doubts), facet=facet),)


def _facet(branches: list[Collection]) -> str:
    facets = {one.facet for branch in branches for one in ones(branch)}
    return facets.pop() if len(facets) == 1 else ""


def _branched(ev: Evaluator, condition: Meaning, branches: list[Collection], scope: Scope) -> Collection:
    values = common(ev.translator, [ev.own(branch, scope) for branch in branches])
    if all(missing(value) for value in values):
        return ()
    kind = next(value.kind for value in values if not missing(value))
    nodes = tuple(Literal(None, 0) if missing(value) else value.node for value in values)
    doubts = doubts_of(values) | (frozenset({"…"}) if any(missing(value) for value in values) else frozenset())
    return (One(Meaning(Call("if", (condition.node, *nodes), 0), kind, doubts), facet=_facet(branches)),)


def _scored(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
    """`ordinal()` and `weight()`: https://hl7.org/fhir/uv/sdc/expressions.html. What has no score is passed over."""
    values = ones(answered(ev, receiver, scope))
    scored = [one for one in values if one.choices is not None and has_scores(one.choices)]
    if not any(map(has_scores, ev.grown.choices.values())):
        raise Untranslatable("The choices have no scores.")
    made: list[Element] = []
    for one in expanded(tuple(scored)):
        if one.choice is not None:
            made.extend(ev.member((replace(one, facet="extension"),), "value", scope))
        else:
            made.append(replace(one, meaning=score(one.meaning), facet=""))
    return tuple(made)


def _extended(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    """`extension(url)`: of codings, their scores."""
    (url,) = args
    return ev.member(receiver, "extension", scope) if ev.one(url, scope).literal in SCORES else ()


FUNCTIONS: Mapping[str, Function] = {
    **comparing.FUNCTIONS,
    **collecting.FUNCTIONS,
    **calculating.FUNCTIONS,
    **wording.FUNCTIONS,
    **converting.FUNCTIONS,
    "and": _joined(logic.conjunction),
    "or": _joined(logic.disjunction),
    "xor": _joined(_differing),
    "implies": _joined(_implied),
    "not": _not,
    "iif": _iif,
    "extension": _extended,
    "ordinal": _scored,
    "weight": _scored,
}
