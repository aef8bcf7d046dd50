"""Looking for patients of one's own hospital. What was typed stands in no address: it may be a name or a PESEL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request, session

from storage.errors import NotFound
from storage.finding import find_by_identity
from storage.session_notes import leave_note, read_note
from storage.subjects import find_pseudonym, pseudonym
from web.registries import Version
from web.workspace import visit, workspace

LONGEST = 100
SHORTEST_NAME = 3
_PESEL = re.compile(r"[0-9]{11}")


@dataclass(frozen=True, slots=True)
class Search:
    """What was looked for, and what came of it: one patient, several, or a hint."""

    text: str = ""
    note: str = ""  # under which the session keeps the text
    found: str = ""  # the pseudonym of the one
    among: tuple[int, ...] | None = None
    hint: str = ""  # a pseudonym that may be meant


def keep_search() -> str:
    """Note what was posted in the session, encrypted, for an hour; the name of the note may stand in addresses."""
    text = "".join(filter(str.isprintable, request.form.get("q", ""))).strip()[:LONGEST]
    return leave_note(workspace().database, str(session["token"]), text, at=visit().now) if text else ""


def search_at(version: Version, note: str) -> Search:
    """The search that was noted; none when it is over."""
    text = read_note(workspace().database, str(session["token"]), note, at=visit().now) if note else None
    return _search(version, text, note) if isinstance(text, str) else Search()


def _search(version: Version, text: str, note: str) -> Search:
    """A number, whole or in part, leads to the patient; letters are a surname, eleven digits a PESEL."""
    one, database = visit(), workspace().database
    digits = re.fullmatch(rf"(?:{version.prefix}-?)?0*([1-9][0-9]{{0,8}})(?:-[A-Za-z0-9]*)?", text, re.IGNORECASE)
    names = [text, pseudonym(version.prefix, int(digits[1]))] if digits else [text]
    for place, name in enumerate(names):
        try:
            find_pseudonym(database, one.actor, name, at=one.now)
        except NotFound:
            continue
        typed_whole = digits is not None and text.count("-") > 1
        if place and typed_whole:
            return Search(text, note, hint=name, among=())
        return Search(text, note, found=name.upper())
    numbered = any(letter.isdigit() for letter in text) and not _PESEL.fullmatch(re.sub(r"[\s-]", "", text))
    if numbered or len(text) < SHORTEST_NAME:
        return Search(text, note, among=())
    return Search(text, note, among=find_by_identity(database, one.actor, text, at=one.now))


__all__ = ["Search", "keep_search", "search_at"]
