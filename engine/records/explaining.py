"""Why an outcome or a calculated value is what it is: the answers and rows that decided, in words.

The explanation follows the evaluation: of `or` the part that is true, of `any` the rows that bear it out, of what is
unknown only what is not known. It runs the same terms as the rules, so that it cannot say anything else than they do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.expressions.frames import Frame, Node, reach
from engine.expressions.terms import Term
from engine.model.text import in_language
from engine.records.facts import Explain, Fact, Found, Look, below, closures_of, deciding, row_fact
from engine.records.naming import Naming
from engine.records.program import OutcomeStep
from engine.records.row_facts import aggregate
from engine.records.tree import Tree

MAX_FACTS = 12


class Explainer:
    """Explains the values of one settled tree in one language."""

    def __init__(self, tree: Tree, language: str) -> None:
        self._tree = tree
        self._look = Look(Naming(tree, language), closures_of(tree.registry), _EXPLAINED, _parts)

    def outcome(self, step: OutcomeStep, node: Node) -> tuple[Fact, ...]:
        """What decided an outcome."""
        return () if step.rules.calculate is None else self.value(step.rules.calculate.term, node)

    def value(self, term: Term, node: Node) -> tuple[Fact, ...]:
        """What a calculated value was made of."""
        self._look.bound.clear()
        return self._told(self._look.of([term], self._tree.frame(node)))

    def _told(self, found: Sequence[Found]) -> tuple[Fact, ...]:
        there = self._look.word("there")
        facts = _together([each for each in found if each.fact.value != there] or found)
        return facts if len(facts) <= MAX_FACTS else (*facts[:MAX_FACTS], self._look.more(len(facts) - MAX_FACTS))


def _together(found: Sequence[Found]) -> tuple[Fact, ...]:
    """Each fact once, and each row once with all that was read of it."""
    merged: dict[object, tuple[Fact, dict[Fact, None]]] = {}
    for fact, _, parts in found:
        known = merged.setdefault((fact.name, fact.path) if parts else fact, (fact, {}))
        known[1].update(dict.fromkeys(parts))
    return tuple(row_fact(fact.name, parts, fact.path) if parts else fact for fact, parts in merged.values())


def _parts(term: Term, frame: Frame, look: Look) -> list[Found]:
    """All parts; of something unknown those that are not known."""
    parts = list(term.parts())
    if look.run(term, frame) is None:
        parts = [part for part in parts if look.run(part, frame) is None] or parts
    return look.of(parts, frame)


def _nothing(_term: Term, _frame: Frame, _look: Look) -> list[Found]:
    return []


def _logic(term: Term, frame: Frame, look: Look) -> list[Found]:
    truths = [look.run(part, frame) for part in term.args]
    return look.of([term.args[place] for place in deciding(term.op == "or", truths)], frame)


def _if(term: Term, frame: Frame, look: Look) -> list[Found]:
    """One after the other, as a decision table is read: the row that decided, and for what is left over why none above it did."""
    passed: list[Term] = []
    while term.op == "if":
        test, then, otherwise = term.args
        truth = look.run(test, frame)
        if truth is not False:
            return look.of([test, then] if truth else [test], frame)
        passed.append(test)
        term = otherwise
    return look.of([*passed, term], frame)


def _call(term: Term, frame: Frame, look: Look) -> list[Found]:
    """A function; of those that skip what is missing or false, only what they took."""
    takes = _TAKES.get(term.args[0])
    parts = [part for part in term.parts() if takes is not None and takes(look.run(part, frame))]
    if not parts:
        return _parts(term, frame, look)
    return look.of(parts[:1] if term.args[0] == "coalesce" else parts, frame)


def _let(term: Term, frame: Frame, look: Look) -> list[Found]:
    while term.op == "let":
        slot, value, term = term.args
        frame.vars[slot] = look.run(value, frame)
        look.bound[slot] = (value, frame)
    return look.of([term], frame)


def _var(term: Term, _frame: Frame, look: Look) -> list[Found]:
    """A local value is explained where it is first met: values that are made of each other twice would never end."""
    value = look.bound.pop(term.args[0], None)
    return look.of([value[0]], value[1]) if value is not None else []


def _in_window(term: Term, frame: Frame, look: Look) -> list[Found]:
    return look.of([term.args[1]], frame)


def _param(term: Term, frame: Frame, look: Look) -> list[Found]:
    parameter = look.naming.tree.registry.model.parameters[term.args[0]]
    name = in_language(parameter.label, look.naming.language) or parameter.id
    return [Found(Fact(name, look.plain(look.run(term, frame))), frame.node)]


def _read(term: Term, frame: Frame, look: Look) -> list[Found]:
    frames, up, steps, item = term.args
    start = frame.back(frames).node.up(up)
    return [look.item(reach(start, steps), below(start.scope, steps), item, start)]


def _deref(term: Term, frame: Frame, look: Look) -> list[Found]:
    """An item of what a reference points to; it stands with the row that holds the reference."""
    reference, up, steps, item = term.args
    target = look.run(reference, frame)
    row = look.naming.tree.world.rows.get(target.target) if target is not None else None
    if row is None:
        return look.of([reference], frame)
    start, holder = row.up(up), next(part for part in reference.walk() if part.op == "read")
    origin = frame.back(holder.args[0]).node.up(holder.args[1])
    return [Found(look.item(reach(start, steps), below(start.scope, steps), item, origin).fact, origin)]


def _exists(term: Term, frame: Frame, look: Look) -> list[Found]:
    frames, up, steps = term.args
    start = frame.back(frames).node.up(up)
    kind = look.naming.kind(below(start.scope, steps), steps[-1][1] if steps else None)
    return [Found(Fact(kind, look.word("there" if look.run(term, frame) else "none"), ": "), start)]


def _neighbour(term: Term, frame: Frame, look: Look) -> list[Found]:
    name, frames, up, value = term.args[:4]
    scope = frame.back(frames).node.up(up).scope
    label = f"{look.naming.label(scope, str(value.args[3]))}, {look.word(name)}"
    return [Found(Fact(label, look.shown(value, scope, look.run(term, frame))), frame.node)]


def _is_there(value: Any) -> bool:
    return value is not None


_TAKES: Mapping[str, Callable[[Any], bool]] = {
    "count_true": lambda value: value is True,
    **dict.fromkeys(("least", "greatest", "coalesce"), _is_there),
}
_EXPLAINED: Mapping[str, Explain] = {
    **dict.fromkeys(("const", "row_index", "event_is"), _nothing),
    **dict.fromkeys(("read", "reason"), _read),
    **dict.fromkeys(("and", "or"), _logic),
    "var": _var,
    "let": _let,
    "deref": _deref,
    "exists": _exists,
    "if": _if,
    "call": _call,
    "in_window": _in_window,
    "param": _param,
    "aggregate": aggregate,
    "neighbour": _neighbour,
}

__all__ = ["Explainer", "Fact"]
