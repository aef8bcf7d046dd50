"""Values in texts: `{item}` is … for other programs, and stands beside in an extension of ours, so that it comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from engine.model.text import HOLE
from exchange.document import Document, Entry, items_of
from exchange.fhir.extensions import HOME, tag, value
from exchange.fhir.resources import Json, maps

PIPED = f"{HOME}StructureDefinition/piped"
UNKNOWN = "…"
PIPING = "Values in texts have no counterpart: … stands for them there, and they come back on import."
TEXTS = ("label", "hint", "title", "note", "message")  # into which values are piped


def holed(text: Mapping[str, str]) -> bool:
    """Whether values are piped into a text in any language."""
    return any(HOLE.search(words) for words in text.values())


def without_values(text: Mapping[str, str]) -> dict[str, str]:
    """`Age: {age}` -> `Age: …`."""
    return {language: HOLE.sub(UNKNOWN, words) for language, words in text.items()}


def beside(text: Mapping[str, str]) -> list[Json]:
    """The extensions that keep where values stand, one for each language in which they do."""
    return [
        {"url": PIPED, "extension": [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": words}]}
        for language, words in text.items()
        if HOLE.search(words)
    ]


def piped_texts(extensions: object) -> dict[str, str]:
    """Language -> text with its values, of the extensions at a text."""
    found: dict[str, str] = {}
    for one in maps(extensions):
        parts = {str(inner.get("url")): value(inner) for inner in maps(one.get("extension"))}
        language, content = parts.get("lang"), parts.get("content")
        if one.get("url") == PIPED and isinstance(language, str) and isinstance(content, str):
            found[tag(language)] = content
    return found


def only_known(document: Document) -> None:
    """Values that are not there, or not to be seen from where a text stands, are … in it.

    To be seen are what stands in the form, what holds a row, and what one other form has that does not repeat.
    """
    tops: dict[str, set[str]] = {}
    rows: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for placed in items_of(document):
        groups = tuple(group["group"] for group in placed.groups)
        home = rows.setdefault((placed.form, groups), set()) if groups else tops.setdefault(placed.form, set())
        home.add(placed.entry["id"])
    single = Counter(
        name for form, names in tops.items() if not document["forms"][form].get("repeats") for name in names
    )
    alone = {name for name, times in single.items() if times == 1}
    seen = {form: tops.get(form, set()) | alone for form in document["forms"]}
    for placed in items_of(document):
        groups = tuple(group["group"] for group in placed.groups)
        around = (rows.get((placed.form, groups[:depth]), set()) for depth in range(1, len(groups) + 1))
        _mend(placed.entry, seen[placed.form].union(*around))
        for group in placed.groups:
            _mend(group, seen[placed.form])
    for id_, form in document["forms"].items():
        for part in (*form["sections"], *form.get("checks", ())):
            _mend(part, seen[id_])


def _mend(entry: Entry, names: set[str]) -> None:
    for key in TEXTS:
        if isinstance(entry.get(key), dict):
            entry[key] = {
                language: HOLE.sub(lambda hole: hole[0] if hole[1].strip() in names else UNKNOWN, words)
                for language, words in entry[key].items()
            }
