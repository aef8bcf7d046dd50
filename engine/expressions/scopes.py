"""Scopes: the tree of places where values live, and how a name is found in it.

registry > patient > (forms, containers, events) > form > group > group. A scope that repeats is reached from outside
only through an aggregate. All events of a container are one repeating scope `event`; an event's own id filters it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.expressions.terms import Type

EVENT = "event"  # the id of the scope that holds the occurrences of a container's events

Step = tuple[str, str | None]  # child scope, and for events the id of the one meant


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """An item (or outcome) as rules see it."""

    id: str
    type: Type
    scope: Scope
    calculated: bool = False
    keeps_hidden: bool = False  # when_hidden: keep
    far: bool = False  # a reference that may point across a border: to another episode, or to what the hospital keeps

    @property
    def key(self) -> str:
        """`form.item`: unique in a registry."""
        return f"{self.scope.form_id}.{self.id}"


@dataclass(slots=True, eq=False, repr=False)
class Scope:
    """A place that holds fields and other places. Built once by the compiler, then only read."""

    id: str
    kind: str  # registry, site, container, event, form, group
    parent: Scope | None = None
    repeats: bool = False
    fields: dict[str, Field] = field(default_factory=dict)
    children: dict[str, Scope] = field(default_factory=dict)
    own_events: dict[str, bool] = field(default_factory=dict)  # of an `event` scope: event id -> repeats
    events: tuple[str, ...] = ()  # of a form: the events that collect it
    _index: dict[str, list[Found]] | None = None

    def __repr__(self) -> str:
        """Its name alone: written out, the tree around it would fill the memory."""
        return f"<{self.kind} {self.id}>"

    def add(self, child: Scope) -> Scope:
        """Put a scope into this one."""
        child.parent = self
        self.children[child.id] = child
        return child

    @property
    def form_id(self) -> str:
        """The id of the form that holds the scope, or of the scope itself outside forms."""
        scope: Scope = self
        while scope.kind == "group" and scope.parent is not None:
            scope = scope.parent
        return scope.id

    @property
    def is_border(self) -> bool:
        """Whether instances are kept apart: the registry, a site, a patient, what a patient has several of."""
        above = self.parent
        return self.kind in ("registry", "site") or (
            self.kind == "container"
            and (self.id == "patient" or (above is not None and above.kind == "container" and above.id == "patient"))
        )

    @property
    def border(self) -> Scope:
        """The nearest border that it stands in, or is."""
        return next(outer for outer in self.ancestors() if outer.is_border)

    def ancestors(self) -> Iterator[Scope]:
        """The scope, its parent and so on to the registry."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def family(self) -> Iterator[Scope]:
        """The scope and all that stands in it, at any depth."""
        yield self
        for child in self.children.values():
            yield from child.family()

    def index(self) -> dict[str, list[Found]]:
        """Every name in or under the scope, nearest first, with the way down to it."""
        if self._index is None:
            self._index = {}
            for name, found in _names_under(self):
                self._index.setdefault(name, []).append(found)
        return self._index


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A name's meaning: the steps down to the scope, the field there (or the scope itself), whether many are met."""

    steps: tuple[Step, ...]
    scope: Scope
    field: Field | None
    plural: bool


def _names_under(scope: Scope) -> Iterator[tuple[str, Found]]:
    for item in scope.fields.values():
        yield item.id, Found((), scope, item, False)
    for child in scope.children.values():
        if child.kind == EVENT:
            yield from _names_of_events(child)
            continue
        step: Step = (child.id, None)
        yield child.id, Found((step,), child, None, child.repeats)
        for name, found in _below(child):
            yield name, Found((step, *found.steps), found.scope, found.field, found.plural or child.repeats)


def _below(scope: Scope) -> Iterator[tuple[str, Found]]:
    for name, several in scope.index().items():
        for found in several:
            yield name, found


def _names_of_events(events: Scope) -> Iterator[tuple[str, Found]]:
    yield EVENT, Found(((EVENT, None),), events, None, True)
    for event, repeats in events.own_events.items():
        yield event, Found(((EVENT, event),), events, None, repeats)
    for form in events.children.values():
        only = form.events[0] if len(form.events) == 1 else None
        plural = only is None or events.own_events[only]
        steps: tuple[Step, ...] = ((EVENT, only), (form.id, None))
        yield form.id, Found(steps, form, None, plural)
        for name, found in _below(form):
            yield name, Found((*steps, *found.steps), found.scope, found.field, plural or found.plural)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A scope on the way outwards from a rule: how many levels up it is, and steps down from there."""

    scope: Scope
    up: int
    steps: tuple[Step, ...] = ()
    events: tuple[str, ...] = ()  # where the scope is an occurrence: the events that it may belong to, if that is known

    def holds(self, found: Found) -> bool:
        """Whether what was found can be there: an occurrence has only the forms that its event collects."""
        if not self.events or not found.steps:
            return True
        return any(event in self.scope.children[found.steps[0][0]].events for event in self.events)


def outwards(scope: Scope) -> Iterator[Place]:
    """The places in which a name is looked up, nearest first.

    A form of a container that stands in exactly one event sees the records of that event before those of the container.
    """
    inner: Scope | None = None
    for up, outer in enumerate(scope.ancestors()):
        yield Place(outer, up, events=inner.events if outer.kind == EVENT and inner is not None else ())
        inner, holder = outer, outer.parent
        if outer.kind == "form" and holder is not None and holder.kind != EVENT and len(outer.events) == 1:
            events = holder.children.get(EVENT)
            if events is not None and not events.own_events.get(outer.events[0], True):
                yield Place(events, up + 1, ((EVENT, outer.events[0]),), outer.events)
