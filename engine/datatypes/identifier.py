"""Identifiers: numbers and codes that are written alike before they are judged."""

from __future__ import annotations

from engine.datatypes.base import Facets
from engine.datatypes.identifiers import CHECKS, normalise
from engine.datatypes.reading import refuse
from engine.datatypes.text import TextType
from engine.datatypes.values import Unread


class IdentifierType(TextType):
    """Capitals without spaces and hyphens, then the pattern, then the named check of `CHECKS`.

    A check may have its own normal form: a scanned UDI keeps the case of its lot number.
    """

    name = "identifier"
    options = frozenset({"max_length", "pattern", "check"})

    def parse(self, text: str, facets: Facets) -> str | Unread | None:
        check = CHECKS[facets.check] if facets.check else None
        value = (check.normalise if check else normalise)(text)
        if not value:
            return None
        fault = check.judge(value) if check else None
        refusal = self._refusal(value, facets, text)
        # A check says which part is wrong, a pattern does not; forbidden characters come first of all.
        if fault is not None and (refusal is None or refusal.code == "pattern"):
            return refuse(text, fault.message, "pattern", **dict(fault.parts))
        return refusal or value
