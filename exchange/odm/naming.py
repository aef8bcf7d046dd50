"""How definitions of ODM are called: from OIDs and Names to our ids, and the OIDs of what has none."""

from __future__ import annotations

import re

from exchange.odm.elements import Element
from exchange.odm.own_keys import ID, own_word

MAX_NAME = 40  # letters of a Name that may become an id; longer ones are sentences
MAX_WORDS = 5
_SNAKE = re.compile(r"[a-z][a-z0-9_]*")
_PREFIX = re.compile(r"^(?:IT|IG|FO|SE|CL|FORM|ITEM|I|F|E|S|G)[._]+(?=[A-Za-z])", re.IGNORECASE)
_PREFIXES = {"form": "F", "event": "E", "codelist": "CL", "section": "S", "group": "G", "item": "I"}


def base_name(element: Element) -> str:
    """What an id is made of: an OID that could be one, else the Name if it is short, else the OID without what tells its kind."""
    told = own_word(element, ID)
    if told:
        return told
    oid, name = element.get("OID", "").strip(), element.get("Name", "").strip()
    if _SNAKE.fullmatch(oid):
        return oid
    if _PREFIX.sub("", oid) != oid and standing_for(oid) is not None:
        return standing_for(oid) or ""
    if any(map(str.isalpha, name)) and len(name) <= MAX_NAME and len(name.split()) <= MAX_WORDS:
        return name
    return _PREFIX.sub("", oid) or name


def standing_for(oid: str) -> str | None:
    """The id in an OID that `made_oid` gave, else None."""
    prefix, _, rest = oid.partition(".")
    last = rest.rpartition(".")[2]
    return last if prefix in _PREFIXES.values() and all(map(_SNAKE.fullmatch, rest.split("."))) else None


def made_oid(kind: str, *ids: str) -> str:
    """The OID of a definition that has no name of its own elsewhere: `I.visit.weight`."""
    return ".".join((_PREFIXES[kind], *ids))


def own_oid(element: Element, kind: str, *ids: str) -> str | None:
    """The OID where it says more than the id does."""
    oid = element.get("OID", "").strip()
    return None if oid in ("", ids[-1], made_oid(kind, *ids)) else oid
