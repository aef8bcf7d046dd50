"""Definition text -> CompiledRegistry: `compile_definition` for files, `compile_model` for a model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from engine.compiler.binding import Workbench
from engine.compiler.compiled import CompiledRegistry
from engine.compiler.order import settle_order
from engine.compiler.passes import compile_checks, compile_derived, compile_events, compile_items
from engine.compiler.scoping import build_scopes
from engine.definitions import read_definition
from engine.errors import DefinitionProblem, Problems
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
    events = {rules.event.id: rules for rules in compile_events(bench)}
    order = settle_order(settling, problems)
    problems.stop_if_faulty()
    return CompiledRegistry(model, scopes, order, checks, events, tuple(sorted(problems.found)))


def compile_definition(path: Path) -> CompiledRegistry:
    """Read, check and bind a definition file.

    Raises:
        DefinitionError: all faults of the pass that found some, each with its place.
    """
    definition = read_definition(path)
    return compile_model(definition.model, definition.warnings)


__all__ = ["CompiledRegistry", "compile_definition", "compile_model"]
