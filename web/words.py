"""The texts of the web application's own pages, joined with those of the renderers; both languages, plural forms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment

from engine.datatypes.local_time import to_local
from engine.datatypes.words import date_text, datetime_text, time_text
from renderers.html import build_environment, load_words
from renderers.html.words import Words

LOCALE = Path(__file__).parent / "locale"
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language: its words, and the templates that speak it."""

    words: Words
    environment: Environment

    @property
    def language(self) -> str:
        """Its code."""
        return self.words.language

    def moment(self, at: datetime, now: datetime) -> str:
        """The time of day when it was today, else the date as well, on the local clock."""
        local, today = to_local(at), to_local(now).date()
        clock = time_text(local.time())
        return clock if local.date() == today else f"{date_text(local.date(), self.language)} {clock}"

    def instant(self, at: datetime) -> str:
        """The date and the time of day on the local clock."""
        return datetime_text(to_local(at), self.language)

    def day(self, at: datetime) -> str:
        """The date on the local clock."""
        return date_text(to_local(at).date(), self.language)


def load_tongue(language: str, *, static_url: str, assets_url: str) -> Tongue:
    """The words and templates of a language."""
    base = load_words(language)
    own = json.loads((LOCALE / f"{base.language}.json").read_text("utf-8"))
    words = Words(base.language, {**base.texts, **own})
    environment = build_environment(words, static_url=static_url, folders=(TEMPLATES,))
    environment.globals["assets"] = assets_url
    return Tongue(words, environment)


def load_tongues(languages: tuple[str, ...], *, static_url: str, assets_url: str) -> Mapping[str, Tongue]:
    """All languages."""
    return {language: load_tongue(language, static_url=static_url, assets_url=assets_url) for language in languages}


__all__ = ["Tongue", "load_tongue", "load_tongues"]
