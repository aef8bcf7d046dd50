"""Comparing: equality, equivalence, order and membership, also of codes that a rule writes as they are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal
from exchange.fhir.calls import UNKNOWN, Args, folded, missing
from exchange.fhir.elements import Collection, One, expanded, of, ones, over_rows, text_constant
from exchange.fhir.evaluate import Evaluator, Function, Scope
from exchange.fhir.extensions import SCORES
from exchange.fhir.nodes import Choices
from exchange.rules import logic
from exchange.rules.compare import compared
from exchange.rules.meaning import FALSE, TRUE, Meaning, Untranslatable, call, constant, doubts_of, operation

ORDER = frozenset({"<", "<=", ">", ">="})


def _compare(op: str) -> Function:
    def build(ev: Evaluator, left: Collection, args: Args, scope: Scope) -> Collection:
        (right,) = args
        return of(compared_values(ev, op, left, ev.run(right, scope), scope))

    return build


def compared_values(ev: Evaluator, op: str, left: Collection, right: Collection, scope: Scope) -> Meaning:
    values = (ones(left), ones(right))
    if _is_score_url(*values):
        return constant(op == "=")
    if op in ("=", "!=") and (met := _shown(*values) or _shown(*values[::-1])) is not None:
        return met if op == "=" else logic.negation(met, two_valued=False)
    sides = [_told(value, other) for value, other in (values, values[::-1])]
    meanings = [ev.own(side, scope) for side in sides]
    if missing(*meanings):
        return UNKNOWN
    spans = [one.facet == "span" for side in sides for one in side]
    if any(spans):
        raise Untranslatable("A length of time is compared.")
    found = judged(ev, "=" if op == "!=" else op, *meanings)
    several = [side for side in meanings if side.kind is Kind.CODES]
    if several and not found.is_literal:  # of no answer nothing is known
        found = Meaning(
            found.node, found.kind, doubts_of([Meaning(several[0].node, Kind.TEXT, frozenset({str(several[0].node)}))])
        )
    if op != "!=":
        return found
    if several:
        empty = Call("empty", (several[0].node,), 0)
        return Meaning(
            Call("if", (empty, Literal(None, 0), Apply("not", (found.node,), 0)), 0), Kind.BOOLEAN, found.doubts
        )
    return logic.negation(found, two_valued=False)


def _shown(side: tuple[One, ...], other: tuple[One, ...]) -> Meaning | None:
    """`x.display = 'Never'` as what it asks: that x is the choice that is shown so."""
    if len(side) < 2 or len(other) != 1 or not isinstance(other[0].meaning.literal, str) or other[0].guard != TRUE:
        return None
    asked = {one.guard.node.args[0] for one in side if isinstance(one.guard.node, Apply) and one.guard.node.op == "="}
    alike = len(asked) == 1 and all(isinstance(one.guard.node, Apply) and not one.rows for one in side)
    fitting = [one.guard for one in side if one.meaning.literal == other[0].meaning.literal]
    return logic.disjunction(fitting) if alike and fitting else None


def judged(ev: Evaluator, op: str, left: Meaning, right: Meaning) -> Meaning:
    """A comparison of two values; of texts by the numbers of their characters, as FHIRPath says."""
    if op in ORDER and {left.kind, right.kind} == {Kind.TEXT}:
        first, second = (left, right) if op in ("<", ">=") else (right, left)
        before = folded(call("sorts_before", Kind.BOOLEAN, first, second))
        return before if op in ("<", ">") else logic.negation(before, two_valued=False)
    return compared(ev.translator, op, left, right)


def _is_score_url(left: tuple[One, ...], right: tuple[One, ...]) -> bool:
    sides = {one.facet: one for one in (*left, *right)}
    other = next((one for facet, one in sides.items() if facet != "score url"), None)
    return "score url" in sides and other is not None and other.meaning.literal in SCORES


def _told(side: tuple[One, ...], other: tuple[One, ...]) -> tuple[One, ...]:
    """A foreign code that is written in the rule as our code of the list that the other side is chosen from."""
    asked = next(
        (
            one
            for one in other
            if one.choices is not None and one.facet in ("code", "coding", "") and one.choice is None
        ),
        None,
    )
    if asked is None or asked.choices is None:
        return tuple(replace(one, meaning=_foreign(one)) if _plain(other) else one for one in side)
    if asked.facet == "coding" and any(one.facet == "" and one.meaning.is_literal for one in side):
        raise Untranslatable("A coding is compared with a text, which is never true. Compare its code.")
    return tuple(replace(one, meaning=_our_code(one, asked.choices)) for one in side)


def _plain(other: tuple[One, ...]) -> bool:
    return all(one.choice is None and one.meaning.is_literal for one in other)


def _foreign(one: One) -> Meaning:
    if one.choice is None or not one.meaning.is_literal or one.facet not in ("code", "coding"):
        return one.meaning
    return text_constant(str(one.choice.value))


def _our_code(one: One, choices: Choices) -> Meaning:
    found = one.meaning.literal
    if found is None or one.choice is not None or isinstance(found, bool):
        return one.meaning
    text = format(found, "f") if isinstance(found, Decimal) else found
    return text_constant(choices.code_of(text, shown=False) or text)


def _equivalent(ev: Evaluator, left: Collection, args: Args, scope: Scope) -> Collection:
    """`~`: true also where both sides are empty, and texts without regard to capitals; never unknown."""
    (right,) = args
    sides = [left, ev.run(right, scope)]
    meanings = [ev.own(side, scope) for side in sides]
    if all(missing(meaning) for meaning in meanings):
        return of(TRUE)
    if any(missing(meaning) for meaning in meanings):
        known = next(meaning for meaning in meanings if not missing(meaning))
        return of(FALSE if known.is_literal else call("empty", Kind.BOOLEAN, known, sure=True))
    if all(meaning.kind is Kind.TEXT and not meaning.is_literal for meaning in meanings):
        same = operation("=", Kind.BOOLEAN, *(call("lower", Kind.TEXT, meaning) for meaning in meanings))
    else:
        same = compared_values(ev, "=", sides[0], sides[1], scope)
    if any(meaning.is_literal for meaning in meanings):
        return of(logic.certain(same))
    both = logic.conjunction([call("empty", Kind.BOOLEAN, meaning, sure=True) for meaning in meanings])
    return of(logic.disjunction([logic.certain(same), both]))


def _not_equivalent(ev: Evaluator, left: Collection, args: Args, scope: Scope) -> Collection:
    return of(logic.negation(ev.own(_equivalent(ev, left, args, scope), scope), two_valued=False))


def _contains(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    (wanted,) = args
    return of(member(ev, ev.run(wanted, scope), receiver, scope))


def _in(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    (among,) = args
    return of(member(ev, receiver, ev.run(among, scope), scope))


def member(ev: Evaluator, wanted: Collection, among: Collection, scope: Scope) -> Meaning:
    """Whether a value is in a collection: unknown where there is no value, false where the collection is empty."""
    if not wanted:
        return UNKNOWN
    parts = []
    for one in expanded(ones(among)):
        equal = compared_values(ev, "=", wanted, (replace(one, guard=TRUE, rows=()),), scope)
        held = logic.conjunction([logic.certain(one.guard), equal])
        parts.append(over_rows("any", one, held) if one.rows else held)
    return logic.disjunction(parts)


FUNCTIONS: Mapping[str, Function] = {
    **{op: _compare(op) for op in ("=", "!=", *ORDER)},
    "~": _equivalent,
    "!~": _not_equivalent,
    "in": _in,
    "has": _contains,
}
