"""The states that rules derive, packed into one text per form; the five kinds of empty read back from it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from engine.model.form import walk_groups
from engine.records.evaluation import ItemState
from storage.changes import Paths, paths_of, walk_rows
from storage.form_data import FormRecord
from storage.form_index import FormIndex
from storage.slots import MISSING, WITHDRAWN, Key, canonical

_PACKED = (ItemState.NOT_APPLICABLE, ItemState.NOT_ASKED)  # the others follow from what is stored


def pack_status(states: Mapping[str, ItemState], paths: Paths) -> str:
    """State -> row -> items, of the states that storage cannot tell by itself."""
    packed: dict[str, dict[str, list[str]]] = {}
    for path, state in states.items():
        if state in _PACKED:
            row, item = paths.key(path)
            packed.setdefault(state, {}).setdefault(row, []).append(item)
    return canonical(packed) if packed else ""


def unpack_status(status: str) -> dict[Key, ItemState]:
    """What `pack_status` got, by key."""
    packed = json.loads(status) if status else {}
    return {
        (row, item): ItemState(state) for state, rows in packed.items() for row, items in rows.items() for item in items
    }


def item_states(index: FormIndex, record: FormRecord | None, *, erased: bool = False) -> dict[str, ItemState]:
    """The state of every item of a form by printed path, as stored; all are not asked while it was not opened."""
    if record is None:
        return {item.id: ItemState.NOT_ASKED for item in index.form.items}
    derived, paths = unpack_status(record.status), paths_of(record.data)
    states: dict[str, ItemState] = {}
    groups = {group.id: group for group in walk_groups(index.form)}
    places = [("", index.form.items), *((row.id, groups[group].items) for group, _, _, row in walk_rows(record.data))]
    for row, items in places:
        for item in items:
            key = (row, item.id)
            gone = erased and item.id in index.sealed
            states[paths.path(key)] = ItemState.WITHDRAWN if gone else derived.get(key) or _stored_state(record, key)
    return states


def _stored_state(record: FormRecord, key: Key) -> ItemState:
    cell = record.cells.get(key)
    if cell is None:
        return ItemState.NOT_ANSWERED
    if cell.slot == WITHDRAWN:
        return ItemState.WITHDRAWN
    return ItemState.MISSING if cell.slot == MISSING else ItemState.ANSWERED


__all__ = ["item_states", "pack_status", "unpack_status"]
