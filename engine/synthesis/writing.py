"""Writes a draft in the shape of the JSON contract: what `ecrf evaluate` reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.datatypes.base import Json
from engine.datatypes.values import Entered, Missing, Reference
from engine.expressions.frames import Node
from engine.expressions.scopes import EVENT
from engine.model.form import FormDef, GroupDef
from engine.records.checking import path_of
from engine.synthesis.draft import Draft


def subject_json(draft: Draft) -> dict[str, Json]:
    """The forms and events of a subject, what stands in its first episode, its other episodes, the hospital's forms."""
    scopes = draft.plan.registry.scopes
    patient = draft.tree.of(scopes.containers["patient"])[0]
    found: dict[str, Json] = {"forms": {}, "events": {}}
    _add_instance(draft, patient, found)
    chain = [kids for kids in _containers(patient).values() if kids]
    for kids in chain:
        _add_instance(draft, kids[0], found)
        _add_containers(draft, kids[0], found)
    if chain and len(chain[0]) > 1:
        found["episodes"] = [_instance(draft, node) for node in chain[0][1:]]
    site = draft.tree.of(scopes.containers["site"])[0]
    if any(kids for kids in site.kids.values()):
        found["site"] = _instance(draft, site)
    return found


def _containers(node: Node) -> dict[str, list[Node]]:
    """The instances of containers that stand in one, none where there is none of a container."""
    inner = [scope.id for scope in node.scope.children.values() if scope.kind == "container"]
    return {name: node.kids.get(name, []) for name in inner}


def _instance(draft: Draft, node: Node) -> dict[str, Json]:
    found: dict[str, Json] = {"forms": {}, "events": {}}
    _add_instance(draft, node, found)
    _add_containers(draft, node, found)
    return {name: part for name, part in found.items() if part or name == "forms"}


def _add_containers(draft: Draft, node: Node, found: dict[str, Json]) -> None:
    deeper = {name: [_instance(draft, kid) for kid in kids] for name, kids in _containers(node).items()}
    if deeper:
        found["containers"] = {**deeper}


def _add_instance(draft: Draft, node: Node, found: dict[str, Json]) -> None:
    """The records and occurrences of one instance."""
    forms = draft.plan.registry.model.forms
    for name, kids in node.kids.items():
        if name in forms and kids:
            records = [_part(draft, kid, forms[name]) for kid in kids]
            found["forms"][name] = records if forms[name].repeats else records[0]
    for occurrence in node.kids.get(EVENT, ()):
        held = {name: _part(draft, kids[0], forms[name]) for name, kids in occurrence.kids.items() if kids}
        listed = found["events"].setdefault(occurrence.event, [])
        listed += [{} for _ in range(occurrence.number - 1 - len(listed))]  # those that did not take place
        listed.append(held)


def _part(draft: Draft, node: Node, part: FormDef | GroupDef) -> dict[str, Json]:
    """The values of a record or row, in order of the definition."""
    found: dict[str, Json] = {}
    for entry in (
        part.content if isinstance(part, GroupDef) else [each for section in part.sections for each in section.content]
    ):
        if isinstance(entry, GroupDef):
            rows = node.kids.get(entry.id, [])
            if rows:
                found[entry.id] = [_part(draft, row, entry) for row in rows]
        elif entry.id in node.entered:
            found[entry.id] = _value(draft, node, node.entered[entry.id], entry.datatype.write_json)
    return found


def _value(draft: Draft, node: Node, value: Entered, write: Any) -> Json:
    if isinstance(value, Missing):
        return {"missing": value.reason}
    if isinstance(value, Reference):
        target = draft.tree.world.rows.get(value.target)
        return {"ref": _place(draft, node, target) if target is not None else value.target}
    return write(value)


def _place(draft: Draft, referrer: Node, node: Node) -> str:
    """Where a row or record stands: `device.leads[2]`, `discharge[1].complications.cx[1]`, `episode[2].admission`."""
    path = str(path_of(node).row)
    record = node
    while record.scope.kind == "group" and record.parent is not None:
        record = record.parent
    holder = record.parent
    assert holder is not None
    name = record.scope.id
    if holder.scope.kind == EVENT:
        name = f"{holder.event}[{holder.number}].{name}"
    elif record.place > 1:
        name = f"{name}[{record.place}]"
    elif name in draft.plan.registry.model.events and record.scope.events:
        name = f"{record.scope.events[0]}[1].{name}"  # the name alone would be taken for that of the event
    elsewhere = [f"{outer.scope.id}[{outer.place}]" for outer in _holders(holder) if not referrer.is_within(outer)]
    return ".".join(filter(None, [*reversed(elsewhere), name, path]))


def _holders(node: Node) -> Iterator[Node]:
    """The container instances in the patient that hold a node, from the inside out."""
    return (outer for outer in node.outwards() if outer.scope.kind == "container" and outer.scope.id != "patient")


__all__ = ["subject_json"]
