"""Reads files of strangers within bounds: bytes, entries of archives, XML without entities. Faults are SourceFaults with the place."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from exchange.findings import SourceFault

MAX_FILE = 30_000_000  # bytes of a file, and of what an archive unpacks to
MAX_ENTRIES = 2_000  # files in an archive
MAX_DEPTH = 200  # XML elements in one another
MAX_ELEMENTS = 1_000_000  # of an XML document


# What is said of an entry that is broken, encrypted (RuntimeError) or packed in a way that is not known here.
_UNPACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, EOFError, OSError, ValueError)


def read_bytes(path: Path, limit: int = MAX_FILE) -> bytes:
    """The bytes of a file.

    Raises:
        SourceFault: it is not there, is empty, or has more bytes than the limit.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as fault:
        raise SourceFault(f"The file cannot be read: {fault.strerror or fault}.", str(path)) from None
    if len(data) > limit:
        raise SourceFault(f"The file has more than {limit // 1_000_000} MB. Split it into smaller ones.", str(path))
    if not data.strip():
        raise SourceFault("The file is empty.", str(path))
    return data


_OLD = ("cp1252", "cp1250", "iso8859-2")  # of Western and of Polish Excel, of older systems


def decoded(data: bytes) -> str:
    """Text of bytes that may be UTF-8 with or without a mark, UTF-16 with one, or in an old code page; line ends become line feeds."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _with_line_feeds(data.decode(encoding, "replace"))
    try:
        return _with_line_feeds(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _with_line_feeds(max((data.decode(page, "replace") for page in _OLD), key=_letters))


def _letters(text: str) -> int:
    """How many signs beyond ASCII are letters: in the code page that was meant nearly all are, in another some are ³ and ¿."""
    return sum(sign.isalpha() for sign in text if sign > "\x7f")


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def unpacked(data: bytes, where: str, limit: int = MAX_FILE) -> Iterator[tuple[str, bytes]]:
    """The files of a ZIP archive: name and bytes, in order. Counted while they unpack, whatever the archive says of itself.

    Raises:
        SourceFault: it is no archive, is broken or encrypted, has too many files, or unpacks to more than the limit.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise SourceFault("This is no ZIP archive, or only half of one.", where) from None
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_ENTRIES:
        raise SourceFault(f"The archive holds {len(entries)} files; at most {MAX_ENTRIES} are read.", where)
    left = limit
    for entry in entries:
        try:
            with archive.open(entry) as file:
                content = file.read(left + 1)
        except _UNPACKING as fault:
            raise SourceFault(
                f"The file in the archive cannot be unpacked: {fault}.", f"{where}/{entry.filename}"
            ) from None
        left -= len(content)
        if left < 0:
            raise SourceFault(f"The archive unpacks to more than {limit // 1_000_000} MB.", f"{where}/{entry.filename}")
        yield entry.filename, content


def xml_root(data: bytes, where: str) -> etree._Element:
    """The root of an XML document. Nothing outside it is loaded and no entity is expanded.

    Raises:
        SourceFault: with line and column where it is not well-formed; also for entities, depth and size.
    """
    try:
        root = _parsed(data)
    except etree.XMLSyntaxError as fault:
        line, column = fault.position
        raise SourceFault(
            f"This is no well-formed XML: {fault.msg}.", f"{where}, line {line}, column {column}"
        ) from None
    except ValueError as fault:
        raise SourceFault(f"This is no XML: {fault}.", where) from None
    declared: Any = root.getroottree().docinfo.internalDTD
    if declared is not None and declared.entities():
        raise SourceFault(
            "The XML declares entities in its document type (DOCTYPE). Delete them: entities are never expanded.", where
        )
    _within_bounds(root, where)
    return root


def _parsed(data: bytes) -> etree._Element:
    """The root; a prefix that nobody declared, which people leave behind when they cut files, stays in the name."""
    strict = _parser(recover=False)
    try:
        return etree.fromstring(data, strict)
    except etree.XMLSyntaxError:
        told: Any = strict.error_log  # of this file alone
        if {fault.domain_name for fault in told} != {"NAMESPACE"}:
            raise
    return etree.fromstring(data, _parser(recover=True))


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        recover=recover,
    )


def _within_bounds(root: etree._Element, where: str) -> None:
    depth, count = 0, 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > MAX_DEPTH or count > MAX_ELEMENTS:
            found = (
                f"elements stand more than {MAX_DEPTH} deep"
                if depth > MAX_DEPTH
                else f"there are more than {MAX_ELEMENTS} elements"
            )
            raise SourceFault(f"The XML is not read: {found}.", f"{where}, line {element.sourceline}")
