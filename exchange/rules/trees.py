"""Syntax trees changed from the leaves up."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.expressions.nodes import Apply, Call, Let, Listing, Other, Path, Syntax


def rebuilt(node: Syntax, change: Callable[[Syntax], Syntax]) -> Syntax:
    """The tree with every part replaced by what `change` makes of it, inner parts first."""

    def go(part: Syntax) -> Syntax:
        return rebuilt(part, change)

    match node:
        case Apply(op, args, at):
            made: Syntax = Apply(op, tuple(map(go, args)), at)
        case Listing(items, at):
            made = Listing(tuple(map(go, items)), at)
        case Call():
            where = None if node.where is None else go(node.where)
            made = Call(
                node.name,
                tuple(map(go, node.args)),
                node.at,
                tuple(map(go, node.values)),
                where,
                tuple(map(go, node.by)),
            )
        case Let(bindings, body, at):
            made = Let(tuple((name, go(value)) for name, value in bindings), go(body), at)
        case Other(path, at):
            inner = go(path)
            made = Other(inner, at) if isinstance(inner, Path) else node
        case _:
            made = node
    return change(made)


def substituted(node: Syntax, known: Mapping[str, Syntax]) -> Syntax:
    """The tree with values in the place of names; of `lead.model` the first name is replaced by a name."""

    def put(part: Syntax) -> Syntax:
        if not isinstance(part, Path) or part.parts[0] not in known:
            return part
        value, rest = known[part.parts[0]], part.parts[1:]
        if not rest:
            return value
        return Path((*value.parts, *rest), 0) if isinstance(value, Path) else part

    return rebuilt(node, put)


def written_out(node: Let) -> Syntax:
    """A `let` without its names."""
    known: dict[str, Syntax] = {}
    for name, value in node.bindings:
        known[name] = substituted(value, known)
    return substituted(node.body, known)
