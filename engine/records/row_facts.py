"""Why an aggregate gave what it gave: the rows that decided, by their titles and with the values that were read of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from engine.expressions import reaching
from engine.expressions.aggregates import ASKED_ONCE
from engine.expressions.frames import Frame
from engine.expressions.scopes import Scope
from engine.expressions.terms import Term
from engine.records.facts import Fact, Found, Look, below, deciding, row_fact

MAX_ROWS = 5  # of one aggregate

_ENDS = frozenset({"min", "max", "first", "last"})
_GIVES = frozenset({"count", "sum", "mean", "distinct", "max_run", "active", *_ENDS})  # more than yes or no


def aggregate(term: Term, frame: Frame, look: Look) -> list[Found]:
    """The rows that decided; what they gave together, where that is more than yes or no."""
    name, source, values, where, _by = term.args
    around = reaching.source(source, look.closures.of)(frame)
    truths = [True if where is None else look.run(where, inner) for inner in around]
    kept = [inner for inner, truth in zip(around, truths, strict=True) if truth is True]
    result = look.run(term, frame)
    if source.op == "elements":
        return _elements(term, frame, look, kept, result)
    if not around:
        return [Found(Fact(_kind(source, frame, look), look.word("none"), ": "), frame.node)]
    once = ASKED_ONCE.get(name, ())
    inside = [value for place, value in enumerate(values) if place not in once]
    chosen = _chosen(name, inside, kept, result, look)
    says = (name in _GIVES and result is not None) or not chosen
    found = _headline(term, frame, look, kept, result) if kept and says else []
    read = [part for part in (*inside, where) if part is not None]
    found += look.of([value for place, value in enumerate(values) if place in once], frame)
    left_out = [inner for inner, truth in zip(around, truths, strict=True) if truth is None or (not kept and not truth)]
    told = [*((inner, read) for inner in chosen), *((inner, [where]) for inner in left_out)]
    found += [each for inner, terms in told[:MAX_ROWS] for each in _row(inner, terms, look)]
    return [*found, Found(look.more(len(told) - MAX_ROWS), frame.node)] if len(told) > MAX_ROWS else found


def _chosen(name: str, values: Sequence[Term], kept: Sequence[Frame], result: Any, look: Look) -> list[Frame]:
    if name == "count" or not kept:
        return []
    taken = [tuple(look.run(value, inner) for value in values) for inner in kept]
    if name in ("any", "all"):
        return [kept[place] for place in deciding(name == "any", [truth for (truth,) in taken])]
    if name == "unique":
        times = Counter(taken)
        return [inner for inner, key in zip(kept, taken, strict=True) if None not in key and times[key] > 1]
    if result is None:
        return [inner for inner, key in zip(kept, taken, strict=True) if None in key] or list(kept)
    if name in _ENDS:
        same = [inner for inner, (value,) in zip(kept, taken, strict=True) if value == result]
        return same[-1:] if name == "last" else same[:1]
    return list(kept)


def _row(inner: Frame, read: Sequence[Term], look: Look) -> list[Found]:
    """A row with what was read of it as one fact, and apart from it what was read around it."""
    assert inner.outer is not None
    found = list(dict.fromkeys(look.of(read, inner)))
    own = tuple(each.fact for each in found if each.origin.is_within(inner.node))
    rest = [each for each in found if not each.origin.is_within(inner.node)]
    if not own:
        return rest
    fact = row_fact(look.naming.title(inner.node), own, look.path(inner.node))
    return [Found(fact, inner.outer.node, own), *rest]


def _headline(term: Term, frame: Frame, look: Look, kept: Sequence[Frame], result: Any) -> list[Found]:
    """What the rows gave together; how many there are and which, where that is all there is to say."""
    name, source, values = term.args[:3]
    scope, naming, kind = _scope_of(source, frame), look.naming, _kind(source, frame, look)
    if name == "count" or name not in _GIVES:
        titles = ", ".join(naming.title(inner.node) for inner in kept[:MAX_ROWS])
        more = f" {look.more(len(kept) - MAX_ROWS)}" if len(kept) > MAX_ROWS else ""
        return [Found(Fact(kind, f"{len(kept)} ({titles}{more})"), frame.node)]
    value = values[-1] if name == "active" else values[0]
    holder, item = look.source_of(value, scope)
    label = naming.label(holder, item) if item is not None else kind
    return [Found(Fact(f"{label}, {look.word(name)}", look.shown(value, scope, result)), frame.node)]


def _elements(term: Term, frame: Frame, look: Look, kept: Sequence[Frame], result: Any) -> list[Found]:
    """A quantifier over codes: those that decided, under the name of the item that holds them."""
    name, source, values = term.args[:3]
    slot, domain = source.args
    look.bound.pop(slot, None)
    chosen = _chosen(name, values, kept, result, look)
    label = _holder(domain, frame, look)
    if not chosen or label is None:
        return look.of([domain], frame)
    codes = ", ".join(_code(source, inner.vars[slot], look) for inner in chosen)
    found = [each for inner in chosen[:MAX_ROWS] for each in look.of(values, inner)]
    return [Found(Fact(label, codes), frame.node), *found]


def _holder(domain: Term, frame: Frame, look: Look) -> str | None:
    """The label of the item whose codes a quantifier runs over, or that `distinct` takes from rows."""
    if domain.op == "read":
        frames, up, steps, item = domain.args
        return look.naming.label(below(frame.back(frames).node.up(up).scope, steps), item)
    if domain.op == "aggregate" and domain.args[1].op == "rows":
        own = reaching.own_item(domain.args[2][0])
        return look.naming.label(_scope_of(domain.args[1], frame), own) if own is not None else None
    return None


def _code(source: Term, value: Any, look: Look) -> str:
    return look.naming.code(source.type.codelist, value) if isinstance(value, str) else look.plain(value)


def _kind(source: Term, frame: Frame, look: Look) -> str:
    steps = source.args[2]
    return look.naming.kind(_scope_of(source, frame), steps[-1][1] if steps else None)


def _scope_of(source: Term, frame: Frame) -> Scope:
    frames, up, steps, _other = source.args
    return below(frame.back(frames).node.up(up).scope, steps)


__all__ = ["aggregate"]
