"""Runs the checks that a form reports -> violations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256

from engine.compiler.scoping import Scopes
from engine.expressions.frames import Frame, Node, gather
from engine.expressions.scopes import EVENT, Scope
from engine.expressions.wire import wire_value
from engine.model.text import in_language
from engine.records.distance import is_near
from engine.records.evaluation import Elsewhere, Violation
from engine.records.naming import Naming
from engine.records.path import ItemPath
from engine.records.program import CheckRun
from engine.records.tree import Tree


def run_check(check: CheckRun, tree: Tree, focus: Node, at: str, language: str) -> Iterator[Violation]:
    """The violations of one check, as seen from the form in focus."""
    if check.rules.check.at == "signing" and at != "signing":
        return
    for home in home_nodes(tree, check.rules.scope, focus):
        outer = Frame(home, tree.world)  # not the tree's: the home may be a stand-in that lives no longer than this
        inputs = _Inputs(check, tree, home)
        for part, run in zip(check.rules.parts, check.parts, strict=True):
            if part.rows is None:
                if run(outer) is False:
                    yield _violation(inputs, home, focus, language)
                continue
            for row in rows_of(home, part.rows):
                if run(Frame(row, tree.world, outer)) is False:
                    yield _violation(inputs, row, focus, language)


def rows_of(form: Node, scope: Scope) -> list[Node]:
    """The shown rows of a group (at any depth) of a form."""
    names: list[str] = []
    here: Scope = scope
    while here.kind == "group" and here.parent is not None:
        names.append(here.id)
        here = here.parent
    return gather(form, tuple((name, None) for name in reversed(names)))


def home_nodes(tree: Tree, scope: Scope, focus: Node) -> list[Node]:
    """The records in which a check is at home: that in focus, those of its event, or those of the container.

    A form that was never opened stands in as an empty one, so that a rule about its absence can speak.
    """
    if focus.scope is scope:
        return [focus]
    holder = scope.parent
    assert holder is not None
    if holder.kind == EVENT:
        return _in_event(tree, scope, focus)
    for node in focus.outwards():
        if node.scope is holder:
            return node.kids.get(scope.id) or [Node(scope, node, "")]
    return [node for node in tree.of(scope) if any(up in _containers(focus) for up in node.outwards())]


def _in_event(tree: Tree, scope: Scope, focus: Node) -> list[Node]:
    event = next((node for node in focus.outwards() if node.scope.kind == EVENT), None)
    if event is None and len(focus.scope.events) == 1 and focus.parent is not None:
        occurrences = [node for node in focus.parent.kids.get(EVENT, ()) if node.event == focus.scope.events[0]]
        event = occurrences[0] if len(occurrences) == 1 else None
        if not occurrences and focus.scope.events[0] in scope.events:
            return [Node(scope, _empty_event(focus, scope), "")]
    if event is not None:
        return event.kids.get(scope.id) or ([Node(scope, event, "")] if event.event in scope.events else [])
    return [node for node in tree.of(scope) if node.is_within(_containers(focus)[0])]


def _empty_event(focus: Node, scope: Scope) -> Node:
    assert scope.parent is not None
    event = Node(scope.parent, focus.parent, "")
    event.event = focus.scope.events[0]
    return event


def _containers(node: Node) -> list[Node]:
    """The nearest container instance around a node."""
    return [next(here for here in node.outwards() if here.scope.kind in ("container", "site", "registry"))]


def path_of(node: Node) -> ItemPath:
    """The path of a row in its form; that of the form is empty."""
    steps: list[tuple[str, int]] = []
    while node.scope.kind == "group" and node.parent is not None:
        steps.append((node.scope.id, node.place))
        node = node.parent
    return ItemPath(tuple(reversed(steps)))


def elsewhere(home: Node, focus: Node) -> Elsewhere | None:
    """Where a check is at home, if that is not the form in focus. Its first record may not exist yet."""
    if home is focus or home.parent is None:
        return None
    holder = home.parent
    if holder.scope.kind == EVENT and holder.parent is not None:
        return Elsewhere(home.scope.id, holder.parent.key, 0, holder.event or "", holder.number)
    return Elsewhere(home.scope.id, holder.key, home.place - 1)


def _violation(inputs: _Inputs, node: Node, focus: Node, language: str) -> Violation:
    tree, home, rules, path = inputs.tree, inputs.home, inputs.check.rules, path_of(node)
    item = rules.on
    if item is not None and item not in node.scope.fields and item in home.scope.fields:
        path_item = ItemPath((), item)
    else:
        path_item = path.at(item) if item is not None else path
    told = rules.check
    piped = tree.registry.texts.get((told.id, "message"))
    filled = Naming(tree, language).filled(piped, node) if piped is not None else ""
    text = filled or in_language(told.message, language)
    digest, at = inputs.digest(node), elsewhere(home, focus)
    return Violation(told.id, told.severity, str(path_item), str(path), text, told.blocks, rules.digest, digest, at)


class _Inputs:
    """What a check reads, as seen from the form where it is at home. `record.js` makes the same digests."""

    def __init__(self, check: CheckRun, tree: Tree, home: Node) -> None:
        self.check = check
        self.tree = tree
        self.home = home
        self._elsewhere: dict[str, str] = {}  # key -> a digest, which all rows share

    def digest(self, node: Node) -> str:
        """A digest of the row at which the check is judged, and of all else that the check names."""
        lines = [lasting_name(node)]
        for key in sorted(self.check.rules.reads):
            form, _, name = key.partition(".")
            for place in (node, self.home):
                if place.scope.form_id == form and name in place.scope.fields:
                    lines.append(f"{key}={_digested(place, name)}")
                    break
            else:
                if key not in self._elsewhere:
                    self._elsewhere[key] = _hashed(sorted(self._read_elsewhere(key, name)))
                lines.append(f"{key}@{self._elsewhere[key]}")
        return _hashed(lines)

    def _read_elsewhere(self, key: str, name: str) -> Iterator[str]:
        for scope in fields_of(self.tree.registry.scopes, key):
            for node in self.tree.of(scope):
                if self.check.beyond or is_near(node, self.home):
                    yield f"{lasting_name(node)}={_digested(node, name)}"


def lasting_name(node: Node) -> str:
    """The key of a row or instance; of a record where it is kept, which it knows before it is saved for the first time."""
    holder = node.parent
    if node.scope.kind != "form" or holder is None:
        return node.key
    if holder.scope.kind == EVENT and holder.parent is not None:
        return f"{holder.parent.key}/{holder.event}[{holder.number}].{node.scope.id}"
    return f"{holder.key}.{node.scope.id}[{max(node.place, 1)}]"


def _hashed(lines: Iterable[str]) -> str:
    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def _digested(node: Node, name: str) -> str:
    return json.dumps(wire_value(node.values.get(name)), ensure_ascii=False, separators=(",", ":"))


def fields_of(scopes: Scopes, key: str) -> list[Scope]:
    """The scopes that have the field which a key means."""
    form, _, name = key.partition(".")
    root = scopes.forms.get(form) or scopes.containers.get(form)
    return [place for place in _family(root) if name in place.fields] if root is not None else []


def _family(scope: Scope) -> Iterator[Scope]:
    yield scope
    for child in scope.children.values():
        if child.kind == "group":
            yield from _family(child)


__all__ = ["elsewhere", "home_nodes", "lasting_name", "path_of", "rows_of", "run_check"]
