"""Indicators as a table: what is counted, out of what, how it is parted, in words and as it is written."""

from __future__ import annotations

from collections.abc import Iterator

from engine.compiler.rules import IndicatorRules, Rule
from engine.model.item import ExpressionText
from engine.model.metadata_version import IndicatorDef
from renderers.codebook.entries import container_name
from renderers.codebook.tables import Book, Cell, Row, Table, anchor, table

_WIDTHS = (
    *(("id", 24), ("title", 50), ("counted", 20), ("numerator", 60), ("denominator", 50), ("value", 40), ("where", 40)),
    *(("by", 60), ("aim", 30), ("chart", 12), ("direction", 14), ("note", 50), ("definition", 80)),
)


def indicators(book: Book) -> Table:
    """All indicators."""
    return table(book, "indicators", dict(_WIDTHS), _indicators(book))


def _indicators(book: Book) -> Iterator[Row]:
    for rules in book.registry.indicators:
        declared, scope = rules.indicator, rules.scope
        cells: dict[str, Cell] = {
            "id": declared.id,
            "title": book.title(declared.title, declared.id),
            "counted": _owner_name(book, declared.owner),
            "numerator": book.value(rules.numerator, scope, None),
            "denominator": book.value(rules.denominator, scope, None),
            "value": book.value(rules.value, scope, None),
            "where": book.value(rules.where, scope, None),
            "by": book.series((_stratum(book, rules, each) for each in rules.by), "; "),
            "aim": book.value(rules.target, scope, None),
            "chart": declared.chart,
            "direction": book.word(declared.direction),
            "note": book.text(declared.note),
            "definition": _as_written(declared),
        }
        yield Row(anchor("indicator", declared.id), declared.id, book.title(declared.title, declared.id), cells)


def _stratum(book: Book, rules: IndicatorRules, by: Rule | str) -> Cell:
    return book.word(by) if isinstance(by, str) else book.value(by, rules.scope, None)


def _owner_name(book: Book, owner: str) -> Cell:
    groups = {key.partition(".")[2]: key for key in book.registry.groups}
    if owner in groups:
        return book.named("group", groups[owner], book.registry.groups[groups[owner]].group.title, owner)
    if owner in book.registry.model.forms:
        return book.named("form", owner, book.registry.model.forms[owner].title, owner)
    return container_name(book, owner)


def _as_written(declared: IndicatorDef) -> str:
    texts: dict[str, tuple[ExpressionText, ...]] = {
        "numerator": (declared.numerator,) if declared.numerator else (),
        "denominator": (declared.denominator,) if declared.denominator else (),
        "value": (declared.value,) if declared.value else (),
        "where": (declared.where,) if declared.where else (),
        "by": declared.by,
    }
    return "; ".join(f"{key}: {', '.join(text.text for text in each)}" for key, each in texts.items() if each)
