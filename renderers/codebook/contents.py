"""All tables of the codebook in their order, and what changed since an earlier version."""

from __future__ import annotations

from collections.abc import Iterator

from engine.compiler import CompiledRegistry
from renderers.codebook import entries, lists, rules
from renderers.codebook.headings import HEADINGS
from renderers.codebook.indicators import indicators
from renderers.codebook.tables import Book, Cell, Row, Table, phrase_of, table
from renderers.codebook.uses import Uses


def contents(
    registry: CompiledRegistry, language: str, since: CompiledRegistry | None = None
) -> tuple[Book, tuple[Table, ...]]:
    """The codebook of a registry; that language comes first."""
    languages = tuple(dict.fromkeys((language, *registry.model.languages)))
    book = Book(registry, languages)
    tables = _tables(book)
    earlier = _tables(Book(since, languages)) if since is not None else ()
    return book, (*tables, _changes(book, tables, earlier))


def _tables(book: Book) -> tuple[Table, ...]:
    uses = Uses(book.registry)
    return (
        entries.forms(book),
        entries.groups(book, uses),
        entries.items(book, uses),
        lists.lists(book),
        lists.codes(book),
        rules.checks(book, uses),
        rules.calculations(book, uses),
        rules.outcomes(book, uses),
        rules.events(book),
        indicators(book),
        rules.parameters(book, uses),
    )


_FOLLOWING = frozenset(
    {"used", "inputs", "count", "calculated_count", "codes_count"}
)  # change with what they are made of


def _changes(book: Book, tables: tuple[Table, ...], earlier: tuple[Table, ...]) -> Table:
    model = book.registry.model
    version: dict[str, Cell] = {
        "kind": book.word("version"),
        "id": model.registry,
        "new": f"{model.version} · {book.registry.hash}",
    }
    rows = [Row("change-version", model.version, book.word("version"), version)]
    for file, digest in sorted(model.sources.items()):
        cells: dict[str, Cell] = {"kind": book.word("file"), "id": file, "new": digest}
        rows.append(Row(f"change-file-{len(rows)}", file, book.word("file"), cells))
    for old, new in zip(earlier, tables, strict=False):
        rows += (
            Row(f"change-{len(rows)}-{n}", str(cells["id"]), book.word("changed"), cells)
            for n, cells in enumerate(_between(book, old, new))
        )
    widths = {"kind": 14, "table": 20, "id": 40, "column": 20, "old": 70, "new": 70}
    return table(book, "changes", widths, rows)


def _between(book: Book, old: Table, new: Table) -> Iterator[dict[str, Cell]]:
    """What was added, removed and changed from one table to another; entries are known by their anchors."""
    before, after = ({row.anchor: row for row in each.rows} for each in (old, new))
    sheet = book.title(new.title, new.id)
    for anchor, row in before.items():
        if anchor not in after:
            yield {"kind": book.word("removed"), "table": sheet, "id": _known_as(anchor), "old": row.title}
    for anchor, row in after.items():
        if anchor not in before:
            yield {"kind": book.word("added"), "table": sheet, "id": _known_as(anchor), "new": row.title}
            continue
        for key in dict.fromkeys((*before[anchor].cells, *row.cells)):
            was, now = (side.cells.get(key, "") for side in (before[anchor], row))
            if key not in _FOLLOWING and _texts(book, was) != _texts(book, now):
                column = {language: phrase_of(HEADINGS[key][language != "pl"], language) for language in book.languages}
                yield {
                    "kind": book.word("changed"),
                    "table": sheet,
                    "id": _known_as(anchor),
                    "column": column,
                    "old": was,
                    "new": now,
                }


def _known_as(anchor: str) -> str:
    return anchor.partition("-")[2]


def _texts(book: Book, cell: Cell) -> list[str]:
    return [str(phrase_of(cell, language)) for language in book.languages]
