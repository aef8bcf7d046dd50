"""The rules of each form as the browser runs them: made once per version and language, kept compressed."""

from __future__ import annotations

import gzip
import json
import threading
from dataclasses import dataclass, field

from engine.compiler import CompiledRegistry
from engine.records.browser import form_program


@dataclass(frozen=True)
class Programs:
    """The programs made so far, compressed."""

    _made: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, registry: CompiledRegistry, form: str, language: str) -> bytes:
        """The program of a form as gzipped JSON."""
        key = (registry.hash, form, language)
        with self._lock:
            if key not in self._made:
                text = json.dumps(form_program(registry, form, language), ensure_ascii=False, separators=(",", ":"))
                self._made[key] = gzip.compress(text.encode(), mtime=0)
            return self._made[key]


__all__ = ["Programs"]
