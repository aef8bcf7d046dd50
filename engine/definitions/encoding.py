"""Bytes -> text: UTF-8 without characters that cannot be seen; JSON made ready for a YAML parser."""

from __future__ import annotations

import re

from engine.errors import Mark, Problems

MAX_BYTES = 5_000_000

# Controls; marks that reorder what is read (Trojan source), join or part it without being seen; noncharacters.
# The joiners U+200C and U+200D stay: scripts and emoji are written with them, and one sees what they do.
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_PAIR = re.compile(r"\\(?:u([dD][89abAB]..)\\u([dD][c-fC-F]..)|.)")


def decode(data: bytes, name: str, problems: Problems, limit: int = MAX_BYTES) -> str | None:
    """Bytes as UTF-8 text without its byte order mark, if it is one that we accept."""
    start = Mark(name, 1, 1)
    if len(data) > limit:
        problems.error(
            start,
            "file-too-large",
            f"The file has {len(data)} bytes; at most {limit} are read. Split it and use `include`.",
        )
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:4]:
        problems.error(start, "encoding", "The file is in UTF-16 or UTF-32. Save it as UTF-8.")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        before = data[: fault.start].decode("utf-8", "replace")
        problems.error(
            _mark_in(before, name),
            "encoding",
            f"The byte 0x{data[fault.start]:02X} is not UTF-8: the file is probably in an older encoding such as Windows-1250. Save it as UTF-8.",
        )
        return None
    found = UNSEEN.search(text)
    if found is not None:
        problems.error(
            _mark_in(text[: found.start()], name),
            "control-character",
            f"The character U+{ord(found[0]):04X} cannot be seen and is not allowed. Delete it.",
        )
        return None
    return text


def _mark_in(before: str, name: str) -> Mark:
    """The place after that much text."""
    lines = re.split("\r\n|\r|\n", before)
    return Mark(name, len(lines), len(lines[-1]) + 1)


def json_for_yaml(text: str) -> str:
    """JSON text as the YAML parser takes it: no tab before the first bracket, no surrogate pairs."""
    head = text.lstrip()
    if not head.startswith(("{", "[")):
        return text
    text = text[: len(text) - len(head)].replace("\t", " ") + head
    return _PAIR.sub(_join_pair, text) if "\\u" in text else text


def _join_pair(match: re.Match[str]) -> str:
    high, low = match.groups()
    if high is None:
        return match[0]
    try:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    except ValueError:
        return match[0]
