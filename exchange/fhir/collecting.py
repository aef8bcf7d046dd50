"""Functions of collections: where, exists, count, sum, first, all, select and the like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax
from exchange.fhir.calls import Args, answered, missing, null, same
from exchange.fhir.comparing import member
from exchange.fhir.elements import (
    Collection,
    Element,
    One,
    Spot,
    exists,
    expanded,
    guarded,
    implies_answer,
    of,
    ones,
    over_rows,
    text_constant,
)
from exchange.fhir.evaluate import Evaluator, Function, Scope
from exchange.fhir.wording import concatenated, or_nothing
from exchange.rules import logic
from exchange.rules.compare import how_many
from exchange.rules.meaning import FALSE, TRUE, Meaning, Untranslatable, call, constant, doubts_of, operation


def _where(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    (condition,) = args
    parts: list[Element] = []
    for element in _separate(ev, receiver, scope):
        held = ev.criterion(condition, element, scope)
        if held.kind is not Kind.NOTHING and held.literal is not False:
            parts.append(guarded(element, held))
    return tuple(parts)


def _separate(ev: Evaluator, receiver: Collection, scope: Scope) -> Collection:
    """Each element by itself: of a multiple choice each answer, which is judged alone."""
    return tuple(part for one in receiver for part in _each(ev, one, scope))


def _each(ev: Evaluator, one: Element, scope: Scope) -> Collection:
    if isinstance(one, One):
        return expanded((one,))
    found = ev.grown.fields.get(one.node)
    if one.part != "answer" or found is None or found.kind is not Kind.CODES:
        return (one,)
    return expanded(ones(ev.member((one,), "value", scope)))


def _values_of(receiver: Collection) -> Collection:
    """Items of a response exist where they are answered: renderers leave those without answers out, or in."""
    if any(isinstance(one, Spot) and one.part == "item" for one in receiver):
        raise Untranslatable("Whether an item is there, apart from its answer, has no counterpart. Ask for its answer.")
    return receiver


def _exists(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    found = _where(ev, receiver, args, scope) if args else receiver
    return of(exists(_values_of(answered(ev, found, scope))))


def _empty(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    if args:
        raise ValueError
    return of(logic.negation(exists(_values_of(answered(ev, receiver, scope)))))


def _has_value(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
    return _exists(ev, receiver, (), scope)


def _count(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
    values = _all_of(ones(_values_of(answered(ev, receiver, scope))))
    alone = [one for one in values if not one.rows and one.meaning.kind is not Kind.CODES]
    parts = [_count_one(one) for one in values if one not in alone]
    if alone:
        truths = tuple(_counted(exists((one,)).node) for one in alone)
        parts.append(Meaning(Call("count_true", truths, 0), Kind.NUMBER))
    return of(_sum(parts))


def _counted(node: Syntax) -> Syntax:
    """What is unknown is not counted, so that `is true` says nothing more."""
    match node:
        case Apply("is", (inner, Literal("true")), _):
            return inner
    return node


def _count_one(one: One) -> Meaning:
    if one.rows:
        return over_rows("count", one, _within(one), None)
    counted = how_many(one.meaning)
    return (
        counted
        if one.guard.literal is True
        else Meaning(Call("if", (one.guard.node, counted.node, Literal(Decimal(0), 0)), 0), Kind.NUMBER)
    )


def _within(one: One) -> Meaning:
    here = logic.certain(one.guard)
    if one.meaning.is_literal or implies_answer(here, one.meaning):
        return here
    return logic.conjunction([here, call("filled", Kind.BOOLEAN, one.meaning, sure=True)])


def _sum(parts: list[Meaning]) -> Meaning:
    if not parts:
        return constant(0)
    total = parts[0]
    for part in parts[1:]:
        total = operation("+", Kind.NUMBER, total, part)
    return total


def _summed(ev: Evaluator, receiver: Collection, _args: Args, _scope: Scope) -> Collection:
    """`sum()` of what is there, 0 where nothing is."""
    return of(_sum([_addend(ev, one) for one in expanded(_all_of(ones(receiver)))]))


def _all_of(values: tuple[One, ...]) -> tuple[One, ...]:
    if len(values) > 1 and any(one.unique and not one.meaning.is_literal for one in values):
        raise Untranslatable("Of equal values that are joined by `|` only one counts. Join them by combine().")
    return values


def _addend(ev: Evaluator, one: One) -> Meaning:
    number = ev.translator.cast(one.meaning, Kind.NUMBER)
    if one.rows:
        return over_rows("sum", one, _within(replace(one, meaning=number)), number)
    zero = Literal(Decimal(0), 0)
    if one.guard.literal is True:
        return number if not number.doubts else Meaning(Call("coalesce", (number.node, zero), 0), Kind.NUMBER)
    chosen_one = Call("if", (logic.certain(one.guard).node, number.node, zero), 0)
    return Meaning(Call("coalesce", (chosen_one, zero), 0) if number.doubts else chosen_one, Kind.NUMBER)


def _extreme(name: str, single_name: str) -> Function:
    def build(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
        values = ones(receiver)
        if len(values) == 1 and values[0].rows:
            return of(over_rows(name, values[0], _within(values[0]), values[0].meaning))
        parts = [ev.own((one,), scope) for one in values]
        parts = [part for part in parts if not missing(part)]
        if len(parts) < 2:
            return of(parts[0]) if parts else ()
        return of(Meaning(Call(single_name, tuple(part.node for part in parts), 0), parts[0].kind, doubts_of(parts)))

    return build


def _average(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
    values = ones(receiver)
    if len(values) == 1 and values[0].rows:
        return of(over_rows("mean", values[0], _within(values[0]), values[0].meaning))
    return of(
        operation(
            "/",
            Kind.NUMBER,
            ev.own(_summed(ev, receiver, (), scope), scope),
            ev.own(_count(ev, receiver, (), scope), scope),
        )
    )


def _pick(name: str) -> Function:
    """`first()` and `last()`."""

    def build(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
        receiver = answered(ev, receiver, scope, rows=False)
        if any(isinstance(one, Spot) for one in receiver):
            return receiver if len(receiver) == 1 else _one_spot(receiver, name)
        values = ones(receiver)
        if len(values) == 1 and values[0].rows:
            one = values[0]
            own = ev.rows(scope)
            if one.rows == own[: len(one.rows)]:
                return (replace(one, rows=()),)
            return (replace(one, meaning=over_rows(name, one, _within(one), one.meaning), rows=(), guard=TRUE),)
        if len(values) == 1 and values[0].meaning.kind is Kind.CODES:
            return expanded(values) if name == "first" else expanded(values)[::-1]
        return values if name == "first" else values[::-1]

    return build


def _one_spot(receiver: Collection, name: str) -> Collection:
    if any(one.guard.literal is not True for one in receiver):
        raise Untranslatable("The first of several items that depend on answers has no counterpart.")
    return receiver[:1] if name == "first" else receiver[-1:]


def _indexed(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    (index,) = args
    number = ev.one(index, scope).literal
    receiver = answered(ev, receiver, scope, rows=False)
    if number == 0:
        return _pick("first")(ev, receiver, (), scope)
    fixed = all(
        one.guard.literal is True and not (isinstance(one, One) and (one.rows or one.meaning.doubts))
        for one in receiver
    )
    if not isinstance(number, Decimal) or not fixed:
        raise Untranslatable("Only the first and the last of what may be there can be asked for.")
    return receiver[int(number) : int(number) + 1]


def _all(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    (condition,) = args
    return of(logic.conjunction([_held(ev, condition, element, scope) for element in _separate(ev, receiver, scope)]))


def _held(ev: Evaluator, condition: Syntax, element: Element, scope: Scope) -> Meaning:
    """That an element is not there or meets a condition."""
    held = null(ev.criterion(condition, element, scope))
    seen = answered(ev, (element,), scope)
    if not seen:
        return TRUE
    (one,) = ones(_values_of(seen))
    absent = logic.negation(_within(one)) if not one.meaning.is_literal or one.guard.literal is not True else FALSE
    if not one.rows:
        return logic.disjunction([absent, held])
    found = logic.disjunction([absent, held])
    return Meaning(Call("all", (Path(one.rows, 0),), 0, (), found.node), Kind.BOOLEAN, found.doubts)


def _every(wanted: bool, all_of: bool) -> Function:
    """`allTrue()`, `anyTrue()`, `allFalse()`, `anyFalse()`."""

    def build(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
        parts = [null(ev.own((one,), scope)) for one in ones(receiver)]
        parts = [part if wanted else logic.negation(part, two_valued=False) for part in parts]
        if all_of:
            return of(
                logic.conjunction([logic.disjunction([logic.negation(exists(of(part))), part]) for part in parts])
            )
        return of(logic.disjunction([logic.certain(part) for part in parts]))

    return build


def _select(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    (projection,) = args
    parts: list[Element] = []
    for element in _separate(ev, receiver, scope):
        this = replace(element, guard=TRUE)
        parts.extend(guarded(one, element.guard) for one in ev.run(projection, replace(scope, this=(this,))))
    return tuple(parts)


def _repeat(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    (projection,) = args
    if projection not in (Path(("item",), 0), *_ITEM_OR_ANSWER):
        raise Untranslatable("repeat() is known of items alone.")
    return _descendants(ev, receiver, (), scope)


_ITEM_OR_ANSWER = (
    Apply("|", (Path(("item",), 0), Call(".item", (Path(("answer",), 0),), 0)), 0),
    Apply("|", (Call(".item", (Path(("answer",), 0),), 0), Path(("item",), 0)), 0),
    Apply("|", (Path(("answer",), 0), Path(("item",), 0)), 0),
    Apply("|", (Path(("item",), 0), Path(("answer",), 0)), 0),
)


def _descendants(_ev: Evaluator, receiver: Collection, _args: Args, _scope: Scope) -> Collection:
    if not all(isinstance(one, Spot) for one in receiver):
        raise Untranslatable("The parts of a value have no counterpart.")
    return tuple(
        replace(one, node=node, part="definition" if one.part == "definition" else "item")
        for one in receiver
        if isinstance(one, Spot)
        for node in one.node.within()
    )


def _children(ev: Evaluator, receiver: Collection, _args: Args, scope: Scope) -> Collection:
    """The values of answers, and the items of items."""
    seen = answered(ev, receiver, scope)
    return tuple(
        part for one in seen for part in (ev.member((one,), "item", scope) if isinstance(one, Spot) else (one,))
    )


def _united(ev: Evaluator, left: Collection, args: Args, scope: Scope) -> Collection:
    """`|` drops equal values: what is counted and summed may then be less than what is there."""
    found = _union(ev, left, args, scope)
    return tuple(replace(one, unique=True) if isinstance(one, One) else one for one in found)


def _union(ev: Evaluator, left: Collection, args: Args, scope: Scope) -> Collection:
    (right,) = args
    return (*left, *ev.run(right, scope))


def _intersected(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    """What is in both, each once."""
    (other,) = args
    among = ev.run(other, scope)
    held = [(one, member(ev, (replace(one, guard=TRUE),), among, scope)) for one in expanded(ones(receiver))]
    return tuple(guarded(one, met) for one, met in held if met.literal is not False)


def _aggregated(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    """A sum, or texts joined; others need a memory that rules do not have."""
    for known, function in _AGGREGATED:
        if args == known:
            return function(ev, receiver, (), scope)
    raise Untranslatable(
        "aggregate() is known as a sum, aggregate($this + $total, 0), and of texts, aggregate($total & $this, '')."
    )


def _joined_texts(ev: Evaluator, receiver: Collection, args: Args, scope: Scope) -> Collection:
    """`join(', ')` of what is there."""
    between = ev.one(args[0], scope) if args else text_constant("")
    parts = ones(receiver)
    if any(one.rows for one in parts):
        raise Untranslatable("Texts of all rows are joined.")
    if len(parts) == 1:
        return receiver
    if between.literal not in ("", None):
        raise Untranslatable("Texts that may be missing are joined by a sign.")
    return of(concatenated([or_nothing(ev.translator.cast(ev.own((one,), scope), Kind.TEXT)) for one in parts]))


_THIS, _TOTAL = Path(("$this",), 0), Path(("$total",), 0)
_AGGREGATED: Sequence[tuple[Args, Function]] = (
    ((Apply("+", (_THIS, _TOTAL), 0), Literal(Decimal(0), 0)), _summed),
    ((Apply("+", (_TOTAL, _THIS), 0), Literal(Decimal(0), 0)), _summed),
    ((Apply("&", (_TOTAL, _THIS), 0), Literal("", 0)), _joined_texts),
)

FUNCTIONS: Mapping[str, Function] = {
    "where": _where,
    "exists": _exists,
    "hasValue": _has_value,
    "empty": _empty,
    "count": _count,
    "sum": _summed,
    "min": _extreme("min", "least"),
    "max": _extreme("max", "greatest"),
    "avg": _average,
    "first": _pick("first"),
    "last": _pick("last"),
    "single": _pick("first"),
    "[]": _indexed,
    "all": _all,
    "any": _exists,
    "allTrue": _every(wanted=True, all_of=True),
    "anyTrue": _every(wanted=True, all_of=False),
    "allFalse": _every(wanted=False, all_of=True),
    "anyFalse": _every(wanted=False, all_of=False),
    "select": _select,
    "repeat": _repeat,
    "descendants": _descendants,
    "children": _children,
    "|": _united,
    "union": _united,
    "combine": _union,
    "intersect": _intersected,
    "aggregate": _aggregated,
    "distinct": same,
    "join": _joined_texts,
    "trace": same,
    "value": same,
}
