"""Finds what a dotted name means in the frames of a rule."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from engine.datatypes.base import Kind
from engine.expressions.scopes import EVENT, Field, Found, Place, Scope, Step, outwards
from engine.expressions.terms import Term

_OWN = frozenset({"form", "group"})  # in its own form a name means the nearest; elsewhere it must be the only one
_RANKS = {"form": 1, "group": 1, EVENT: 3}
_LEVELS = frozenset({"registry", "site", "container"})  # scopes whose name means the one the rule stands in


@dataclass(frozen=True, slots=True)
class StaticFrame:
    """What the compiler knows of one frame: the scope of the row or record it stands at."""

    scope: Scope


@dataclass(frozen=True, slots=True)
class Located:
    """A name's place: frame, levels up, steps down, what stands there; `rest` follows a reference."""

    frame: int
    up: int
    steps: tuple[Step, ...]
    scope: Scope
    field: Field | None
    plural: bool
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Miss:
    """A name that means nothing here: why, and the names that would."""

    name: str
    known: tuple[Collection[str], ...]
    ambiguous: tuple[str, ...] = ()


@dataclass(slots=True)
class Context:
    """The frames of a rule, innermost first, and its local variables (name -> slot and type)."""

    frames: tuple[StaticFrame, ...]
    variables: dict[str, Term] = field(default_factory=dict)

    def inside(self, scope: Scope) -> Context:
        """The context inside an aggregate over that scope."""
        return Context((StaticFrame(scope), *self.frames), self.variables)

    def with_variable(self, name: str, term: Term) -> Context:
        """The context with one more local name."""
        return replace(self, variables={**self.variables, name: term})


def locate(parts: tuple[str, ...], context: Context) -> Located | Miss:
    """What `parts` means; the first frame and place outwards that knows the first part decides."""
    first = 0
    while parts[0] == "outer" and len(parts) > 1:
        first, parts = first + 1, parts[1:]
    for number, frame in enumerate(context.frames[first:], start=first):
        for place in outwards(frame.scope):
            found = _look(parts[0], place)
            if isinstance(found, Miss):
                return found
            if found is not None:
                start = Located(number, place.up, place.steps + found.steps, found.scope, found.field, found.plural)
                return _follow(start, parts[1:])
    return Miss(parts[0], tuple(place.scope.index() for frame in context.frames for place in outwards(frame.scope)))


def _look(name: str, place: Place) -> Found | Miss | None:
    if place.scope.id == name and place.scope.kind in _LEVELS:
        return Found((), place.scope, None, False)
    several = [found for found in place.scope.index().get(name, []) if place.holds(found)]
    if not several:
        return None
    best = min(map(_rank, several))
    meant = [found for found in several if _rank(found) == best]
    if place.scope.kind not in _OWN and len({id(found.scope) for found in meant}) > 1:
        return Miss(name, (), tuple(f"{found.scope.form_id}.{name}" for found in meant))
    return min(meant, key=lambda found: len(found.steps))


def _rank(found: Found) -> int:
    """An item is meant before a form or group of that name, and these before a container or event."""
    return 0 if found.field is not None else _RANKS.get(found.scope.kind, 2)


def _follow(start: Located, parts: tuple[str, ...]) -> Located | Miss:
    here = start
    for number, part in enumerate(parts):
        if here.field is not None:
            if here.field.type.kind is Kind.REFERENCE:
                return replace(here, rest=parts[number:])
            return Miss(part, ())
        found = _look(part, Place(here.scope, 0))
        if found is None or isinstance(found, Miss):
            return found or Miss(part, (here.scope.index(),))
        here = replace(
            here,
            steps=here.steps + found.steps,
            scope=found.scope,
            field=found.field,
            plural=here.plural or found.plural,
        )
    return here
