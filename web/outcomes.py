"""Outcomes that rules derive, in words: the value and what decided; of a form those that its answers change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from engine.compiler import CompiledRegistry
from engine.model.text import in_language
from engine.records import Session
from engine.records.evaluation import DerivedValue, Evaluation
from engine.records.path import parse_path
from renderers.html import Note
from web.discretion import follow
from web.titles import outcome_words
from web.workspace import Visit


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value that rules derive, with the reasons."""

    label: str
    value: str  # '' while unknown
    because: tuple[str, ...]
    hidden: bool = False  # it follows from what the role may not see


def outcomes_of(
    registry: CompiledRegistry, derived_values: Mapping[str, DerivedValue], owner: str, language: str,
    veiled: Collection[str] = (),
) -> tuple[Outcome, ...]:  # fmt: skip
    """Those of a container instance, in order of the definition; nothing is told of those that are `veiled`."""
    derived, hidden = registry.model.derived, _names_in(registry, veiled)
    return tuple(
        _outcome(registry, name, found, language, hidden)
        for name in derived
        if derived[name].owner == owner and (found := derived_values.get(name)) is not None
    )


def _in_form(session: Session, evaluation: Evaluation, language: str, veiled: Collection[str]) -> tuple[Outcome, ...]:
    """Those that depend on an answer of the form, in order of the definition, and then those of its rows."""
    hidden = _names_in(session.registry, veiled)
    registry, found = session.registry, list[tuple[bool, int, Outcome]]()
    changed, order = _changed_by(registry, session.form.id), list(registry.model.derived)
    for path, value in evaluation.derived.items():
        place = parse_path(path)
        if place.item in changed:
            outcome = _outcome(registry, place.item, value, language, hidden)
            row = f"{session.title_of(path)}: " if place.rows else ""
            told = replace(outcome, label=f"{row}{outcome.label}")
            found.append((bool(place.rows), order.index(place.item), told))
    return tuple(outcome for _, _, outcome in sorted(found, key=lambda each: each[:2]))


def outcome_notes(
    session: Session, evaluation: Evaluation, one: Visit, veiled: Collection[str] = ()
) -> tuple[Note, ...]:
    """The outcomes that answers of the form change, with what decided."""
    return tuple(
        Note(
            each.label, each.value or one.words("private" if each.hidden else "unknown_yet"),
            "; ".join(each.because),
        )
        for each in _in_form(session, evaluation, one.language, veiled)
    )  # fmt: skip


def _outcome(
    registry: CompiledRegistry, name: str, found: DerivedValue, language: str, hidden: Collection[str]
) -> Outcome:
    derived = registry.model.derived[name]
    if name in hidden:
        return Outcome(in_language(derived.label, language) or name, "", (), hidden=True)
    words = outcome_words(registry.model, derived, found.value, language) if found.value is not None else ""
    return Outcome(in_language(derived.label, language) or name, words, found.because)


@lru_cache(maxsize=256)
def _changed_by(registry: CompiledRegistry, form: str) -> frozenset[str]:
    """The outcomes that read something of a form, directly or through what is calculated from it."""
    return _names_in(registry, follow(registry, [key for key in registry.readers if key.partition(".")[0] == form]))


def _names_in(registry: CompiledRegistry, keys: Collection[str]) -> frozenset[str]:
    """The outcomes among these keys."""
    return frozenset(rules.derived.id for rules in registry.derived if rules.key in keys) if keys else frozenset()


__all__ = ["Outcome", "outcome_notes", "outcomes_of"]
