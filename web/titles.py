"""Words for what stands in a record: values, events, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from engine.datatypes import DATATYPES
from engine.datatypes.base import Facets
from engine.datatypes.values import Entered, Missing, Reference, Unread
from engine.datatypes.words import date_text
from engine.model.form import FormDef, walk_items
from engine.model.metadata_version import DerivedDef, MetaDataVersion
from engine.model.text import in_language
from renderers.html.values import display
from storage.states import State

# The sign of a form's state; none: nothing was saved in it yet.
STATES: Mapping[str, str] = MappingProxyType(
    {"": "open", **{state: state.value for state in State}, State.IN_PROGRESS: "draft"}
)


def value_words(
    item: Any, value: Entered | None, language: str, labels: Mapping[str, str] = MappingProxyType({})
) -> str:
    """An entered value as text; '' when there is none. `labels` give words to what references point to, and to codes of dictionaries."""
    if value is None:
        return ""
    if isinstance(value, Unread):
        return value.text
    if isinstance(value, Missing):
        return in_language(item.missing.reasons.get(value.reason, {}), language) or value.reason
    return labels.get(value.target, "") if isinstance(value, Reference) else display(item, value, language, labels)


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
    "STATES",
    "event_title",
    "form_words",
    "label_of",
    "outcome_words",
    "value_words",
    "window_words",
]
