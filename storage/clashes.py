"""What two people changed at once: the values of a conflict, from the audit."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select

from engine.datatypes.values import Entered
from storage.audit import SAVES
from storage.changes import Paths, Submitted, paths_of, value_at
from storage.errors import ClashingValue, Conflict
from storage.form_data import SubjectRecord, build_form
from storage.form_index import FormIndex
from storage.idempotency import saved_revisions
from storage.identity import SubjectKey
from storage.request import SaveRequest
from storage.slots import SEALED, Cell, Key, Packed, unpack, value_of
from storage.tables import audit_entry


def clashing_values(
    connection: Connection, index: FormIndex, record: SubjectRecord, request: SaveRequest, submitted: Submitted,
    paths: Paths,
) -> Conflict:  # fmt: skip
    """The conflict of a stale request: every item that others changed since it was opened, with all three values."""
    stored = record.forms.get(request.place)
    if stored is None:
        return Conflict(request.expected_revision, 0, "", None, ())
    newer = (audit_entry.c.form_id == stored.id, audit_entry.c.revision > request.expected_revision)
    saves = audit_entry.c.kind.in_(SAVES)
    entries = connection.execute(select(audit_entry).where(*newer, saves).order_by(audit_entry.c.number)).all()
    opened: dict[Key, Packed | None] = {}
    for entry in entries:
        for row, item, old, _new in json.loads(entry.body).get("values", ()):
            opened.setdefault((row, item), old)
    data = build_form(index, stored.rows, stored.cells)
    own_paths = paths_of(data)
    values = tuple(
        ClashingValue(
            paths.path(key) if key[0] in paths.texts else own_paths.path(key),
            _value(index, key, _cell(record.key, stored.id, key, old)),
            value_at(data, key),
            value_at(request.data, key),
        )
        for key, old in sorted(opened.items())
        if stored.cells.get(key) != submitted.cells.get(key)
    )
    last = entries[-1] if entries else None
    who, at = (last.who, last.at) if last else ("", stored.saved_at)
    own = bool(entries) and {entry.revision for entry in entries} <= saved_revisions(
        connection, request.actor.account, stored.id, since=entries[0].at
    )
    return Conflict(request.expected_revision, stored.revision, who, at, values, own=own)


def _cell(key: SubjectKey | None, form: int, place: Key, packed: Packed | None) -> Cell | None:
    if packed is not None and packed[0] == SEALED:
        return key.open_packed(form, place, packed) if key else None
    return unpack(packed)


def _value(index: FormIndex, key: Key, cell: Cell | None) -> Entered | None:
    item = index.items.get(key[1])
    return value_of(item.datatype, cell) if item and cell else None


__all__ = ["clashing_values"]
