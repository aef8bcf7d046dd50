"""Indicators as a table. They are declared, not compiled: what can be bound is told in words, the rest as written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.compiler.binding import Workbench
from engine.errors import Problems
from engine.expressions.scopes import Scope
from engine.model.item import ExpressionText
from renderers.codebook.entries import container_name
from renderers.codebook.headings import WORDS
from renderers.codebook.tables import Book, Cell, Row, Table, anchor, table

_WIDTHS = (
    *(("id", 24), ("title", 50), ("counted", 20), ("numerator", 60), ("denominator", 50), ("value", 40), ("where", 40)),
    *(("by", 60), ("aim", 30), ("chart", 12), ("direction", 14), ("note", 50), ("definition", 80)),
)
_STRATA = frozenset({"site", "year"})  # what every record has, though no item says it
_EXPRESSIONS = ("numerator", "denominator", "value", "where")


def indicators(book: Book) -> Table:
    """All indicators."""
    return table(book, "indicators", dict(_WIDTHS), _indicators(book))


def _indicators(book: Book) -> Iterator[Row]:
    bench = Workbench(book.registry.model, book.registry.scopes, Problems())
    for declared in book.registry.model.indicators:
        id_, title, owner = str(declared.get("id", "")), declared.get("title", {}), str(declared.get("in", ""))
        scope = _scope(book, owner)
        cells: dict[str, Cell] = {
            "id": id_,
            "title": book.title(title, id_),
            "counted": _owner_name(book, owner),
            **{key: _said(book, bench, declared.get(key), scope) for key in _EXPRESSIONS},
            "by": book.series((_said(book, bench, each, scope) for each in declared.get("by", ())), "; "),
            "aim": _said(book, bench, declared.get("target"), scope),
            "chart": str(declared.get("chart", "")),
            "direction": book.word(declared["direction"]) if declared.get("direction") in WORDS else "",
            "note": book.text(declared.get("note", {})),
            "definition": _as_written(declared),
        }
        yield Row(anchor("indicator", id_), id_, book.title(title, id_), cells)


def _scope(book: Book, owner: str) -> Scope | None:
    scopes = book.registry.scopes
    groups = {key.partition(".")[2]: scope for key, scope in scopes.groups.items()}
    return scopes.containers.get(owner) or groups.get(owner) or scopes.forms.get(owner)


def _owner_name(book: Book, owner: str) -> Cell:
    groups = {key.partition(".")[2]: key for key in book.registry.groups}
    if owner in groups:
        return book.named("group", groups[owner], book.registry.groups[groups[owner]].group.title, owner)
    if owner in book.registry.model.forms:
        return book.named("form", owner, book.registry.model.forms[owner].title, owner)
    return container_name(book, owner)


def _said(book: Book, bench: Workbench, text: object, scope: Scope | None) -> Cell:
    """An expression in words; as it is written where it cannot be bound."""
    if text in _STRATA:
        return book.word(str(text))
    if scope is None or not isinstance(text, str):
        return "" if text is None else str(text)
    before = len(bench.problems.errors)
    rule = bench.rule(ExpressionText(text), scope)
    return text if rule is None or len(bench.problems.errors) > before else book.value(rule, scope, None)


def _as_written(declared: Mapping[str, Any]) -> str:
    shown = {key: declared[key] for key in (*_EXPRESSIONS, "by") if key in declared}
    return "; ".join(
        f"{key}: {', '.join(map(str, value)) if isinstance(value, list | tuple) else value}"
        for key, value in shown.items()
    )
