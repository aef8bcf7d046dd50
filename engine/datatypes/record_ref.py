"""References to a record: a form of an event, or a row in it."""

from __future__ import annotations

from engine.datatypes.base import Facets, Json
from engine.datatypes.references import ReferenceType, read_ref, ref_schema
from engine.datatypes.values import Reference, Unread


class RecordRefType(ReferenceType):
    """Typed as the record's id or path; JSON `{"ref": "event[2].form"}` or `{"ref": "event[2].form.group[1]"}`."""

    name = "record_ref"

    def read_json(self, data: Json, facets: Facets) -> Reference | Unread | None:
        return read_ref(data)

    def write_json(self, value: Reference) -> dict[str, str]:
        return {"ref": value.target}

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        return {"anyOf": [ref_schema(), {"type": "null"}]}
