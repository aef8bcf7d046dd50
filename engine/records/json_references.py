"""References in a tree of JSON: by the key of a row, by its number, or by where it stands, in any instance."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.compiler.compiled import CompiledRegistry
from engine.datatypes.base import Json
from engine.datatypes.reading import refuse
from engine.datatypes.values import Entered, Reference
from engine.model.item import ItemDef
from engine.records.form_data import FormData, Instance, Occurrence, RowData

PLACE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[([1-9][0-9]*)\])?")


@dataclass(slots=True)
class _Rows:
    """Rows of a group in order, and the first one of each key."""

    ids: list[str] = field(default_factory=list)
    by_key: dict[str, str] = field(default_factory=dict)


def _by_holder(rows: Iterable[tuple[str, str]]) -> Mapping[str, _Rows]:
    """Key of a record or row -> the rows in it at any depth; '' -> all of them."""
    held = {"": _Rows()}
    for id_, key in rows:
        for holder in ("", *(id_[: match.start()] for match in re.finditer(r"\.", id_))):
            found = held.setdefault(holder, _Rows())
            found.ids.append(id_)
            found.by_key.setdefault(key, id_)
    return held


@dataclass(slots=True)
class References:
    """What a tree holds: noted while it is read, so that references can be bound when all of it is known.

    An instance is known by its tag; that of the first ones, and of the hospital, is empty.
    """

    registry: CompiledRegistry
    rows: dict[tuple[str, str], list[tuple[str, str]]] = field(
        default_factory=dict
    )  # (tag, group) -> (row id, key text)
    places: dict[str, str] = field(default_factory=dict)  # printed place -> key of the row or record
    inner: dict[tuple[str, str, int], str] = field(
        default_factory=dict
    )  # tag of what holds it, container, number -> tag
    outer: dict[str, str] = field(default_factory=dict)  # tag -> that of what holds it
    _held: dict[tuple[str, str], Mapping[str, _Rows]] = field(default_factory=dict)  # once all of the tree is read

    def resolved(self, instance: Instance, tag: str = "") -> Instance:
        """The instance with its references bound to rows and records."""
        tag = instance.id.rpartition("#")[2] if "#" in instance.id else tag
        forms = {
            name: tuple(
                self._bound(record, tag, (f"{instance.id}.{name}[{number}]",))
                for number, record in enumerate(records, start=1)
            )
            for name, records in instance.forms.items()
        }
        occurrences = tuple(
            Occurrence(
                o.event,
                o.id,
                {name: self._bound(record, tag, (f"{o.id}.{name}", o.id)) for name, record in o.forms.items()},
                o.day,
            )
            for o in instance.occurrences
        )
        children = tuple(self.resolved(child, tag) for child in instance.children)
        return Instance(instance.container, instance.id, forms, occurrences, children)

    def _bound(self, data: Any, tag: str, near: tuple[str, ...]) -> Any:
        """A record or row with its references bound; `near`: the keys of what holds it, from the inside out."""
        items = {name: self._target(value, tag, near) for name, value in data.items.items()}
        groups = {
            name: tuple(self._bound(row, tag, (row.id, *near)) for row in rows) for name, rows in data.groups.items()
        }
        return RowData(data.id, items, groups) if isinstance(data, RowData) else FormData(items, groups)

    def _target(self, value: Entered, tag: str, near: tuple[str, ...]) -> Entered:
        if not isinstance(value, Reference) or not value.target.startswith("?"):
            return value
        _, group, text = value.target.split("?", 2)
        kind, _, name = text.partition(":")
        rows = self._nearest(group, tag, near)
        if kind == "place":
            found = self._placed(name, group, tag)
            stray = found is None and name in self.places.values()  # it is there, but of another kind than the target
            return refuse(name, "reference_form", "not_in_list") if stray else Reference(found or name)
        if kind == "number":
            return Reference(rows.ids[int(name) - 1] if 0 < int(name) <= len(rows.ids) else name)
        return Reference(rows.by_key.get(name, name))

    def _nearest(self, group: str, tag: str, near: tuple[str, ...]) -> _Rows:
        """The rows of a group in the nearest of what holds a reference; else all that are around it."""
        outer = next((outer for outer in self.outwards(tag) if self.rows.get((outer, group))), tag)
        if (outer, group) not in self._held:
            self._held[outer, group] = _by_holder(self.rows.get((outer, group), ()))
        held = self._held[outer, group]
        return next((held[holder] for holder in near if holder in held), held[""])

    def _placed(self, text: str, targets: str, tag: str) -> str | None:
        """The key of the row or record at `event[n].form` or `event[n].form.group[m]`, if it is of one of the targets."""
        steps = [(match[1], match[2] or "1") for match in map(PLACE.fullmatch, text.split(".")) if match]
        names = [(self.registry.names.get(name, name), number) for name, number in steps]
        if len(names) <= text.count(".") or names[-1][0] not in targets.split(","):
            return None
        if names[0][0] == "episodes":  # the list of the others; the first episode stands before it
            names[0] = (next(iter(self.registry.model.containers), ""), str(int(names[0][1]) + 1))
        while names[0][0] in self.registry.model.containers and len(names) > 1:
            holders = ((outer, names[0][0], int(names[0][1])) for outer in self.outwards(tag))
            within = next((self.inner[holder] for holder in holders if holder in self.inner), None)
            if within is None:
                return None
            tag = within
            names.pop(0)
        event = names.pop(0) if names[0][0] in self.registry.model.events and len(names) > 1 else None
        (form, number), groups = names[0], names[1:]
        record = f"{event[0]}[{event[1]}].{form}" if event else f"{form}[{number}]"
        # A record of the container may be given under `forms` and yet be meant as that of an event.
        places = [record, form] if event and form in self.registry.model.forms else [record]
        for prefix in (f"{outer}#" if outer else "" for outer in self.outwards(tag)):
            key = next((self.places[prefix + place] for place in places if prefix + place in self.places), None)
            if key is not None:
                found = "".join([key, *(f".{group}[{row}]" for group, row in groups)])
                return found if found in self.places or not groups else None
        return None

    def outwards(self, tag: str) -> Iterator[str]:
        """The tags of an instance and of those that hold it; of the first ones, and of the hospital, it is empty."""
        while tag:
            yield tag
            tag = self.outer.get(tag, "")
        yield ""


def unbound(item: ItemDef, data: Json) -> Reference:
    """A reference as it was read, before what it points to is known."""
    return Reference(f"?{','.join(item.targets)}?{_text(data)}")


def _text(data: Json) -> str:
    if isinstance(data, Mapping) and isinstance(data.get("ref"), str):
        return f"place:{data['ref']}"
    if isinstance(data, int) and not isinstance(data, bool):
        return f"number:{data}"
    return f"key:{data}"


__all__ = ["PLACE", "References", "unbound"]
