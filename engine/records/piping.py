"""The texts of a form with the values that are piped into them, as its page shows them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from engine.compiler.rules import TextRules
from engine.expressions.frames import Node
from engine.model.form import walk_items
from engine.model.item import Privacy
from engine.records.checking import path_of
from engine.records.naming import Naming
from engine.records.session import Session


def texts_of(session: Session, language: str, opened: Collection[str] | None = None) -> dict[str, str]:
    """Place and part -> text: `leads[2].threshold#label`, `leads[2]#row`, `targets#title` of a section.

    Titles of rows that tell who somebody is are left to whoever shows the rows.

    Args:
        opened: ids of the rows whose fields are shown; None: of all. A title stands where the row's holder is open.
    """
    naming = Naming(session.tree, language)
    return {place: words for place, words in _texts(session, naming, opened) if words}


def _texts(session: Session, naming: Naming, opened: Collection[str] | None) -> Iterator[tuple[str, str]]:
    named = {name for item in walk_items(session.form) for name in item.targets}  # titles that references show
    for rules in session.registry.piped:
        if rules.scope.form_id == session.form.id and rules.part != "message" and not _is_private(session, rules):
            shown = None if rules.part == "row" and rules.scope.id in named else opened
            for node in session.tree.of(rules.scope):
                if node.is_within(session.focus) and (shown is None or _is_shown(node, rules, session.focus, shown)):
                    yield place_of(rules, node), naming.filled(rules, node)


def _is_shown(node: Node, rules: TextRules, form: Node, opened: Collection[str]) -> bool:
    place = node.parent if rules.part == "row" else node
    return place is form or (place is not None and place.key in opened)


def place_of(rules: TextRules, node: Node) -> str:
    """Where a text stands: item, row or section, and the part of it."""
    path = path_of(node)
    return f"{path if rules.part == 'row' else path.at(rules.owner)}#{rules.part}"


def _is_private(session: Session, rules: TextRules) -> bool:
    items = (session.registry.items.get(hole.key) for hole in rules.holes)
    return any(found is not None and found.item.privacy is Privacy.IDENTIFYING for found in items)


__all__ = ["place_of", "texts_of"]
