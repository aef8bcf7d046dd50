"""The Python back end: a term becomes a closure over frames. One row of OPERATORS for each operator of a term."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from engine.expressions import arithmetic, calendar_days, knowledge, reaching
from engine.expressions.folding import AGGREGATORS
from engine.expressions.frames import Frame, Run
from engine.expressions.functions import FUNCTIONS
from engine.expressions.library import LIBRARY
from engine.expressions.neighbours import neighbour
from engine.expressions.places import is_of_row
from engine.expressions.reaching import Build
from engine.expressions.sharing import rows_by_key, shared
from engine.expressions.terms import Term

Operator = Callable[[Term, Build], Run]


def compile_term(term: Term) -> Run:
    """The closure that computes a term in a frame."""
    return OPERATORS[term.op](term, compile_term)


def _const(term: Term, _build: Build) -> Run:
    value = term.args[0]
    return lambda _frame: value


def _var(term: Term, _build: Build) -> Run:
    slot = term.args[0]
    return lambda frame: frame.vars[slot]


def _let(term: Term, build: Build) -> Run:
    slot, value, body = term.args[0], build(term.args[1]), build(term.args[2])

    def run(frame: Frame) -> Any:
        frame.vars[slot] = value(frame)
        return body(frame)

    return run


# logic: Kleene's three values, None is unknown ----------------------------------------------------------------------


def _and(term: Term, build: Build) -> Run:
    parts = tuple(build(part) for part in term.args)

    def run(frame: Frame) -> bool | None:
        result: bool | None = True
        for part in parts:
            value = part(frame)
            if value is False:
                return False
            if value is None:
                result = None
        return result

    return run


def _or(term: Term, build: Build) -> Run:
    parts = tuple(build(part) for part in term.args)

    def run(frame: Frame) -> bool | None:
        result: bool | None = False
        for part in parts:
            value = part(frame)
            if value is True:
                return True
            if value is None:
                result = None
        return result

    return run


def _not(term: Term, build: Build) -> Run:
    part = build(term.args[0])

    def run(frame: Frame) -> bool | None:
        value = part(frame)
        return None if value is None else not value

    return run


def _is(term: Term, build: Build) -> Run:
    part, wanted = build(term.args[0]), {"true": True, "false": False, "unknown": None}[term.args[1]]
    return lambda frame: part(frame) is wanted


def _if(term: Term, build: Build) -> Run:
    test, then, otherwise = (build(part) for part in term.args)

    def run(frame: Frame) -> Any:
        truth = test(frame)
        return None if truth is None else then(frame) if truth else otherwise(frame)

    return run


def _filled(term: Term, build: Build) -> Run:
    part = build(term.args[0])
    return lambda frame: part(frame) is not None


# comparison ---------------------------------------------------------------------------------------------------------

COMPARATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _compare(term: Term, build: Build) -> Run:
    op, domain, left, right = term.args[0], term.args[1], build(term.args[2]), build(term.args[3])
    if domain == "partial":
        test: Callable[[Any, Any], bool | None] = lambda a, b: calendar_days.compare_partial(op, a, b)  # noqa: E731  # a row of the table below in all but name
    else:
        test = COMPARATORS[op]
    item, limit = reaching.own_item(term.args[2]), term.args[3].args[0] if term.args[3].op == "const" else None
    if item is not None and limit is not None:
        return _compare_own(item, test, limit)

    def run(frame: Frame) -> bool | None:
        a = left(frame)
        if a is None:
            return None
        b = right(frame)
        return None if b is None else test(a, b)

    return run


def _compare_own(item: str, test: Callable[[Any, Any], bool | None], limit: Any) -> Run:
    """An item of the same row against a constant: most conditions are one, so it costs no calls."""

    def run(frame: Frame) -> bool | None:
        value = frame.node.values.get(item)
        return None if value is None else test(value, limit)

    return run


def _in(term: Term, build: Build) -> Run:
    part, values = build(term.args[0]), frozenset(term.args[1])
    item = reaching.own_item(term.args[0])
    if item is not None:
        return _compare_own(item, lambda value, among: value in among, values)

    def run(frame: Frame) -> bool | None:
        value = part(frame)
        return None if value is None else value in values

    return run


def _in_set(term: Term, build: Build) -> Run:
    part, group = build(term.args[0]), build(term.args[1])

    def run(frame: Frame) -> bool | None:
        value = part(frame)
        return None if value is None else value in (group(frame) or ())

    return run


# arithmetic and functions -------------------------------------------------------------------------------------------


def _strict(function: Callable[..., Any], parts: tuple[Run, ...]) -> Run:
    """A call whose result is missing when an argument is."""
    if len(parts) == 2:
        return _strict_pair(function, *parts)
    if len(parts) == 1:
        (only,) = parts

        def run_one(frame: Frame) -> Any:
            value = only(frame)
            return None if value is None else function(value)

        return run_one

    def run(frame: Frame) -> Any:
        values = []
        for part in parts:
            value = part(frame)
            if value is None:
                return None
            values.append(value)
        return function(*values)

    return run


def _strict_with(function: Callable[..., Any], first: Run, fixed: Any) -> Run:
    """A call whose second argument is a constant."""

    def run(frame: Frame) -> Any:
        value = first(frame)
        return None if value is None else function(value, fixed)

    return run


def _strict_pair(function: Callable[..., Any], first: Run, second: Run) -> Run:
    def run(frame: Frame) -> Any:
        a = first(frame)
        if a is None:
            return None
        b = second(frame)
        return None if b is None else function(a, b)

    return run


def _arithmetic(function: Callable[..., Any]) -> Operator:
    return lambda term, build: _applied(function, term.args, build)


def _applied(function: Callable[..., Any], args: tuple[Any, ...], build: Build) -> Run:
    """A strict call, in the shape that costs least."""
    if len(args) == 2 and isinstance(args[1], Term) and args[1].op == "const" and args[1].args[0] is not None:
        fixed = args[1].args[0]
        if function is arithmetic.rounded:
            return _strict(arithmetic.rounding(fixed), (build(args[0]),))
        return _strict_with(function, build(args[0]), fixed)
    return _strict(function, tuple(build(arg) if isinstance(arg, Term) else _const_of(arg) for arg in args))


def _fixed(function: Callable[..., Any], parts: tuple[Any, ...]) -> Run | None:
    """A call of constants alone, computed once."""
    terms = [part for part in parts if isinstance(part, Term)]
    if not terms or any(part.op != "const" or part.args[0] is None for part in terms):
        return None
    return _const_of(function(*(part.args[0] if isinstance(part, Term) else part for part in parts)))


def _call(term: Term, build: Build) -> Run:
    name = term.args[0]
    if name == "now":
        return lambda frame: frame.world.as_of
    if name == "today":
        return lambda frame: frame.world.today
    function = LIBRARY[name]
    fixed = _fixed(function, term.args[1:])
    if fixed is not None:
        return fixed
    if FUNCTIONS[name].strict:
        return _applied(function, term.args[1:], build)
    parts = tuple(build(arg) if isinstance(arg, Term) else _const_of(arg) for arg in term.args[1:])
    return lambda frame: function(*(part(frame) for part in parts))


def _const_of(value: Any) -> Run:
    return lambda _frame: value


# aggregates ---------------------------------------------------------------------------------------------------------


def _aggregate(term: Term, build: Build) -> Run:
    name, source, values, where, by = term.args
    run = AGGREGATORS[name](
        rows_by_key(term, build) or reaching.source(source, build),
        tuple(build(value) for value in values),
        build(where) if where is not None else None,
        tuple(build(key) for key in by),
    )
    return shared(run, term, build)


def _neighbour(term: Term, build: Build) -> Run:
    name, frames, up, value, where, by = term.args
    return neighbour(
        name,
        reaching.start_of(frames, up),
        build(value),
        build(where) if where is not None else None,
        tuple(build(key) for key in by),
        steady=all(is_of_row(part) for part in (where, *by) if part is not None),
    )


OPERATORS: Mapping[str, Operator] = {
    "const": _const,
    "var": _var,
    "let": _let,
    "read": reaching.read,
    "deref": reaching.deref,
    "reason": reaching.reason,
    "exists": reaching.exists,
    "is_a": reaching.is_a,
    "exists_ref": reaching.exists_ref,
    "and": _and,
    "or": _or,
    "not": _not,
    "is": _is,
    "if": _if,
    "filled": _filled,
    "cmp": _compare,
    "in": _in,
    "in_set": _in_set,
    "add": _arithmetic(arithmetic.add),
    "sub": _arithmetic(arithmetic.subtract),
    "mul": _arithmetic(arithmetic.multiply),
    "div": _arithmetic(arithmetic.divide),
    "pow": _arithmetic(arithmetic.power),
    "neg": _arithmetic(arithmetic.negate),
    "call": _call,
    "attr": knowledge.attribute,
    "position": knowledge.position,
    "label": knowledge.label,
    "param": knowledge.parameter,
    "event_is": reaching.event_is,
    "in_window": reaching.in_window,
    "row_index": reaching.row_index,
    "aggregate": _aggregate,
    "neighbour": _neighbour,
}
