"""Says a part of a rule once that stands in it several times: `let counted = …: if(counted > 4, …)`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from engine.expressions.nodes import Apply, Call, Let, Path, Syntax, walk
from exchange.rules.trees import rebuilt

LEAST = 8  # nodes of a part that is worth a name
MOST = 2_000  # nodes of a rule that is looked through
MOST_NAMES = 4  # in one rule
_NAMES: Mapping[str, str] = {"count_true": "counted", "count": "counted", "+": "total", "sum": "total", "and": "met"}


def shared(node: Syntax) -> Syntax:
    """The rule with a name for each long part that it repeats. What is judged row by row stays where it is."""
    bindings: list[tuple[str, Syntax]] = []
    if isinstance(node, Let) or sum(1 for _ in walk(node)) > MOST:
        return node
    node = rebuilt(node, lambda part: replace(part, at=0))  # equal parts are equal wherever they stand
    taken = {path.parts[0] for path in walk(node) if isinstance(path, Path)}
    while len(bindings) < MOST_NAMES and (part := _longest([node, *(value for _, value in bindings)])) is not None:
        name = _free(_NAMES.get(part.op if isinstance(part, Apply) else part.name, "value"), taken)
        taken.add(name)
        node = _named(node, part, name)
        bindings = [(name, part), *((other, _named(value, part, name)) for other, value in bindings)]
    return Let(tuple(bindings), node, 0) if bindings else node


def _longest(trees: list[Syntax]) -> Apply | Call | None:
    """The longest part that stands there more than once."""
    counted = Counter(part for tree in trees for part in _outside_rows(tree))
    repeated = [part for part, times in counted.items() if times > 1 and _size(part) >= LEAST]
    return max(repeated, key=_size, default=None)


def _size(part: Syntax) -> int:
    return sum(1 for _ in walk(part))


def _outside_rows(node: Syntax) -> Iterator[Apply | Call]:
    """The parts that mean the same wherever they stand in the rule."""
    if isinstance(node, Apply | Call):
        yield node
        for arg in node.args:
            yield from _outside_rows(arg)


def _named(tree: Syntax, part: Syntax, name: str) -> Syntax:
    return rebuilt(tree, lambda node: Path((name,), 0) if node == part else node)


def _free(base: str, taken: set[str]) -> str:
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name
