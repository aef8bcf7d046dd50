"""What ODM has no word for travels in Alias elements, which are valid everywhere: `<Alias Context="ecrf:hint" Name="…"/>`, the value as JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from exchange.document import Entry
from exchange.odm.elements import Element

CONTEXT = "ecrf:"
ID, CONTINUES = "id", "continues"
_STRUCTURAL = frozenset({ID, CONTINUES})
_NUMBER = "decimal"


def encoded(value: Any) -> str:
    """A value of a document as JSON; decimals keep all their digits."""
    return json.dumps(value, ensure_ascii=False, default=lambda number: {_NUMBER: str(number)})


def decoded(text: str) -> Any:
    """The value again. Raises ValueError for what is no JSON."""
    return json.loads(text, object_hook=_number)


def _number(value: Entry) -> Any:
    return Decimal(value[_NUMBER]) if list(value) == [_NUMBER] and isinstance(value[_NUMBER], str) else value


def is_own(element: Element) -> bool:
    """Whether an Alias is one of ours."""
    return element.tag == "Alias" and element.get("Context", "").startswith(CONTEXT)


def own_keys(element: Element) -> Entry:
    """The keys that aliases of an element hold; None means that the key is not there. What is no JSON is passed over."""
    found: Entry = {}
    for part in element.iterchildren("Alias"):
        key = part.get("Context", "").removeprefix(CONTEXT)
        if is_own(part) and key not in _STRUCTURAL:
            try:
                found[key] = decoded(part.get("Name", ""))
            except ValueError:
                continue
    return found


def own_word(element: Element, key: str) -> str:
    """A structural word: the id of a part, or what its content continues; '' where there is none."""
    return next(
        (part.get("Name", "") for part in element.iterchildren("Alias") if part.get("Context") == CONTEXT + key), ""
    )
