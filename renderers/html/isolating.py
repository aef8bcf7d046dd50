"""Quoted values in messages, kept apart from the sentence around them: what people type may run from right to left."""

from __future__ import annotations

import re

from renderers.html.segments import markup

_QUOTED = re.compile(r"(„[^„”]*”|(?<!\w)'[^']*'(?!\w))")  # form.js does the same


def isolated(message: str) -> str:
    """A message as markup, with <bdi> in its quotes."""
    parts = _QUOTED.split(message)
    if len(parts) == 1:
        return markup(message)
    pieces = [markup(part) for part in parts]
    pieces[1::2] = [f"{part[0]}<bdi>{markup(part[1:-1])}</bdi>{part[-1]}" for part in parts[1::2]]
    return "".join(pieces)
