"""Looking for patients of one's own hospital. What was typed stands in no address: it may be a name or a PESEL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request, session

from engine.datatypes.identifiers import is_pesel
from storage.identity import searched_hashes
from storage.limits import spend
from storage.local_numbers import find_number
from storage.session_notes import leave_note, read_note
from storage.subjects import pseudonym
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
    hashes: tuple[bytes, ...] | None = None  # keyed, under which the list finds persons
    hint: str = ""  # a pseudonym that may be meant


def keep_search() -> str:
    """Note what was posted in the session, encrypted, for an hour; the name of the note may stand in addresses.

    Raises LockedOut where one looks for identity numbers too often.
    """
    text = "".join(filter(str.isprintable, request.form.get("q", ""))).strip()[:LONGEST]
    one, database = visit(), workspace().database
    if is_pesel(text):
        with database.write() as connection:
            spend(connection, "identity search", one.actor.account, one.now)
    return leave_note(database, str(session["token"]), text, at=one.now) if text else ""


def search_at(version: Version, note: str) -> Search:
    """The search that was noted; none when it is over."""
    text = read_note(workspace().database, str(session["token"]), note, at=visit().now) if note else None
    return _search(version, text, note) if isinstance(text, str) else Search()


def _search(version: Version, text: str, note: str) -> Search:
    """A number, whole or in part or the hospital's own, leads to the patient; letters are a surname, eleven digits a PESEL.

    Whoever may not see who patients are finds them by numbers alone.
    """
    one, database = visit(), workspace().database
    form = rf"(?:{version.prefix}[\s-]*)?0*([1-9][0-9]{{0,8}})(?:-([a-z0-9]*)|\s*([a-z][0-9]))?"
    digits = re.fullmatch(form, text, re.IGNORECASE)
    whole = pseudonym(version.prefix, int(digits[1])) if digits else ""
    found = find_number(database, one.actor, list(filter(None, (text, whole))), text, at=one.now)
    if found is not None:
        ending = (digits[2] or digits[3] or "").upper() if digits else ""  # what guards against slips
        misspelt = found == whole and not whole.endswith(ending)
        return Search(text, note, hint=found, hashes=()) if misspelt else Search(text, note, found=found)
    numbered = any(letter.isdigit() for letter in text) and not _PESEL.fullmatch(re.sub(r"[\s-]", "", text))
    if numbered or len(text) < SHORTEST_NAME or not one.actor.identities:
        return Search(text, note, hashes=())
    return Search(text, note, hashes=tuple(searched_hashes(database.master, text)))


__all__ = ["Search", "keep_search", "search_at"]
