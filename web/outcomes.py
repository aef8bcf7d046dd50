"""Outcomes that rules derive, in words: the value and what decided; of a form those that its answers change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from engine.compiler import CompiledRegistry
from engine.model.text import in_language
from engine.records import Session
from engine.records.evaluation import DerivedValue, Evaluation
from engine.records.path import parse_path
from renderers.html import Note
from web.titles import outcome_words
from web.workspace import Visit


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value that rules derive, with the reasons."""

    label: str
    value: str  # '' while unknown
    because: tuple[str, ...]


def outcomes_of(
    registry: CompiledRegistry, derived_values: Mapping[str, DerivedValue], owner: str, language: str
) -> tuple[Outcome, ...]:
    """Those of a container instance, in order of the definition."""
    derived = registry.model.derived
    return tuple(
        _outcome(registry, name, found, language)
        for name in derived
        if derived[name].owner == owner and (found := derived_values.get(name)) is not None
    )


def _in_form(session: Session, evaluation: Evaluation, language: str) -> tuple[Outcome, ...]:
    """Those that depend on an answer of the form, in order of the definition, and then those of its rows."""
    registry, found = session.registry, list[tuple[bool, int, Outcome]]()
    changed, order = _changed_by(registry, session.form.id), list(registry.model.derived)
    for path, value in evaluation.derived.items():
        place = parse_path(path)
        if place.item in changed:
            outcome = _outcome(registry, place.item, value, language)
            row = f"{session.title_of(path)}: " if place.rows else ""
            told = Outcome(f"{row}{outcome.label}", outcome.value, outcome.because)
            found.append((bool(place.rows), order.index(place.item), told))
    return tuple(outcome for _, _, outcome in sorted(found, key=lambda each: each[:2]))


def outcome_notes(session: Session, evaluation: Evaluation, one: Visit) -> tuple[Note, ...]:
    """The outcomes that answers of the form change, with what decided."""
    unknown = one.words("unknown_yet")
    return tuple(
        Note(each.label, each.value or unknown, "; ".join(each.because))
        for each in _in_form(session, evaluation, one.language)
    )


def _outcome(registry: CompiledRegistry, name: str, found: DerivedValue, language: str) -> Outcome:
    derived = registry.model.derived[name]
    words = outcome_words(registry.model, derived, found.value, language) if found.value is not None else ""
    return Outcome(in_language(derived.label, language) or name, words, found.because)


@lru_cache(maxsize=256)
def _changed_by(registry: CompiledRegistry, form: str) -> frozenset[str]:
    """The outcomes that read something of a form, directly or through what is calculated from it."""
    dirty = {key for key in registry.readers if key.partition(".")[0] == form}
    waiting = list(dirty)
    while waiting:
        for place in registry.readers.get(waiting.pop(), ()):
            key = registry.order[place].key
            if key not in dirty:
                dirty.add(key)
                waiting.append(key)
    return frozenset(_outcomes_in(registry, dirty))


def _outcomes_in(registry: CompiledRegistry, keys: set[str]) -> Iterator[str]:
    for rules in registry.derived:
        if rules.key in keys:
            yield rules.derived.id


__all__ = ["Outcome", "outcome_notes", "outcomes_of"]
