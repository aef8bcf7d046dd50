"""The help pages of a language: Markdown files beside the code, read once; found by the words of their headings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

FOLDER = Path(__file__).parent / "help"
NAMES = (
    "register",
    "forms",
    "keys",
    "states",
    "queries",
    "signing",
    "account",
    "contacts",
)  # in the order of the contents


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a page: its place on it, and its words."""

    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class HelpPage:
    """A page: its title, what it says below, its headings."""

    name: str
    title: str
    body: Markup
    headings: tuple[Heading, ...]


@dataclass(frozen=True, slots=True)
class Manual:
    """All pages of a language."""

    pages: Mapping[str, HelpPage]

    def find(self, text: str) -> tuple[tuple[HelpPage, tuple[Heading, ...]], ...]:
        """The pages with headings in which words begin as all words of the text do; with those headings alone, none where the title says it."""
        wanted = _words(text)
        found = (
            (page, tuple(each for each in page.headings if _holds(f"{page.title} {each.text}", wanted)))
            for page in self.pages.values()
        )
        return tuple((page, () if _holds(page.title, wanted) else headings) for page, headings in found if headings)


def load_manual(language: str) -> Manual:
    """Read the pages of a language."""
    texts = ((name, (FOLDER / language / f"{name}.md").read_text("utf-8")) for name in NAMES)
    return Manual({name: read_page(name, text) for name, text in texts})


def read_page(name: str, text: str) -> HelpPage:
    """A page from its Markdown, which begins with its title; HTML in it is shown as it stands."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text)
    title, rest = tokens[1].content, tokens[3:]
    headings = tuple(_headings(rest))
    for token in rest:
        if token.type == "table_open":
            token.attrSet("class", "tbl")
    body = reader.renderer.render(rest, reader.options, {})
    return HelpPage(name, title, Markup(body), headings)  # noqa: S704 -- the reader escapes what is no Markdown


def _headings(tokens: Sequence[Token]) -> Iterator[Heading]:
    """The headings, each of which gets its place on the page."""
    for opening, content in pairwise(tokens):
        if opening.type == "heading_open":
            anchor = "-".join(_words(content.content))
            opening.attrSet("id", anchor)
            opening.attrSet("tabindex", "-1")
            yield Heading(anchor, content.content)


def _words(text: str) -> list[str]:
    """The words without case and marks: what people type is compared with them, and addresses hold them."""
    flat = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return re.findall(r"[a-z0-9]+", "".join(one for one in flat if not unicodedata.combining(one)))


def _holds(text: str, wanted: Sequence[str]) -> bool:
    there = _words(text)
    return all(any(word.startswith(each) for word in there) for each in wanted)


__all__ = ["NAMES", "Heading", "HelpPage", "Manual", "load_manual", "read_page"]
