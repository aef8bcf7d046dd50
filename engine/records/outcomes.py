"""The outcomes of a settled tree: of rows and container instances, also under the other values of a parameter."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from engine.expressions.frames import Node
from engine.records.checking import path_of
from engine.records.evaluation import DerivedValue
from engine.records.explaining import Explainer
from engine.records.program import OutcomeStep, Program
from engine.records.schedule import instances
from engine.records.tree import Tree
from engine.records.variants import under_each


def outcomes_in(program: Program, tree: Tree, form: Node, explainer: Explainer | None) -> Mapping[str, DerivedValue]:
    """The outcomes of a form's rows, by path, and of the instances that it stands in; with reasons, if wanted."""
    rows = {step.scope for step in program.outcomes if step.scope.kind == "group"}
    inside = [node for scope in rows for node in tree.of(scope) if node.is_within(form)]
    return {
        str(path.at(name)) if (path := path_of(node)).rows else name: value
        for node, name, value in outcomes_at(program, [*form.outwards(), *inside], tree, explainer)
    }


def outcomes_besides(program: Program, tree: Tree, form: Node) -> Mapping[tuple[str, str], Any]:
    """Instance and outcome -> value, of the subject's container instances in which a form does not stand."""
    around = list(form.outwards())
    besides = [node for node in instances(tree) if node not in around]
    return {(node.key, name): value.value for node, name, value in outcomes_at(program, besides, tree, None)}


def outcomes_at(
    program: Program, nodes: Collection[Node], tree: Tree, explainer: Explainer | None
) -> Iterator[tuple[Node, str, DerivedValue]]:
    """The outcomes of some nodes; names end in `_<parameter><value>` under another value of one."""
    if nodes:
        yield from _present(program.outcomes, nodes, explainer, "")
        for wanted, ending in under_each(program, tree):
            yield from _present(wanted, nodes, explainer, ending)


def _present(
    wanted: Collection[OutcomeStep], nodes: Collection[Node], explainer: Explainer | None, ending: str
) -> Iterator[tuple[Node, str, DerivedValue]]:
    for step in wanted:
        explained = explainer if step.rules.derived.explain else None
        for node in nodes:
            if node.scope is step.scope:
                facts = explained.outcome(step, node) if explained is not None else ()
                because = tuple(dict.fromkeys(map(str, facts)))
                yield node, step.id + ending, DerivedValue(node.values.get(step.id), because)


__all__ = ["outcomes_at", "outcomes_besides", "outcomes_in"]
