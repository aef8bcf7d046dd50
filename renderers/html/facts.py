"""What a calculated value was made of, as a page shows it: each fact with the way to the answer or row that it names."""

from __future__ import annotations

from engine.records.explaining import Fact
from engine.records.form_data import FormData
from engine.records.path import parse_path
from renderers.html.names import name_of


def fact_parts(fact: Fact, data: FormData) -> tuple[str, str, str]:
    """Name, value and the id of the element on the page; '' where there is none."""
    name = fact.name if fact.sign.isspace() or "=" in fact.sign else f"{fact.name}{fact.sign.rstrip()}"
    return name, fact.value, _anchor(fact.path, data) if fact.path else ""


def _anchor(path: str, data: FormData) -> str:
    place = parse_path(path)
    name = name_of(data, place) or ""
    return name if place.item is not None or not name else f"r-{name}"


__all__ = ["fact_parts"]
