"""Reads texts into which values are piped: `Time of {lead.kind}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from engine.definitions.context import Context
from engine.definitions.rename import Renames, rename_expression
from engine.definitions.tree import Node
from engine.model.item import ExpressionText, Template
from engine.model.text import HOLE, TranslatedText

Templates = Mapping[str, Mapping[str, Template]]  # part, such as label or hint -> language -> template

_NAME = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_]*(?:\s*\.\s*[A-Za-z_][A-Za-z0-9_]*)*\s*")


def read_templates(context: Context, parts: Mapping[str, Node | None], renames: Renames = {}) -> Templates:  # noqa: B006 -- never changed
    """The texts among these that have holes; faults of their braces are reported."""
    found: dict[str, dict[str, Template]] = {}
    for part, node in parts.items():
        for language, text in _languages(context, node).items():
            if "{" in text.raw or "}" in text.raw:
                found.setdefault(part, {})[language] = _read(context, text, renames)
    return found


def without_values(text: TranslatedText) -> TranslatedText:
    """What is read of a text where no values are known."""
    return {language: HOLE.sub("…", words) if "{" in words else words for language, words in text.items()}


def _languages(context: Context, node: Node | None) -> Mapping[str, Node]:
    """The text by language; one text alone is that of all of them."""
    if node is None:
        return {}
    if node.text is not None:
        return dict.fromkeys(context.languages, node)
    return {language: part for language, part in node.entries.items() if part.text is not None}


def _read(context: Context, node: Node, renames: Renames) -> Template:
    written = node.expression()
    rest = HOLE.sub("", node.raw)
    if "{" in rest or "}" in rest:
        message = "A brace is not closed. Write the id of an item between { and }."
        context.error(node.mark, "bad-template", message)
    holes = []
    for hole in HOLE.finditer(node.raw):
        if _NAME.fullmatch(hole[1]):
            holes.append(hole)
        else:
            message = f"{hole[0]} is no name. Write the id of an item between {{ and }}, such as {{number}}."
            context.error(written.at(hole.start()), "bad-template", message)
    edges = [0, *(edge for hole in holes for edge in hole.span()), len(node.raw)]
    between = tuple(node.raw[start:end] for start, end in list(pairwise(edges))[::2])
    names = (ExpressionText(hole[1], written.at(hole.start(1))) for hole in holes)
    return Template(between, tuple(rename_expression(name, renames) for name in names))


__all__ = ["Templates", "read_templates", "without_values"]
