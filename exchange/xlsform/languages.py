"""Languages of a workbook: `Polski (pl)`, `English`, `fra` -> the shortest code of ISO 639, and back."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping
from functools import cache

from babel.core import Locale, get_global
from babel.localedata import locale_identifiers

NAMES: Mapping[str, str] = {
    "pl": "Polski", "en": "English", "fr": "Français", "es": "Español", "de": "Deutsch", "pt": "Português", "it": "Italiano",
    "nl": "Nederlands", "ru": "Русский", "uk": "Українська", "ar": "العربية", "zh": "中文", "ja": "日本語", "ko": "한국어",
    "hi": "हिन्दी", "bn": "বাংলা", "ne": "नेपाली", "ur": "اردو", "fa": "فارسی", "tr": "Türkçe", "sw": "Kiswahili", "am": "አማርኛ",
    "so": "Soomaali", "ha": "Hausa", "yo": "Yorùbá", "ig": "Igbo", "rw": "Kinyarwanda", "id": "Bahasa Indonesia", "ms": "Bahasa Melayu",
    "vi": "Tiếng Việt", "th": "ไทย", "my": "မြန်မာ", "km": "ខ្មែរ", "lo": "ລາວ", "tl": "Tagalog", "ta": "தமிழ்", "te": "తెలుగు",
    "ml": "മലയാളം", "mr": "मराठी", "gu": "ગુજરાતી", "pa": "ਪੰਜਾਬੀ", "si": "සිංහල", "ps": "پښتو", "ku": "Kurdî", "he": "עברית",
    "el": "Ελληνικά", "ro": "Română", "hu": "Magyar", "cs": "Čeština", "sk": "Slovenčina", "sl": "Slovenščina", "hr": "Hrvatski",
    "sr": "Српски", "bs": "Bosanski", "bg": "Български", "mk": "Македонски", "sq": "Shqip", "lt": "Lietuvių", "lv": "Latviešu",
    "et": "Eesti", "fi": "Suomi", "sv": "Svenska", "no": "Norsk", "da": "Dansk", "ht": "Kreyòl ayisyen", "mg": "Malagasy", "ln": "Lingala",
    "ny": "Chichewa", "sn": "Shona", "zu": "isiZulu", "xh": "isiXhosa", "af": "Afrikaans", "wo": "Wolof", "ka": "ქართული", "hy": "Հայերեն",
    "az": "Azərbaycan", "kk": "Қазақша", "uz": "Oʻzbek", "ky": "Кыргызча", "tg": "Тоҷикӣ", "mn": "Монгол", "qu": "Runa Simi",
}  # fmt: skip
_SPELLINGS: Mapping[str, str] = {  # as people write them, beside what Unicode's locale data call them
    "francais": "fr", "espanol": "es", "bengali": "bn", "farsi": "fa", "dari": "fa", "bahasa": "id", "filipino": "tl",
    "haitian": "ht", "creole": "ht", "chichewa": "ny", "afaan": "om",
}  # fmt: skip
_CODE = r"([A-Za-z]{2,3})(?:[-_][A-Za-z]+)?"
_IN_BRACKETS = re.compile(rf"\(\s*{_CODE}\s*\)\s*$")
_SHORT = re.compile(_CODE)
_PRIVATE = tuple(f"q{second}{third}" for second in "abcdefghijklmnopqrst" for third in string.ascii_lowercase)


def codes_of(names: Iterable[str]) -> dict[str, str]:
    """The code of each language; what is not known gets one that ISO 639-2 leaves for private use, from `qaa` on."""
    found: dict[str, str] = {}
    private = iter(_PRIVATE)
    for name in names:
        found[name] = code_of(name) or next(private)
    return found


def is_private(code: str) -> bool:
    """Whether a code stands for a language that is not known."""
    return code in _PRIVATE


def code_of(name: str) -> str | None:
    """Two letters, or three where a language has only those; None where it is not known."""
    bracketed = _IN_BRACKETS.search(name)
    if bracketed:
        return _shortest(bracketed[1])
    words = " ".join(name.casefold().split())
    first = re.split(r"[\s(,/_-]+", words)[0]
    usual = _usual_names()
    if found := usual.get(words) or usual.get(first):
        return found
    if short := _SHORT.fullmatch(name.strip()):
        return _shortest(short[1])
    own = _own_names()
    return own.get(words) or own.get(first)


def _shortest(written: str) -> str:
    """`eng`, `fre` and `fra` have two letters too."""
    code = written.lower()
    aliases = get_global("language_aliases")
    return aliases.get(code, code).partition("_")[0] if len(code) == 3 else code


@cache
def _usual_names() -> Mapping[str, str]:
    """English names, and those of languages that forms are often written in."""
    english = Locale("en").languages
    known = {name.casefold(): code for code, name in english.items() if re.fullmatch("[a-z]{2,3}", code)}
    return {**known, **{name.casefold(): code for code, name in NAMES.items()}, **_SPELLINGS}


@cache
def _own_names() -> Mapping[str, str]:
    """What other languages call themselves; a second of work, so only where a name is not known otherwise."""
    codes = [code for code in locale_identifiers() if re.fullmatch("[a-z]{2,3}", code)]
    named = {code: Locale(code).languages.get(code) for code in codes}
    return {name.casefold(): code for code, name in named.items() if name}


def column_name(code: str) -> str:
    """`Polski (pl)`, as XLSForm recommends."""
    return f"{NAMES.get(code) or Locale('en').languages.get(code, code)} ({code})"
