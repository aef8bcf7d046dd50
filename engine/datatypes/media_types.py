"""Kinds of files, told by their content and never by their name; what an item takes, and names that are safe to keep."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from engine.datatypes.base import Facets

UNKNOWN = "application/octet-stream"
LARGEST = 10 * 1024 * 1024  # bytes of any file, whatever a definition says
USUAL = ("application/pdf", "image/jpeg", "image/png")  # where a definition names no kinds
LONGEST_NAME = 100  # characters; with two bytes each it still fits every file system
_HEAD = 132  # bytes that tell the kind
_UNSAFE = re.compile(r'[<>:"|?*]')  # what file systems refuse
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # controls, bidi and zero-width marks, line separators


@dataclass(frozen=True, slots=True)
class MediaType:
    """A kind of file: its name for people, the endings that fit it, the first one the usual."""

    label: str
    endings: tuple[str, ...]
    matches: Callable[[bytes], bool]


def _starts(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signatures)


def _brands(*brands: bytes) -> Callable[[bytes], bool]:
    """Films and pictures in ISO containers say what they are in the eighth byte and the three after it."""
    return lambda head: head[4:8] == b"ftyp" and head[8:12] in brands


MEDIA_TYPES: Mapping[str, MediaType] = MappingProxyType(
    {
        "application/pdf": MediaType("PDF", ("pdf",), _starts(b"%PDF-")),
        "image/jpeg": MediaType("JPEG", ("jpg", "jpeg", "jpe", "jfif"), _starts(b"\xff\xd8\xff")),
        "image/png": MediaType("PNG", ("png",), _starts(b"\x89PNG\r\n\x1a\n")),
        "image/gif": MediaType("GIF", ("gif",), _starts(b"GIF87a", b"GIF89a")),
        "image/webp": MediaType("WebP", ("webp",), lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP"),
        "image/tiff": MediaType("TIFF", ("tif", "tiff"), _starts(b"II*\0", b"MM\0*")),
        "image/heic": MediaType("HEIC", ("heic", "heif"), _brands(b"heic", b"heix", b"heim", b"heis", b"mif1")),
        "video/mp4": MediaType(
            "MP4", ("mp4", "m4v"),
            _brands(b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash"),
        ),
        "video/quicktime": MediaType("MOV", ("mov", "qt"), _brands(b"qt  ")),
        "application/dicom": MediaType("DICOM", ("dcm", "dicom"), lambda head: head[128:132] == b"DICM"),
    }
)  # fmt: skip


def media_type_of(content: bytes) -> str:
    """What the content is; UNKNOWN when it is nothing of the table."""
    head = content[:_HEAD]
    return next((name for name, kind in MEDIA_TYPES.items() if kind.matches(head)), UNKNOWN)


def labels_of(names: Iterable[str]) -> str:
    """Kinds for people: `JPEG, PNG`."""
    return ", ".join(MEDIA_TYPES[name].label if name in MEDIA_TYPES else name for name in names)


def limited(facets: Facets) -> Facets:
    """The facets of an item with what holds where a definition says nothing, or more than is ever taken."""
    allowed, largest = facets.media_types or USUAL, min(facets.max_bytes or LARGEST, LARGEST)
    return replace(facets, media_types=allowed, max_bytes=largest)


def safe_name(name: str, media_type: str) -> str:
    """A file's name without folders, unseen characters and what file systems refuse; its ending tells the truth.

    The ending decides what opens a file on somebody's computer: a picture called `x.html` must not open as a page.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    seen = "".join(character for character in last if unicodedata.category(character) not in _UNSEEN)
    plain = " ".join(_UNSAFE.sub("_", seen).split()).strip(" .")
    if media_type not in MEDIA_TYPES:  # it is refused: the message calls it as its sender does
        return plain[:LONGEST_NAME].rstrip(" .") or "file"
    endings = MEDIA_TYPES[media_type].endings
    stem, point, ending = plain.rpartition(".")
    if not point or ending.lower() not in endings:
        stem, ending = plain, endings[0]
    stem = stem.strip(" .") or "file"
    return f"{stem[: LONGEST_NAME - len(ending) - 1].rstrip(' .')}.{ending}"


__all__ = [
    "LARGEST",
    "LONGEST_NAME",
    "MEDIA_TYPES",
    "UNKNOWN",
    "USUAL",
    "MediaType",
    "labels_of",
    "limited",
    "media_type_of",
    "safe_name",
]
