"""The codebook of a registry: everything that is in it, every rule in words, as a page and as a workbook."""

from __future__ import annotations

from pathlib import Path

from engine.compiler import CompiledRegistry
from engine.model.text import in_language
from renderers.codebook.contents import contents
from renderers.codebook.page import render_codebook


def write_codebook_workbook(
    registry: CompiledRegistry, language: str, path: Path, since: CompiledRegistry | None = None
) -> None:
    """The same as an XLSX file; headings are in that language."""
    from renderers.codebook.workbook import write_workbook  # noqa: PLC0415 - XlsxWriter is loaded only when it is used

    book, tables = contents(registry, language, since)
    write_workbook(tables, book.languages, path, in_language(registry.model.title, language))


__all__ = ["render_codebook", "write_codebook_workbook"]
