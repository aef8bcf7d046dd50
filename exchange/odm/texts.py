"""The languages of a file, and texts that have all of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from exchange.odm.elements import LANGUAGE, Element, text_in
from exchange.plain_text import plain_text

OTHERWISE = "en"  # the language of texts where the file tells none
MOST = 20  # languages of a definition
_CODE = re.compile(r"[a-z]{2,3}")


def plain_language(tag: str) -> str:
    """`de-AT` -> `de`, '' where it is no language."""
    primary = re.split(r"[-_]", tag.strip().lower())[0]
    return primary if _CODE.fullmatch(primary) else ""


@dataclass(slots=True)
class Texts:
    """Gives texts in all languages of the file, that of most texts first. `lent` counts those that had to be taken from another.

    `untold`: the language of texts whose language the file does not tell; '' is that of most.
    """

    languages: tuple[str, ...]
    lent: Counter[str] = field(default_factory=Counter)
    untold: str = ""

    @classmethod
    def of(cls, root: Element, language: str = "") -> Texts:
        """The languages of a file. `language`: of texts whose language it does not tell."""
        counted: Counter[str] = Counter(
            plain_language(part.get(LANGUAGE, part.get("lang", "")))
            for part in root.iter("TranslatedText")
            if text_in(part)
        )
        untold = counted.pop("", 0)
        if untold and language:
            counted[language] += untold
        elif untold and OTHERWISE not in counted:
            default = next(iter(counted), "") if counted and untold < sum(counted.values()) else OTHERWISE
            counted[default] += untold
        ordered = sorted(counted, key=lambda language: -counted[language])
        return cls(tuple(ordered[:MOST]) or (language or OTHERWISE,), untold=language)

    def full(self, given: Mapping[str, str]) -> dict[str, str]:
        """A text by language as written -> without marks, in each language of the definition; {} where there is none."""
        found: dict[str, str] = {}
        for tag, text in given.items():
            plain = plain_text(text)
            if plain:
                found.setdefault(plain_language(tag) or self.untold or self.languages[0], plain)
        if not found:
            return {}
        whole = found.get(self.languages[0]) or next(iter(found.values()))
        for language in self.languages:
            if language not in found:
                self.lent[language] += 1
        return {language: found.get(language, whole) for language in self.languages}

    def everywhere(self, text: str) -> dict[str, str]:
        """The same words in each language: of a name."""
        return dict.fromkeys(self.languages, text)
