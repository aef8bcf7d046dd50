"""Notes: explanations among the items."""

from __future__ import annotations

from engine.datatypes.heading import HeadingType


class NoteType(HeadingType):
    """A paragraph of explanation; it holds no value, as a heading does not."""

    name = "note"
