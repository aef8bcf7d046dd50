"""What row and record references share: all but their JSON."""

from __future__ import annotations

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.reading import clean_text, is_blank, refuse, refuse_characters
from engine.datatypes.values import Reference, Unread

_LONGEST = 200  # characters of a row's key or of a path


def parse_target(text: str) -> Reference | Unread | None:
    """A row's id or key, or a path; whether it names anything is known to the record alone."""
    target = clean_text(text)
    if not target:
        return None
    if len(target) > _LONGEST:
        return refuse(text, "reference_form")
    return refuse_characters(target, text) or Reference(target)


def read_ref(data: Json) -> Reference | Unread | None:
    """`{"ref": "follow_up[2].visit"}` -> reference."""
    if is_blank(data):
        return None
    if not isinstance(data, dict) or set(data) != {"ref"} or not isinstance(data["ref"], str):
        return refuse(data, "json_record_ref")
    return parse_target(data["ref"])


def ref_schema() -> dict[str, Json]:
    """JSON Schema of `{"ref": path}`."""
    return {
        "type": "object",
        "properties": {"ref": {"type": "string"}},
        "required": ["ref"],
        "additionalProperties": False,
    }


class ReferenceType(DataType):
    """Typed and stored as the id, key or path of its target."""

    odm = "text"
    kind = Kind.REFERENCE
    slot = Slot.REFERENCE
    control = Control.REFERENCE
    options = frozenset({"of", "unique"})

    def parse(self, text: str, facets: Facets) -> Reference | Unread | None:
        return parse_target(text)

    def format(self, value: Reference, facets: Facets, language: str) -> str:
        return value.target

    def store(self, value: Reference) -> Stored:
        return Stored(value.target)

    def load(self, stored: Stored) -> Reference:
        return Reference(str(stored.value))
