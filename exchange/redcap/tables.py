"""Rows of text out of a CSV file or a workbook, whatever its encoding and delimiter, within bounds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from exchange.findings import SourceFault
from exchange.reading import MAX_FILE, decoded, unpacked

MAX_ROWS = 50_000
MAX_COLUMNS = 200
_TOO_MANY_ROWS = f"The table has more than {MAX_ROWS} rows; no data dictionary has. Is it a file of data?"
_DELIMITERS = ",;\t"

Rows = list[list[str]]


def rows_of_text(data: bytes, where: str) -> Rows:
    """The rows of a CSV file; blank ones too, so that the n-th row is the n-th.

    Raises:
        SourceFault: it is no text, a quote is never closed, or there is too much of it.
    """
    text = decoded(data)
    if text.count("\0") > len(text) // 20:
        raise SourceFault("This is no text file: it holds bytes that no text has.", where)
    text = text.replace("\0", "")
    _no_limit_of_cells()
    lines, delimiter = text.split("\n"), _delimiter(text)
    reader = csv.reader(map("{}\n".format, lines), delimiter=delimiter, strict=False)
    rows, begin, last = list[list[str]](), 0, (0, 0)
    try:
        for number, row in enumerate(_bounded(reader, where), start=1):
            rows.append(row)
            last = (number, begin) if any(row) else last
            begin = reader.line_num
    except csv.Error as fault:
        raise SourceFault(f"This is no CSV file: {fault}.", f"{where}, row {reader.line_num}") from None
    del reader  # and what it holds of a huge cell
    if _never_closed(lines[last[1] :], delimiter):
        raise SourceFault(
            "A quote is opened and never closed, as if the file were cut off. Download it again.",
            f"{where}, row {last[0]}",
        )
    return rows


def _never_closed(lines: Sequence[str], delimiter: str) -> bool:
    """Whether the row that begins here ends within quotes."""
    if sum(line.count('"') for line in lines) % 2 == 0:
        return False
    try:
        for _ in csv.reader(map("{}\n".format, lines), delimiter=delimiter, strict=True):
            pass
    except csv.Error as fault:
        return "end of data" in str(fault)
    return False


def _no_limit_of_cells() -> None:
    """The module cuts cells at 128 KB; whole files are bounded here instead."""
    if csv.field_size_limit() < MAX_FILE:
        csv.field_size_limit(MAX_FILE)


def _delimiter(text: str) -> str:
    """The sign that the first line has most of, outside quotes."""
    line = text.lstrip().split("\n", 1)[0][:20_000]
    outside = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


def rows_of_workbook(data: bytes, where: str) -> Iterator[tuple[str, Rows]]:
    """Sheet -> rows of a workbook.

    Raises:
        SourceFault: it is broken, encrypted, or unpacks to too much.
    """
    for name, content in unpacked(data, where):  # counts what it unpacks to, before a reader trusts it
        if name.startswith("xl/worksheets/") and content.count(b"<row ") > MAX_ROWS:
            raise SourceFault(_TOO_MANY_ROWS, f"{where}/{name}")
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except (InvalidFileException, KeyError, ValueError, OSError, TypeError, AttributeError, SyntaxError) as fault:
        raise SourceFault(f"The workbook cannot be read: {fault}.", where) from None
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # some writers state too few rows
        yield sheet.title, list(_bounded((map(_text, row) for row in sheet.iter_rows(values_only=True)), where))


def _text(cell: Any) -> str:  # what a workbook's cell may hold
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).replace("\r\n", "\n").replace("_x000D_", "")


def _bounded(rows: Iterator[Sequence[str]] | Iterator[map[str]], where: str) -> Iterator[list[str]]:
    for number, row in enumerate(rows, start=1):
        cells = list(row)
        if number > MAX_ROWS:
            raise SourceFault(_TOO_MANY_ROWS, where)
        if len(cells) > MAX_COLUMNS and any(cells[MAX_COLUMNS:]):
            reason = f"The row has {len(cells)} cells; no data dictionary has so many. Is it a file of data?"
            raise SourceFault(reason, f"{where}, row {number}")
        yield cells[:MAX_COLUMNS]
