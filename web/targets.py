"""What references may point to, in words: rows and records near a form, so that people choose by what they know."""

from __future__ import annotations

from collections.abc import Iterator

from engine.datatypes.values import Reference
from engine.expressions.frames import Node
from engine.expressions.scopes import EVENT
from engine.model.form import walk_groups, walk_items
from engine.model.text import in_language
from engine.records.distance import is_near
from engine.records.naming import Naming
from engine.records.session import Session
from web.titles import event_title, form_words

Offers = list[tuple[str, str]]


def targets_of(session: Session, language: str, site: str = "") -> dict[str, Offers]:
    """What references of the form may point to, by the keys of `ItemDef.offered`, as (key, words); the form's own rows left out.

    Offered is what lies in the same episode or belongs to the patient as a whole, and in other episodes of the patient where the
    definition says so, and of what hospitals keep that of the instance `site`; what was chosen before stays.
    """
    own = {group.id for group in walk_groups(session.form)}
    items = [item for item in walk_items(session.form) if item.elsewhere is None]
    wanted = {key: (name, item.any_episode) for item in items for key, name in item.offered.items() if name not in own}
    naming, chosen = _Naming(session, language), set(_chosen(session.focus))
    person, found = _patient(session.focus), {}
    for key, (name, any_episode) in wanted.items():
        there = session.tree.of(session.registry.scopes.targets[name])
        nodes = [node for node in there if not node.is_within(session.focus)]
        home = person if any_episode else None
        nodes = [
            node
            for node in nodes
            if (home is not None and node.is_within(home))
            or is_near(node, session.focus)
            or _is_of(node, site)
            or node.key in chosen
        ]
        records = {id(_record(node)) for node in nodes}
        found[key] = [(node.key, naming.words(node, with_record=len(records) > 1)) for node in nodes]
    return found


def words_of(session: Session, language: str) -> dict[str, str]:
    """The words of all that references of the form may point to, its own rows included."""
    naming = _Naming(session, language)
    names = {name for item in walk_items(session.form) for name in item.targets}
    scopes = (session.registry.scopes.targets[name] for name in names)
    return {node.key: naming.words(node, with_record=False) for scope in scopes for node in session.tree.of(scope)}


class _Naming:
    """Names rows and records of one session in one language."""

    def __init__(self, session: Session, language: str) -> None:
        self._session = session
        self._language = language
        self._titles = Naming(session.tree, language, identifying=True)  # whoever chooses sees the rows themselves

    def words(self, node: Node, *, with_record: bool) -> str:
        """A record by its form and event; a row by its title and those of the rows that hold it."""
        titles = [self._titles.title(row) for row in reversed(list(_rows(node)))]
        return " · ".join([*([self._form(_record(node))] if with_record or not titles else []), *titles])

    def _form(self, node: Node) -> str:
        model, language, holder = self._session.registry.model, self._language, node.parent
        parts = [self._titles.title(node) if node.scope.repeats else form_words(model, node.scope.id, language)]
        if holder is not None and holder.scope.kind == EVENT:
            parts.append(event_title(model, holder.event or "", holder.number, language))
            holder = holder.parent
        if holder is not None and holder.scope.kind != "site" and not self._session.focus.is_within(holder):
            container = model.containers.get(holder.scope.id)
            title = in_language(container.title, language) if container is not None else ""
            parts.append(f"{title or holder.scope.id} {holder.place}")
        return ", ".join(parts)


def _patient(node: Node) -> Node | None:
    return next(
        (outer for outer in node.outwards() if outer.scope.id == "patient" and outer.scope.kind == "container"), None
    )


def _is_of(node: Node, site: str) -> bool:
    """Whether a record is one of a hospital's own."""
    return any(outer.scope.kind == "site" and outer.key == site for outer in node.outwards())


def _is_row(node: Node) -> bool:
    return node.scope.kind == "group"


def _rows(node: Node) -> Iterator[Node]:
    """The row and the rows that hold it."""
    while _is_row(node) and node.parent is not None:
        yield node
        node = node.parent


def _record(node: Node) -> Node:
    """The record in which a row stands, or that it is."""
    while _is_row(node) and node.parent is not None:
        node = node.parent
    return node


def _chosen(node: Node) -> Iterator[str]:
    """What references in a record and its rows point to now."""
    yield from (value.target for value in node.entered.values() if isinstance(value, Reference))
    for kids in node.kids.values():
        for kid in kids:
            yield from _chosen(kid)


__all__ = ["targets_of", "words_of"]
