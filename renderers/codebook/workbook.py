"""The codebook as an XLSX workbook: a sheet a table, a column for each language, headings frozen and filtered."""

from __future__ import annotations

from pathlib import Path

import xlsxwriter

from renderers.codebook.tables import Column, Table, phrase_of

_MOST = 32_767  # characters that a cell can hold
_NUMBERS = frozenset({"count", "calculated_count", "codes_count", "decimals", "length", "day", "every"})
_WIDE = 40  # from this width on texts are wrapped


def write_workbook(tables: tuple[Table, ...], languages: tuple[str, ...], path: Path, title: str) -> None:
    """Write the file. Headings are in the first language; the sheets are called as in it too."""
    # Texts that begin with `=` or look like links are texts.
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": title})
    heading = book.add_format(
        {"bold": True, "bg_color": "#0B5A6A", "font_color": "#FFFFFF", "valign": "top", "text_wrap": True}
    )
    wrapped, flat = (book.add_format({"valign": "top", "text_wrap": wrap}) for wrap in (True, False))
    for table in tables:
        sheet = book.add_worksheet(table.title[languages[0]])
        columns = [each for column in table.columns for each in _split(column, languages)]
        for place, (column, language, text) in enumerate(columns):
            sheet.write_string(0, place, text, heading)
            sheet.set_column(place, place, column.width, wrapped if column.width >= _WIDE else flat)
            for line, row in enumerate(table.rows, start=1):
                said = str(phrase_of(row.cells.get(column.key, ""), language))
                if column.key in _NUMBERS and said:
                    sheet.write_number(line, place, int(said))
                elif said:
                    sheet.write_string(line, place, said[:_MOST])
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(len(table.rows), 1), len(columns) - 1)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
    book.close()


def _split(column: Column, languages: tuple[str, ...]) -> list[tuple[Column, str, str]]:
    """A column for each language where they differ."""
    heading = column.heading[languages[0]]
    if not column.both:
        return [(column, languages[0], heading)]
    return [(column, language, f"{heading} ({language})") for language in languages]
