"""Columns of ours in workbooks that we write: what is kept for the way back and means nothing to other readers."""

from __future__ import annotations

from collections.abc import Mapping

_BEFORE = "ecrf_"
TYPE, DECIMALS, ID, OID, WAS = (f"{_BEFORE}{name}" for name in ("type", "decimals", "id", "oid", "was"))
BODYLESS = "body::bodyless"  # of a group in which nothing is shown: an empty one is refused
_OURS = frozenset({TYPE, DECIMALS, ID, OID, WAS, BODYLESS})  # what an item is here, where the workbook cannot say it


def parked(name: str) -> str:
    """The column that keeps another one. Colons would part its name."""
    return _BEFORE + name.replace(":", "|")


def unparked(others: Mapping[str, str]) -> dict[str, str]:
    """Columns of one's own; those that were parked get their names back."""
    return {_name(name): text for name, text in others.items() if name not in _OURS}


def _name(column: str) -> str:
    return column.removeprefix(_BEFORE).replace("|", ":") if column.startswith(_BEFORE) else column


def named(entry: dict[str, object], id_: str, name: str, others: Mapping[str, str]) -> dict[str, object]:
    """The entry with its name in the source, where that is not its id."""
    oid = others.get(OID) or ("" if ID in others else name)
    if oid and oid != id_:
        entry["oid"] = oid
    return entry
