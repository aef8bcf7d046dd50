"""In which order things that use each other by name can be worked out, and which go round in a circle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter


def in_order_of_use(uses: Mapping[str, Iterable[str]]) -> tuple[list[str], list[tuple[str, ...]]]:
    """The names, each after those that it uses; and the circles. What leads into a circle stands in neither.

    Each thing is looked at once, however often it is used: what uses another twice, thirty times over, is a billion.
    """
    known = {name: [used for used in dict.fromkeys(several) if used in uses] for name, several in uses.items()}
    sorter = TopologicalSorter(known)
    with suppress(CycleError):  # what no circle bars is ordered all the same
        sorter.prepare()
    order: list[str] = []
    while ready := sorter.get_ready():
        order += ready
        sorter.done(*ready)
    return order, _circles(known, known.keys() - set(order)) if len(order) < len(known) else []


def _circles(uses: Mapping[str, Collection[str]], barred: Collection[str]) -> list[tuple[str, ...]]:
    """The circles that are met when one goes from each barred name to the first barred one that it uses, and on."""
    seen: set[str] = set()
    found: list[tuple[str, ...]] = []
    for name in (name for name in uses if name in barred):
        way: dict[str, None] = {}
        here = name
        while here not in seen:
            seen.add(here)
            way[here] = None
            here = next(used for used in uses[here] if used in barred)
        if here in way:
            steps = list(way)
            found.append(tuple(steps[steps.index(here) :]))
    return found
