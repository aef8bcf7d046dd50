"""What aggregates of our language are in FHIRPath, and which of them leave out there what is missing here."""

from __future__ import annotations

from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax, walk
from exchange.fhir.printing import AGGREGATES, ATOM, Printed, Printer, each_of
from exchange.fhir.printing_functions import plain_equal
from exchange.rules.meaning import Inexpressible


def aggregate(printer: Printer, node: Call) -> Printed:
    """An aggregate over the rows of a group.

    Raises:
        Inexpressible: it is over something else, or groups its rows.
    """
    among = each_of(node)
    if among is not None and node.where is None:
        return f"{printer.receiver(among)}.count()", ATOM
    path = node.args[0]
    chain = printer.group(path) if isinstance(path, Path) else None
    if chain is None or node.by or not isinstance(path, Path) or len(node.values) > 1:
        raise Inexpressible(f"{node.name}() of something else than the rows of a group has no counterpart.")
    rows = printer.rows(chain)
    row = printer.within(chain.groups)
    value = (
        node.values[0] if node.values else Path(path.parts[-1:], 0) if path.parts[-1] != chain.groups[-1].id else None
    )
    if node.name == "all":
        if node.where is None:
            raise Inexpressible("all() without a condition.")
        return f"{rows}.all({row.part(node.where)})", ATOM
    if node.where is not None and not _asks_for(node.where, value):
        rows = f"{rows}.where({row.part(node.where)})"
    if value is not None:
        rows = f"{rows}.{row.part(value)}" if isinstance(value, Path) else f"{rows}.select({row.part(value)})"
    return f"{rows}.{AGGREGATES[node.name]}()", ATOM


_SKIPPING = frozenset({"sum", "min", "max", "mean", "first", "last"})  # theirs leave out what is empty


def skips(tree: Syntax) -> bool:
    """Whether an aggregate in a rule is missing here where a row that counts is empty, and leaves that row out there."""
    return any(
        isinstance(node, Call) and node.name in _SKIPPING and bool(node.args) and not _never_missing(node)
        for node in walk(tree)
        if not (isinstance(node, Call) and each_of(node) is not None)
    )


def _never_missing(node: Call) -> bool:
    """Whether the condition is true only of rows that have the value, or the value falls back on a constant."""
    source = node.args[0]
    value = node.values[0] if node.values else Path(source.parts[-1:], 0) if isinstance(source, Path) else source
    match value:
        case Literal() | Call("coalesce", (*_, Literal()), _):
            return True
    return any(_implies(part, value) for part in _conjuncts(node.where)) if node.where is not None else False


def _implies(condition: Syntax, value: Syntax) -> bool:
    match condition:
        case Call("filled", (same,), _):
            return plain_equal(same, value)
        case Apply("=" | "<" | "<=" | ">" | ">=", args, _):
            return any(plain_equal(same, value) for same in args)
    return False


def _conjuncts(node: Syntax) -> list[Syntax]:
    match node:
        case Apply("and", args, _):
            return [part for arg in args for part in _conjuncts(arg)]
        case Apply("is", (inner, Literal("true")), _):
            return _conjuncts(inner)
    return [node]


def _asks_for(where: Syntax, value: Syntax | None) -> bool:
    """`sum(g.n where filled(n))`: what is not there is left out anyway."""
    return (
        value is not None and isinstance(where, Call) and where.name == "filled" and plain_equal(where.args[0], value)
    )
