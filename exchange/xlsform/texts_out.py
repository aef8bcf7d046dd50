"""Texts of a definition as columns of a workbook, with values as `${name}`; and annotations as columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.expressions.nodes import Call, Path, walk
from engine.model.form import FormDef, GroupDef
from exchange.document import Entry
from exchange.findings import Finding, Outcome
from exchange.findings import Part as Told
from exchange.rules.meaning import Inexpressible, Untranslatable
from exchange.xlsform.languages import column_name
from exchange.xlsform.naming import Naming
from exchange.xlsform.parked import parked
from exchange.xlsform.xpath import CHOSEN, parse_xpath

RULES = frozenset(
    {"calculation", "relevant", "constraint", "choice_filter", "required", "default", "repeat_count", "trigger"}
)
_HOLE = re.compile(r"\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}")
_CODES = re.compile(r"[A-Za-z0-9_.-]+( [A-Za-z0-9_.-]+)*")
_LOOSE = re.compile(r"questions(_\d+)?")
_SAFE = frozenset(
    {
        "appearance", "parameters", "image", "audio", "video", "big-image", "autoplay", "no_app_error_string", "required_message", "read_only",
        "guidance_hint", "rows", "constraint_message",
    }
)  # fmt: skip
_CRASHES = frozenset({"instance::tag", "instance:tag"})  # of pyxform, which takes it for an argument of its own
_UNSURE = frozenset({
    CHOSEN, "instance", "pulldata", "floor", "ceiling", "difference-in-months", "parse-timestamp-to-date", "add-date", "jr:itext",
    "current",
})  # fmt: skip


def is_loose(section: Entry) -> bool:
    """Whether a section only gathers questions that stand in no group."""
    return not ({"title", "note", "when", "oid", "annotations"} & section.keys()) and bool(
        _LOOSE.fullmatch(section["id"])
    )


@dataclass(frozen=True, slots=True)
class TextsOut:
    """Writes texts in the languages of the definition."""

    languages: list[str]
    naming: Naming
    findings: list[Finding]

    def heading(self, column: str, language: str) -> str:
        """`label`, or `label::Polski (pl)` where there are several languages."""
        return column if len(self.languages) == 1 else f"{column}::{column_name(language)}"

    def columns(
        self, column: str, text: Mapping[str, str], form: FormDef | None, groups: tuple[GroupDef, ...], where: str = ""
    ) -> dict[str, str]:
        """A text as cells."""
        return {
            self.heading(column, language): self._piped(words, form, groups, where)
            for language, words in text.items()
            if words
        }

    def _piped(self, words: str, form: FormDef | None, groups: tuple[GroupDef, ...], where: str) -> str:
        names = self.naming.names_at(form, groups)

        def put(match: re.Match[str]) -> str:
            try:
                found = names.named(Path(tuple(match[1].split(".")), 0))
            except Inexpressible as fault:
                self.findings.append(Finding(where or match[1], Told.TEXT, Outcome.APPROXIMATED, fault.reason, words))
                return "…"
            return f"${{{found.parts[1]}}}" if isinstance(found, Path) else "…"

        return _HOLE.sub(put, words) if "{" in words else words

    def annotations(self, entry: Entry, row: Mapping[str, str]) -> dict[str, str]:
        """What is kept of a workbook, back in its columns; what others might refuse there is parked."""
        made: dict[str, str] = {}
        for name, text in entry.get("annotations", {}).get("xlsform", {}).items():
            if name == "type":
                continue
            base = name.split("::")[0].split(":")[0].strip()
            live = (
                base in _SAFE
                or (base in ("instance", "body", "control") and name not in _CRASHES and name.count(":") <= 2)
                or (name == "default" and entry.get("type") == "codes" and bool(_CODES.fullmatch(text)))
                or (name in RULES and name not in row and self._stands(text, row["name"]))
            )
            if base == "constraint_message" and "constraint" not in row and "constraint" not in made:
                live = False
            heading = self._in_language(name) if live else name
            made[heading if live and heading not in row else parked(name)] = text
        return made

    def _in_language(self, name: str) -> str:
        """`image::en` under a heading that the other columns have too."""
        column, _, language = name.partition("::")
        return self.heading(column, language) if language in self.languages else name

    def _stands(self, text: str, own: str) -> bool:
        """Whether a rule that was not translated holds in this workbook too."""
        try:
            tree = parse_xpath(text)
        except Untranslatable:
            return False
        names = {*self.naming.of_part.values()} - {own}
        for node in walk(tree):
            if isinstance(node, Path) and not (
                node.parts[0] == "$" and len(node.parts) == 2 and node.parts[1] in names
            ):
                return False
            if isinstance(node, Call) and (node.name in _UNSURE or node.name.startswith("cht:")):
                return False
        return True
