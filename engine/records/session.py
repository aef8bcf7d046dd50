"""A form being filled: its evaluation, kept up to date by re-running only what depends on a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from engine.compiler.compiled import CompiledRegistry
from engine.datatypes.base import Kind
from engine.datatypes.local_time import to_local
from engine.datatypes.messages import message
from engine.datatypes.values import Entered, Missing
from engine.expressions.frames import Node, World
from engine.expressions.scopes import Scope
from engine.model.form import CheckSeverity, FormDef, GroupDef
from engine.model.item import WhenHidden
from engine.model.text import in_language
from engine.records.checking import path_of, run_check
from engine.records.evaluation import DerivedValue, Evaluation, ItemState, Violation
from engine.records.explaining import because
from engine.records.form_data import Focus, Instance, RowData
from engine.records.judging import Case, is_required, judge_item, judge_rows, judge_unknown
from engine.records.path import ItemPath, parse_path
from engine.records.program import OutcomeStep, Program, Step, program_of
from engine.records.schedule import plan, window_of
from engine.records.settling import is_hidden, settle, settle_all
from engine.records.tree import Tree, add_row, build_tree


class Session:
    """Holds the tree of a subject with one form in focus. Not shared between threads."""

    def __init__(
        self,
        registry: CompiledRegistry,
        subject: Instance,
        focus: Focus,
        *,
        as_of: datetime,
        at: str = "save",
        language: str = "pl",
        others: tuple[Instance, ...] = (),
    ) -> None:
        self.registry = registry
        self.program: Program = program_of(registry)
        self.at = at
        self.language = language
        world = make_world(registry, as_of, language)
        self.tree: Tree = build_tree(registry, subject, others, focus, world)
        world.window = lambda occurrence: window_of(self.program, self.tree, occurrence)
        assert self.tree.focus is not None
        self.focus: Node = self.tree.focus
        self.form: FormDef = registry.model.forms[focus.form]
        settle_all(self.program, self.tree)
        self._items: dict[int, dict[str, tuple[Violation, ...]]] = {}
        self._checks: dict[str, tuple[Violation, ...]] = {}
        self._judge_all()

    # what it says ------------------------------------------------------------------------------------------------

    @property
    def evaluation(self) -> Evaluation:
        """All that the rules say now."""
        result = _Result()
        for node, part, path in self._parts():
            self._describe(node, part, path, result)
        violations = [found for group in self._items.values() for several in group.values() for found in several]
        violations += [found for several in self._checks.values() for found in several]
        violations += self._rows_and_unknown()
        if self.at == "signing":
            violations += [self._unsigned(path) for path in result.unsigned]
        container = self._container()
        return Evaluation(
            frozenset(result.visible),
            frozenset(result.required),
            result.calculated,
            result.states,
            tuple(result.to_clear),
            tuple(violations),
            dict(self._outcomes()),
            tuple(plan(self.program, self.tree, container)),
            frozenset(result.groups),
            tuple(result.unsigned),
        )

    def _describe(self, node: Node, part: FormDef | GroupDef, path: ItemPath, result: _Result) -> None:
        gone = is_hidden(node)
        for group in part.groups:
            if group.id not in node.hidden and not gone:
                result.groups.append(str(path.at(group.id)))
        for item in part.items:
            name = str(path.at(item.id))
            hidden = item.id in node.hidden or gone
            if not hidden:
                result.visible.append(name)
            if item.datatype.kind is Kind.NOTHING:
                continue
            if item.calculate is not None:
                result.calculated[name] = node.values.get(item.id)
                continue
            if is_required(self._case(node, item.id, path)):
                result.required.append(name)
            result.states[name] = self._state(node, item.id)
            entered = node.entered.get(item.id)
            surely_hidden = hidden and item.id not in node.unknown
            if surely_hidden and item.when_hidden is WhenHidden.CLEAR and entered is not None:
                result.to_clear.append(name)
            if isinstance(entered, Missing) and entered.reason in item.missing.unsigned and not hidden:
                result.unsigned.append(name)

    def _unsigned(self, path: str) -> Violation:
        """A value 'to be completed later' does not stand in the way of completion, but of a signature."""
        text = message("to_be_completed", self.language)
        return Violation("missing_not_allowed", CheckSeverity.ERROR, path, str(parse_path(path).row), text, blocks="signing")

    def _state(self, node: Node, item: str) -> ItemState:
        if item in node.hidden:
            return ItemState.NOT_ASKED if item in node.unknown else ItemState.NOT_APPLICABLE
        entered = node.entered.get(item)
        if entered is None:
            return ItemState.NOT_ANSWERED
        return ItemState.MISSING if isinstance(entered, Missing) else ItemState.ANSWERED

    def _outcomes(self) -> Iterator[tuple[str, DerivedValue]]:
        around = []
        here: Node | None = self.focus
        while here is not None:
            around.append(here)
            here = here.parent
        for step in self.program.steps:
            if not isinstance(step, OutcomeStep):
                continue
            for node in self._owners(step, around):
                path = path_of(node)
                name = str(path.at(step.id)) if path.rows else step.id
                reasons = because(step, node, self.tree, self.language) if step.rules.derived.explain else ()
                yield name, DerivedValue(node.values.get(step.id), reasons)

    def _owners(self, step: OutcomeStep, around: list[Node]) -> list[Node]:
        if step.scope.kind == "group":
            return [node for node in self.tree.of(step.scope) if any(node.is_within(a) for a in around[:1])]
        return [node for node in around if node.scope is step.scope]

    def _container(self) -> Node:
        here = self.focus
        while here.scope.kind not in ("container", "site") and here.parent is not None:
            here = here.parent
        return here

    # judging -----------------------------------------------------------------------------------------------------

    def _parts(self) -> Iterator[tuple[Node, FormDef | GroupDef, ItemPath]]:
        """The form in focus and all its rows, with their paths."""

        def walk(
            node: Node, part: FormDef | GroupDef, path: ItemPath
        ) -> Iterator[tuple[Node, FormDef | GroupDef, ItemPath]]:
            yield node, part, path
            for group in part.groups:
                for number, row in enumerate(node.kids.get(group.id, ()), start=1):
                    yield from walk(row, group, path.into(group.id, number))

        yield from walk(self.focus, self.form, ItemPath())

    def _case(self, node: Node, item: str, path: ItemPath) -> Case:
        return Case(self.tree, node, self.program.judges[f"{self.form.id}.{item}"], path.at(item), self.language)

    def _judge_all(self) -> None:
        self._items = {}
        for node, part, path in self._parts():
            for item in part.items:
                if item.datatype.kind is not Kind.NOTHING:
                    self._judge(node, item.id, path)
        self._checks = {}
        self._run_checks(None)

    def _judge(self, node: Node, item: str, path: ItemPath) -> None:
        self._items.setdefault(id(node), {})[item] = tuple(judge_item(self._case(node, item, path)))

    def _run_checks(self, changed: frozenset[str] | None) -> None:
        for check in self.program.checks[self.form.id]:
            if changed is None or changed & check.rules.reads:
                found = run_check(check, self.tree, self.focus, self.at, self.language)
                self._checks[check.rules.check.id] = tuple(found)

    def _rows_and_unknown(self) -> list[Violation]:
        found: list[Violation] = []
        title = in_language(self.form.title, self.language)
        for node, part, path in self._parts():
            found.extend(judge_unknown(node, path, title, self.language))
            for group in part.groups:
                found.extend(judge_rows(node, group, path, self.language))
        return found

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
        node.entered = entered
        self._propagate({f"{self.form.id}.{path.item}": {id(node): node}})

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
        """Rows came or went: what reads the group or anything in it is run again."""
        changed: dict[str, dict[int, Node] | None] = {f"{scope.form_id}.{scope.id}": None}
        for place in _family(scope):
            changed.update(dict.fromkeys((f"{place.form_id}.{name}" for name in place.fields), None))
        for step in self.program.steps:
            for node in self.tree.of(step.scope) if step.key in changed or step.scope in _family(scope) else ():
                settle(step, node, self.tree)
        self._propagate(changed)
        self._judge_all()

    def _node(self, path: ItemPath) -> Node:
        node = self.focus
        for group, number in path.rows:
            rows = node.kids.get(group, [])
            if number > len(rows):
                raise LookupError(f"there is no row {path.row}")
            node = rows[number - 1]
        return node

    def _propagate(self, changed: dict[str, dict[int, Node] | None] | dict[str, dict[int, Node]]) -> None:
        """Run the steps that depend on changed keys. A key maps to the nodes where it changed (None: everywhere)."""
        dirty: dict[str, dict[int, Node] | None] = dict(changed)
        own = set(changed)
        for step in self.program.steps:
            touched = (step.reads & dirty.keys()) | ({step.key} & own)
            if touched:
                self._run_step(step, touched, dirty)
        self._judge_changed(dirty)
        self._run_checks(frozenset(dirty))

    def _run_step(self, step: Step, touched: Iterable[str], dirty: dict[str, dict[int, Node] | None]) -> None:
        nodes: dict[int, Node] = {}
        for key in touched:
            at = dirty[key]
            for node in self.tree.of(step.scope):
                if at is None or _concerns(node, at, step):
                    nodes[id(node)] = node
        moved = {number: node for number, node in nodes.items() if settle(step, node, self.tree)}
        if moved:
            before = dirty.get(step.key, {})
            dirty[step.key] = None if before is None else {**before, **moved}

    def _judge_changed(self, dirty: dict[str, dict[int, Node] | None]) -> None:
        for node, part, path in self._parts():
            for item in part.items:
                judge = self.program.judges.get(f"{self.form.id}.{item.id}")
                if judge is not None and item.datatype.kind is not Kind.NOTHING and judge.reads & dirty.keys():
                    self._judge(node, item.id, path)


class _Result:
    """Lists being filled for an Evaluation."""

    def __init__(self) -> None:
        self.visible: list[str] = []
        self.required: list[str] = []
        self.calculated: dict[str, object] = {}
        self.states: dict[str, ItemState] = {}
        self.to_clear: list[str] = []
        self.groups: list[str] = []
        self.unsigned: list[str] = []


def _concerns(node: Node, changed: dict[int, Node], step: Step) -> bool:
    """Whether a change at some nodes can matter at this node: it stands there, inside, or reads across."""
    for other in changed.values():
        if other.scope is node.scope and not step.crosses:
            if other is node:
                return True
            continue
        if step.crosses or node.is_within(other) or other.is_within(node):
            return True
    return False


def _family(scope: Scope) -> list[Scope]:
    return [scope, *(place for child in scope.children.values() for place in _family(child))]


def make_world(registry: CompiledRegistry, as_of: datetime, language: str) -> World:
    """What is the same for all rules: time, code attributes, parameters."""
    world = World(to_local(as_of.replace(second=0, microsecond=0)))  # to the minute, as every date and time
    lists = registry.model.codelists
    world.attributes = {
        (listed.id, name): (
            {code: values[name] for code, values in listed.values.items() if name in values},
            attribute.default,
        )
        for listed in lists.values()
        for name, attribute in listed.attributes.items()
    }
    world.positions = registry.positions
    world.labels = {
        listed.id: {code: in_language(choice.label, language) for code, choice in listed.choices.items()}
        for listed in lists.values()
    }
    world.parameters = {id_: parameter.values for id_, parameter in registry.model.parameters.items()}
    return world
