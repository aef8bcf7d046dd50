"""The codebook as one HTML file: all languages in it, searchable, without anything from outside."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from engine.compiler import CompiledRegistry
from engine.words import Name, Phrase
from renderers.codebook.contents import contents
from renderers.codebook.drawing import Drawing, draw_form, draw_item
from renderers.codebook.headings import HEADINGS, WORDS, in_languages
from renderers.codebook.tables import Book, Cell, Row, Table, anchor
from renderers.codebook.uses import Uses

_HERE = Path(__file__).parent
_TOKENS = _HERE.parent / "html" / "static" / "tokens.css"  # the colours and sizes of the application
_MOST_CODES = 400  # of a list on the page; the workbook has all
_OUTLINED = 140  # characters from which conditions are told one below the other
_FIXED = frozenset({"label", "title", "form", "message"})  # cells that the heading of an entry says already
LANGUAGE_NAMES = {"pl": "polski", "en": "English"}


def render_codebook(registry: CompiledRegistry, language: str, since: CompiledRegistry | None = None) -> str:
    """The page. That language is shown first; the reader may change it, also without scripts."""
    book, tables = contents(registry, language, since)
    writer = _Writer(book, tables)
    style = "\n".join(
        (_TOKENS.read_text("utf-8"), (_HERE / "codebook.css").read_text("utf-8"), writer.language_rules())
    )
    script = (_HERE / "codebook.js").read_text("utf-8")
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(
        w=writer.word,
        both=writer.heading,
        heading=lambda key: in_languages(HEADINGS[key], book.languages),
        body=writer.body,
        names=LANGUAGE_NAMES,
    )
    return environment.get_template("codebook.html").render(
        book=book,
        model=registry.model,
        tables=[each for each in tables if each.id != "codes" and each.rows],
        parts=writer.parts,
        title=in_languages(WORDS["codebook"], book.languages)[language],
        language=language,
        drawings=writer.drawings(),
        codes=writer.codes,
        style=Markup(style),  # noqa: S704 - our own files
        script=Markup(script),  # noqa: S704 - the same
        policy=f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'",
        fixed=_FIXED,
        most_codes=_MOST_CODES,
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


class _Writer:
    """Writes cells and phrases as markup."""

    def __init__(self, book: Book, tables: tuple[Table, ...]) -> None:
        self._book = book
        self.codes: dict[str, list[Row]] = {}  # list -> its codes
        for row in next(each for each in tables if each.id == "codes").rows:
            assert row.part is not None
            self.codes.setdefault(row.part[0], []).append(row)
        shown = {row.anchor for rows in self.codes.values() for row in rows[:_MOST_CODES]}
        self._anchors = shown | {row.anchor for each in tables if each.id != "codes" for row in each.rows}

    def language_rules(self) -> str:
        """What is not of the chosen language is not shown."""
        return "\n".join(
            f":root:has(#language-{language}:checked) [data-t]:not([lang={language}]){{display:none}}"
            for language in self._book.languages
        )

    def word(self, key: str) -> Markup:
        """A fixed word in all languages."""
        return self.body(
            {language: Phrase((text,)) for language, text in in_languages(WORDS[key], self._book.languages).items()}
        )

    def heading(self, heading: dict[str, str]) -> Markup:
        """A heading in all languages."""
        return self.body({language: Phrase((text,)) for language, text in heading.items()})

    def body(self, cell: Cell) -> Markup:
        """A cell in all languages; what is the same in all stands once."""
        if isinstance(cell, str):
            return escape(cell)
        phrases = [(language, self._phrase(cell[language], language)) for language in self._book.languages]
        if len({text for _, text in phrases}) == 1:
            return phrases[0][1]
        return Markup("").join(
            Markup('<span data-t lang="{}">{}</span>').format(language, text) for language, text in phrases
        )

    def _phrase(self, phrase: Phrase, language: str) -> Markup:
        if phrase.parts and len(str(phrase)) > _OUTLINED:
            words = self._book.sentences[language].speaker.words.phrases
            parts = Markup("").join(Markup("<li>{}</li>").format(self._phrase(part, language)) for part in phrase.parts)
            return Markup("{}<ul>{}</ul>").format(words.get(f"{phrase.joined}.outline", ""), parts)
        return Markup("").join(self._piece(piece) for piece in phrase.pieces)

    def _piece(self, piece: str | Name) -> Markup:
        if isinstance(piece, str):
            return escape(piece)
        target = anchor(piece.kind, piece.key)
        if target not in self._anchors:
            return escape(piece.text)
        return Markup('<a href="#{}">{}</a>').format(target, piece.text)

    def parts(self, table: Table) -> list[tuple[tuple[str, Cell] | None, list[Row]]]:
        """The rows of a table by the form that they stand in."""
        grouped = groupby(table.rows, key=lambda row: row.part[0] if row.part else "")
        return [
            ((rows[0].part[0], rows[0].part[1]) if rows[0].part else None, rows)
            for rows in (list(rows) for _, rows in grouped)
        ]

    def drawings(self) -> dict[str, Drawing]:
        """The drawings of forms and items, by their anchors."""
        book, uses = self._book, Uses(self._book.registry)
        found = {anchor("form", form): draw_form(book, uses, form) for form in book.registry.model.forms}
        found |= {anchor("item", key): draw_item(book, uses, key) for key in book.registry.items}
        return {name: drawing for name, drawing in found.items() if drawing is not None}
