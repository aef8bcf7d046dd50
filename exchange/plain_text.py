"""HTML that stands in texts of forms -> plain text with its line breaks."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from engine.definitions.encoding import UNSEEN

_MARK = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9]{0,15})\b(?P<rest>[^<>]*)>")
# What is not shown at all: from -> to.
_UNSEEN = (("<!--", "-->"), ("<style", "</style>"), ("<script", "</script>"))
_IMAGE = re.compile(r"\balt\s*=\s*([\"'])(?P<alt>.*?)\1", re.DOTALL)
_BLANKS = re.compile(r"[ \t\f\v\u00a0]+")
_BREAKS = re.compile(r"\n{3,}")

# What an element is in plain text; those that are named here are HTML, `<name>` is not.
_BREAK = "\n"
_ELEMENTS: Mapping[str, str] = {
    **dict.fromkeys(
        ["p", "div", "br", "hr", "table", "tbody", "thead", "tr", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"],
        _BREAK,
    ),
    **dict.fromkeys(
        ["blockquote", "pre", "section", "article", "header", "footer", "figure", "dl", "dt", "dd"], _BREAK
    ),
    "li": "\n- ",
    **dict.fromkeys(["td", "th"], " "),
    **dict.fromkeys(
        [
            "b",
            "strong",
            "i",
            "em",
            "u",
            "s",
            "span",
            "font",
            "a",
            "img",
            "sup",
            "sub",
            "small",
            "big",
            "center",
            "code",
        ],
        "",
    ),
    **dict.fromkeys(
        ["label", "mark", "strike", "del", "ins", "abbr", "cite", "q", "iframe", "video", "audio", "source", "button"],
        "",
    ),
    **dict.fromkeys(
        ["body", "html", "style", "script", "col", "colgroup", "caption", "wbr", "o", "input", "object"], ""
    ),
}


def plain_text(text: str) -> str:
    """The text without marks and signs that nobody sees, and with entities as signs. `a < b` and `<name>` stay: they are no marks."""
    if "<" not in text and "&" not in text:
        return UNSEEN.sub("", text).strip()
    marked = "<!--" in text or _has_marks(text)
    seen = _MARK.sub(_plain, _seen(text)) if marked else text
    words = UNSEEN.sub("", html.unescape(seen).replace("\u00a0", " "))
    if not marked:
        return words.strip()
    lines = (_BLANKS.sub(" ", line).strip() for line in words.split("\n"))
    return _BREAKS.sub("\n\n", "\n".join(lines)).strip()


def loses_marks(text: str) -> bool:
    """Whether plain text says less than a text with marks: more than line breaks."""
    return any(
        match["name"].lower() in _ELEMENTS and match["name"].lower() not in ("p", "br", "div")
        for match in _MARK.finditer(text)
    )


def _has_marks(text: str) -> bool:
    return any(match["name"].lower() in _ELEMENTS for match in _MARK.finditer(text))


def _seen(text: str) -> str:
    """In one pass each: what is never closed stays."""
    for begin, end in _UNSEEN:
        kept, at, lowered = [], 0, text.lower() if begin in text.lower() else ""
        while lowered and (start := lowered.find(begin, at)) >= 0 and (stop := lowered.find(end, start)) >= 0:
            kept.append(text[at:start])
            at = stop + len(end)
        text = "".join([*kept, text[at:]])
    return text


def _plain(match: re.Match[str]) -> str:
    name = match["name"].lower()
    if name not in _ELEMENTS:
        return match[0]
    if name == "li" and match["close"]:
        return ""
    image = _IMAGE.search(match["rest"]) if name == "img" else None
    return image["alt"] if image is not None else _ELEMENTS[name]
