"""Files on their way in: read from a request within bounds, in memory alone, and judged by their content."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from io import BytesIO
from typing import IO

from flask import Request, request
from werkzeug.datastructures import FileStorage

from engine.datatypes.media_types import LARGEST, limited, media_type_of, safe_name
from engine.datatypes.values import FileValue, Unread
from engine.model.item import ItemDef
from renderers.html import Fields, read_urlencoded
from renderers.html.posted_data import MAX_FIELDS

TAKERS = frozenset({"forms.post", "forms.upload"})  # the routes that take files
MOST_BYTES = 128 * 1024 * 1024  # of their requests: room to refuse a film at its field and to lose nothing else
MOST_UNKNOWN = 24 * 1024 * 1024  # of those that nobody has signed in for: a form and a file, whose owner it may name
PARTS = "multipart/form-data"


class Bounded(BytesIO):
    """Holds no more of a file than is ever kept, and knows how long it is."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def write(self, part: bytes) -> int:  # type: ignore[override]  # what the reader of requests writes are bytes
        """Take a part; what is too much is only counted."""
        super().write(part[: max(LARGEST - self.size, 0)])
        self.size += len(part)
        return len(part)


class BoundedRequest(Request):
    """A request whose files stay in memory: a temporary file would hold them in clear."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return Bounded()


def in_parts(*, known: bool) -> bool:
    """Whether the request comes in parts: it is read as such then, and may be larger where files are taken.

    Args:
        known: somebody has signed in for it.
    """
    if request.mimetype != PARTS:
        return False
    request.max_form_parts = MAX_FIELDS
    if request.endpoint in TAKERS:
        request.max_content_length = MOST_BYTES if known else MOST_UNKNOWN
    return True


def posted_fields(language: str) -> Fields:
    """The fields of a posted form, however it was sent. Raises PostTooLarge."""
    if request.mimetype == PARTS:
        return Fields(request.form.items(multi=True), language)
    return read_urlencoded(request.get_data(), language)


def read_file(item: ItemDef, sent: FileStorage) -> tuple[FileValue | Unread, bytes]:
    """What was sent for an item: a file with its content, or why the item does not take it."""
    assert isinstance(sent.stream, Bounded)
    content, size = sent.stream.read(), sent.stream.size
    media_type = media_type_of(content)
    name = safe_name(sent.filename or "", media_type)
    if not size:
        return Unread(name, "type", "file_empty", (("name", name),)), b""
    told = {"name": name, "media_type": media_type, "size": size, "digest": hashlib.sha256(content).hexdigest()}
    value = item.datatype.read_json(told, limited(item.facets))
    if isinstance(value, FileValue):
        return value, content
    assert isinstance(value, Unread)
    return replace(value, text=name), b""


__all__ = ["MOST_BYTES", "MOST_UNKNOWN", "TAKERS", "BoundedRequest", "in_parts", "posted_fields", "read_file"]
