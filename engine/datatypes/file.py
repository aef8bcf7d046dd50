"""Attached files: what is known of them; the bytes are kept elsewhere."""

from __future__ import annotations

import re

from engine.datatypes.base import Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.reading import clean_text, is_blank, refuse, refuse_characters
from engine.datatypes.values import FileValue, Unread
from engine.datatypes.words import size_text

_TYPED = re.compile(r"([0-9a-f]{64}) ([0-9]{1,15}) ([a-z0-9.+-]+/[a-z0-9.+-]+) (.+)")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")
_LONGEST_NAME = 250
_LARGEST = 10**15  # bytes; beyond it a size is a slip


class FileType(DataType):
    """A file that was uploaded already: a page posts back `digest size media/type name`.

    The reader of the upload computes digest, size and media type; here they are only held against the item.
    """

    name = "file"
    odm = "text"
    kind = Kind.FILE
    slot = Slot.FILE
    control = Control.FILE
    options = frozenset({"media_types", "max_bytes"})

    def parse(self, text: str, facets: Facets) -> FileValue | Unread | None:
        if is_blank(text):
            return None
        match = _TYPED.fullmatch(text.strip())
        if match is None:
            return refuse(text, "file_form")
        return _build(match[4], match[3], int(match[2]), match[1], facets, text)

    def format(self, value: FileValue, facets: Facets, language: str) -> str:
        return f"{value.name} ({size_text(value.size, language)})"

    def read_json(self, data: Json, facets: Facets) -> FileValue | Unread | None:
        if is_blank(data):
            return None
        if not isinstance(data, dict) or set(data) != {"name", "media_type", "size", "digest"}:
            return refuse(data, "file_form")
        name, media_type, digest, size = (data[key] for key in ("name", "media_type", "digest", "size"))
        if not all(isinstance(text, str) for text in (name, media_type, digest)):
            return refuse(data, "file_form")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _LARGEST:
            return refuse(data, "file_form")
        if not _DIGEST.fullmatch(digest) or not _MEDIA_TYPE.fullmatch(media_type):
            return refuse(data, "file_form")
        return _build(name, media_type, size, digest, facets, data)

    def write_json(self, value: FileValue) -> dict[str, str | int]:
        return {"name": value.name, "media_type": value.media_type, "size": value.size, "digest": value.digest}

    def store(self, value: FileValue) -> Stored:
        return Stored(value.digest, {"name": value.name, "media_type": value.media_type, "size": str(value.size)})

    def load(self, stored: Stored) -> FileValue:
        extra = stored.extra or {}
        return FileValue(extra["name"], extra["media_type"], int(extra["size"]), str(stored.value))

    def json_schema(self, facets: Facets) -> dict[str, Json]:
        media: dict[str, Json] = {"enum": list(facets.media_types)} if facets.media_types else {}
        size: dict[str, Json] = {"type": "integer", "minimum": 0, "maximum": facets.max_bytes or _LARGEST - 1}
        digest = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
        parts = {"name": {"type": "string"}, "media_type": {"type": "string", **media}, "size": size, "digest": digest}
        return {"type": ["object", "null"], "properties": parts, "required": list(parts), "additionalProperties": False}


def typed(value: FileValue) -> str:
    """What a page posts back for a file: the inverse of `FileType.parse`."""
    return f"{value.digest} {value.size} {value.media_type} {value.name}"


def _build(name: str, media_type: str, size: int, digest: str, facets: Facets, source: Json) -> FileValue | Unread:
    """The file if name, kind and size are allowed."""
    name = clean_text(name)
    fault = refuse_characters(name, source)
    if fault is not None:
        return fault
    if not name or len(name) > _LONGEST_NAME or "/" in name or "\\" in name:
        return refuse(source, "file_form")
    if facets.media_types and media_type not in facets.media_types:
        allowed = ", ".join(facets.media_types)
        return refuse(source, "file_media", name=name, media_type=media_type, allowed=allowed)
    if facets.max_bytes is not None and size > facets.max_bytes:
        return refuse(source, "file_size", "length", name=name, size=str(size), max=str(facets.max_bytes))
    return FileValue(name, media_type, size, digest)
