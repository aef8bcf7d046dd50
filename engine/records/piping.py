"""The texts of a form with the values that are piped into them, as its page shows them."""

from __future__ import annotations

from collections.abc import Iterator

from engine.compiler.rules import TextRules
from engine.expressions.frames import Node
from engine.model.item import Privacy
from engine.records.checking import path_of
from engine.records.naming import Naming
from engine.records.session import Session


def texts_of(session: Session, language: str) -> dict[str, str]:
    """Place and part -> text: `leads[2].threshold#label`, `leads[2]#row`, `targets#title` of a section.

    Titles of rows that tell who somebody is are left to whoever shows the rows.
    """
    return {place: words for place, words in _texts(session, Naming(session.tree, language)) if words}


def _texts(session: Session, naming: Naming) -> Iterator[tuple[str, str]]:
    for rules in session.registry.piped:
        if rules.scope.form_id == session.form.id and rules.part != "message" and not _is_private(session, rules):
            for node in session.tree.of(rules.scope):
                if node.is_within(session.focus):
                    yield place_of(rules, node), naming.filled(rules, node)


def place_of(rules: TextRules, node: Node) -> str:
    """Where a text stands: item, row or section, and the part of it."""
    path = path_of(node)
    return f"{path if rules.part == 'row' else path.at(rules.owner)}#{rules.part}"


def _is_private(session: Session, rules: TextRules) -> bool:
    items = (session.registry.items.get(hole.key) for hole in rules.holes)
    return any(found is not None and found.item.privacy is Privacy.IDENTIFYING for found in items)


__all__ = ["place_of", "texts_of"]
