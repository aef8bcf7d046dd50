"""A form being filled: its evaluation, kept up to date by re-running only what depends on a change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from heapq import heappop, heappush
from types import MappingProxyType

from engine.compiler.collecting import without_collection
from engine.compiler.compiled import CompiledRegistry
from engine.datatypes.dictionary import Dictionary
from engine.datatypes.messages import message
from engine.datatypes.values import Entered
from engine.expressions.frames import Node
from engine.expressions.scopes import Scope
from engine.model.form import CheckSeverity, FormDef
from engine.records.checking import path_of
from engine.records.describing import Description
from engine.records.evaluation import Evaluation, PlannedEvent, Violation
from engine.records.explaining import Explainer, Fact
from engine.records.form_data import Focus, FormData, Instance, RowData
from engine.records.judging import Case, withheld
from engine.records.naming import Naming
from engine.records.outcomes import Outcomes
from engine.records.path import ItemPath, parse_path
from engine.records.plans import ItemPlan, PartPlan, order_of, plan_of
from engine.records.program import GroupStep, Program, Step, program_of
from engine.records.schedule import plan, plan_besides, why
from engine.records.settling import is_hidden, settle, settle_all
from engine.records.tree import Tree, add_row, build_tree, make_world, record_at, records_of, within
from engine.records.verdicts import Verdicts, walk

Places = Mapping[int, Node]  # nodes by their id()


class Session:
    """Holds the tree of a subject with one form in focus. Not shared between threads."""

    def __init__(  # noqa: PLR0913 -- each is a fact of the evaluation
        self,
        registry: CompiledRegistry,
        subject: Instance,
        focus: Focus,
        *,
        as_of: datetime,
        at: str = "save",
        language: str = "pl",
        others: tuple[Instance, ...] = (),
        dictionaries: Mapping[str, Dictionary] = MappingProxyType({}),
        explain: bool = True,
    ) -> None:
        self.registry = registry
        self.program: Program = program_of(registry)
        self.at = at
        self.language = language
        world = make_world(registry, as_of, language, dictionaries)
        with without_collection():
            self.tree: Tree = build_tree(registry, subject, others, focus, world)
            assert self.tree.focus is not None
            self._explainer = Explainer(self.tree, language)
            self._outcomes = Outcomes(self.program, self.tree, self._explainer if explain else None)
            settle_all(self.program, self.tree)
            self._turn_to(self.tree.focus)

    def turn_to(self, focus: Focus) -> None:
        """Look at another form of the same subject, one that is there; nothing need be settled anew.

        Raises:
            LookupError: it was never opened.
        """
        _, records = records_of(self.tree, focus)
        found = record_at(records, focus.record)
        if found is None:
            raise LookupError(f"there is no record {focus.record + 1} of the form {focus.form}")
        self._turn_to(found)

    def _turn_to(self, form: Node) -> None:
        self.tree.focus = self.focus = form
        self.form: FormDef = self.registry.model.forms[form.scope.id]
        self._plan = plan_of(self.program, form.scope.id)
        self._verdicts = Verdicts(self._plan, self.tree, form, self.at, self.language)
        self._look_at_all()

    # what it says ------------------------------------------------------------------------------------------------

    @property
    def evaluation(self) -> Evaluation:
        """All that the rules say now."""
        container = self._container()
        return replace(
            self.without_schedule,
            events=tuple(plan(self.program, self.tree, container)),
            events_besides=tuple(plan_besides(self.program, self.tree, container)),
            derived_besides=self._outcomes.besides(self.focus),
        )

    @property
    def without_schedule(self) -> Evaluation:
        """The same, but for the events that are expected, and for outcomes of what the form does not stand in."""
        said = self._description
        violations = list(self._verdicts)
        unsigned = self._in_order(said.unsigned)
        if self.at == "signing":
            violations += [self._unsigned(path) for path in unsigned]
        return Evaluation(
            frozenset(said.visible),
            frozenset(said.required),
            dict(said.calculated),
            dict(said.states),
            self._in_order(said.to_clear),
            tuple(violations),
            self._outcomes.around(self.focus),
            groups=frozenset(said.groups),
            unsigned=unsigned,
            at=self.at,
        )

    def _in_order(self, noted: Mapping[str, tuple[Node, ItemPlan]]) -> tuple[str, ...]:
        """Paths in order of the form."""
        if len(noted) < 2:
            return tuple(noted)
        return tuple(sorted(noted, key=lambda name: (order_of(noted[name][0], self._plan), noted[name][1].place)))

    def _unsigned(self, path: str) -> Violation:
        """A value 'to be completed later' does not stand in the way of completion, but of a signature."""
        text = message("to_be_completed", self.language)
        return Violation(
            "missing_not_allowed", CheckSeverity.ERROR, path, str(parse_path(path).row), text, blocks="signing"
        )

    def _container(self) -> Node:
        here = self.focus
        while here.scope.kind not in ("container", "site") and here.parent is not None:
            here = here.parent
        return here

    def withheld(self, path: str) -> frozenset[str]:
        """The codes that `only` of an item takes out now; a code that was chosen stays."""
        place = parse_path(path)
        node = self._node(place)
        judge = self._plan.parts[id(node.scope)].by_id[place.item or ""].judge
        return withheld(Case(self.tree, node, judge, place, self.language)) if judge is not None else frozenset()

    def why(self, path: str) -> tuple[Fact, ...]:
        """What a calculated item of the form was made of."""
        place = parse_path(path)
        rule = self.registry.items[f"{self.form.id}.{place.item}"].calculate
        return self._explainer.value(rule.term, self._node(place)) if rule is not None else ()

    def title_of(self, path: str) -> str:
        """What a row of the form is called."""
        return Naming(self.tree, self.language).title(self._node(parse_path(path)))

    def why_event(self, planned: PlannedEvent) -> Mapping[str, tuple[Fact, ...]]:
        """What an occurrence of an event follows from, by the key of the definition that says so."""
        return why(self.program, self.tree, planned, self._explainer)

    @property
    def data(self) -> FormData:
        """What the form in focus holds."""
        whole = _row(self.focus)
        return FormData(whole.items, whole.groups)

    # looking at the form -----------------------------------------------------------------------------------------

    def _look_at_all(self) -> None:
        """Judge and describe everything."""
        self._description = Description()
        rows = list(walk(self.focus, self._plan.root))
        with self.tree.world.remembering():
            self._verdicts.judge_all((node, part) for node, part, _ in rows)
            for node, part, path in rows:
                self._describe(node, part, path)

    def _describe(self, node: Node, part: PartPlan, path: ItemPath) -> None:
        start = f"{path}." if path.rows else ""
        gone = part.may_hide and is_hidden(node)
        self._description.add(node, part, start, self.tree.frame(node), gone=gone)

    def _look_at(self, dirty: Mapping[str, Places | None]) -> None:
        """Judge and describe what depends on changed keys."""
        with self.tree.world.remembering():
            self._look_again(dirty)

    def _look_again(self, dirty: Mapping[str, Places | None]) -> None:
        touched: dict[tuple[int, str], tuple[Node, ItemPlan]] = {}
        for key, at in dirty.items():
            place = self.program.places.get(key)
            if place is not None and isinstance(self.program.steps[place], GroupStep):
                self._look_at_groups(at or {})
            own = self._plan.by_key.get(key)
            if own is not None:
                for node in self._rows(own.scope, at, crosses=False):
                    touched[id(node), own.id] = (node, own)
            for reader in self._plan.judged_by.get(key, ()):
                assert reader.judge is not None
                for node in self._rows(reader.scope, at, crosses=reader.judge.crosses):
                    self._verdicts.judge(node, reader)
                    touched[id(node), reader.id] = (node, reader)
        for node, item in touched.values():
            gone = self._plan.parts[id(node.scope)].may_hide and is_hidden(node)
            self._description.put(node, item, str(path_of(node).at(item.id)), self.tree.frame(node), gone=gone)
        checks = {number for key in dirty for number in self._plan.checked_by.get(key, ())}
        self._verdicts.check(checks)

    def _rows(self, scope: Scope, at: Places | None, *, crosses: bool) -> Collection[Node]:
        """The rows of a scope in the form in focus that a change concerns."""
        return [node for node in self._concerned(scope, at, crosses=crosses) if node.is_within(self.focus)]

    def _look_at_groups(self, holders: Places) -> None:
        """Groups were shown or hidden: so were the headings in their rows."""
        self._verdicts.forget_parts()
        for node in holders.values():
            part = self._plan.parts.get(id(node.scope))
            if part is not None and node.is_within(self.focus):
                for row, inner, path in walk(node, part, path_of(node)):
                    self._describe(row, inner, path)

    # changing ----------------------------------------------------------------------------------------------------

    def set(self, path: ItemPath, value: Entered | None) -> None:
        """Enter a value (None: nothing); only what depends on it is run again.

        Raises:
            LookupError: there is no such row.
        """
        node = self._node(path)
        assert path.item is not None
        entered = dict(node.entered)
        if value is None:
            entered.pop(path.item, None)
        else:
            entered[path.item] = value
        node.enter(entered)
        if path.item not in node.scope.fields:
            self._verdicts.forget_parts()
        self._look_at(self._propagate({f"{self.form.id}.{path.item}": {id(node): node}}))

    def add_row(self, path: ItemPath, group: str, row: RowData) -> None:
        """Add a row at the end of a group of the form or row at `path`."""
        holder = self._node(path)
        node = add_row(self.tree, holder, holder.scope.children[group], row)
        self._structure_changed(node.scope)

    def remove_row(self, path: ItemPath) -> None:
        """Remove a row with everything in it."""
        node = self._node(path)
        self.tree.remove(node)
        self._structure_changed(node.scope)

    def _structure_changed(self, scope: Scope) -> None:
        """Rows came or went, and later ones have new places: what reads the group or anything in it is run again."""
        family = list(scope.family())
        changed: dict[str, Places | None] = {f"{scope.form_id}.{scope.id}": None}
        for place in family:
            changed.update(dict.fromkeys((f"{place.form_id}.{name}" for name in place.fields), None))
        for step in self.program.steps:
            if step.key in changed or step.scope in family:
                with self.tree.world.remembering():
                    for node in self.tree.of(step.scope):
                        settle(step, node, self.tree)
        self._propagate(changed)
        self._look_at_all()

    def _node(self, path: ItemPath) -> Node:
        node = self.focus
        for group, number in path.rows:
            rows = node.kids.get(group, [])
            if number > len(rows):
                raise LookupError(f"there is no row {path.row}")
            node = rows[number - 1]
        return node

    def _propagate(self, changed: Mapping[str, Places | None]) -> Mapping[str, Places | None]:
        """Run the steps that depend on changed keys, in order; all keys that changed.

        A key maps to the nodes where it changed (None: everywhere).
        """
        self._outcomes.forget()
        dirty = dict(changed)
        waiting: list[int] = []
        self._wait(waiting, changed)
        for key in changed:
            if key in self.program.places:
                heappush(waiting, self.program.places[key])
        last = -1
        while waiting:
            place = heappop(waiting)
            if place != last:
                last = place
                step = self.program.steps[place]
                self._run_step(step, (step.reads & dirty.keys()) | ({step.key} & changed.keys()), dirty, waiting)
        return dirty

    def _wait(self, waiting: list[int], keys: Collection[str]) -> None:
        for key in keys:
            for place in self.program.readers.get(key, ()):
                heappush(waiting, place)

    def _run_step(
        self, step: Step, touched: Collection[str], dirty: dict[str, Places | None], waiting: list[int]
    ) -> None:
        nodes: dict[int, Node] = {}
        for key in touched:
            nodes.update((id(node), node) for node in self._concerned(step.scope, dirty[key], crosses=step.crosses))
        with self.tree.world.remembering():
            moved = {number: node for number, node in nodes.items() if settle(step, node, self.tree)}
        if not moved:
            return
        before = dirty.get(step.key, {})
        dirty[step.key] = None if before is None else {**before, **moved}
        self._wait(waiting, (step.key,))

    def _concerned(self, scope: Scope, at: Places | None, *, crosses: bool) -> Collection[Node]:
        """The nodes of a scope for which a change at some nodes (None: everywhere) can matter.

        What does not cross reads its own row and what holds it: a change matters there and further in or out.
        """
        if at is None or crosses:
            return self.tree.of(scope)
        return [node for changed in at.values() for node in within(changed, scope)]


def _row(node: Node) -> RowData:
    return RowData(node.key, dict(node.entered), {name: tuple(map(_row, rows)) for name, rows in node.kids.items()})


__all__ = ["Session"]
