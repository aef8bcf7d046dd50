"""The records of a hospital, such as its consoles: made once, the same for all subjects that are treated there."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import lru_cache
from random import Random

from engine.datatypes.local_time import to_local
from engine.expressions.frames import Node
from engine.records.tree import Tree
from engine.synthesis.choosing import Choices
from engine.synthesis.distribution import HOSPITAL, SEED, SLOT
from engine.synthesis.draft import Draft, begin_draft
from engine.synthesis.faults import Fault
from engine.synthesis.plan import Plan
from engine.synthesis.repair import Search
from engine.synthesis.samples import at_local

_ATTEMPTS = 6
_EARLIEST, _LATEST = 400, 2000  # days before now at which what a hospital has was bought


def with_hospital(draft: Draft, hospital: str | None) -> list[Fault]:
    """Put the records of a hospital into a draft, where nothing changes them; the rules that they break, if any.

    They do not depend on the seed: what is loaded later finds those that are there.
    """
    site = site_of(draft)
    if not any(scope.kind == "form" for scope in site.scope.children.values()):
        return []
    made, left = _made(draft.plan, hospital, draft.now)
    _copy(draft, site_of(made), site)
    draft.fixed = site
    return list(left)


def site_of(draft: Draft) -> Node:
    """The hospital in a draft."""
    return draft.tree.of(draft.plan.registry.scopes.containers["site"])[0]


@lru_cache(maxsize=256)  # hospitals at work; a draft is only read once it is made
def _made(plan: Plan, hospital: str | None, now: datetime) -> tuple[Draft, tuple[Fault, ...]]:
    left: list[Fault] = []
    for attempt in range(_ATTEMPTS):
        draw = Random(f"{hospital}/{attempt}")  # noqa: S311 -- it must come out the same each time
        clock = at_local(to_local(now).date() - timedelta(days=draw.randint(_EARLIEST, _LATEST)), time(9, 0))
        assert clock is not None
        draft = begin_draft(plan, draw, now, clock, {SEED: 0, SLOT + HOSPITAL: hospital})
        draft.tree.remove(draft.tree.of(plan.registry.scopes.containers["patient"])[0])
        draft.open_first(site_of(draft))
        draft.fill(Choices())
        left = Search(draft, Choices()).run()
        if not left:
            break
    return draft, tuple(left)


def _copy(draft: Draft, source: Node, target: Node) -> None:
    """Put what stands in a node into another."""
    tree: Tree = draft.tree
    draft.decided |= {(target.key, name) for name in (*source.scope.fields, *source.scope.children)}
    for kid in (each for kids in source.kids.values() for each in kids):
        node = tree.add(Node(kid.scope, target, kid.key))
        node.enter(kid.entered)
        tree.world.rows[node.key] = node
        _copy(draft, kid, node)


__all__ = ["site_of", "with_hospital"]
