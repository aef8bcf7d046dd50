"""A file of REDCap, whatever its kind -> Project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from exchange.findings import SourceFault
from exchange.identifiers import snake
from exchange.reading import read_bytes, unpacked, xml_root
from exchange.redcap.columns import HEADINGS, PLACEHOLDER, REGISTRY, Column
from exchange.redcap.dictionary import fields_of, is_dictionary
from exchange.redcap.project_xml import project_of
from exchange.redcap.source import Project
from exchange.redcap.tables import Rows, rows_of_text, rows_of_workbook
from exchange.redcap.tags import Tag, parts_of

MAX_CELL = 1_000_000  # characters; REDCap holds 65,535 bytes in most columns
_LONG = frozenset({Column.LABEL, Column.CHOICES, Column.SECTION, Column.NOTE})  # these have more
_INSTRUMENT = "instrument.csv"


def read_project(path: Path) -> Project:
    """What a data dictionary, an instrument archive or a project XML says.

    Raises:
        SourceFault: it is none of them, or broken, or a cell holds more than any of REDCap's.
    """
    project = _known_again(_read(path))
    for row in project.rows:
        for column, text in row.cells.items():
            if len(text) > MAX_CELL and column not in _LONG:
                found = f"{HEADINGS[column]} has {len(text)} characters; REDCap holds at most 65,535 there."
                raise SourceFault(found, f"{path}, row {row.number}, {row.where[:200]}")
    return project


def _read(path: Path) -> Project:
    data = read_bytes(path)
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if data.startswith(b"PK"):
        return _of_archive(data, path)
    if start == b"<":
        return project_of(xml_root(data, str(path)), str(path), path.stem)
    if start in (b"{", b"["):
        raise SourceFault(
            "This looks like JSON, perhaps a FHIR Questionnaire. REDCap's dictionaries are CSV files.", str(path)
        )
    if data.startswith((b"%PDF", b"\xd0\xcf\x11\xe0")):
        raise SourceFault("This is a PDF or an old Excel file. Save the data dictionary as CSV or XLSX.", str(path))
    return _with_record_id(Project(path.stem, fields_of(rows_of_text(data, str(path)), str(path))))


def _with_record_id(project: Project) -> Project:
    """The first field of a dictionary names the records, unless it was added for REDCap's sake."""
    first = project.rows[0]
    return project if PLACEHOLDER in first[Column.ANNOTATION] else replace(project, record_id=first[Column.NAME])


def _known_again(project: Project) -> Project:
    """With the id and title that export wrote at the first field."""
    first, *others = project.rows
    annotation = first[Column.ANNOTATION]
    tags = (part for part in parts_of(annotation) if isinstance(part, Tag))
    told = next((tag for tag in tags if tag.name == REGISTRY and tag.value), None)
    if told is None:
        return project
    registry, _, title = told.value.partition(": ")
    left = {**first.cells, Column.ANNOTATION: annotation.replace(told.text, "").strip()}
    rows = (replace(first, cells=left), *others)
    return replace(project, rows=rows, registry=snake(registry, "registry"), title=title or project.title)


def _of_archive(data: bytes, path: Path) -> Project:
    names = [name for name, _ in unpacked(data, str(path))]
    if "xl/workbook.xml" in names or "[Content_Types].xml" in names:
        return _of_workbook(data, path)
    tables, others = _tables(data, str(path))
    instruments = [(name, table) for name, table in tables if PurePosixPath(name).name.lower() == _INSTRUMENT]
    if instruments:
        rows = tuple(row for name, table in instruments for row in fields_of(table, f"{path}/{name}"))
        return Project(path.stem, rows, untold=tuple(_untold(others)))
    if tables:
        name, table = tables[0]
        project = Project(path.stem, fields_of(table, f"{path}/{name}"), untold=tuple(_untold(others)))
        return _with_record_id(project)
    for name, content in unpacked(data, str(path)):
        if name.lower().endswith(".xml"):
            return project_of(xml_root(content, f"{path}/{name}"), f"{path}/{name}", path.stem)
    raise SourceFault(
        f"The archive holds no data dictionary: there is no {_INSTRUMENT} and no other CSV file with its columns. Found: {', '.join(names[:5]) or 'nothing'}.",
        str(path),
    )


def _tables(data: bytes, where: str) -> tuple[list[tuple[str, Rows]], list[str]]:
    """The data dictionaries of an archive, and the names of its other files."""
    tables, others = [], []
    for name, content in unpacked(data, where):
        if "__MACOSX" in name or PurePosixPath(name).name.startswith("."):
            continue
        table = _table(name, content, where)
        if table is not None and (is_dictionary(table) or PurePosixPath(name).name.lower() == _INSTRUMENT):
            tables.append((name, table))
        else:
            others.append(name)
    return tables, others


def _table(name: str, content: bytes, where: str) -> Rows | None:
    if not name.lower().endswith((".csv", ".txt", ".tsv")) or not content.strip():
        return None
    try:
        return rows_of_text(content, f"{where}/{name}")
    except SourceFault:
        if PurePosixPath(name).name.lower() == _INSTRUMENT:
            raise
        return None


def _untold(others: list[str]) -> Iterator[tuple[str, str]]:
    for name in others:
        if PurePosixPath(name).name != "OriginID.txt":  # where the archive came from
            yield name, "A file beside the data dictionary is not taken over."


def _of_workbook(data: bytes, path: Path) -> Project:
    titles = []
    for title, table in rows_of_workbook(data, str(path)):
        titles.append(title)
        if is_dictionary(table):
            return _with_record_id(Project(path.stem, fields_of(table, f"{path}, sheet {title}")))
    if {"survey", "choices"} <= {title.lower() for title in titles}:
        raise SourceFault("This looks like an XLSForm: it has the sheets survey and choices.", str(path))
    raise SourceFault(
        f"No sheet has the columns of a data dictionary (Variable / Field Name, Form Name, Field Type, Field Label). Sheets: {', '.join(titles[:8])}.",
        str(path),
    )
