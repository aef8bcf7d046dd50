"""Writes a draft in the shape of the JSON contract: what `ecrf evaluate` reads."""

from __future__ import annotations

from typing import Any

from engine.datatypes.base import Json
from engine.datatypes.values import Entered, Missing, Reference
from engine.expressions.frames import Node
from engine.expressions.scopes import EVENT
from engine.model.form import FormDef, GroupDef
from engine.records.checking import path_of
from engine.synthesis.draft import Draft


def subject_json(draft: Draft) -> dict[str, Json]:
    """The forms and events of a subject; deeper containers and the hospital's forms where the registry has them."""
    scopes = draft.plan.registry.scopes
    patient = draft.tree.of(scopes.containers["patient"])[0]
    outer = [
        patient,
        *(node for name, scope in scopes.containers.items() for node in draft.tree.of(scope) if node.parent is patient),
    ]
    found: dict[str, Json] = {"forms": {}, "events": {}}
    for node in outer:
        _add_instance(draft, node, found)
    deeper = {
        name: [_instance(draft, node) for node in draft.tree.of(scope)]
        for name, scope in scopes.containers.items()
        if scope.kind == "container" and any(node not in outer for node in draft.tree.of(scope))
    }
    if deeper:
        found["containers"] = deeper
    site = draft.tree.of(scopes.containers["site"])[0]
    if any(kids for kids in site.kids.values()):
        found["site"] = _instance(draft, site)
    return found


def _instance(draft: Draft, node: Node) -> dict[str, Json]:
    found: dict[str, Json] = {"forms": {}, "events": {}}
    _add_instance(draft, node, found)
    return {name: part for name, part in found.items() if part or name == "forms"}


def _add_instance(draft: Draft, node: Node, found: dict[str, Json]) -> None:
    """The records and occurrences of one instance."""
    forms = draft.plan.registry.model.forms
    for name, kids in node.kids.items():
        if name in forms and kids:
            records = [_part(draft, kid, forms[name]) for kid in kids]
            found["forms"][name] = records if forms[name].repeats else records[0]
    for occurrence in node.kids.get(EVENT, ()):
        held = {name: _part(draft, kids[0], forms[name]) for name, kids in occurrence.kids.items() if kids}
        found["events"].setdefault(occurrence.event, []).append(held)


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
            found[entry.id] = _value(draft, node.entered[entry.id], entry.datatype.write_json)
    return found


def _value(draft: Draft, value: Entered, write: Any) -> Json:
    if isinstance(value, Missing):
        return {"missing": value.reason}
    if isinstance(value, Reference):
        target = draft.tree.world.rows.get(value.target)
        return {"ref": _place(draft, target) if target is not None else value.target}
    return write(value)


def _place(draft: Draft, node: Node) -> str:
    """Where a row or record stands: `device.leads[2]`, `discharge[1].complications.cx[1]`."""
    path = str(path_of(node).row)
    record = node
    while record.scope.kind == "group" and record.parent is not None:
        record = record.parent
    holder = record.parent
    name = record.scope.id
    if holder is not None and holder.scope.kind == EVENT:
        name = f"{holder.event}[{holder.number}].{name}"
    elif record.place > 1:
        name = f"{name}[{record.place}]"
    elif name in draft.plan.registry.model.events and record.scope.events:
        name = f"{record.scope.events[0]}[1].{name}"  # the name alone would be taken for that of the event
    return f"{name}.{path}" if path else name


__all__ = ["subject_json"]
