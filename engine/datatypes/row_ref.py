"""References to a row of a group."""

from __future__ import annotations

import re

from engine.datatypes.base import Facets, Json
from engine.datatypes.reading import is_blank, refuse
from engine.datatypes.references import ReferenceType, parse_target, read_ref, ref_schema
from engine.datatypes.values import Reference, Unread

_NUMBER = re.compile(r"#([1-9][0-9]{0,4})")  # the row's place, kept in this form until the record resolves it
_MOST_ROWS = 99_999


class RowRefType(ReferenceType):
    """Typed as the row's id; JSON gives its key as text or its place as an integer from 1 (kept as `#2`).

    A union of rows and records uses `{"ref": path}`, as a record reference does.
    """

    name = "row_ref"

    def read_json(self, data: Json, facets: Facets) -> Reference | Unread | None:
        if isinstance(data, dict):
            return read_ref(data)
        if is_blank(data) or isinstance(data, str):
            return parse_target(data or "")
        if isinstance(data, int) and not isinstance(data, bool) and 1 <= data <= _MOST_ROWS:
            return Reference(f"#{data}")
        return refuse(data, "json_row_ref")

    def write_json(self, value: Reference) -> str | int:
        match = _NUMBER.fullmatch(value.target)
        return int(match[1]) if match else value.target

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        place = {"type": "integer", "minimum": 1, "maximum": _MOST_ROWS}
        return {"anyOf": [{"type": ["string", "null"]}, place, ref_schema()]}
