"""The dictionaries that are loaded: each opened when first asked for, and again once a newer version is there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

from engine.datatypes.dictionary import Dictionary
from storage.database import Database
from storage.dictionaries import newest_dictionaries, open_dictionary

FRESH = 10.0  # seconds for which nobody asks whether there is a newer version


class Dictionaries(Mapping[str, Dictionary]):
    """Name -> the newest version, as far as `refresh` has seen. Shared by all requests of a process."""

    def __init__(self, database: Database, fresh: float = FRESH) -> None:
        self._database = database
        self._fresh = fresh
        self._lock = threading.Lock()
        self._newest: dict[str, int] = {}
        self._open: dict[str, tuple[int, Dictionary]] = {}
        self._asked = float("-inf")

    def refresh(self) -> None:
        """See which versions are the newest, unless that was done just now."""
        now = time.monotonic()
        if now - self._asked >= self._fresh:
            self._asked = now
            self._newest = {found.name: found.number for found in newest_dictionaries(self._database)}

    def __getitem__(self, name: str) -> Dictionary:
        number = self._newest[name]
        held = self._open.get(name)
        if held is None or held[0] != number:
            with self._lock:
                held = self._open.get(name)
                if held is None or held[0] != number:
                    held = self._open[name] = number, open_dictionary(self._database, number)
        return held[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._newest)

    def __len__(self) -> int:
        return len(self._newest)


__all__ = ["Dictionaries"]
