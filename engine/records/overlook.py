"""A subject as a whole, settled once: the events and outcomes of each part of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from engine.compiler.collecting import without_collection
from engine.compiler.compiled import CompiledRegistry
from engine.datatypes.dictionary import Dictionary
from engine.expressions.frames import Node
from engine.records.evaluation import DerivedValue, PlannedEvent
from engine.records.explaining import Explainer, Fact
from engine.records.form_data import Instance
from engine.records.outcomes import outcomes_at
from engine.records.program import Program, program_of
from engine.records.schedule import instances, plan, why
from engine.records.settling import settle_all
from engine.records.tree import Tree, build_tree, make_world


class Overlook:
    """All that rules say of a subject, whichever forms were opened. Not shared between threads."""

    def __init__(
        self,
        registry: CompiledRegistry,
        subject: Instance,
        *,
        as_of: datetime,
        language: str = "pl",
        others: tuple[Instance, ...] = (),
        dictionaries: Mapping[str, Dictionary] = MappingProxyType({}),
    ) -> None:
        self._program: Program = program_of(registry)
        world = make_world(registry, as_of, language, dictionaries)
        self._tree: Tree = build_tree(registry, subject, others, None, world)
        self._explainer = Explainer(self._tree, language)
        with without_collection():
            settle_all(self._program, self._tree)
        self._instances: Mapping[str, Node] = {node.key: node for node in instances(self._tree)}
        self.events: tuple[PlannedEvent, ...] = tuple(
            planned for node in self._instances.values() for planned in plan(self._program, self._tree, node)
        )

    def events_of(self, instance: str) -> tuple[PlannedEvent, ...]:
        """Those of one container instance, in order of the definition."""
        return tuple(planned for planned in self.events if planned.instance == instance)

    def outcomes(self) -> Mapping[str, Mapping[str, DerivedValue]]:
        """Container instance -> outcome -> value, with reasons where the definition wants them."""
        found: dict[str, dict[str, DerivedValue]] = {key: {} for key in self._instances}
        for node, name, value in outcomes_at(self._program, self._instances.values(), self._tree, self._explainer):
            found[node.key][name] = value
        return found

    def why_event(self, planned: PlannedEvent) -> Mapping[str, tuple[Fact, ...]]:
        """What an occurrence of an event follows from, by the key of the definition that says so."""
        return why(self._program, self._tree, planned, self._explainer)


__all__ = ["Overlook"]
