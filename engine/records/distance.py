"""Tells rules that stay within an episode from those that look beyond it.

Who may fill a form need not see the other episodes of the patient, let alone other patients. What looks beyond is
judged on the server alone; the browser gets the rest, with the values that it needs.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.expressions.frames import Node
from engine.expressions.scopes import EVENT, Scope, Step
from engine.expressions.terms import Term

_ASKED_OUTSIDE = {"covered": (2, 3), "active": (2,)}  # values of an aggregate that are not asked of its elements


def is_near(node: Node, home: Node) -> bool:
    """Whether a rule at `home` may look at a node: no border lies between them but those that both stand in."""
    here = node
    while not here.scope.is_border:
        assert here.parent is not None
        here = here.parent
    return home.is_within(here)


def looks_beyond(term: Term, frames: tuple[Scope, ...]) -> bool:
    """Whether a term reads across a border; `frames` are the scopes that it stands at, innermost first."""
    match term.op:
        case "read" | "reason" | "exists":
            way = list(_descend(_up(frames[term.args[0]], term.args[1]), term.args[2]))
            return any(scope.is_border for scope in way[1:])
        case "deref":
            return _points_far(term.args[0], frames) or any(looks_beyond(part, frames) for part in term.parts())
        case "aggregate":
            return _aggregate_looks_beyond(term, frames)
        case "in_window":
            _, day, windows = term.args
            home = next(scope for scope in frames[-1].ancestors() if scope.kind not in ("group", "form", EVENT))
            return looks_beyond(day, frames) or any(looks_beyond(anchor, (home,)) for *_, anchor in windows)
        case "neighbour":
            inner = (_up(frames[term.args[1]], term.args[2]), *frames)
            return any(looks_beyond(part, inner) for part in term.parts())
        case _:
            return any(looks_beyond(part, frames) for part in term.parts())


def _points_far(reference: Term, frames: tuple[Scope, ...]) -> bool:
    """Whether what is read through a reference may stand across a border."""
    for part in reference.walk():
        if part.op == "read":
            frame, up, steps, item = part.args
            field = list(_descend(_up(frames[frame], up), steps))[-1].fields.get(item)
            if field is not None and field.far:
                return True
    return False


def _aggregate_looks_beyond(term: Term, frames: tuple[Scope, ...]) -> bool:
    name, source, values, where, by = term.args
    inner = frames
    if source.op == "elements":
        if looks_beyond(source.args[1], frames):
            return True
    else:
        levels, up, steps, other = source.args
        way = list(_descend(_up(frames[levels], up), steps))
        if any(scope.is_border for scope in way[1:]) or (other and way[-1].is_border):
            return True
        inner = (way[-1], *frames)
    outside = _ASKED_OUTSIDE.get(name, ())
    asked = [(value, frames if place in outside else inner) for place, value in enumerate(values)]
    asked += [(part, inner) for part in (where, *by) if part is not None]
    return any(looks_beyond(part, at) for part, at in asked)


def _up(scope: Scope, levels: int) -> Scope:
    for _ in range(levels):
        assert scope.parent is not None
        scope = scope.parent
    return scope


def _descend(scope: Scope, steps: tuple[Step, ...]) -> Iterator[Scope]:
    """The scope and those that the steps lead through."""
    yield scope
    for child, _ in steps:
        scope = scope.children[EVENT] if child == EVENT else scope.children[child]
        yield scope


__all__ = ["is_near", "looks_beyond"]
