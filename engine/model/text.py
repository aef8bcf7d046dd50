"""Texts in several languages, and templates that pipe values into them."""

from __future__ import annotations

import re
from collections.abc import Mapping

TranslatedText = Mapping[str, str]  # language -> text

NO_TEXT: TranslatedText = {}
HOLE = re.compile(r"\{([^{}]*)\}")  # a value that is piped into a text


def in_language(text: TranslatedText, language: str) -> str:
    """The text in that language, else in the first one there is, else ''."""
    return text.get(language) or next(iter(text.values()), "")
