"""What a calculated item comes from, by the names that people know."""

from __future__ import annotations

from functools import lru_cache

from engine.compiler.compiled import CompiledRegistry
from engine.datatypes.words import quoted
from engine.model.text import in_language

MOST = 4  # named; more are hinted at


@lru_cache(maxsize=1024)
def sources_of(registry: CompiledRegistry, key: str, language: str) -> str:
    """The groups and items that a calculated item (`form.item`) reads, in the order of the definition."""
    calculate = registry.items[key].calculate
    read = calculate.reads if calculate is not None else frozenset()
    titles = [rules.group.title for name, rules in registry.groups.items() if name in read]
    titles += [rules.item.label for name, rules in registry.items.items() if name in read]
    labels = dict.fromkeys(in_language(title, language) for title in titles)
    named = [quoted(label, language) for label in labels if label]
    return ", ".join(named[:MOST] + (["…"] if len(named) > MOST else []))


__all__ = ["sources_of"]
