"""Ids of our language made from the names of others: valid, alike, and each only once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from engine.definitions.code_lists import CODE
from engine.definitions.context import MAX_ID, RESERVED

_NO_DECOMPOSITION = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d"})
_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^a-z0-9]+")
_NO_CODE = re.compile(r"[^A-Za-z0-9_.:/+*-]+")


class Ids:
    """Gives ids, none of them twice."""

    def __init__(self, taken: Collection[str] = ()) -> None:
        self._taken = {*taken, *RESERVED}
        self._next: dict[str, int] = {}  # where to go on counting, so that a thousand of a name take no million steps

    def make(self, name: str, otherwise: str = "item") -> str:
        """The name itself where it can be an id, else something like it: small letters, digits and `_`, at most 64.

        `otherwise` stands in, or before, where a name has no letters or begins with a digit.
        """
        base = snake(name, otherwise)
        made, number = base, self._next.get(base, 2)
        while made in self._taken:
            tail = f"_{number}"
            made, number = base[: MAX_ID - len(tail)] + tail, number + 1
        self._next[base] = number
        self._taken.add(made)
        return made


def snake(name: str, otherwise: str = "item") -> str:
    """`Höhe (cm)` -> `hohe_cm`, `birthDate` -> `birth_date`, `1.2` -> `item_1_2`."""
    plain = plain_letters(name)
    if plain == plain.lower() and _is_id(plain):
        return plain[:MAX_ID]
    words = _OTHER.sub("_", _BORDER.sub("_", plain).lower()).strip("_")
    if not words:
        return otherwise
    return (words if words[0].isalpha() else f"{otherwise}_{words}")[:MAX_ID].rstrip("_")


def _is_id(text: str) -> bool:
    return re.fullmatch(r"[a-z][a-z0-9_]*", text) is not None


def code_like(wanted: str) -> str:
    """A code of ours like a foreign one, at most 65 signs: `żółty kot` -> `zolty_kot`; the same where it is one already."""
    if CODE.fullmatch(wanted):
        return wanted
    plain = _NO_CODE.sub("_", plain_letters(wanted)).strip("_")[:60] or "code"
    return plain if CODE.fullmatch(plain) else f"code_{plain}"[:60].rstrip("_")


def plain_letters(text: str) -> str:
    """Without accents, and without the letters that have none in ASCII."""
    return unicodedata.normalize("NFKD", text.translate(_NO_DECOMPOSITION)).encode("ascii", "ignore").decode()
