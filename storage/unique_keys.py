"""Keys that no two subjects share, as keyed hashes under a constraint; other subjects are looked at again by a job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, text

from storage.bulk import upsert
from storage.direct import TAKEN
from storage.errors import NotUnique
from storage.jobs import enqueue
from storage.keys import Keys
from storage.request import UniqueKey
from storage.slots import canonical
from storage.tables import unique_key


def write_unique_keys(
    connection: Connection, keys: Keys, subject: int, form: int, scope: str, wanted: Sequence[UniqueKey], at: datetime
) -> None:
    """Take and give up keys so that the form holds exactly these; raises NotUnique when another one holds one."""
    hashes = {(key.name, key.row): _hash(keys, scope, key) for key in wanted}
    taken = [found for found in hashes.values() if found is not None]
    held: dict[tuple[str, str], bytes | None] = {}
    clashes: set[str] = set()
    # Without any hash the empty one is asked for, which nobody has.
    for row in connection.execute(_HELD, {"form": form, "scope": scope, "hashes": taken or [b""]}):
        if row.form_id == form:
            held[row.name, row.row_id] = bytes(row.hash) if row.hash is not None else None
        elif any(name == row.name and value == bytes(row.hash) for (name, _), value in hashes.items()):
            clashes.add(row.name)
    if clashes:
        raise NotUnique(tuple(sorted(clashes)))
    new = {**dict.fromkeys(held), **hashes}
    changed = {place: value for place, value in new.items() if held.get(place) != value}
    rows = [(form, *place, subject, scope, value) for place, value in changed.items()]
    rows.sort(key=lambda row: row[-1] is not None)  # those that are given up first
    try:
        _WRITE.run(connection, rows)
    except TAKEN as clash:  # taken by a writer of another subject in this moment
        raise NotUnique(tuple(sorted({name for name, _ in changed}))) from clash
    if rows:
        names = sorted({name for name, _ in changed})
        enqueue(connection, "unique", {"scope": scope, "names": names}, subject=subject, at=at)


def _hash(keys: Keys, scope: str, key: UniqueKey) -> bytes | None:
    if not key.values or not all(key.values):
        return None
    return keys.keyed_hash("unique", canonical([scope, key.name, *key.values]))


_WRITE = upsert(unique_key, ("form_id", "name", "row_id", "subject_id", "scope", "hash"))
_HELD = text(
    "SELECT form_id, name, row_id, hash FROM unique_key WHERE form_id = :form OR (scope = :scope AND hash IN :hashes)"
).bindparams(bindparam("hashes", expanding=True))

__all__ = ["write_unique_keys"]
