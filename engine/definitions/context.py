"""What all parts of the builder share, and how they read ids, texts and expressions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from engine.definitions.files import Files
from engine.definitions.tree import Node
from engine.errors import Mark, Problems
from engine.model.code_list import CodeList, MissingList
from engine.model.item import ExpressionText
from engine.model.text import HOLE, TranslatedText

RESERVED = frozenset(
    [
        "and",
        "or",
        "not",
        "if",
        "let",
        "is",
        "in",
        "true",
        "false",
        "null",
        "unknown",
        "where",
        "by",
        "over",
        "outer",
        "other",
    ]
)  # words of the expression language
BUILT_IN_CODES = frozenset(
    [
        "required",
        "type",
        "pattern",
        "range_hard",
        "range_soft",
        "length",
        "not_in_list",
        "exclusive",
        "missing_not_allowed",
        "unknown_item",
        "rows",
    ]
)  # violations that are no check's
CONTAINERS = ("registry", "patient", "site")
MAX_ID = 64
SHOWN = 12  # so many allowed names are listed

_SNAKE = re.compile(r"[a-z][a-z0-9_]*")
_RULE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_HOLE = re.compile(r"\s*[a-z][a-z0-9_.]*\s*")  # what looks like the name of an item
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(slots=True)
class Context:
    """The builder's state: problems so far, languages, and the parts that others refer to."""

    problems: Problems
    files: Files
    languages: tuple[str, ...]  # every text needs all of these
    known_languages: Collection[str] = ()  # and may have these
    is_library: bool = False
    codelists: Mapping[str, CodeList] = field(default_factory=dict)
    missing: Mapping[str, MissingList] = field(default_factory=dict)
    blocks: Mapping[str, Node] = field(default_factory=dict)
    codes: int = 0  # how many were read from files
    references: list[tuple[Node, str]] = field(default_factory=list)  # where a group or form is named, and which

    def error(self, mark: Mark, code: str, message: str) -> None:
        """Note a fault."""
        self.problems.error(mark, code, message)

    def rule_name(self, text: str, mark: Mark) -> None:
        """Check the id of a check: people quote it, so it may look like the rule's number, TLE-30."""
        if not _RULE.fullmatch(text) or len(text) > MAX_ID:
            self.error(
                mark,
                "bad-id",
                f"{text[:MAX_ID]!r} is no id of a check: letters, digits, _, - and . are allowed, {MAX_ID} at most.",
            )

    def identifier(self, text: str, mark: Mark, *, snake: bool = True) -> None:
        """Check the shape of an id; `snake` allows small letters only."""
        pattern = _SNAKE if snake else _NAME
        if len(text) > MAX_ID:
            self.error(
                mark, "bad-id", f"The id {text[:30]!r}… has {len(text)} characters; at most {MAX_ID} are allowed."
            )
        elif not pattern.fullmatch(text):
            wanted = "small letters, digits and _" if snake else "letters, digits and _"
            guess = _suggest(text)
            hint = f" Write {guess!r}." if guess and pattern.fullmatch(guess) else ""
            self.error(mark, "bad-id", f"{text!r} is no id: it must start with a letter and have only {wanted}.{hint}")
        elif text in RESERVED:
            self.error(
                mark,
                "reserved-word",
                f"{text!r} is a word of the expression language and cannot be an id. Choose another, such as '{text}_'.",
            )

    def text(self, node: Node | None, *, piped: bool = False) -> TranslatedText:
        """A text with all languages; what is absent is {}. `piped`: names in braces stand for values."""
        if node is None:
            return {}
        entries = {language: part for language, part in node.entries.items() if part.text is not None}
        if not isinstance(node.value, dict):
            return {}
        self.check_languages(node, entries)
        if not piped:
            self._doubt_braces(entries.values())
        return {language: part.raw for language, part in entries.items() if language in self.languages}

    def _doubt_braces(self, parts: Iterable[Node]) -> None:
        """Names in braces are shown as they are in texts into which no values are piped."""
        for part in parts:
            hole = next((found for found in HOLE.finditer(part.raw) if _HOLE.fullmatch(found[1])), None)
            if hole is not None:
                self.problems.warning(
                    part.expression().at(hole.start()),
                    "braces-not-piped",
                    f"No values are piped into this text: people would read {hole[0]} as it stands. Leave the braces out. "
                    "Values are piped into labels and hints of items, titles and notes of sections, messages, titles of rows.",
                )

    def label(self, node: Node, key: str, what: str, *, piped: bool = False) -> TranslatedText:
        """A text that people would miss: its absence is a warning."""
        if key not in node.entries:
            self.problems.warning(
                node.key_mark,
                "no-label",
                f"{what} has no {key}. People would see its id: add `{key}: {{pl: …, en: …}}`.",
            )
        return self.text(node.get(key), piped=piped)

    def check_languages(self, node: Node, entries: Mapping[str, Node], others: Iterable[str] = ()) -> None:
        """Report languages that a text lacks, that are empty, and keys that are no language."""
        for language in self.languages:
            part = node.entries.get(language)
            if part is None:
                have = ", ".join(entries) or "nothing"
                self.error(
                    node.key_mark,
                    "text-missing",
                    f"The text in {language!r} is missing (there is: {have}). Every text needs: {', '.join(self.languages)}.",
                )
            elif part.text is not None and not part.raw.strip():
                self.error(part.mark, "text-missing", f"The text in {language!r} is empty. Write it.")
        allowed = {*self.languages, *self.known_languages, *others}
        for language, part in entries.items():
            if language not in allowed:
                self.error(
                    part.key_mark,
                    "unknown-language",
                    f"{language!r} is no language of this registry.{self.problems.guess(language, allowed)} Allowed: {', '.join(sorted(allowed))}.",
                )

    def expression(self, node: Node | None) -> ExpressionText | None:
        """An expression with its place; blank text is a fault."""
        if node is None or node.text is None:
            return None
        if not node.raw.strip():
            self.error(
                node.mark,
                "empty-expression",
                "An expression is needed here, and the text is empty. Write it or delete the key.",
            )
            return None
        return node.expression()

    def known(self, node: Node, name: str, allowed: Collection[str], code: str, what: str) -> bool:
        """Whether a name is one of the allowed; if not, say so with the nearest."""
        if name in allowed:
            return True
        listed = f" There is: {', '.join(allowed)}." if len(allowed) <= SHOWN else ""
        guess = self.problems.guess(name, allowed)
        self.error(node.mark, code, f"There is no {what} {name!r}.{guess}{listed if allowed else ' None is declared.'}")
        return False


def _suggest(text: str) -> str:
    """An id that is near to a text that is none."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    plain = words.translate(str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ"))
    return re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_").lower()
