"""Which items a way to draw can fill: what does not fit is told when the file is read, not drawn in vain."""

from __future__ import annotations

from collections.abc import Mapping

from engine.datatypes.base import Kind
from engine.definitions.tree import Node
from engine.expressions.terms import Type
from engine.synthesis.numbers import NUMBERS

_DAYS = frozenset({Kind.DATE, Kind.DATETIME, Kind.PARTIAL_DATE})
_CODED = frozenset({Kind.CODE, Kind.TEXT})
_FILLS: Mapping[str, frozenset[Kind]] = {  # way to draw -> kinds of items
    "chance": frozenset({Kind.BOOLEAN}),
    "weights": frozenset({Kind.CODE, Kind.CODES, Kind.TEXT, Kind.NUMBER}),
    "several": frozenset({Kind.CODES}),
    "shares": frozenset({Kind.CODE}),
    "digits": frozenset({Kind.TEXT}),
    "pesel": frozenset({Kind.TEXT}),
    "among": frozenset({Kind.REFERENCE}),
}
_TAKES: Mapping[Kind, frozenset[Kind]] = {  # kind of an item -> kinds of values that it takes
    **dict.fromkeys(_DAYS, _DAYS),
    Kind.CODE: _CODED,
    Kind.TEXT: _CODED,
    Kind.CODES: _CODED | {Kind.CODES},
}


def fills(way: str, node: Node, kind: Kind) -> bool:
    """Whether a way to draw can fill an item of that kind."""
    if way in NUMBERS:
        return kind in _DAYS if {"after", "before"} & node.entries.keys() else kind is Kind.NUMBER
    return kind in _FILLS.get(way, frozenset(Kind))


def takes(kind: Kind, found: Type) -> bool:
    """Whether an item of that kind takes what an expression gives."""
    return found.kind is Kind.NOTHING or found.kind in _TAKES.get(kind, {kind})


__all__ = ["fills", "takes"]
