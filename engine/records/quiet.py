"""Which rules a form that was never saved keeps quiet about: those of which nothing has been touched yet.

Whoever opens a form to fill it has not done anything wrong. renderers/html/static/record.js judges alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from engine.compiler.compiled import CompiledRegistry
from engine.compiler.order import reads_of
from engine.datatypes.base import Json
from engine.records.evaluation import Violation
from engine.records.form_data import FormData, RowData
from engine.records.path import ItemPath, parse_path


@dataclass(frozen=True, slots=True)
class Concerns:
    """Check -> the items and groups of the form on which it depends; calculated item -> the same."""

    checks: Mapping[str, frozenset[str]]
    calculated: Mapping[str, frozenset[str]]

    @property
    def as_json(self) -> Json:
        """The same for the browser: pairs, as an id may be a word that objects of the browser know."""
        return [[[name, sorted(about)] for name, about in part.items()] for part in (self.checks, self.calculated)]


@lru_cache(maxsize=256)
def concerns_of(registry: CompiledRegistry, form: str) -> Concerns:
    """What the rules of a form depend on in it, directly or through what is calculated, shown or derived."""
    reads = {rules.key: reads_of(rules) for rules in registry.order}

    def sources(keys: Collection[str]) -> frozenset[str]:
        found, waiting = set(keys), list(keys)
        while waiting:
            new = reads.get(waiting.pop(), frozenset()) - found
            found |= new
            waiting.extend(new)
        return frozenset(key.partition(".")[2] for key in found if key.partition(".")[0] == form)

    return Concerns(
        {check.check.id: sources(check.reads) for check in registry.checks_of[form]},
        {
            rules.item.id: sources({rules.key})
            for rules in registry.items.values()
            if rules.scope.form_id == form and rules.calculate is not None
        },
    )


def filled(data: FormData) -> frozenset[ItemPath]:
    """Where something stands in a form: the items that hold a value, a reason, or what cannot be read."""

    def walk(part: FormData | RowData, path: ItemPath) -> Iterator[ItemPath]:
        yield from map(path.at, part.items)
        for group, rows in part.groups.items():
            for number, row in enumerate(rows, start=1):
                yield from walk(row, path.into(group, number))

    return frozenset(walk(data, ItemPath()))


def is_quiet(concerns: Concerns, violation: Violation, touched: Collection[ItemPath]) -> bool:
    """Whether nothing on which a rule depends was touched in the row where it is broken, in it or around it."""
    item = parse_path(violation.item).item or ""
    of_item = concerns.calculated.get(item, frozenset({item}))
    about = concerns.checks.get(violation.code, of_item)
    rows = parse_path(violation.row).rows if violation.home is None else ()
    return not any(_wakes(path, about, rows) for path in touched)


def _wakes(path: ItemPath, about: frozenset[str], rows: tuple[tuple[str, int], ...]) -> bool:
    """Whether a rule is about an item in its own row, in it or around it, or about a group in which something stands."""
    if path.item in about and path.rows[: len(rows)] == rows[: len(path.rows)]:
        return True
    return path.rows[: len(rows)] == rows and any(group in about for group, _ in path.rows[len(rows) :])


__all__ = ["Concerns", "concerns_of", "filled", "is_quiet"]
