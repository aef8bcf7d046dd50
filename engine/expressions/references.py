"""Binds what is read through a reference, and tells the targets of a reference apart: `about.size`, `is_a(about, leads)`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from engine.datatypes.base import Kind
from engine.expressions.locate import Context, Located, Miss, StaticFrame, locate
from engine.expressions.nodes import Call, Path, Syntax
from engine.expressions.scopes import Field, Scope
from engine.expressions.terms import BOOLEAN, Term, Type, constant
from engine.expressions.typing_rules import UNTYPED

if TYPE_CHECKING:  # the binder imports this module
    from engine.expressions.checker import Binder


class _Place(NamedTuple):
    """Where a value stands, seen from a target."""

    target: Scope
    located: Located
    item: Field


def through(binder: Binder, reference: Term, rest: tuple[str, ...], path: Syntax) -> Term:
    """A read through a reference: `lead.kind`. Of several targets, those that have the value are told apart."""
    names = reference.type.targets
    scopes = {name: scope for name in names if (scope := binder.names.targets.get(name)) is not None}
    if len(scopes) < len(names) or not names:
        return binder.fault(
            path,
            "unknown-target",
            f"{path} goes through a reference that points to no group or form of this definition: rules know no more than whether it is filled.",
        )
    places: dict[str, _Place] = {}
    for name, scope in scopes.items():
        found = locate(rest, Context((StaticFrame(scope),)))
        if not isinstance(found, Miss) and found.field is not None and not found.plural:
            places[name] = _Place(scope, found, found.field)
    if not _may_read(binder, reference, rest, places, path):
        return UNTYPED
    reads = {name: _read(binder, reference, name, place) for name, place in places.items()}
    term = next(iter(reads.values()))
    if len(names) > 1:
        term = constant(None, term.type)
        for name, read in reversed(reads.items()):
            term = Term("if", (_test(reference, scopes[name]), read, term), read.type)
    further = next(iter(places.values())).located.rest
    return through(binder, term, further, path) if further else term


def is_a(binder: Binder, node: Call, context: Context) -> Term:
    """Whether a reference points to a row or record of a kind. What follows may read what is there alone."""
    if len(node.args) != 2 or not all(isinstance(part, Path) for part in node.args):
        return binder.fault(
            node, "wrong-call", "is_a takes a reference and a group or form that it may point to: is_a(about, leads)."
        )
    path, kind = node.args
    reference = binder.asked(path, context, partial(binder.of_kind, kinds={Kind.REFERENCE}, wanted="a reference"))
    if reference is UNTYPED:
        return UNTYPED
    name, targets = str(kind), reference.type.targets
    target = binder.names.targets.get(name)
    if name not in targets or target is None:
        hint = binder.report.problems.guess(name, targets)
        text = f"{path} never points to {name!r}.{hint} It points to: {', '.join(targets)}."
        return binder.fault(kind, "unknown-target", text)
    binder.reads.scopes.add(target)
    binder.tested.add((reference, name))
    return _test(reference, target)


def _test(reference: Term, target: Scope) -> Term:
    return Term("is_a", (reference, target.form_id, target.id), BOOLEAN)


def _read(binder: Binder, reference: Term, name: str, place: _Place) -> Term:
    binder.note(place.item)
    binder.reads.scopes.add(place.target)
    there = Term(reference.op, reference.args, Type(Kind.REFERENCE, scope=name))
    return Term("deref", (there, place.located.up, place.located.steps, place.item.id), place.item.type)


def _may_read(
    binder: Binder, reference: Term, rest: tuple[str, ...], places: Mapping[str, _Place], path: Syntax
) -> bool:
    """Whether all targets of a reference have a value, or those that have it were told from the others before."""
    names, value = reference.type.targets, ".".join(rest)
    lacking = " and ".join(name for name in names if name not in places)
    if not places:
        hint = binder.report.problems.guess(
            rest[0], {each for name in names for each in binder.names.targets[name].index()}
        )
        verb = "has" if len(names) == 1 else "have"
        binder.fault(path, "unknown-name", f"{lacking} {verb} no value {value!r}.{hint}", rest[-1])
    elif lacking and not all((reference, name) in binder.tested for name in places):
        ask = " or ".join(f"is_a({str(path).removesuffix(f'.{value}')}, {name})" for name in places)
        text = f"{value} is not in {lacking}, to which this may point too. Ask before: {ask} and …"
        binder.fault(path, "untested-reference", text)
    elif len({(place.item.type, place.located.rest) for place in places.values()}) > 1:
        kinds = ", ".join(f"a {place.item.type} in {name}" for name, place in places.items())
        binder.fault(path, "wrong-type", f"{value} is {kinds}. Give one of them another name.")
    else:
        return True
    return False


__all__ = ["is_a", "through"]
