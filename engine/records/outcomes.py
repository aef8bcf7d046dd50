"""The outcomes of a settled tree: of rows and container instances, also under the other values of a parameter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from engine.expressions.frames import Node
from engine.records.checking import path_of
from engine.records.evaluation import DerivedValue
from engine.records.explaining import Explainer
from engine.records.program import OutcomeStep, Program
from engine.records.schedule import instances
from engine.records.tree import Tree
from engine.records.variants import under_each


class Outcomes:
    """Without an explainer those of the whole tree are found at one go, at the first question, and last until `forget`."""

    def __init__(self, program: Program, tree: Tree, explainer: Explainer | None) -> None:
        self._program, self._tree, self._explainer = program, tree, explainer
        self._found: Mapping[int, Mapping[str, Any]] | None = None

    def forget(self) -> None:
        """Something has changed."""
        self._found = None

    def around(self, form: Node) -> Mapping[str, DerivedValue]:
        """Those of a form's rows, by path, and of the instances that it stands in; with reasons, if wanted."""
        steps = (step.scope for step in self._program.outcomes if step.scope.form_id == form.scope.form_id)
        rows = {scope for scope in steps if scope.kind == "group"}
        inside = [node for scope in rows for node in self._tree.of(scope) if node.is_within(form)]
        return {
            str(path.at(name)) if (path := path_of(node)).rows else name: value
            for node, name, value in self._of([*form.outwards(), *inside])
        }

    def besides(self, form: Node) -> Mapping[tuple[str, str], Any]:
        """Instance and outcome -> value, of the subject's container instances in which a form does not stand."""
        around = list(form.outwards())
        besides = [node for node in instances(self._tree) if node not in around]
        return {(node.key, name): value for node in besides for name, value in self._values[id(node)].items()}

    def _of(self, nodes: Collection[Node]) -> Iterator[tuple[Node, str, DerivedValue]]:
        if self._explainer is not None:
            yield from outcomes_at(self._program, nodes, self._tree, self._explainer)
        else:
            for node in nodes:
                yield from ((node, name, DerivedValue(value)) for name, value in self._values[id(node)].items())

    @property
    def _values(self) -> Mapping[int, Mapping[str, Any]]:
        """Node, by its id() -> outcome -> value."""
        if self._found is None:
            found: dict[int, dict[str, Any]] = defaultdict(dict)
            nodes = [node for scope in {step.scope for step in self._program.outcomes} for node in self._tree.of(scope)]
            for node, name, said in outcomes_at(self._program, nodes, self._tree, None):
                found[id(node)][name] = said.value
            self._found = found
        return self._found


def outcomes_at(
    program: Program, nodes: Collection[Node], tree: Tree, explainer: Explainer | None
) -> Iterator[tuple[Node, str, DerivedValue]]:
    """The outcomes of some nodes; names end in `_<parameter><value>` under another value of one."""
    if nodes:
        yield from _present(program.outcomes, nodes, explainer, "")
        for wanted, ending in under_each(program, tree):
            yield from _present(wanted, nodes, explainer, ending)


def _present(
    wanted: Iterable[OutcomeStep], nodes: Collection[Node], explainer: Explainer | None, ending: str
) -> Iterator[tuple[Node, str, DerivedValue]]:
    for step in wanted:
        explained = explainer if step.rules.derived.explain else None
        for node in nodes:
            if node.scope is step.scope:
                facts = explained.outcome(step, node) if explained is not None else ()
                because = tuple(dict.fromkeys(map(str, facts)))
                yield node, step.id + ending, DerivedValue(node.values.get(step.id), because)


__all__ = ["Outcomes", "outcomes_at"]
