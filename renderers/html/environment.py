"""The Jinja environment of all pages: escaping on, undefined names refused, words of one language at hand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from renderers.html.words import Words

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
_ICONS = 500  # kept: an icon with its label and class comes back on every page
LANGUAGE_NAMES = {"pl": "polski", "en": "English"}


_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "syr", "ug", "ur", "yi"})


def _spoken(language: str) -> Markup:
    """Attributes of elements whose text is in that language; none for ''."""
    if not language:
        return Markup("")
    direction = Markup(' dir="rtl"') if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else ""
    return Markup(' lang="{}"{}').format(language, direction)


class _Compiled(BytecodeCache):
    """Templates compiled in this process: each registry and language has an environment, and all have the same templates."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code


@lru_cache(1)
def _compiled() -> BytecodeCache:
    return _Compiled()


def build_environment(
    words: Words,
    *,
    static_url: str = "/static/",
    folders: Sequence[Path] = (),
    inline_icons: bool = False,
    spoken: str = "",
) -> Environment:
    """An environment for one language. `folders` hold further templates, such as those of the web application.

    `spoken`: the language of the definition's texts, where it is another than that of the interface.

    `inline_icons`: the page brings the icon sprite itself, as a page that is one file must.
    """
    environment = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=_compiled(),
    )
    fixed = {key: escape(text) for key, text in words.texts.items() if isinstance(text, str)}

    def told(key: str, **parts: object) -> str:
        """A text of the interface: what has no parts is markup already, and need not be escaped each time."""
        return words.text(key, **parts) if parts or key not in fixed else fixed[key]

    environment.globals.update(
        t=told,
        n=words.count,
        forms=words.forms,
        language=words.language,
        static=static_url,
        icons="" if inline_icons else f"{static_url}icons.svg",
        language_names=LANGUAGE_NAMES,
        spoken=_spoken(spoken),
        kept=lru_cache(_ICONS),
    )
    parts: Any = environment.get_template("parts.html").module
    environment.globals["icon"] = parts.icon  # a global, since the frame of each page would import it anew
    return environment
