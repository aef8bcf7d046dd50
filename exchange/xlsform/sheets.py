"""Workbooks as rows of texts: xlsx, xlsm, xls, csv and Markdown, within bounds whatever the file says of itself."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from pyxform.xls2json_backends import xlrd_open, xls_value_to_unicode, xlsx_value_to_str

from exchange.findings import SourceFault
from exchange.reading import decoded, read_bytes

MAX_ROWS = 20_000  # of a sheet
MAX_COLUMNS = 300
MAX_CELL = 32_767  # characters; more than a spreadsheet can hold
EMPTY_RUN = 200  # empty rows after which a sheet is over: spreadsheets often end in a million of them
MAX_SHEET = 150_000_000  # bytes of a sheet, unpacked; rows are read one by one
MAX_PART = 30_000_000  # bytes of any other part of a workbook
MAX_TEXT = 10_000_000  # bytes of a form in CSV or Markdown
MAX_PROLOG = 64_000  # bytes of a part before its outermost element
READ = frozenset({"survey", "choices", "settings", "external_choices", "entities", "osm"})

_XLS = b"\xd0\xcf\x11\xe0"
_PROLOG = re.compile(r"(?>\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_NOT_READ = ("/media/", "/embeddings/", "/drawings/", "/charts/")  # of a workbook
_ELSEWHERE: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"variable ?/ ?field name|field_name\W+form_name", re.IGNORECASE),
        "a data dictionary of REDCap (`ecrf import redcap`)",
    ),
    (re.compile(r"<ODM\b"), "CDISC ODM (`ecrf import odm`) or a project of REDCap (`ecrf import redcap`)"),
    (re.compile(r"<Questionnaire\b|\"resourceType\""), "a FHIR Questionnaire (`ecrf import fhir`)"),
    (re.compile(r"<h:html\b|<html\b[^>]*xforms", re.IGNORECASE), "an XForm; import the workbook that it was made from"),
)

Cells = tuple[str, ...]
Numbered = list[tuple[int, Cells]]  # rows with their numbers


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number in the file, from 1, and its cells by heading. Empty cells are left out."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with its headings in their order."""

    name: str
    header: Cells
    rows: tuple[Row, ...]


def read_sheets(path: Path) -> Mapping[str, Sheet]:
    """The sheets of a form by name, in small letters.

    Raises:
        SourceFault: the file is no workbook, is broken or too large, or holds no survey; it says which format it looks like.
    """
    data = read_bytes(path)
    where = path.name
    raw = {name.strip().lower(): list(rows) for name, rows in _reader(data, path)(data, where)}
    sheets = {name: sheet for name, rows in raw.items() if (sheet := _sheet(name, rows, where)) is not None}
    if "survey" not in sheets:
        _find_survey(sheets, where)
    return sheets


def _find_survey(sheets: dict[str, Sheet], where: str) -> None:
    """A sheet that has the columns of a survey is one, whatever its name."""
    for name, sheet in sheets.items():
        heads = {heading.strip().lower() for heading in sheet.header}
        if "type" in heads and heads & {"name", "label"} and name not in READ:
            sheets["survey"] = sheet
            return
        _refuse_other_formats(" | ".join(sheet.header), where)
    named = ", ".join(sheets) or "none"
    raise SourceFault(
        f"There is no sheet 'survey' with the columns type and name (sheets: {named}). Is this an XLSForm?", where
    )


def _reader(data: bytes, path: Path) -> Callable[[bytes, str], Iterator[tuple[str, Numbered]]]:
    if data.startswith(b"PK"):
        return _xlsx
    if data.startswith(_XLS):
        return _xls
    if len(data) > MAX_TEXT:
        raise SourceFault(f"The file has more than {MAX_TEXT // 1_000_000} MB. A form is far smaller.", path.name)
    text = decoded(data[:20_000])
    _refuse_other_formats(text, path.name)
    if data[:1] in (b"<", b"{") or b"\0" in data[:1000]:
        raise SourceFault(
            "This is no workbook. An XLSForm is an .xlsx, .xls or .csv file with a sheet 'survey'.", path.name
        )
    return _markdown if text.lstrip().startswith("|") else _csv


def _refuse_other_formats(text: str, where: str) -> None:
    for sign, name in _ELSEWHERE:
        if sign.search(text):
            raise SourceFault(f"This is no XLSForm: it looks like {name}.", where)


def _sheet(name: str, rows: Numbered, where: str) -> Sheet | None:
    """Headings are the first row that holds anything."""
    if not rows:
        return None
    header = tuple(" ".join(cell.split()) for cell in rows[0][1])
    made = []
    for number, cells in rows[1:]:
        found: dict[str, str] = {}
        for heading, cell in zip(header, cells, strict=False):
            if heading and cell.strip():
                if len(cell) > MAX_CELL:
                    raise SourceFault(
                        f"A cell has {len(cell)} characters; at most {MAX_CELL} are read.",
                        f"{where}, {name}, row {number}",
                    )
                found.setdefault(heading, cell.strip())
        if found:
            made.append(Row(number, found))
    return Sheet(name, header, tuple(made))


def _bounded(rows: Iterable[Iterable[Any]], text_of: Callable[[Any], str], where: str) -> Iterator[tuple[int, Cells]]:
    """The rows that hold something, until a long run of empty ones."""
    empty = kept = 0
    for number, row in enumerate(rows, 1):
        cells = tuple(text_of(cell) for cell in row)
        if not any(cells):
            empty += 1
            if empty > EMPTY_RUN:
                return
            continue
        empty, kept = 0, kept + 1
        if kept > MAX_ROWS:
            raise SourceFault(f"The sheet has more than {MAX_ROWS} rows. Split the form.", where)
        yield number, cells


# the kinds of files -----------------------------------------------------------------------------------------------

_BROKEN_XLSX = (
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    IndexError,
    RuntimeError,
    NotImplementedError,
)


def _xlsx(data: bytes, where: str) -> Iterator[tuple[str, Numbered]]:
    _check_archive(data, where)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions and formats that mean nothing here
            sheets = _xlsx_sheets(data, where)
    except (
        *_BROKEN_XLSX,
        zipfile.BadZipFile,
        zlib.error,
        InvalidFileException,
        etree.XMLSyntaxError,
        SyntaxError,
    ) as fault:
        message = f"The workbook is broken: {_one_line(fault)}. Open and save it in a spreadsheet program."
        raise SourceFault(message, where) from None
    yield from sheets


def _xlsx_sheets(data: bytes, where: str) -> list[tuple[str, Numbered]]:
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    wanted = [sheet for sheet in book.worksheets if sheet.title.strip().lower() in READ] or book.worksheets[:5]
    others = [sheet for sheet in book.worksheets if sheet not in wanted] if len(wanted) < 2 else []
    found = []
    for sheet in (*wanted, *others[:5]):
        sheet.reset_dimensions()
        rows = sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True)
        found.append((sheet.title, list(_bounded(rows, _xlsx_text, f"{where}, {sheet.title}"))))
    return found


def _check_archive(data: bytes, where: str) -> None:
    """Refuse what would unpack to more than is read; zipfile never unpacks more than an entry declares."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise SourceFault("This is no workbook, or only half of one.", where) from None
    names = {entry.filename for entry in archive.infolist()}
    if "xl/workbook.xml" not in names and not any(name.endswith("workbook.xml") for name in names):
        raise SourceFault("This archive is no Excel workbook (.xlsx). An XLSForm is one, with a sheet 'survey'.", where)
    for entry in archive.infolist():
        if any(folder in entry.filename for folder in _NOT_READ):
            continue
        limit = MAX_SHEET if "/worksheets/" in entry.filename else MAX_PART
        if entry.file_size > limit:
            raise SourceFault(f"The part {entry.filename} unpacks to more than {limit // 1_000_000} MB.", where)
        _refuse_entities(archive, entry, where)


def _refuse_entities(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str) -> None:
    try:
        with archive.open(entry) as file:
            head = file.read(MAX_PROLOG)
    except (*_BROKEN_XLSX, zipfile.BadZipFile, zlib.error) as fault:
        raise SourceFault(f"The part {entry.filename} cannot be unpacked: {_one_line(fault)}.", where) from None
    text = decoded(head)
    prolog = _PROLOG.match(text)
    rest = text[prolog.end() :] if prolog is not None else text
    if rest.startswith("<!") or (len(head) == MAX_PROLOG and not rest):
        raise SourceFault(f"The part {entry.filename} declares a document type. Workbooks have none.", where)


def _xlsx_text(value: Any) -> str:
    return "" if value is None else str(xlsx_value_to_str(value)).strip()


def _xls(data: bytes, where: str) -> Iterator[tuple[str, Numbered]]:
    try:
        sheets = _xls_sheets(data, where)
    except (SourceFault, MemoryError):
        raise
    except Exception as fault:  # noqa: BLE001 -- broken files make xlrd raise anything
        raise SourceFault(f"The workbook is broken: {_one_line(fault)}. Open it and save it as .xlsx.", where) from None
    yield from sheets


def _xls_sheets(data: bytes, where: str) -> list[tuple[str, Numbered]]:
    book = xlrd_open(file_contents=data, on_demand=True, logfile=io.StringIO())
    names = book.sheet_names()
    wanted = [name for name in names if name.strip().lower() in READ]
    found = []
    for name in wanted if len(wanted) > 1 else names[:8]:
        sheet = book.sheet_by_name(name)
        width = min(sheet.ncols, MAX_COLUMNS)
        rows = (sheet.row(number)[:width] for number in range(sheet.nrows))
        cells = list(_bounded(rows, lambda cell: _xls_text(cell, book.datemode), f"{where}, {name}"))
        found.append((name, cells))
        book.unload_sheet(name)
    return found


def _xls_text(cell: Any, datemode: int) -> str:
    try:
        return str(xls_value_to_unicode(cell.value, cell.ctype, datemode)).strip()
    except ValueError:  # a date that is none
        return str(cell.value)


def _csv(data: bytes, where: str) -> Iterator[tuple[str, Numbered]]:
    """Sheets below one another, each under a row with its name alone; or a survey alone."""
    rows = _some(csv.reader(io.StringIO(decoded(data).replace("\0", ""), newline="")), where)
    if rows and "type" in [cell.strip().lower() for cell in rows[0]] and rows[0][0].strip().lower() != "survey":
        yield "survey", list(_bounded(rows, str.strip, where))
        return
    sheets: dict[str, list[list[str]]] = {}
    name = ""
    for number, row in enumerate(rows):
        named = row[0].strip() if row else ""
        if named:
            name = named
            sheets[name] = [[] for _ in range(number)]  # so that rows keep their numbers
        if name:
            sheets[name].append(row[1:])
    for name, found in sheets.items():
        yield name, list(_numbered(found, where))


def _some(rows: Iterator[list[str]], where: str) -> list[list[str]]:
    """Rows of a file, empty ones too, as many as its sheets may have together."""
    found = []
    try:
        for row in rows:
            found.append(row)
            if len(found) > len(READ) * MAX_ROWS:
                raise SourceFault(f"The file has more than {len(READ) * MAX_ROWS} rows. Split the form.", where)
    except csv.Error as fault:
        raise SourceFault(f"The table cannot be read: {fault}.", f"{where}, row {len(found) + 1}") from None
    return found


def _numbered(rows: list[list[str]], where: str) -> Iterator[tuple[int, Cells]]:
    filled = [
        (number, tuple(cell.strip() for cell in row)) for number, row in enumerate(rows, 1) if any(map(str.strip, row))
    ]
    if len(filled) > MAX_ROWS:
        raise SourceFault(f"The sheet has more than {MAX_ROWS} rows. Split the form.", where)
    yield from filled


def _markdown(data: bytes, where: str) -> Iterator[tuple[str, Numbered]]:
    """Tables of Markdown, as XLSForm tools read them: `| survey |`, then rows that begin with an empty cell."""
    sheets: dict[str, list[list[str]]] = {}
    name = ""
    for number, line in enumerate(decoded(data).split("\n")):
        row = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if not line.strip().startswith("|") or set(line) <= set("|-: "):
            continue
        if row[0]:
            name = row[0]
            sheets[name] = []
        if name and len(row) > 1:
            sheets[name].extend([] for _ in range(number - len(sheets[name])))
            sheets[name].append(row[1:])
    for name, found in sheets.items():
        yield name, list(_numbered(found, where))


def _one_line(fault: BaseException) -> str:
    return " ".join(str(fault).split())[:200] or type(fault).__name__
