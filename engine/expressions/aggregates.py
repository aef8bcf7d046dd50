"""Binds aggregates: their source, what they take from each element, condition and key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.datatypes.base import Kind
from engine.expressions.locate import Context, Located
from engine.expressions.nodes import Apply, Call, Other, Path, Syntax
from engine.expressions.scopes import EVENT, Scope
from engine.expressions.terms import BOOLEAN, NUMBER, Term, Type
from engine.expressions.typing_rules import ORDERED, UNTYPED, as_day, comparison, type_hint

if TYPE_CHECKING:  # the binder imports this module
    from engine.expressions.checker import Binder


@dataclass(frozen=True, slots=True)
class Shape:
    """What an aggregate needs: how many values, of which kind, and what it gives (None: the value's type)."""

    values: int
    kind: str  # kind of the values: condition, number, ordered, comparable, any, interval, day
    gives: Type | None
    keyed: bool = False  # `by` orders (first, last, prev, next) or divides (unique, no_overlap, max_run)


_SHAPES: Mapping[str, Shape] = {
    "any": Shape(1, "condition", BOOLEAN),
    "all": Shape(1, "condition", BOOLEAN),
    "count": Shape(0, "none", NUMBER),
    "sum": Shape(1, "number", NUMBER),
    "mean": Shape(1, "number", NUMBER),
    "min": Shape(1, "ordered", None),
    "max": Shape(1, "ordered", None),
    "first": Shape(1, "any", None, keyed=True),
    "last": Shape(1, "any", None, keyed=True),
    "prev": Shape(1, "any", None, keyed=True),
    "next": Shape(1, "any", None, keyed=True),
    "distinct": Shape(1, "comparable", None),
    "unique": Shape(1, "any", BOOLEAN, keyed=True),
    "no_overlap": Shape(2, "interval", BOOLEAN, keyed=True),
    "covered": Shape(4, "interval", BOOLEAN),
    "active": Shape(4, "interval", None),
    "max_run": Shape(1, "day", NUMBER, keyed=True),
}


_ORDERING = frozenset({"first", "last", "prev", "next"})
ASKED_ONCE: Mapping[str, frozenset[int]] = {  # the values that are asked once, not of each element, by their places
    "covered": frozenset({2, 3}),
    "active": frozenset({2}),
}


@dataclass(frozen=True, slots=True)
class _Source:
    """A bound source: the term that lists elements, the context inside, and the value a path ended in."""

    term: Term
    inside: Context
    value: Term | None
    elements: bool = False


def bind_aggregate(binder: Binder, node: Call, context: Context) -> Term:
    """The term of an aggregate: ('aggregate', name, source, values, where, by)."""
    shape = _SHAPES[node.name]
    if len(node.args) != 1:
        return binder.fault(node, "wrong-call", f"{node.name} takes one source: {node.name}(rows where …).")
    if node.name in ("prev", "next"):
        return _bind_neighbour(binder, node, context)
    source = _bind_source(binder, node.args[0], context)
    if source is None:
        return UNTYPED
    where = binder.condition(node.where, source.inside) if node.where is not None else None
    taken = source.value is not None and not source.elements
    if node.name in ("any", "all") and not node.values and not taken:
        if where is None:
            return binder.fault(node, "wrong-call", f"{node.name} needs a condition: {node.name}(rows where …).")
        values: tuple[Term, ...] = (where,)
        where = None
    else:
        values = _bind_values(binder, node, source, context)
    if shape.values and (len(values) != shape.values if node.name != "unique" else not values):
        return binder.fault(
            node,
            "wrong-call",
            f"{node.name} needs {shape.values} value(s) of each element: {node.name}(rows: value …).",
        )
    values = tuple(_check_value(binder, node, shape, value) for value in values)
    if shape.kind == "interval":
        _check_interval(binder, node, values)
    by = _bind_keys(binder, node, source.inside)
    if by and not shape.keyed:
        return binder.fault(node, "wrong-call", f"{node.name} takes no `by`.")
    gives = shape.gives or _given(node.name, values)
    return Term("aggregate", (node.name, source.term, values, where, by), gives)


def _given(name: str, values: tuple[Term, ...]) -> Type:
    first = values[-1].type if name == "active" else values[0].type
    if name != "distinct":
        return first
    element = first.kind if first.kind not in (Kind.CODE, Kind.TEXT, Kind.NOTHING) else None
    return Type(Kind.CODES, first.codelist, first.scope, element)


def _bind_values(binder: Binder, node: Call, source: _Source, context: Context) -> tuple[Term, ...]:
    if node.name == "count":
        if node.values:
            binder.fault(node, "wrong-call", "count counts elements; put the condition after `where`.")
        return ()
    if node.values:
        if source.value is not None and not source.elements:
            binder.fault(node, "wrong-call", "Say what is taken either in the path or after `:`, not both.")
        outside = ASKED_ONCE.get(node.name, frozenset())
        return tuple(
            binder.bind(value, context if place in outside else source.inside)
            for place, value in enumerate(node.values)
        )
    return (source.value,) if source.value is not None else ()


def _check_value(binder: Binder, node: Call, shape: Shape, value: Term) -> Term:
    kind = value.type.kind
    if kind is Kind.NOTHING:
        return value
    wrong = {
        "condition": kind is not Kind.BOOLEAN,
        "number": kind is not Kind.NUMBER,
        "ordered": kind not in ORDERED,
        "comparable": comparison(value.type, value.type) is None,
        "day": kind not in (Kind.DATE, Kind.DATETIME),
    }.get(shape.kind, False)
    if wrong:
        return binder.fault(node, "wrong-type", f"{node.name} cannot work on a {value.type}.")
    return as_day(value) if shape.kind == "day" else value


def _bind_keys(binder: Binder, node: Call, inside: Context) -> tuple[Term, ...]:
    """The keys after `by`. Those that put elements in order must have one: a partial date or a reference has none."""
    keys = tuple(binder.bind(key, inside) for key in node.by)
    for key in keys if node.name in _ORDERING else ():
        if key.type.kind not in ORDERED | {Kind.TEXT, Kind.CODE, Kind.BOOLEAN, Kind.NOTHING}:
            hint = type_hint(key.type, ORDERED)
            binder.fault(node, "wrong-type", f"{node.name} cannot put elements in order by a {key.type}.{hint}")
    return keys


def _check_interval(binder: Binder, node: Call, values: tuple[Term, ...]) -> None:
    bounds = values[:3] if node.name == "active" else values
    kinds = {value.type.kind for value in bounds} - {Kind.NOTHING}
    allowed = {Kind.DATE, Kind.DATETIME} if node.name == "covered" else {Kind.DATE, Kind.DATETIME, Kind.NUMBER}
    if len(kinds) > 1 or not kinds <= allowed:
        binder.fault(node, "wrong-type", f"{node.name} needs bounds of one type: all dates, or all dates with time.")


def _bind_source(binder: Binder, node: Syntax, context: Context) -> _Source | None:
    match node:
        case Apply("in", (Path((name,), _), domain), _):
            return _bind_elements(binder, name, domain, context)
        case Other(path, _):
            return _bind_rows(binder, path, context, other=True)
        case Path() if node.parts[0] in context.variables:
            binder.fault(node, "wrong-source", "A local value is no source. Write any(x in …).")
        case Path():
            return _bind_rows(binder, node, context, other=False)
        case _:
            binder.fault(
                node,
                "wrong-source",
                "A source is a group, form, event or container, or `x in` a multiple choice or set.",
            )
    return None


def _bind_elements(binder: Binder, name: str, domain: Syntax, context: Context) -> _Source | None:
    group = binder.of_kind(domain, context, frozenset({Kind.CODES}), "a multiple choice or set")
    if group is UNTYPED:
        return None
    kind = group.type.of_elements
    slot, variable = binder.new_variable(kind)
    inside = context.with_variable(name, variable)
    return _Source(Term("elements", (slot, group), kind), inside, variable, elements=True)


def _bind_rows(binder: Binder, path: Path, context: Context, *, other: bool) -> _Source | None:
    found = binder.find(path, context)
    if found is None:
        return None
    if found.field is not None and not found.plural and not other:
        binder.fault(path, "wrong-source", f"{path} has one value here: no aggregate is needed.")
        return None
    binder.note_steps(found)
    scope = found.scope
    binder.reads.scopes.add(scope)
    if scope.kind == EVENT:
        binder.reads.events = True
    inside = context.inside(scope)
    term = Term("rows", (found.frame, found.up, found.steps, other), Type(Kind.NOTHING, scope=scope.id))
    return _Source(term, inside, _ending_value(binder, found, path))


def _ending_value(binder: Binder, found: Located, path: Path) -> Term | None:
    if found.field is None:
        return None
    here = Located(0, 0, (), found.scope, found.field, False, found.rest)
    return binder.read(here, path)


def _bind_neighbour(binder: Binder, node: Call, context: Context) -> Term:
    """prev(x), next(x): the value in the row or record before or after the present one."""
    path = node.args[0]
    found = binder.find(path, context) if isinstance(path, Path) else None
    if found is None or found.field is None or found.steps or found.plural:
        if found is not None or not isinstance(path, Path):
            binder.fault(node, "wrong-source", f"{node.name} takes an item of this row or record.")
        return UNTYPED
    scope = _repeating(found.scope)
    if scope is None:
        return binder.fault(node, "wrong-source", f"{path} does not repeat, so there is no record before it.")
    binder.reads.scopes.add(found.scope)
    binder.reads.fields.add(found.field)
    inside = context.inside(found.scope)
    value = binder.read(Located(0, 0, (), found.scope, found.field, False), path)
    where = binder.condition(node.where, inside) if node.where is not None else None
    by = _bind_keys(binder, node, inside)
    return Term("neighbour", (node.name, found.frame, found.up, value, where, by), value.type)


def _repeating(scope: Scope) -> Scope | None:
    """The nearest scope outwards that repeats below a container."""
    here: Scope | None = scope
    while here is not None and here.kind in ("group", "form", EVENT):
        if here.repeats:
            return here
        here = here.parent
    return None


__all__ = ["bind_aggregate"]
