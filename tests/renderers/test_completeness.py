"""Every control has a macro, a field and a way to show its value; every text exists in every language."""

import re
import string
from typing import Any

import pytest

from engine.datatypes import Control
from renderers.html import STATIC, TEMPLATES, build_environment, load_words
from renderers.html.fields import FIELDS
from renderers.html.values import SHOW
from renderers.html.vendoring import faults
from renderers.html.words import LANGUAGES


def test_every_control_has_a_macro_a_field_and_a_way_to_be_shown():
    module: Any = build_environment(load_words("pl")).get_template("controls.html").module
    macros = module.CONTROLS

    assert set(macros) == {str(control) for control in Control}
    assert set(FIELDS) == set(SHOW) == set(Control)


def test_languages_have_the_same_texts_with_the_same_placeholders():
    polish, english = (load_words(language).texts for language in ("pl", "en"))

    assert set(polish) == set(english)
    for key, found in polish.items():
        assert isinstance(found, list) is isinstance(english[key], list), key
        assert _holes(found) == _holes(english[key]) or "number" in _holes(found), key


@pytest.mark.parametrize(("language", "forms"), [("pl", 3), ("en", 2)])
def test_counted_texts_have_all_plural_forms(language, forms):
    assert {len(found) for found in load_words(language).texts.values() if isinstance(found, list)} == {forms}


@pytest.mark.parametrize(
    ("number", "expected"), [(1, "1 błąd"), (2, "2 błędy"), (5, "5 błędów"), (12, "12 błędów"), (22, "22 błędy")]
)
def test_polish_numerals_agree(number, expected):
    assert load_words("pl").count("errors", number) == expected


def test_templates_use_only_texts_that_exist_and_no_text_is_left_unused():
    folder = TEMPLATES.parent
    sources = "".join(path.read_text(encoding="utf-8") for path in (*folder.rglob("*.html"), *folder.glob("*.py")))
    used = set(re.findall(r"\b[tn]\('([a-z_]+)'[,)]", sources))
    quoted = set(re.findall(r"['\"]([a-z_]+)['\"]", sources))
    texts = set(load_words("pl").texts)

    assert used <= texts
    assert {key for key in texts - quoted if not key.startswith("state_")} == set()


def test_templates_hold_no_style_and_no_script_of_their_own():
    for path in TEMPLATES.rglob("*.html"):
        source = path.read_text(encoding="utf-8")
        assert "style=" not in source, path.name
        assert not re.search(r"\son[a-z]+=", source), path.name
        if path.name != "standalone.html":
            assert "<style" not in source, path.name


def test_icons_that_templates_name_are_in_the_sprite():
    sprite = set(re.findall(r'id="i-([a-z]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))
    sources = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html"))
    named = set(re.findall(r"icon\('([a-z]+)'", sources))

    assert named <= sprite


def test_the_style_sheet_stays_thin_and_asks_no_network():
    style = "".join((STATIC / name).read_text(encoding="utf-8") for name in ("tokens.css", "ui.css", "screens.css"))

    assert (STATIC / "ui.css").stat().st_size < 25_000
    assert "url(" not in style
    assert "@import" not in style
    assert "@font-face" not in style


def test_vendored_files_are_the_locked_ones():
    assert list(faults()) == []


def _holes(found):
    texts = found if isinstance(found, list) else [found]
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


def test_there_is_a_catalogue_for_each_language():
    assert set(LANGUAGES) == {"pl", "en"}
    assert load_words("de").language == "en"
