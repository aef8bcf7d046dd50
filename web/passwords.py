"""Which passwords are taken: long enough, not easily guessed by whoever knows people or this place, not leaked elsewhere."""

from __future__ import annotations

import hashlib
import mmap
import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path

from flask import request

from storage.accounts import SHORTEST_PASSWORD
from web.typed import Refused
from web.workspace import visit, workspace

LEAST_GUESSES = 10**10  # by somebody who tries what is usual first; the estimator calls less than that weak
LEAST_WORD, LEAST_REST = 3, 8  # letters of a known word; characters that must be left besides such words
LONGEST = 1000  # characters that are taken
_JUDGED = 72  # characters that the estimator looks at
_DIGEST = 40  # characters of a SHA-1 in hexadecimal

# What guessers would try here, besides the estimator's lists of the most usual passwords, names and English words.
WORDS_OF_THIS_PLACE = (
    *("ecrf", "krm", "rejestr", "rejestry", "registry", "szpital", "hospital", "klinika", "clinic", "oddzial", "kardiologia"),
    *("lekarz", "doktor", "doctor", "pielegniarka", "nurse", "pacjent", "patient", "koordynator", "administrator", "admin"),
    *("haslo", "mojehaslo", "password", "kocham", "kochanie", "misiek", "polska", "warszawa", "krakow", "wiosna", "lato"),
    *("jesien", "zima", "styczen", "luty", "marzec", "kwiecien", "maj", "czerwiec", "lipiec", "sierpien", "wrzesien"),
    *("pazdziernik", "listopad", "grudzien", "poniedzialek", "wtorek", "sroda", "czwartek", "piatek", "sobota", "niedziela"),
)  # fmt: skip


class Weakness(StrEnum):
    """Why a password is not taken; words of the same name say so."""

    SHORT = "password_short"
    USUAL = "password_usual"
    LEAKED = "password_leaked"


def weakness_of(password: str, about: Iterable[str] = (), leaked: Path | None = None) -> Weakness | None:
    """What is wrong with a password of somebody with this name and login; None where it is taken.

    Args:
        password: as it was typed. It is judged without marks and capitals, which do not stop anybody.
        about: what is known of the person.
        leaked: a file of leaked passwords, see `is_leaked`.
    """
    if len(password) < SHORTEST_PASSWORD:
        return Weakness.SHORT
    known = {part for text in about for part in (_plain(text), *re.split(r"[\W_]+", _plain(text)))}
    if _is_easy(_plain(password), sorted({*WORDS_OF_THIS_PLACE, *known} - {""}, key=len, reverse=True)):
        return Weakness.USUAL
    return Weakness.LEAKED if leaked is not None and is_leaked(leaked, password) else None


def _is_easy(plain: str, known: Sequence[str]) -> bool:
    """Whether little is left without what everybody knows, or it is guessed soon all the same."""
    from zxcvbn import zxcvbn  # noqa: PLC0415 -- large lists, for the few moments in which somebody chooses a password

    rest = re.sub("|".join(re.escape(word) for word in known if len(word) >= LEAST_WORD), "", plain)
    if len(rest) < LEAST_REST:
        return True
    return bool(zxcvbn(plain[:_JUDGED], user_inputs=known, max_length=_JUDGED)["guesses"] < LEAST_GUESSES)


def _plain(text: str) -> str:
    """Small letters without marks."""
    parts = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def is_leaked(file: Path, password: str) -> bool:
    """Whether a file knows a password: lines of SHA-1 in hexadecimal, sorted, whatever follows after a colon.

    Such files are published with hundreds of millions of lines: it is searched where it lies.
    """
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as lines:
        low, high = 0, len(lines)
        while low < high:
            start = lines.rfind(b"\n", 0, (low + high) // 2) + 1
            found = lines[start : start + _DIGEST].upper()
            if found == wanted:
                return True
            if found > wanted:
                high = start
            else:
                end = lines.find(b"\n", start)
                low = len(lines) if end < 0 else end + 1
    return False


def posted_password(*about: str) -> str:
    """A new password that was typed twice alike, of somebody of whom this is known. Raises Refused."""
    words, password = visit().words, request.form.get("password", "")[:LONGEST]
    weakness = weakness_of(password, about, workspace().settings.leaked_passwords)
    if weakness is not None:
        raise Refused(words(weakness, least=SHORTEST_PASSWORD))
    if password != request.form.get("again", "")[:LONGEST]:
        raise Refused(words("password_differs"))
    return password


__all__ = [
    "LEAST_GUESSES",
    "LEAST_REST",
    "LONGEST",
    "WORDS_OF_THIS_PLACE",
    "Weakness",
    "is_leaked",
    "posted_password",
    "weakness_of",
]
