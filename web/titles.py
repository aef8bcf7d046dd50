"""Words for what stands in a record: values, rows that references point to, events, outcomes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from engine.datatypes import DATATYPES
from engine.datatypes.base import Facets
from engine.datatypes.values import Entered, Missing, Reference, Unread
from engine.datatypes.words import date_text
from engine.model.form import FormDef, GroupDef, walk_groups, walk_items
from engine.model.metadata_version import DerivedDef, MetaDataVersion
from engine.model.text import in_language
from engine.records.form_data import FormData, RowData
from renderers.html.values import display
from storage.changes import walk_rows
from storage.form_data import SubjectRecord

_HOLE = re.compile(r"\{([a-z0-9_.]+)\}")


def row_title(group: GroupDef, row: RowData, number: int, language: str) -> str:
    """The title of a row by its template, with what is filled; else its number."""
    items = {item.id: item for item in group.items}

    def fill(match: re.Match[str]) -> str:
        item, value = items.get(match[1]), row.items.get(match[1])
        return value_words(item, value, language) if item is not None else ""

    text = _HOLE.sub(fill, in_language(group.row_title, language)).strip(" .,;–-")
    return text or f"{in_language(group.title, language)} {number}".strip()


def value_words(item: Any, value: Entered | None, language: str) -> str:
    """An entered value as text; '' when there is none."""
    if value is None:
        return ""
    if isinstance(value, Unread):
        return value.text
    if isinstance(value, Missing):
        return in_language(item.missing.reasons.get(value.reason, {}), language) or value.reason
    return display(item, value, language, {}) if not isinstance(value, Reference) else value.target


def targets_of(
    form: FormDef, model: MetaDataVersion, record: SubjectRecord, language: str
) -> dict[str, list[tuple[str, str]]]:
    """What the references of a form may point at in other forms: group or form -> (target, words)."""
    own = {group.id for group in walk_groups(form)}
    wanted = {item.target for item in walk_items(form) if item.target is not None} - own
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in wanted}
    for place, stored in sorted(record.forms.items(), key=lambda pair: (pair[0].instance, pair[0].record)):
        definition = model.forms.get(place.form)
        if definition is None:
            continue
        for group, number, row in _rows(definition, stored.data):
            if group.id in wanted:
                found[group.id].append((row.id, row_title(group, row, number, language)))
    return found


def _rows(form: FormDef, data: FormData) -> Iterator[tuple[GroupDef, int, RowData]]:
    groups = {group.id: group for group in walk_groups(form)}
    for name, _, position, row in walk_rows(data):
        if name in groups:
            yield groups[name], position + 1, row


def event_title(model: MetaDataVersion, event: str, number: int, language: str) -> str:
    """The title of an occurrence of an event; its number where it repeats."""
    definition = model.events[event]
    title = in_language(definition.title, language) or event
    return f"{title} {number}" if definition.repeats or definition.every is not None else title


def form_words(model: MetaDataVersion, form: str, language: str) -> str:
    """The title of a form."""
    return in_language(model.forms[form].title, language) or form


def outcome_words(model: MetaDataVersion, derived: DerivedDef, value: Any, language: str) -> str:
    """The value of an outcome in words."""
    choices = model.codelists[derived.codelist].choices if derived.codelist is not None else {}
    return DATATYPES[derived.type_name].format(value, Facets(choices=choices), language)


def window_words(window: tuple[date | None, date | None], language: str) -> str:
    """'7.04.2025–16.05.2025', one day, or ''."""
    low, high = window
    if low is None or high is None:
        return date_text(low or high, language) if low or high else ""  # type: ignore[arg-type]  # one of them is there
    return date_text(low, language) if low == high else f"{date_text(low, language)}–{date_text(high, language)}"


def label_of(form: FormDef, item: str, language: str) -> str:
    """The label of an item by id."""
    found = next((each for each in walk_items(form) if each.id == item), None)
    return in_language(found.label, language) if found is not None else item


__all__ = [
    "event_title",
    "form_words",
    "label_of",
    "outcome_words",
    "row_title",
    "targets_of",
    "value_words",
    "window_words",
]
