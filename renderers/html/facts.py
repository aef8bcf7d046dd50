"""What a calculated value was made of, as a page shows it: each fact with the way to the answer or row that it names."""

from __future__ import annotations

from engine.records.explaining import Fact
from engine.records.form_data import FormData, RowData
from engine.records.path import parse_path


def fact_parts(fact: Fact, data: FormData) -> tuple[str, str, str]:
    """Name, value and the id of the element on the page; '' where there is none."""
    name = fact.name if fact.sign.isspace() or "=" in fact.sign else f"{fact.name}{fact.sign.rstrip()}"
    return name, fact.value, _anchor(fact.path, data) if fact.path else ""


def _anchor(path: str, data: FormData) -> str:
    place, name = parse_path(path), ""
    part: FormData | RowData = data
    for group, number in place.rows:
        rows = part.groups.get(group, ())
        if number > len(rows):
            return ""
        part = rows[number - 1]
        name += f"{group}.{part.id}."
    return name + place.item if place.item is not None else f"r-{name.removesuffix('.')}"


__all__ = ["fact_parts"]
