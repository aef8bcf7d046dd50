"""Quick answers to 'is anything wrong with this value?': most values are plausible, and then nothing need be said.

A test may say no without cause: `judging.judge_item` has the last word and the words. It never says yes wrongly; a
property test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.compiler.rules import BoundRange, Rule
from engine.datatypes.base import Kind
from engine.datatypes.numerals import DIGITS, places
from engine.datatypes.values import Unread
from engine.expressions.evaluator import COMPARATORS
from engine.expressions.frames import Frame, Run
from engine.expressions.terms import Term
from engine.records.judging import holds
from engine.records.program import Judge

Test = Callable[[Any, Frame], bool]  # of a value as rules see it, in the frame of its row


def test_of(judge: Judge) -> Test | None:
    """Whether a value is surely fine; None where every value is."""
    tests = (*_type_tests(judge), *_list_tests(judge), *_reference_tests(judge), *_range_tests(judge))
    if len(tests) == 2:
        first, second = tests
        return lambda value, frame: first(value, frame) and second(value, frame)
    if len(tests) > 2:
        return lambda value, frame: all(test(value, frame) for test in tests)
    return tests[0] if tests else None


def _type_tests(judge: Judge) -> tuple[Test, ...]:
    """Whether a calculated value is one of its type; what people enter was read by the type."""
    item = judge.rules.item
    if item.calculate is None or item.datatype.kind is Kind.BOOLEAN:
        return ()
    if item.datatype.kind is Kind.NUMBER:
        decimals = item.facets.decimals or 0
        if _is_rounded(judge.rules.calculate, decimals) and any(map(_is_narrow, judge.rules.ranges)):
            return ()
        return (lambda value, _frame: places(value) <= decimals and value.adjusted() < DIGITS,)
    from_rule, facets = item.datatype.from_rule, item.facets
    return (lambda value, _frame: not isinstance(from_rule(value, facets), Unread),)


def _is_rounded(rule: Rule | None, decimals: int) -> bool:
    """Whether a formula can only give so many decimals."""
    match rule.term if rule is not None else None:
        case Term(op="call", args=("round", _, Term(op="const", args=(Decimal() as given,)))):
            return given <= decimals
    return False


def _is_narrow(bound: BoundRange) -> bool:
    """Whether no value between the limits can have too many digits."""
    if bound.low is None or bound.high is None or not _is_constant(bound):
        return False
    return all(rule.term.args[0].adjusted() < DIGITS for rule in _limits(bound))


def _list_tests(judge: Judge) -> tuple[Test, ...]:
    loaded: Test = lambda _value, frame: not frame.world.dictionaries  # noqa: E731 -- one of several tests
    tests = (loaded,) if judge.rules.item.facets.open_list else ()
    if judge.only is not None:
        tests = (*tests, _on_offer(judge.only))
    alone = frozenset(code for code, choice in judge.rules.item.facets.choices.items() if choice.exclusive)
    if judge.rules.item.datatype.kind is Kind.CODES and alone:
        return (*tests, lambda value, _frame: len(value) < 2 or alone.isdisjoint(value))
    return tests


def _on_offer(only: Run) -> Test:
    """Whether a rule takes none of the chosen codes out."""

    def test(value: Any, frame: Frame) -> bool:
        inner = Frame(frame.node, frame.world)
        for code in (value,) if isinstance(value, str) else value:
            inner.vars = {"code": code}
            if only(inner) is False:
                return False
        return True

    return test


def _reference_tests(judge: Judge) -> tuple[Test, ...]:
    if judge.rules.item.datatype.kind is not Kind.REFERENCE:
        return ()
    if judge.rules.item.unique:
        return (lambda _value, _frame: False,)
    return (lambda value, frame: value.target in frame.world.rows,)


# ranges -------------------------------------------------------------------------------------------------------------


def _range_tests(judge: Judge) -> tuple[Test, ...]:
    ranges, kind = judge.rules.ranges, judge.rules.item.datatype.kind
    if ranges and kind is Kind.NUMBER and all(map(_is_constant, ranges)):
        return (_between_numbers(ranges),)
    plain = kind in (Kind.DATE, Kind.NUMBER) and all(_are_of(bound, kind) for bound in ranges)
    return tuple(
        _between_plainly(bound, *runs) if plain else _between(bound, *runs)
        for bound, runs in zip(ranges, judge.ranges, strict=True)
    )


def _limits(bound: BoundRange) -> tuple[Rule, ...]:
    return tuple(rule for rule in (bound.low, bound.high) if rule is not None)


def _is_constant(bound: BoundRange) -> bool:
    return all(rule.term.op == "const" and isinstance(rule.term.args[0], Decimal) for rule in _limits(bound))


def _are_of(bound: BoundRange, kind: Kind) -> bool:
    return all(rule.term.type.kind is kind for rule in _limits(bound))


def _between_numbers(ranges: tuple[BoundRange, ...]) -> Test:
    """All ranges at once: with fixed limits the tightest ones decide."""
    lows = [(bound.low.term.args[0], not bound.check.low_inclusive) for bound in ranges if bound.low is not None]
    highs = [(-bound.high.term.args[0], not bound.check.high_inclusive) for bound in ranges if bound.high is not None]
    low, above = max(lows, default=(Decimal("-Infinity"), False))
    high, below = max(highs, default=(Decimal("-Infinity"), False))
    high = -high
    if above or below:
        return lambda value, _frame: low < value < high or (not above and value == low) or (not below and value == high)
    return lambda value, _frame: low <= value <= high


def _between_plainly(bound: BoundRange, low: Run | None, high: Run | None) -> Test:
    """Where Python compares as the rules do."""
    above = COMPARATORS[">=" if bound.check.low_inclusive else ">"]
    below = COMPARATORS["<=" if bound.check.high_inclusive else "<"]
    sides = ((above, bound.low, low), (below, bound.high, high))
    tests = [_one_sided(fits, rule, limit) for fits, rule, limit in sides if rule is not None and limit is not None]
    return tests[0] if len(tests) == 1 else lambda value, frame: all(test(value, frame) for test in tests)


def _one_sided(fits: Callable[[Any, Any], bool], rule: Rule, limit: Run) -> Test:
    if rule.term.op == "const" and (fixed := rule.term.args[0]) is not None:
        return lambda value, _frame: fits(value, fixed)

    def test(value: Any, frame: Frame) -> bool:
        bound = limit(frame)
        return bound is None or fits(value, bound)

    return test


def _between(bound: BoundRange, low: Run | None, high: Run | None) -> Test:
    above = ">=" if bound.check.low_inclusive else ">"
    below = "<=" if bound.check.high_inclusive else "<"

    def test(value: Any, frame: Frame) -> bool:
        if low is not None and not holds(above, value, low(frame)):
            return False
        return high is None or holds(below, value, high(frame))

    return test


__all__ = ["Test", "test_of"]
