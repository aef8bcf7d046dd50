"""Rules in words: every term of a compiled registry as a phrase in Polish and English, with the names in it marked."""

from __future__ import annotations

from engine.words.phrase import Name, Phrase
from engine.words.sentences import Sentences

__all__ = ["Name", "Phrase", "Sentences"]
