"""The documents that are printed, as markup: a form without values, blank or annotated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from engine.compiler import CompiledRegistry
from engine.datatypes.local_time import to_local
from engine.datatypes.words import datetime_text
from engine.model.text import in_language
from renderers.paper.answers import day_combs
from renderers.paper.sheet import ROWS, SheetMaker
from renderers.paper.words import word

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Record:
    """Whose form it is and how it stands: printed on top."""

    who: str = ""  # the pseudonym, in the head of each page
    facts: tuple[tuple[str, str], ...] = ()  # heading and words: event, site, state, who saved it when
    draft: str = ""  # what makes it less than final, in words
    watermark: str = ""  # across each page


NOBODY = Record()


@dataclass(frozen=True, slots=True)
class Printing:
    """What is printed in one go: whose forms, in which language, when."""

    registry: CompiledRegistry
    language: str
    at: datetime

    @property
    def title(self) -> str:
        """The name of the registry."""
        model = self.registry.model
        return in_language(model.title, self.language) or model.registry

    @property
    def stamp(self) -> str:
        """Which definition this is, and when it was printed."""
        model, language = self.registry.model, self.language
        definition = f"{word('definition', language)} {model.registry} {model.version} · {self.registry.hash[:12]}"
        return f"{definition} · {word('printed', language)} {datetime_text(to_local(self.at), language)}"

    def frame(self, kind: str, about: str, record: Record) -> dict[str, object]:
        """What the frame of each document asks for; `about` stands in the head of each page."""
        return {
            "kind": kind,
            "record": record,
            "language": self.language,
            "author": self.title,
            "registry": self.title,
            "about": about,
            "stamp": self.stamp,
            "style": _style(),
        }


def form_document(
    printing: Printing, form: str, *, annotated: bool = False, rows: int = ROWS, record: Record = NOBODY
) -> str:
    """A form without values: to be filled in by hand, for a patient or for anybody; or with all that is fixed about its fields."""
    maker = SheetMaker(printing.registry, printing.language, annotated, rows)
    sheet = maker.sheet(printing.registry.model.forms[form])
    kind = "annotated" if annotated else "blank"
    parts = printing.frame(kind, sheet.title, record)
    page = template("sheet.html", printing.language)
    return page.render(title=sheet.title, sheet=sheet, date=day_combs(printing.language), annotated=annotated, **parts)


@cache
def template(name: str, language: str) -> Template:
    """A template of this folder, its fixed words in a language."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["w"] = lambda key: word(key, language)
    return environment.get_template(name)


@cache
def _style() -> Markup:
    return Markup((_HERE / "paper.css").read_text("utf-8"))  # noqa: S704 - our own file


__all__ = ["NOBODY", "Printing", "Record", "form_document", "template"]
