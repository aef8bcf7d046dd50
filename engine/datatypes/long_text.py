"""Text of several lines."""

from __future__ import annotations

from engine.datatypes.base import Control
from engine.datatypes.text import TextType


class LongTextType(TextType):
    """Like text, with line breaks (kept as single line feeds) and a higher default limit."""

    name = "long_text"
    control = Control.LONG_TEXT
    default_length = 4000
    line_breaks = True
