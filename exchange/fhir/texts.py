"""The texts of a Questionnaire in all its languages."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from engine.model.text import HOLE
from exchange.fhir.extensions import translations
from exchange.fhir.piping import piped_texts
from exchange.fhir.resources import Json, maps
from exchange.plain_text import plain_text

_MARKS = ("rendering-xhtml", "rendering-markdown")


@dataclass(frozen=True, slots=True)
class Texts:
    """`languages`: the Questionnaire's own first. What is not translated stands in that one."""

    languages: tuple[str, ...]
    _lacking: dict[str, list[str]] = field(default_factory=dict)
    _bracketed: list[str] = field(default_factory=list)

    def taken_with_braces(self) -> list[str]:
        """Texts in which brackets stand for braces since this was last asked."""
        found = list(dict.fromkeys(self._bracketed))
        self._bracketed.clear()
        return found

    def taken(self) -> dict[str, list[str]]:
        """Language -> texts that were not there in it since this was last asked."""
        found = {language: self._lacking[language] for language in self.languages if self._lacking.get(language)}
        self._lacking.clear()
        return found

    def of(
        self, part: Json, key: str, before: str = "", otherwise: str = "", elsewhere: Container[str] = ()
    ) -> dict[str, str]:
        """A text and its translations, without marks of HTML; {} where there is none.

        Args:
            before: is put in front of it.
            elsewhere: the languages whose translations stand in another place.
        """
        own = part.get(key)
        base = plain_text(own) if isinstance(own, str) else ""
        base = base or otherwise
        if not base:
            return {}
        others = translations(part, key)
        found = {language: plain_text(others.get(language, "")) or base for language in self.languages}
        for language in self.languages[1:]:
            if own and language not in others and language not in elsewhere and _has_words(base):
                self._lacking.setdefault(language, []).append(base)
        shadow = part.get(f"_{key}")
        piped = piped_texts(shadow.get("extension")) if isinstance(shadow, dict) else {}
        found = {
            language: _with_values(piped[language]) if language in piped else escaped(text)
            for language, text in found.items()
        }
        if not piped and escaped(base) != base:
            self._bracketed.append(base)
        return {language: f"{escaped(before)} {text}" if before else text for language, text in found.items()}

    def same(self, text: str) -> dict[str, str]:
        """A text that is the same in all languages."""
        return dict.fromkeys(self.languages, escaped(text))


def _has_words(text: str) -> bool:
    """Numbers, signs and single letters are the same in all languages."""
    return len(text) > 1 and any(sign.isalpha() for sign in text)


def escaped(text: str) -> str:
    """Braces would stand for values: brackets take their place."""
    return text.replace("{", "(").replace("}", ")")


def _with_values(text: str) -> str:
    """A text of ours with `{item}`; other braces are brackets."""
    between, names = HOLE.split(text)[::2], [hole[0] for hole in HOLE.finditer(text)]
    return "".join(escaped(words) + name for words, name in zip(between, [*names, ""], strict=True))


def marked(part: Json, key: str) -> bool:
    """Whether a text has marks that are lost."""
    return bool(marks(part, key))


def marks(part: Json, key: str) -> list[Json]:
    """The extensions that hold a text with marks."""
    shadow = part.get(f"_{key}")
    if not isinstance(shadow, dict):
        return []
    found = maps(shadow.get("extension"))
    return [one for one in found if str(one.get("url", "")).endswith(_MARKS)]
