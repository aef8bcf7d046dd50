"""Quick answers to 'is anything wrong with this value?': most values are plausible, and then nothing need be said.

`fits` may say no without cause: `judging.judge_item` has the last word and the words. It never says yes wrongly; a test
compares the two on random values.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.compiler.rules import BoundRange, Rule
from engine.datatypes.base import Kind
from engine.datatypes.values import Missing, Unread
from engine.expressions.evaluator import COMPARATORS, Run
from engine.expressions.frames import Frame, Node
from engine.records.judging import holds
from engine.records.program import Judge

Fits = Callable[[Any, Node, Frame], bool]  # what was entered into an item that is shown, its node and frame
Test = Callable[[Any, Frame], bool]  # a value as rules see it

_ODD = frozenset({Missing, Unread})


def fits_of(judge: Judge) -> Fits:
    """The quick answer for one item."""
    tests = (*_list_tests(judge), *_reference_tests(judge), *_range_tests(judge))
    id_, required = judge.rules.item.id, judge.required
    if judge.rules.item.calculate is not None:
        return _calculated(id_, tests)
    if not tests:
        return _entered(required)
    test = tests[0] if len(tests) == 1 else _all_of(tests)

    def fits(entered: Any, node: Node, frame: Frame) -> bool:
        if entered is None:
            return required is False or (required is not True and required(frame) is not True)
        if type(entered) in _ODD:
            return False
        value = node.values.get(id_)
        return value is None or test(value, frame)

    return fits


def _entered(required: Run | bool) -> Fits:
    """Where any value will do."""
    if required is True:
        return lambda entered, _node, _frame: entered is not None and type(entered) not in _ODD
    if required is False:
        return lambda entered, _node, _frame: type(entered) not in _ODD

    def fits(entered: Any, _node: Node, frame: Frame) -> bool:
        return type(entered) not in _ODD if entered is not None else required(frame) is not True

    return fits


def _calculated(id_: str, tests: tuple[Test, ...]) -> Fits:
    test = _all_of(tests)

    def fits(entered: Any, node: Node, frame: Frame) -> bool:
        value = node.values.get(id_)
        return entered is None and (value is None or test(value, frame))

    return fits


def _all_of(tests: tuple[Test, ...]) -> Test:
    return lambda value, frame: all(test(value, frame) for test in tests)


def _list_tests(judge: Judge) -> tuple[Test, ...]:
    if judge.only is not None:
        return (lambda _value, _frame: False,)
    alone = frozenset(code for code, choice in judge.rules.item.facets.choices.items() if choice.exclusive)
    if judge.rules.item.datatype.kind is Kind.CODES and alone:
        return (lambda value, _frame: len(value) < 2 or alone.isdisjoint(value),)
    return ()


def _reference_tests(judge: Judge) -> tuple[Test, ...]:
    if judge.rules.item.datatype.kind is not Kind.REFERENCE:
        return ()
    if judge.rules.item.unique:
        return (lambda _value, _frame: False,)
    return (lambda value, frame: value.target in frame.world.rows,)


# ranges -------------------------------------------------------------------------------------------------------------


def _range_tests(judge: Judge) -> tuple[Test, ...]:
    if not judge.rules.ranges:
        return ()
    if judge.rules.item.datatype.kind is Kind.NUMBER and all(map(_is_constant, judge.rules.ranges)):
        return (_between_numbers(judge.rules.ranges),)
    kind = judge.rules.item.datatype.kind
    plain = kind in (Kind.DATE, Kind.NUMBER) and all(_are_of(bound, kind) for bound in judge.rules.ranges)
    return tuple(
        _between_plainly(bound, *runs) if plain else _between(bound, *runs)
        for bound, runs in zip(judge.rules.ranges, judge.ranges, strict=True)
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

    def test(value: Any, frame: Frame) -> bool:
        least = None if low is None else low(frame)
        if least is not None and not above(value, least):
            return False
        most = None if high is None else high(frame)
        return most is None or below(value, most)

    return test


def _between(bound: BoundRange, low: Run | None, high: Run | None) -> Test:
    above = ">=" if bound.check.low_inclusive else ">"
    below = "<=" if bound.check.high_inclusive else "<"

    def test(value: Any, frame: Frame) -> bool:
        if low is not None and not holds(above, value, low(frame)):
            return False
        return high is None or holds(below, value, high(frame))

    return test


__all__ = ["Fits", "fits_of"]
