"""Calls that are no plain functions: they take names, codes or conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from engine.datatypes.base import Kind
from engine.expressions.locate import Context
from engine.expressions.nodes import Call, Literal, Path
from engine.expressions.references import is_a
from engine.expressions.scopes import EVENT, Scope
from engine.expressions.terms import BOOLEAN, NUMBER, TEXT, Term
from engine.expressions.typing_rules import UNTYPED, as_day

if TYPE_CHECKING:  # the binder imports this module's table
    from engine.expressions.checker import Binder


def _if(binder: Binder, node: Call, context: Context) -> Term:
    if len(node.args) != 3:
        return binder.fault(node, "wrong-call", "if takes a condition and two values: if(c, a, b).")
    test = binder.condition(node.args[0], context)
    values = [binder.bind(part, context) for part in node.args[1:]]
    common = binder.common_type(node, values)
    if common.kind is Kind.DATE:
        values = [as_day(value) for value in values]
    return Term("if", (test, *values), common)


def _filled(binder: Binder, node: Call, context: Context) -> Term:
    if len(node.args) != 1:
        return binder.fault(node, "wrong-call", f"{node.name} takes one value.")
    value = binder.asked(node.args[0], context, binder.bind)
    term = Term("filled", (value,), BOOLEAN)
    return term if node.name == "filled" else Term("not", (term,), BOOLEAN)


def _reason(binder: Binder, node: Call, context: Context) -> Term:
    if len(node.args) != 1 or not isinstance(node.args[0], Path):
        return binder.fault(node, "wrong-call", "missing_reason takes the name of an item.")
    value = binder.asked(node.args[0], context, binder.bind)
    if value.op != "read":
        return (
            value if value is UNTYPED else binder.fault(node, "wrong-call", "missing_reason takes the name of an item.")
        )
    return Term("reason", value.args, TEXT)


def _exists(binder: Binder, node: Call, context: Context) -> Term:
    if len(node.args) != 1 or not isinstance(node.args[0], Path):
        return binder.fault(node, "wrong-call", "exists takes an event, a form or a reference.")
    found = binder.find(node.args[0], context)
    if found is None:
        return UNTYPED
    if found.field is None:
        binder.reads.scopes.add(found.scope)
        binder.reads.asked.add(found.scope.form_id)
        return Term("exists", (found.frame, found.up, found.steps), BOOLEAN)
    reference = binder.asked(node.args[0], context, binder.bind)
    if reference.type.kind is not Kind.REFERENCE:
        return binder.fault(
            node,
            "wrong-type",
            f"{node.args[0]} is a {reference.type}; exists takes an event, a form or a reference. For values there is filled().",
        )
    for target in filter(None, map(binder.names.targets.get, reference.type.targets)):
        binder.reads.scopes.add(target)
        binder.reads.asked.add(target.form_id)
    return Term("exists_ref", (reference,), BOOLEAN)


def _attribute(binder: Binder, node: Call, context: Context) -> Term:
    if len(node.args) != 2 or not isinstance(node.args[1], Literal) or not isinstance(node.args[1].value, str):
        return binder.fault(node, "wrong-call", "attr takes a code and the attribute's name: attr(item, 'class').")
    code = binder.of_kind(node.args[0], context, {Kind.CODE}, "a code of a list")
    listed = binder.names.codelists.get(code.type.codelist or "")
    if listed is None:
        return (
            code
            if code.type.kind is Kind.NOTHING
            else binder.fault(node, "wrong-type", "This code belongs to no list.")
        )
    name = node.args[1].value
    if name not in listed.attributes:
        known = ", ".join(listed.attributes) or "none"
        return binder.fault(
            node.args[1],
            "unknown-attribute",
            f"{code.type.codelist} has no attribute {name!r}.{binder.report.problems.guess(name, listed.attributes)} It has: {known}.",
        )
    return Term("attr", (code, code.type.codelist, name), listed.attributes[name])


def _of_code(binder: Binder, node: Call, context: Context) -> Term:
    if len(node.args) != 1:
        return binder.fault(node, "wrong-call", f"{node.name} takes a code.")
    code = binder.of_kind(node.args[0], context, {Kind.CODE}, "a code of a list")
    return Term(node.name, (code, code.type.codelist), NUMBER if node.name == "position" else TEXT)


def _param(binder: Binder, node: Call, _context: Context) -> Term:
    name = node.args[0] if len(node.args) == 1 else None
    if not isinstance(name, Path) or len(name.parts) != 1:
        return binder.fault(node, "wrong-call", "param takes the name of a parameter: param(blanking_days).")
    if name.parts[0] not in binder.names.parameters:
        return binder.fault(
            name,
            "unknown-parameter",
            f"There is no parameter {name}.{binder.report.problems.guess(str(name), binder.names.parameters)}",
            name.parts[0],
        )
    return Term("param", (name.parts[0],), binder.names.parameters[name.parts[0]])


def _event_is(binder: Binder, node: Call, context: Context) -> Term:
    name = node.args[0] if len(node.args) == 1 else None
    if not isinstance(name, Literal) or not isinstance(name.value, str):
        return binder.fault(node, "wrong-call", "event_is takes the id of an event: event_is('follow_up_6m').")
    event = binder.names.events.get(name.value)
    if event is None:
        return binder.fault(
            name,
            "unknown-event",
            f"There is no event {name.value!r}.{binder.report.problems.guess(name.value, binder.names.events)}",
        )
    binder.reads.events = True
    return Term("event_is", (_form_levels(context), event), BOOLEAN)


def _in_window(binder: Binder, node: Call, context: Context) -> Term:
    if len(node.args) != 1:
        return binder.fault(node, "wrong-call", "in_window takes a date.")
    day = binder.of_kind(node.args[0], context, {Kind.DATE, Kind.DATETIME}, "a date")
    binder.reads.events = True
    levels = _form_levels(context)
    around = _events_around(context.frames[levels].scope)
    known = {event: binder.names.windows[event] for event in around if event in binder.names.windows}
    windows = tuple((event, each.low, each.high, as_day(binder.anchor(each))) for event, each in known.items())
    return Term("in_window", (levels, as_day(day), windows), BOOLEAN)


def _events_around(scope: Scope) -> tuple[str, ...]:
    """The events in one of whose occurrences a record of the scope stands."""
    for inner, outer in pairwise(scope.ancestors()):
        if outer.kind == EVENT:
            return inner.events
    return ()


def _row_index(binder: Binder, node: Call, _context: Context) -> Term:
    if node.args:
        return binder.fault(node, "wrong-call", "row_index takes nothing.")
    return Term("row_index", (0,), NUMBER)


def _form_levels(context: Context) -> int:
    """How many frames out the form under evaluation stands (events are asked of it)."""
    return len(context.frames) - 1


SPECIAL: Mapping[str, Callable[[Binder, Call, Context], Term]] = {
    "if": _if,
    "filled": _filled,
    "empty": _filled,
    "missing_reason": _reason,
    "exists": _exists,
    "is_a": is_a,
    "attr": _attribute,
    "position": _of_code,
    "label": _of_code,
    "param": _param,
    "event_is": _event_is,
    "in_window": _in_window,
    "row_index": _row_index,
}
