"""Looking for patients of one's own hospital. What was typed stands in no address: it may be a name or a PESEL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request, session

from engine.datatypes.identifiers import judge_pesel
from storage.identity import searched_hashes
from storage.local_numbers import find_number
from storage.session_notes import leave_note, read_note
from storage.subjects import pseudonym
from web.registries import Version
from web.roles import Permission, allows
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
    hashes: tuple[bytes, ...] | None = None  # keyed, under which the list finds persons
    hint: str = ""  # a pseudonym that may be meant


def keep_search() -> str:
    """Note what was posted in the session, encrypted, for an hour; the name of the note may stand in addresses."""
    text = "".join(filter(str.isprintable, request.form.get("q", ""))).strip()[:LONGEST]
    return leave_note(workspace().database, str(session["token"]), text, at=visit().now) if text else ""


def search_at(version: Version, note: str) -> Search:
    """The search that was noted; none when it is over."""
    text = read_note(workspace().database, str(session["token"]), note, at=visit().now) if note else None
    return _search(version, text, note) if isinstance(text, str) else Search()


def holds_pesel(text: str) -> bool:
    """Whether a text holds what reads as a PESEL: it must not become a number by which everybody calls a patient."""
    joined = re.sub(r"[\s-]", "", text)
    return any(judge_pesel(run) is None for run in re.findall(r"(?<![0-9])[0-9]{11}(?![0-9])", joined))


def _search(version: Version, text: str, note: str) -> Search:
    """A number, whole or in part or the hospital's own, leads to the patient; letters are a surname, eleven digits a PESEL.

    Whoever may not see who patients are finds them by numbers alone.
    """
    one, database = visit(), workspace().database
    digits = re.fullmatch(rf"(?:{version.prefix}-?)?0*([1-9][0-9]{{0,8}})(?:-[A-Za-z0-9]*)?", text, re.IGNORECASE)
    whole = pseudonym(version.prefix, int(digits[1])) if digits else ""
    found = find_number(database, one.actor, list(filter(None, (text, whole))), text, at=one.now)
    if found is not None:
        misspelt = found == whole.upper() != text.upper() and text.count("-") > 1
        return Search(text, note, hint=found, hashes=()) if misspelt else Search(text, note, found=found)
    numbered = any(letter.isdigit() for letter in text) and not _PESEL.fullmatch(re.sub(r"[\s-]", "", text))
    if numbered or len(text) < SHORTEST_NAME or not allows(one.actor.role, Permission.IDENTITY):
        return Search(text, note, hashes=())
    return Search(text, note, hashes=tuple(searched_hashes(database.master, text)))


__all__ = ["Search", "holds_pesel", "keep_search", "search_at"]
