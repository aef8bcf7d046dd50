"""Forms with values that somebody promised to bring later: kept as rows, so that lists need not look through all values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from storage.bulk import Writes, deletion, upsert
from storage.changes import Changes
from storage.form_index import FormIndex
from storage.slots import MISSING, Cell, Key, utc
from storage.tables import promise


def is_promised(index: FormIndex, key: Key, cell: Cell | None) -> bool:
    """Whether a value is missing for a reason that never allows signing."""
    item = index.items.get(key[1])
    if cell is None or cell.slot != MISSING or item is None or key[1] in index.sealed:
        return False
    return cell.value in item.missing.unsigned


def write_promise(  # noqa: PLR0913, PLR0917 -- the row of a form has that many sides
    writes: Writes, index: FormIndex, stored: Mapping[Key, Cell], changes: Changes, form: int, subject: int, home: str,
    at: datetime,
) -> None:  # fmt: skip
    """Note that a form holds such values from now on, or none any more; nothing is written where that stays as it is."""
    if not any(is_promised(index, key, cell) for key, both in changes.cells.items() for cell in both):
        return
    new = {key: new for key, (_, new) in changes.cells.items()}
    before, after = _any(index, stored.items()), _any(index, ({**stored, **new}).items())
    if after and not before:
        writes.add(_WRITE, [(form, subject, home, utc(at))])
    if before and not after:
        writes.add(_DELETE, [(form,)])


def _any(index: FormIndex, cells: Iterable[tuple[Key, Cell | None]]) -> bool:
    return any(is_promised(index, key, cell) for key, cell in cells)


_WRITE = upsert(promise, ("form_id", "subject_id", "home", "since"))
_DELETE = deletion(promise, ("form_id",))

__all__ = ["is_promised", "write_promise"]
