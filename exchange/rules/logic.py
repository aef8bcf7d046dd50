"""And, or, not and `is true`: how the two-valued logic of others is said in our three-valued one.

Others take an unknown condition for false. Ours does so too wherever a condition stands alone, or in `and` and `or`; so only
under `not`, in `if`, and where `!=` meets an empty answer something must be said: `… is not true`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Listing, Literal, Path, Syntax
from engine.expressions.printer import expression_text
from exchange.rules.meaning import FALSE, TRUE, Meaning, doubts_of
from exchange.rules.trees import rebuilt


def conjunction(parts: Sequence[Meaning]) -> Meaning:
    return _joined("and", _without_blanks(parts), TRUE, FALSE)


def disjunction(parts: Sequence[Meaning]) -> Meaning:
    found = _joined("or", parts, FALSE, TRUE)
    return Meaning(_one_of(found.node), found.kind, found.doubts)


def or_both_empty(equal: Meaning, left: Meaning, right: Meaning) -> Meaning:
    """`a = b or empty(a) and empty(b)`: two empty answers are equal to others."""
    empty = Apply("and", tuple(Call("empty", (side.node,), 0) for side in (left, right)), 0)
    return Meaning(Apply("or", (equal.node, empty), 0), Kind.BOOLEAN, equal.doubts)


def equal_or_empty(node: Syntax) -> tuple[Apply, tuple[Syntax, Syntax]] | None:
    """Of what `or_both_empty` made: the comparison, and both sides."""
    match node:
        case Apply("or", (Apply("=") as equal, Apply("and", (Call("empty", (left,)), Call("empty", (right,))))), _):
            return equal, (left, right)
    return None


def once_filled(condition: Meaning, name: str) -> Meaning:
    """The same where this answer is known to be there, so that it is not empty beside another."""

    def change(part: Syntax) -> Syntax:
        match part:
            case Apply("or", args, _):
                kept = tuple(arg for arg in args if not _both_empty(arg, name))
                return kept[0] if len(kept) == 1 else Apply("or", kept, 0)
        return part

    return Meaning(rebuilt(condition.node, change), condition.kind, condition.doubts)


def _both_empty(node: Syntax, name: str) -> bool:
    match node:
        case Apply("and", (Call("empty", (left,)), Call("empty", (right,)))):
            return name in (expression_text(left), expression_text(right))
    return False


def _without_blanks(parts: Sequence[Meaning]) -> Sequence[Meaning]:
    """`(a = b or empty(a) and empty(b)) and filled(a)` is `a = b`."""
    equal = [equal_or_empty(part.node) for part in parts]
    if not any(equal):
        return parts
    sides = [{*map(expression_text, found[1])} if found is not None else set[str]() for found in equal]
    asked = [_asked_for(part.node) for part in parts]
    kept = list[Meaning]()
    for part, found, names, name in zip(parts, equal, sides, asked, strict=True):
        if found is not None and names & {*asked}:
            kept.append(Meaning(found[0], part.kind, part.doubts))
        elif not any(name in other for other in sides):
            kept.append(part)
    return kept


def _asked_for(node: Syntax) -> str:
    """`x` of `filled(x)`."""
    match node:
        case Call("filled", (part,)):
            return expression_text(part)
    return ""


def _joined(op: str, parts: Sequence[Meaning], neutral: Meaning, decisive: Meaning) -> Meaning:
    left = [part for part in parts if part.literal is not neutral.literal]
    if any(part.literal is decisive.literal for part in left):
        return decisive
    if not left:
        return neutral
    flat = tuple(_flat(op, (part.node for part in left)))
    return left[0] if len(flat) == 1 else Meaning(Apply(op, flat, 0), Kind.BOOLEAN, doubts_of(left))


def _flat(op: str, nodes: Iterable[Syntax]) -> Iterable[Syntax]:
    for node in nodes:
        if isinstance(node, Apply) and node.op == op:
            yield from node.args
        else:
            yield node


def negation(part: Meaning, *, two_valued: bool = True) -> Meaning:
    """True where the part is false or, in two-valued logic, unknown."""
    if part.is_literal:
        return TRUE if part.literal is False else FALSE
    opposite = _OPPOSITES.get(part.node.name) if isinstance(part.node, Call) else None
    if opposite is not None and isinstance(part.node, Call):
        return Meaning(Call(opposite, part.node.args, 0), Kind.BOOLEAN)
    if isinstance(part.node, Apply) and part.node.op == "not" and not part.doubts:
        return Meaning(part.node.args[0], Kind.BOOLEAN, part.doubts)
    if two_valued and part.doubts:
        return Meaning(Apply("not", (_is_true(part.node),), 0), Kind.BOOLEAN)
    return Meaning(Apply("not", (part.node,), 0), Kind.BOOLEAN, part.doubts)


_OPPOSITES = {"filled": "empty", "empty": "filled"}


def certain(part: Meaning) -> Meaning:
    """The same, false where it is unknown."""
    return Meaning(_is_true(part.node), Kind.BOOLEAN) if part.doubts and not part.is_literal else part


def _is_true(node: Syntax) -> Syntax:
    """`x is true`; of `not x` that is `x is false`."""
    if isinstance(node, Apply) and node.op == "not":
        return Apply("is", (node.args[0], Literal("false", 0)), 0)
    return Apply("is", (node, Literal("true", 0)), 0)


def _one_of(node: Syntax) -> Syntax:
    """`x = 'a' or x = 'b'` -> `x in ('a', 'b')`, and `'a' in m or 'b' in m` -> `has_any(m, ('a', 'b'))`."""
    if not isinstance(node, Apply) or node.op != "or":
        return node
    kept: list[Syntax] = []
    gathered: dict[tuple[str, Path], list[Syntax]] = {}
    for part in node.args:
        asked = _asked(part)
        if asked is None:
            kept.append(part)
            continue
        key, values = asked
        if key not in gathered:
            gathered[key] = []
            kept.append(Call("…", (), len(gathered) - 1))  # holds the place
        gathered[key].extend(value for value in values if value not in gathered[key])
    made = [_gathered(*key, values) for key, values in gathered.items()]
    parts = tuple(made[part.at] if isinstance(part, Call) and part.name == "…" else part for part in kept)
    return parts[0] if len(parts) == 1 else Apply("or", parts, 0)


def _asked(node: Syntax) -> tuple[tuple[str, Path], tuple[Syntax, ...]] | None:
    """Of a comparison of an item with texts: how it asks, which item, and for what."""
    match node:
        case Apply("=", (Path() as path, Literal(str()) as value), _):
            return ("in", path), (value,)
        case Apply("in", (Path() as path, Listing(values, _)), _):
            return ("in", path), values
        case Apply("in", (Literal(str()) as value, Path() as path), _):
            return ("has_any", path), (value,)
        case Call("has_any", (Path() as path, Listing(values, _)), _):
            return ("has_any", path), values
    return None


def _gathered(how: str, path: Path, values: Sequence[Syntax]) -> Syntax:
    if how == "in":
        return (
            Apply("in", (path, Listing(tuple(values), 0)), 0) if len(values) > 1 else Apply("=", (path, values[0]), 0)
        )
    if len(values) > 1:
        return Call("has_any", (path, Listing(tuple(values), 0)), 0)
    return Apply("in", (values[0], path), 0)
