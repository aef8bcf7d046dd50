"""Builds annotations: what other systems keep about a part of a definition."""

from __future__ import annotations

from engine.definitions.tree import Node
from engine.model.annotations import Annotations


def build_annotations(node: Node) -> Annotations:
    """The annotations of a part, by system and name, as written; {} where it has none."""
    found = {
        system: {name: part.raw for name, part in noted.entries.items() if part.text is not None}
        for system, noted in node.map_of("annotations").items()
    }
    return {system: texts for system, texts in found.items() if texts}
