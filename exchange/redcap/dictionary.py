"""Table -> fields: finds the header, and reads rows that are not quite as they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from exchange.findings import SourceFault
from exchange.redcap.columns import HEADINGS, Column, columns_of
from exchange.redcap.source import Row
from exchange.redcap.tables import Rows

_OLD_TYPES: Mapping[str, str] = {"select": "dropdown", "textarea": "notes"}
_HEADER_WITHIN = 20  # rows; people put titles above
_TYPES = frozenset(
    ["text", "notes", "dropdown", "radio", "checkbox", "calc", "yesno", "truefalse", "file", "slider", "descriptive"]
)


def fields_of(table: Rows, where: str) -> tuple[Row, ...]:
    """The fields of a data dictionary.

    Raises:
        SourceFault: it is none; says what it looks like, or what is missing.
    """
    start, columns = _header(table, where)
    others = _others(table[start - 1] if start else (), columns)
    cell_of = _without_na if _writes_na(table[start:]) else _as_they_are
    fields = tuple(_fields(table, start, columns, others, cell_of))
    if not fields:
        raise SourceFault("The data dictionary has a header and no fields.", where)
    return fields


def is_dictionary(table: Rows) -> bool:
    """Whether a table has the header of a data dictionary."""
    return any(columns_of(row) for row in table[:_HEADER_WITHIN])


def _header(table: Rows, where: str) -> tuple[int, Mapping[int, Column]]:
    """The index of the row after the header, and the columns."""
    for index, row in enumerate(table[:_HEADER_WITHIN]):
        columns = columns_of(row)
        if columns is not None and not _is_of_an_import(row):
            return index + 1, columns
    first = next((row for row in table if any(cell.strip() for cell in row)), [])
    if len(first) > 4 and first[3].strip() in _TYPES:  # the header was cut off
        return 0, dict(enumerate(Column))
    raise SourceFault(_no_dictionary(first), where)


def _is_of_an_import(row: Sequence[str]) -> bool:
    return [cell.strip() for cell in row[1:3]] == ["Record", "Record"]


def _no_dictionary(first: Sequence[str]) -> str:
    names = [cell.strip().lower() for cell in first]
    expected = f"Its first row should begin with '{HEADINGS[Column.NAME]}', '{HEADINGS[Column.FORM]}', '{HEADINGS[Column.SECTION]}', '{HEADINGS[Column.TYPE]}'."
    if names[1:2] == ["record"] or (names[:1] and names[0].endswith("field name") and "record" in names):
        what = "a template for importing data (fields down, records across)"
    elif {"type", "name"} <= set(names) or {"list_name", "name"} <= set(names):
        what = "an XLSForm"
    elif any(name.startswith("redcap_") or name.endswith("_complete") for name in names):
        what = "a file of data (a row for each record)"
    else:
        found = ", ".join(cell.strip()[:40] for cell in first[:4]) or "nothing"
        return f"This is no data dictionary of REDCap: its first row holds {found}. {expected}"
    return f"This is no data dictionary of REDCap; it looks like {what}. Export the dictionary (Designer, Download the current Data Dictionary). {expected}"


def _others(header: Sequence[str], columns: Mapping[int, Column]) -> Mapping[int, str]:
    """Columns that REDCap does not know: place -> heading. Numbers of rows, which have no heading, are none of them."""
    return {place: cell.strip()[:100] for place, cell in enumerate(header) if place not in columns and cell.strip()}


def _writes_na(rows: Sequence[Sequence[str]]) -> bool:
    """R writes NA into every empty cell: then there are no empty ones."""
    filled = [row for row in rows if any(row)]
    return any("NA" in row for row in filled) and all(cell for row in filled for cell in row)


def _as_they_are(cell: str) -> str:
    return cell.strip()


def _without_na(cell: str) -> str:
    text = cell.strip()
    return "" if text == "NA" else text


def _fields(
    table: Rows,
    start: int,
    columns: Mapping[int, Column],
    others: Mapping[int, str],
    cell_of: Callable[[str], str],
) -> Iterator[Row]:
    for number, row in enumerate(table[start:], start=start + 1):
        cells = {columns[place]: text for place, cell in enumerate(row) if place in columns and (text := cell_of(cell))}
        if not cells or cells.get(Column.NAME) == HEADINGS[Column.NAME]:  # blank, or the header once more
            continue
        cells |= {column: cells[column].lower() for column in (Column.TYPE, Column.VALIDATION) if column in cells}
        if cells.get(Column.TYPE) in _OLD_TYPES:
            cells[Column.TYPE] = _OLD_TYPES[cells[Column.TYPE]]
        more = {others[place]: text for place, cell in enumerate(row) if place in others and (text := cell_of(cell))}
        yield Row(number, cells, more)
