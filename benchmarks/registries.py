"""Compiles the definitions that are measured with."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.definitions import definition
from engine.compiler import CompiledRegistry, compile_definition

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@cache
def registry(items: int, per_form: int) -> CompiledRegistry:
    """A registry of that many items."""
    return compiled(definition(items, per_form))


def compiled(text: str) -> CompiledRegistry:
    """The registry of a definition's text."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "measured.yaml"
        path.write_text(text, encoding="utf-8")
        return compile_definition(path)
