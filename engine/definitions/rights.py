"""Builds what a form, section, group or item says of who may see and fill it."""

from __future__ import annotations

from engine.definitions.context import Context
from engine.definitions.tree import Node
from engine.model.rights import ROLES, Rights


def build_rights(context: Context, node: Node) -> Rights:
    """The roles under `see` and `edit`; whoever may fill something must be able to see it."""
    rights = Rights(_roles(context, node, "see"), _roles(context, node, "edit"))
    for part in node.list_of("edit"):
        if part.raw in ROLES and not rights.may_see(part.raw):
            context.error(
                part.mark,
                "edit-without-see",
                f"The role {part.raw!r} may fill this and not see it. Add it to `see`, or take it out of `edit`.",
            )
    return rights


def _roles(context: Context, node: Node, key: str) -> frozenset[str] | None:
    if node.get(key) is None:
        return None
    parts = [part for part in node.list_of(key) if part.text is not None]
    return frozenset(part.raw for part in parts if context.known(part, part.raw, ROLES, "unknown-role", "role"))


__all__ = ["build_rights"]
