"""Builds the tree of nodes that rules run on from a subject's entered values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from engine.compiler.compiled import CompiledRegistry
from engine.datatypes.dictionary import Dictionary
from engine.datatypes.local_time import to_local
from engine.expressions.frames import Frame, Node, World
from engine.expressions.scopes import EVENT, Scope
from engine.model.text import in_language
from engine.records.form_data import Focus, FormData, Instance, Occurrence, RowData


@dataclass(slots=True)
class Tree:
    """The nodes of a subject (and of others that rules compare with), by scope; `focus` is the form looked at."""

    registry: CompiledRegistry
    root: Node
    world: World
    nodes: dict[int, list[Node]] = field(default_factory=dict)  # by id() of the scope: scopes live as long as the tree
    focus: Node | None = None
    missed: dict[tuple[str, str, int], str] = field(default_factory=dict)  # instance, event and number -> reason

    @property
    def subject(self) -> Node:
        """The patient, or the hospital whose own records are looked at: what was put into the tree first."""
        return next(iter(self.root.kids.values()))[0]

    def of(self, scope: Scope) -> list[Node]:
        """All nodes of a scope, in order."""
        return self.nodes.get(id(scope), [])

    def frame(self, node: Node) -> Frame:
        """The frame that stands at a node."""
        if node.frame is None:
            node.frame = Frame(node, self.world)
        return node.frame

    def add(self, node: Node) -> Node:
        """Register a node and hang it under its parent."""
        self.nodes.setdefault(id(node.scope), []).append(node)
        if node.parent is not None:
            siblings = node.parent.kids.setdefault(node.scope.id, [])
            siblings.append(node)
            node.place = len(siblings)
        return node

    def remove(self, node: Node) -> None:
        """Take a row and everything in it out of the tree."""
        for kids in node.kids.values():
            for kid in tuple(kids):
                self.remove(kid)
        self.nodes[id(node.scope)].remove(node)
        self.world.rows.pop(node.key, None)
        if node.parent is not None:
            siblings = node.parent.kids[node.scope.id]
            del siblings[node.place - 1]
            for place, later in enumerate(siblings[node.place - 1 :], start=node.place):
                later.place = place


def build_tree(
    registry: CompiledRegistry, subject: Instance, others: tuple[Instance, ...], focus: Focus | None, world: World
) -> Tree:
    """The tree of a subject. The form in focus is made, empty, where it was never opened.

    Raises:
        LookupError: the focus names a form, instance or occurrence that does not exist.
    """
    root = Node(registry.scopes.root, None, "registry")
    tree = Tree(registry, root, world)
    tree.nodes[id(root.scope)] = [root]
    _instance(tree, root, subject)
    for other in others:
        _instance(tree, root, other)
    tree.focus = _find(tree, focus) if focus is not None else None
    return tree


def _instance(tree: Tree, parent: Node, instance: Instance) -> None:
    scope = parent.scope.children[instance.container]
    node = tree.add(Node(scope, parent, instance.id))
    for form, records in instance.forms.items():
        for number, data in zip(instance.numbers.get(form) or range(len(records)), records, strict=True):
            _form(tree, node, form, data, f"{instance.id}.{form}[{number + 1}]").place = number + 1
    numbers: dict[str, int] = {}
    for occurrence in instance.occurrences:
        numbers[occurrence.event] = numbers.get(occurrence.event, 0) + 1
        _occurrence(tree, node, occurrence, occurrence.number or numbers[occurrence.event])
    tree.missed.update({(node.key, *which): reason for which, reason in instance.missed.items()})
    for child in instance.children:
        _instance(tree, node, child)


def _occurrence(tree: Tree, parent: Node, occurrence: Occurrence, number: int) -> None:
    node = Node(parent.scope.children[EVENT], parent, occurrence.id)
    node.event, node.number, node.day = occurrence.event, number, occurrence.day
    tree.add(node)
    for form, data in occurrence.forms.items():
        _form(tree, node, form, data, f"{occurrence.id}.{form}")


def _form(tree: Tree, parent: Node, form: str, data: FormData, key: str) -> Node:
    scope = parent.scope.children[form]
    node = tree.add(Node(scope, parent, key))
    tree.world.rows[key] = node
    node.enter(data.items)
    _rows(tree, node, data.groups)
    return node


def _rows(tree: Tree, parent: Node, groups: Mapping[str, tuple[RowData, ...]]) -> None:
    for group, rows in groups.items():
        scope = parent.scope.children.get(group)
        if scope is None:
            continue  # reported as an unknown item, where the form is judged
        for row in rows:
            add_row(tree, parent, scope, row)


def add_row(tree: Tree, parent: Node, scope: Scope, row: RowData) -> Node:
    """Put a row with its nested rows into the tree."""
    node = tree.add(Node(scope, parent, row.id))
    tree.world.rows[row.id] = node
    node.enter(row.items)
    _rows(tree, node, row.groups)
    return node


def _find(tree: Tree, focus: Focus) -> Node:
    parent, records = records_of(tree, focus)
    found = record_at(records, focus.record)
    if found is not None:
        return found
    made = _form(tree, parent, focus.form, FormData(), f"{parent.key}.{focus.form}[{focus.record + 1}]")
    made.place = focus.record + 1
    return made


def record_at(records: Sequence[Node], number: int) -> Node | None:
    """The record with a number, from 0; none where it was never opened, or is withdrawn."""
    return next((record for record in records if record.place == number + 1), None)


def records_of(tree: Tree, focus: Focus) -> tuple[Node, Sequence[Node]]:
    """What holds the form, and the records of it that are there. Raises LookupError when nothing can hold it."""
    scope = tree.registry.scopes.forms[focus.form]
    holder = scope.parent
    assert holder is not None
    wanted = focus.occurrence if holder.kind == EVENT else focus.instance
    parent = next((node for node in tree.of(holder) if node.key == wanted), None)
    if parent is None:
        raise LookupError(f"no {holder.id} {wanted!r} to hold the form {focus.form}")
    return parent, parent.kids.get(focus.form, [])


def within(node: Node, scope: Scope) -> Sequence[Node]:
    """The nodes of a scope that are the node, hold it or stand in it."""
    for outer in node.outwards():
        if outer.scope is scope:
            return (outer,)
    names: list[str] = []
    here: Scope | None = scope
    while here is not None and here is not node.scope:
        names.append(here.id)
        here = here.parent
    if here is None:
        return ()
    nodes = [node]
    for name in reversed(names):
        nodes = [kid for parent in nodes for kid in parent.kids.get(name, ())]
    return nodes


def make_world(
    registry: CompiledRegistry,
    as_of: datetime,
    language: str,
    dictionaries: Mapping[str, Dictionary] = MappingProxyType({}),
) -> World:
    """What is the same for all rules: time, code attributes, parameters, dictionaries that were loaded."""
    world = World(_minute(as_of))
    world.dictionaries = dictionaries
    world.attributes = registry.attributes
    world.positions = registry.positions
    world.labels = _labels(registry, language)
    world.parameters = {id_: parameter.values for id_, parameter in registry.model.parameters.items()}
    return world


@lru_cache(maxsize=64)  # the forms of a save are judged at one time
def _minute(as_of: datetime) -> datetime:
    """A time as rules see it: local, to the minute, as every date and time."""
    return to_local(as_of.replace(second=0, microsecond=0))


@lru_cache(maxsize=128)
def _labels(registry: CompiledRegistry, language: str) -> Mapping[str, Mapping[str, str]]:
    return {
        listed.id: {code: in_language(choice.label, language) for code, choice in listed.choices.items()}
        for listed in registry.model.codelists.values()
    }
