"""Texts in all languages of the form: marks of Markdown and HTML fall away, `${name}` becomes `{item}`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exchange.plain_text import plain_text as plain_html
from exchange.xlsform.columns import Line

_LINK = re.compile(r"\[([^\[\]]+)\]\((https?://[^()\s]+)\)")
_STRONG = re.compile(r"(?<![\w*])(\*\*|__)(?=\S)(.+?)(?<=\S)\1(?![\w*])", re.DOTALL)
_SLANTED = re.compile(r"(?<![\w*])([*_])(?=\S)([^*_\n]+?)(?<=\S)\1(?![\w*])")
_HEADING = re.compile(r"^#{1,6}\s+", re.MULTILINE)
_BLANK = re.compile(r"[^\S\n]+")
_VALUE = re.compile(r"\$\{\s*([^{}]+?)\s*\}")
_MARKED = "\x00"


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages of the form: codes by the name in headings, and those of headings without one."""

    named: Mapping[str, str]
    bare: str

    @property
    def all(self) -> list[str]:
        """The first is that which stands in for texts that are missing."""
        return list(dict.fromkeys([self.bare, *self.named.values()]))

    def texts(self, line: Line, column: str) -> dict[str, str]:
        """What a row says, by language."""
        found = {code: text for code, text in line.translated.get(column, {}).items() if text != "-"}
        if line[column]:
            found.setdefault(self.bare, line[column])
        return found

    def complete(self, texts: Mapping[str, str], otherwise: str = "") -> dict[str, str]:
        """A text in every language: where one is missing, that of the first that has one."""
        stand_in = next((texts[code] for code in self.all if texts.get(code)), otherwise)
        return {code: texts.get(code) or stand_in for code in self.all} if stand_in else {}


@dataclass(frozen=True, slots=True)
class Plain:
    """A text without marks, and what was lost on the way."""

    text: str
    lost: tuple[str, ...] = ()


def plain_text(written: str, item_of: Callable[[str], str | None] | None) -> Plain:
    """Plain text. `item_of` finds the item whose value is shown; None where texts show no values."""
    lost: list[str] = []
    bare = _without_marks(written)
    if bare != written:
        lost.append("Marks of Markdown or HTML fall away.")
    if item_of is None:
        shown = _VALUE.sub("…", bare)
        lost.extend(["No values are shown in this text."] if shown != bare else [])
        return Plain(shown, tuple(lost))

    def named(match: re.Match[str]) -> str:
        item = item_of(match[1])
        if item is None:
            lost.append(f"The value of ${{{match[1]}}} cannot be shown in this text.")
            return "…"
        return f"{_MARKED}{item}{_MARKED}"

    shown = _VALUE.sub(named, bare)
    if "{" in shown or "}" in shown:
        lost.append("Braces are written as brackets.")
        shown = shown.replace("{", "(").replace("}", ")")
    return Plain(re.sub(f"{_MARKED}([^{_MARKED}]*){_MARKED}", r"{\1}", shown), tuple(dict.fromkeys(lost)))


def _without_marks(written: str) -> str:
    kept: list[str] = []

    def aside(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\x01{len(kept) - 1}\x01"

    text = _VALUE.sub(aside, written.replace("\x00", "").replace("\x01", ""))
    if "<" in text or "&" in text:
        text = plain_html(text)
    text = _HEADING.sub("", _SLANTED.sub(r"\2", _STRONG.sub(r"\2", _LINK.sub(r"\1 (\2)", text))))
    text = "\n".join(_BLANK.sub(" ", line).strip() for line in text.split("\n"))
    return re.sub("\x01(\\d+)\x01", lambda match: kept[int(match[1])], re.sub(r"\n{3,}", "\n\n", text).strip())
