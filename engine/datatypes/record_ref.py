"""References to a record: a form of an event, or a row in it."""

from __future__ import annotations

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.references import parse_target, read_ref, ref_schema
from engine.datatypes.values import Reference, Unread


class RecordRefType(DataType):
    """Typed as the record's id or path; JSON `{"ref": "event[2].form"}` or `{"ref": "event[2].form.group[1]"}`."""

    name = "record_ref"
    odm = "text"
    kind = Kind.REFERENCE
    slot = Slot.REFERENCE
    control = Control.REFERENCE
    options = frozenset({"of", "unique"})

    def parse(self, text: str, facets: Facets) -> Reference | Unread | None:
        return parse_target(text)

    def format(self, value: Reference, facets: Facets, language: str) -> str:
        return value.target

    def read_json(self, data: Json, facets: Facets) -> Reference | Unread | None:
        return read_ref(data)

    def write_json(self, value: Reference) -> dict[str, str]:
        return {"ref": value.target}

    def store(self, value: Reference) -> Stored:
        return Stored(value.target)

    def load(self, stored: Stored) -> Reference:
        return Reference(str(stored.value))

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        return {"anyOf": [ref_schema(), {"type": "null"}]}
