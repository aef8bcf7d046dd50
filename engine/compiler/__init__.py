"""Definition text -> CompiledRegistry: `compile_definition` for files, `compile_model` for a model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from engine.compiler import cache as kept
from engine.compiler.binding import Workbench
from engine.compiler.cache import default_folder
from engine.compiler.collecting import without_collection
from engine.compiler.compiled import CompiledRegistry
from engine.compiler.indicators import compile_indicators
from engine.compiler.order import settle_order
from engine.compiler.outcomes import compile_derived
from engine.compiler.passes import compile_checks, compile_events, compile_items
from engine.compiler.schedules import warn_of_schedules
from engine.compiler.scoping import build_scopes
from engine.compiler.texts import compile_texts
from engine.definitions import Examination, examine
from engine.errors import DefinitionError, DefinitionProblem, Problems
from engine.model.metadata_version import MetaDataVersion


def compile_model(model: MetaDataVersion, warnings: Iterable[DefinitionProblem] = ()) -> CompiledRegistry:
    """Bind every rule of a model.

    Raises:
        DefinitionError: all faults found, each with its place.
    """
    problems = Problems()
    problems.found.extend(warnings)
    scopes = build_scopes(model, problems)
    problems.stop_if_faulty()
    bench = Workbench(model, scopes, problems)
    settling = [*compile_items(bench), *compile_derived(bench)]
    checks = tuple(compile_checks(bench))
    texts = tuple(compile_texts(bench, checks))
    events = {rules.event.id: rules for rules in compile_events(bench)}
    indicators = tuple(compile_indicators(bench))
    order = settle_order(settling, problems)
    problems.stop_if_faulty()
    warn_of_schedules(bench, events)
    return CompiledRegistry(model, scopes, order, checks, events, indicators, tuple(sorted(problems.found)), texts)


def compile_definition(path: Path, *, cache: Path | None = None) -> CompiledRegistry:
    """Read, check and bind a definition file.

    Args:
        cache: a folder where compiled registries are kept and sought (`default_folder()`); without it all is done anew.

    Raises:
        DefinitionError: all faults, each with its place.
    """
    with without_collection():
        registry = kept.load(cache, path) if cache is not None else None
        if registry is not None:
            return registry
        found = examine(path)
        if found.faulty or found.model is None:
            raise DefinitionError([*found.problems, *_further_faults(found)])
        registry = compile_model(found.model, found.problems)
        if cache is not None:
            kept.save(cache, path, registry)
        return registry


# Faults of rules that do not follow from a fault found before, such as an item that could not be built.
_SURE = frozenset(
    {
        "bad-expression",
        "misplaced-list",
        "misplaced-other",
        "not-constant",
        "wrong-source",
        "wrong-call",
        "recursive-define",
        "cycle",
    }
)
_OF_NAMES = frozenset({"unknown-name", "unknown-function", "unknown-parameter"})


def _further_faults(found: Examination) -> list[DefinitionProblem]:
    """The faults of rules in a definition that has others already, so that all are reported at once."""
    if found.model is None:
        return []
    try:
        compile_model(found.model)
    except DefinitionError as error:
        return [
            problem
            for problem in error.problems
            if problem.code in _SURE
            or (problem.code in _OF_NAMES and problem.subject and problem.subject not in found.declared)
        ]
    return []


__all__ = ["CompiledRegistry", "compile_definition", "compile_model", "default_folder"]
