"""How much of one document another one holds: leaf by leaf, each named by what holds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from exchange.document import Document, items_of

Leaf = tuple[str, ...]
_OF_THE_WHOLE = frozenset({"version"})  # a format may have no place for it, and an import begins anew


def sameness(first: Document, second: Document) -> tuple[int, int, tuple[Leaf, ...]]:
    """How many leaves of the first stand in the second as they are, how many it has, and those that do not."""
    wanted, found = dict(leaves(first)), dict(leaves(second))
    lost = tuple(path for path, value in wanted.items() if found.get(path, ...) != value)
    return len(wanted) - len(lost), len(wanted), lost


def leaves(document: Document) -> Iterator[tuple[Leaf, Any]]:
    """Every scalar with its path. Items are named by form and id, wherever in the form they stand; that is a leaf of its own."""
    for key, value in document.items():
        if key != "forms" and key not in _OF_THE_WHOLE:
            yield from _inside(value, (key,))
    for name, form in document.get("forms", {}).items():
        yield from _inside({key: part for key, part in form.items() if key != "sections"}, ("forms", name))
        for section in form.get("sections", ()):
            own = {key: part for key, part in section.items() if key != "items"}
            yield from _inside(own, ("forms", name, str(section.get("id"))))
            yield from _groups(section["items"], ("forms", name))
    for placed in items_of(document):
        path = ("items", placed.form, placed.entry["id"])
        holders = (placed.section.get("id"), *(group["group"] for group in placed.groups))
        yield (*path, "in"), holders
        yield from _inside(placed.entry, path)


def _groups(entries: list[Any], path: Leaf) -> Iterator[tuple[Leaf, Any]]:
    for entry in entries:
        if "group" in entry:
            own = {key: part for key, part in entry.items() if key != "items"}
            yield from _inside(own, (*path, "group", entry["group"]))
            yield from _groups(entry["items"], path)


def _inside(value: Any, path: Leaf) -> Iterator[tuple[Leaf, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _inside(part, (*path, str(key)))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            name = part.get("id", number) if isinstance(part, dict) else number
            yield from _inside(part, (*path, str(name)))
    else:
        yield path, value
