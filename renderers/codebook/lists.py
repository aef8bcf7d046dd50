"""Code lists and lists of missing reasons, their codes and attributes, and where each is used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from engine.datatypes.words import number_text
from engine.model.code_list import Attribute, CodeList, MissingList
from renderers.codebook.entries import name_of
from renderers.codebook.tables import Book, Cell, Row, Table, anchor, noted, table


def lists(book: Book) -> Table:
    """All lists."""
    model = book.registry.model
    rows = [_list(book, listed) for listed in model.codelists.values()]
    rows += [_reasons(book, reasons) for reasons in model.missing.values()]
    return table(
        book,
        "lists",
        {
            "id": 26,
            "oid": 10,
            "title": 36,
            "kind": 24,
            "attributes": 40,
            "codes_count": 10,
            "annotations": 40,
            "used": 70,
        },
        rows,
    )


def _list(book: Book, listed: CodeList) -> Row:
    kind = "external" if listed.external is not None else "dictionary" if listed.dictionary else "own"
    attributes = ", ".join(f"{attribute.id} ({attribute.kind})" for attribute in listed.attributes.values())
    items = [rules for rules in book.registry.items.values() if rules.item.codelist == listed.id]
    outcomes = [derived.id for derived in book.registry.model.derived.values() if derived.codelist == listed.id]
    users = [
        *(name_of(book, "item", rules.key) for rules in items),
        *(name_of(book, "outcome", id_) for id_ in outcomes),
    ]
    cells: dict[str, Cell] = {
        "id": listed.id,
        "oid": listed.oid or "",
        "title": book.title(listed.title, listed.id),
        "kind": book.series((book.word(kind), listed.external or ""), ": "),
        "attributes": attributes,
        "codes_count": str(len(listed.choices)),
        "annotations": noted(listed.annotations),
        "used": book.series(users),
    }
    return Row(anchor("list", listed.id), listed.id, book.title(listed.title, listed.id), cells)


def _reasons(book: Book, reasons: MissingList) -> Row:
    users = [rules.key for rules in book.registry.items.values() if rules.item.missing.id == reasons.id]
    cells: dict[str, Cell] = {
        "id": reasons.id,
        "title": reasons.id,
        "kind": book.word("reasons"),
        "codes_count": str(len(reasons.reasons)),
        "used": book.series(name_of(book, "item", key) for key in users),
    }
    return Row(anchor("missing", reasons.id), reasons.id, book.title({}, reasons.id), cells)


def codes(book: Book) -> Table:
    """All codes of all lists."""
    return table(
        book,
        "codes",
        {
            "list": 26,
            "code": 20,
            "label": 50,
            "attributes": 40,
            "marks": 24,
            "standard": 24,
            "valid": 24,
            "annotations": 40,
        },
        (row for source in (_codes(book), _codes_of_reasons(book)) for row in source),
    )


def _codes(book: Book) -> Iterator[Row]:
    for listed in book.registry.model.codelists.values():
        part = (anchor("list", listed.id), book.title(listed.title, listed.id))
        for code, choice in listed.choices.items():
            values = {name: listed.attribute(code, name) for name in listed.attributes}
            cells: dict[str, Cell] = {
                "list": listed.id,
                "code": code,
                "label": book.title(choice.label, code),
                "attributes": "; ".join(
                    f"{name}: {_shown(value)}" for name, value in values.items() if value not in (None, False, "")
                ),
                "marks": book.series(book.word(key) for key in ("exclusive", "withdrawn") if getattr(choice, key)),
                "standard": ", ".join(f"{system} {other}" for system, other in listed.standard.get(code, {}).items()),
                "valid": _validity(listed.validity.get(code)),
                "annotations": noted(listed.noted.get(code, {})),
            }
            yield Row(f"code-{listed.id}.{code}", code, book.title(choice.label, code), cells, part)


def _codes_of_reasons(book: Book) -> Iterator[Row]:
    for reasons in book.registry.model.missing.values():
        part = (anchor("missing", reasons.id), book.title({}, reasons.id))
        for code, label in reasons.reasons.items():
            cells: dict[str, Cell] = {
                "list": reasons.id,
                "code": code,
                "label": book.title(label, code),
                "marks": book.word("unsigned") if code in reasons.unsigned else "",
            }
            yield Row(f"code-{reasons.id}.{code}", code, book.title(label, code), cells, part)


def _shown(value: Attribute | None) -> str:
    if isinstance(value, Decimal):
        return number_text(value, "en")
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _validity(days: tuple[date | None, date | None] | None) -> str:
    if days is None or days == (None, None):
        return ""
    return "–".join(day.isoformat() if day is not None else "" for day in days)
