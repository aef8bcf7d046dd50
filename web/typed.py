"""What was posted to a small form of a page: read, refused in words beside it, or told as done on the next page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from flask import redirect, request
from flask.typing import ResponseReturnValue

from engine.datatypes.identifiers import holds_pesel
from storage.hospitals import Change
from web.news import News
from web.workspace import visit

MOST = 200  # characters of a short answer


@dataclass(frozen=True, slots=True)
class Typed:
    """A form that was refused: its name on the page, why, and what stood in it."""

    form: str = ""
    fault: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """What was typed cannot be taken; the text says why and what to do."""


class HoldsPesel(Refused):
    """A text holds what reads as a PESEL. Where a page has no place to say so, it is shown once more to be corrected."""


def own_words(text: str) -> str:
    """What somebody wrote to others, who may not know who patients are, as it is. Raises HoldsPesel."""
    if holds_pesel(text):
        raise HoldsPesel(visit().words("text_pesel"))
    return text


def posted_text() -> str:
    """What was typed into a conversation. Raises HoldsPesel."""
    return own_words(request.form.get("text", "").replace("\r\n", "\n"))


def line_of(name: str, most: int) -> str:
    """A reason or an answer, in one line and not longer than it may be. Raises HoldsPesel."""
    return own_words(" ".join(request.form.get(name, "").split()))[:most]


def word_of(name: str, label: str, *, most: int = MOST, empty: bool = False) -> str:
    """A short answer without outer blanks and signs that nobody sees. Raises Refused where it is empty or too long."""
    text = "".join(filter(str.isprintable, request.form.get(name, ""))).strip()
    if not text and not empty:
        raise Refused(visit().words("admin_empty", field=visit().words(label)))
    if len(text) > most:
        raise Refused(visit().words("admin_long", field=visit().words(label), most=most))
    return text


def day_of(name: str, label: str, *, empty: bool = False) -> date | None:
    """A day, as a date field sends it or as people write it (17.03.2025). Raises Refused."""
    text = word_of(name, label, empty=empty)
    if not text:
        return None
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            found = datetime.strptime(text, form).date()  # noqa: DTZ007 -- a day has no zone
        except ValueError:
            continue
        if 1900 <= found.year <= 2200:
            return found
    raise Refused(visit().words("admin_no_day", field=visit().words(label), text=text))


def change_of(*, reason: bool = False) -> Change:
    """Who changes something now, and the reason where one is asked for. Raises Refused without it."""
    one = visit()
    assert one.account is not None
    return Change(one.account.name, one.now, own_words(word_of("reason", "admin_reason")) if reason else "")


def typed(fault: str) -> Typed:
    """The form at hand, to be shown again."""
    return Typed(request.form.get("form", "")[:40], fault, {name: value[:1000] for name, value in request.form.items()})


def done(address: str, said: str, **parts: str) -> ResponseReturnValue:
    """On to a page that tells what was done."""
    note = News((said, *(f"{name}={value}" for name, value in parts.items()))).leave()
    return redirect(f"{address}{'&' if '?' in address else '?'}said={note}", 303)


def said() -> str:
    """What the page before did, in words; empty when nothing."""
    news = News.taken("said")
    return visit().words(news.said[0], **dict(part.split("=", 1) for part in news.said[1:])) if news.said else ""


__all__ = [
    "MOST",
    "HoldsPesel",
    "Refused",
    "Typed",
    "change_of",
    "day_of",
    "done",
    "line_of",
    "own_words",
    "posted_text",
    "said",
    "typed",
    "word_of",
]
