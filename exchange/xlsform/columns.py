"""Headings of XLSForm sheets: many spellings, one name; `label::Polski (pl)` is the column label in a language."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from exchange.reading import decoded, read_bytes
from exchange.xlsform.sheets import MAX_ROWS, Row, Sheet

_PREFIXES = frozenset({"bind", "body", "control", "media"})
_SPELLINGS: Mapping[str, str] = {
    "caption": "label",
    "command": "type",
    "tag": "name",
    "value": "name",
    "calculate": "calculation",
    "relevance": "relevant",
    "readonly": "read_only",
    "constraining_message": "constraint_message",
    "constraint_msg": "constraint_message",
    "jr:constraintmsg": "constraint_message",
    "requiredmsg": "required_message",
    "jr:requiredmsg": "required_message",
    "count": "repeat_count",
    "jr:count": "repeat_count",
    "form_title": "title",
    "set_form_title": "title",
    "form_id": "id_string",
    "set_form_id": "id_string",
    "jr:noapperrorstring": "no_app_error_string",
    "noapperrorstring": "no_app_error_string",
    "big-image": "big-image",
    "big_image": "big-image",
}
KNOWN = frozenset({
    "type", "name", "label", "hint", "guidance_hint", "required", "required_message", "relevant",
    "constraint", "constraint_message", "calculation", "default", "appearance", "choice_filter",
    "repeat_count", "read_only", "trigger", "parameters", "image", "audio", "video", "big-image",
    "rows", "autoplay", "no_app_error_string", "list_name", "disabled", "title", "id_string",
    "version", "default_language", "style", "instance_name", "public_key", "submission_url",
    "allow_choice_duplicates",
})  # fmt: skip
_OF_CHOICES = frozenset({"list_name", "name", "label", "image", "audio", "video", "big-image"})
_SPELLED_IN_CHOICES = frozenset({"caption", "tag", "value", "big_image"})
TRANSLATED = frozenset({"label", "hint", "guidance_hint", "constraint_message", "required_message", "image", "audio", "video", "big-image"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A row whose columns are known: texts by column, by column and language, and what stands in columns of one's own."""

    number: int
    plain: Mapping[str, str] = field(default_factory=dict)
    translated: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # column -> language as written -> text
    others: Mapping[str, str] = field(default_factory=dict)

    def in_codes(self, named: Mapping[str, str], bare: str) -> Line:
        """The same with codes of languages; texts of the only language stand in columns without one."""
        plain, translated = dict(self.plain), {}
        only = set(named.values()) <= {bare}
        for column in TRANSLATED:
            texts: dict[str, str] = {}
            for name, text in self.translated.get(column, {}).items():
                texts.setdefault(named[name], text)
            if column in plain and not only:
                texts.setdefault(bare, plain.pop(column))
            if only and texts:
                plain.setdefault(column, texts[bare])
            elif texts:
                translated[column] = texts
        return replace(self, plain=plain, translated=translated)

    def __getitem__(self, column: str) -> str:
        return self.plain.get(column, "")


def lines(sheet: Sheet | None, *, choices: bool = False) -> list[Line]:
    """The rows of a sheet by column."""
    if sheet is None:
        return []
    double = any("::" in heading for heading in sheet.header)
    known = {heading: column(heading, double=double, choices=choices) for heading in sheet.header if heading}
    return [_line(row, known) for row in sheet.rows]


def rows_of_file(path: Path) -> list[Line]:
    """Choices in a file of their own: columns name and label, and columns of one's own."""
    rows = list(csv.reader(io.StringIO(decoded(read_bytes(path)), newline="")))[: MAX_ROWS + 1]
    header = tuple(rows[0]) if rows else ()
    cells = [
        Row(at, {name: cell.strip() for name, cell in zip(header, row, strict=False) if name and cell.strip()})
        for at, row in enumerate(rows[1:], 2)
    ]
    return [line for line in lines(Sheet(path.name, header, tuple(cells)), choices=True) if line["name"]]


def languages(read: Iterable[Line]) -> list[str]:
    """The languages that rows have texts in, as written, in their order."""
    found = {name: None for line in read for texts in line.translated.values() for name in texts}
    return list(found)


def _line(row: Row, known: Mapping[str, tuple[str, str]]) -> Line:
    plain: dict[str, str] = {}
    translated: dict[str, dict[str, str]] = {}
    others: dict[str, str] = {}
    for heading, cell in row.cells.items():
        name, language = known[heading]
        if not name:
            others[heading] = cell
        elif language:
            translated.setdefault(name, {}).setdefault(language, cell)
        else:
            plain.setdefault(name, cell)
    return Line(row.number, plain, translated, others)


def column(heading: str, *, double: bool = True, choices: bool = False) -> tuple[str, str]:
    """The column that a heading means, and its language. A column of one's own is ''."""
    parts = [part.strip() for part in re.split(r"::" if double and "::" in heading else r"(?<!jr):|#", heading)]
    if len(parts) > 1 and parts[0].lower() in _PREFIXES:
        parts = parts[1:]
    name = re.sub(r"[ -]+", "_", parts[0].lower())
    if not choices or name in _SPELLED_IN_CHOICES:
        name = _SPELLINGS.get(name, _SPELLINGS.get(parts[0].lower(), name))
    if len(parts) == 1:
        return (name, "") if name in (_OF_CHOICES if choices else KNOWN) else ("", "")
    if name in TRANSLATED and len(parts) == 2 and parts[1]:
        return name, parts[1]
    return "", ""
