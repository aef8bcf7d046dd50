"""Binds outcomes, and tells which of them are stated before there is anything to judge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from engine.compiler.binding import Workbench
from engine.compiler.formulas import bind_formula
from engine.compiler.rules import DerivedRules
from engine.expressions.evaluator import compile_term
from engine.expressions.frames import Frame, Node, World
from engine.expressions.scopes import Scope

_ASKING = frozenset({"exists", "exists_ref", "filled", "is"})  # whoever asks has thought of what may be absent
_SOME_TIME = datetime(2000, 1, 1, 12, tzinfo=UTC)


def compile_derived(bench: Workbench) -> Iterator[DerivedRules]:
    """The outcomes over containers and rows."""
    of_groups = {key.partition(".")[2]: scope for key, scope in bench.scopes.groups.items()}
    for derived in bench.model.derived.values():
        scope = bench.scopes.containers.get(derived.owner) or of_groups.get(derived.owner)
        if scope is None or derived.id not in scope.fields:
            continue
        wanted = scope.fields[derived.id].type
        outcome = DerivedRules(derived, scope, bind_formula(bench, derived.calculate, scope, wanted))
        _warn_if_early(bench, outcome)
        yield outcome


def _warn_if_early(bench: Workbench, outcome: DerivedRules) -> None:
    """Say so when an outcome has a value while there is nothing yet to judge, and does not ask whether there is."""
    forms = sorted({key.partition(".")[0] for key in outcome.reads} & bench.model.forms.keys())
    if not forms or outcome.scope.kind == "group" or _asks(outcome):
        return
    value = _of_nothing(bench, outcome)
    if value is not None:
        shown = str(value).lower() if isinstance(value, bool) else value
        bench.problems.warning(
            outcome.derived.mark,
            "early-outcome",
            f"{outcome.derived.id} is {shown} while nothing is entered in {', '.join(forms)}: it is stated before there is anything to judge. "
            f"Ask first, if that is not meant: if(exists({forms[0]}), …, null).",
        )


def _asks(outcome: DerivedRules) -> bool:
    return outcome.calculate is None or any(term.op in _ASKING for term in outcome.calculate.term.walk())


def frame_of_nothing(bench: Workbench, scope: Scope) -> Frame:
    """Where no form was opened."""
    node: Node | None = None
    for each in reversed(list(scope.ancestors())):
        node = Node(each, node)
    assert node is not None
    world = World(_SOME_TIME)
    world.parameters = {id_: parameter.values for id_, parameter in bench.model.parameters.items()}
    return Frame(node, world)


def _of_nothing(bench: Workbench, outcome: DerivedRules) -> Any:
    """What the outcome is where no form was opened."""
    frame = frame_of_nothing(bench, outcome.scope)
    return None if outcome.calculate is None else compile_term(outcome.calculate.term)(frame)


__all__ = ["compile_derived", "frame_of_nothing"]
