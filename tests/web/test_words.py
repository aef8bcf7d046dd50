"""The words of the pages: the same keys in both languages, the same places to fill, nothing unused."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCALES = {name: json.loads((ROOT / "web" / "locale" / f"{name}.json").read_text("utf-8")) for name in ("pl", "en")}


def test_both_languages_have_the_same_keys():
    assert LOCALES["pl"].keys() == LOCALES["en"].keys()


def test_texts_have_the_same_places_to_fill():
    for key, text in LOCALES["pl"].items():
        assert isinstance(text, str) is isinstance(LOCALES["en"][key], str), key
        assert _places(text) == _places(LOCALES["en"][key]), key


def _places(text):
    return set(re.findall(r"\{(\w+)\}", " ".join([text] if isinstance(text, str) else text)))


def test_counted_words_have_all_plural_forms():
    for language, forms in (("pl", 3), ("en", 2)):
        assert all(len(text) == forms for text in LOCALES[language].values() if isinstance(text, list))


def test_every_word_that_is_asked_for_is_there():
    shared = json.loads((ROOT / "renderers" / "html" / "locale" / "pl.json").read_text("utf-8"))
    asked = {
        key: path.name
        for path in (ROOT / "web").rglob("*.html")
        for key in re.findall(r"\b[tn]\('(\w+)'(?=[,)])", path.read_text("utf-8"))
    }
    asked |= {
        key: path.name
        for path in (ROOT / "web").rglob("*.py")
        for key in re.findall(r"\bwords\(\"(\w+)\"", path.read_text("utf-8"))
    }
    assert {key: place for key, place in asked.items() if key not in LOCALES["pl"] and key not in shared} == {}
    assert len(asked) > 500


def test_no_word_is_unused():
    sources = [
        path.read_text("utf-8")
        for folder in ("web",)
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".html")
    ]
    text = "\n".join(sources)
    prefixes: tuple[str, ...] = (
        "state_",
        "said_",
        "failure_",
        "step_",
        "list_",
        "tick_",
        "column_",
        "why_",
        "show_",
        "query_",
        "verify_",
        "day_",
        "days_",
        "known_label_",
        "takeover_state_",
        "did_",
        "deed_",
        "deeds_",
        "channel_",
        "past_",
        "audit_",
    )
    prefixes += ("change_", "mark_", "meaning_", "verdict_", "do_", "did_", "title_", "text_", "bulk_")  # of states
    prefixes += ("help_", "a11y_content_", "a11y_request_", "stray_", "link_", "waiting_did_", "waiting_why_")
    prefixes += ("role_", "mail_", "reminders_", "account_made_", "password_changed_", "reset_over", "invitation_over")
    unused = [key for key in LOCALES["pl"] if key not in text and not key.startswith(prefixes)]
    assert unused == []
