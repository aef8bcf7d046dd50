"""How an item is answered with a pen: boxes to tick, boxes for digits, lines to write on. One function a control."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from engine.compiler.rules import ItemRules
from engine.datatypes.base import Control
from engine.model.item import ItemDef
from renderers.html.faces import ItemFace, control_of
from renderers.paper.words import word

MOST_BOXES = 40  # longer lists are written, not ticked
_DIGITS = 5  # of a number whose limits do not say how long it is
_MOST_CELLS = 24
_CHECKED: Mapping[str, int] = MappingProxyType({"pesel": 11, "npwz": 7})  # named checks of a fixed length
_STEP = re.compile(r"(?:\[[^\]]+\]|\\.|[^\\\[\](){}|.*+?^$])(?:\{(\d+,)?(\d+)\}|(\?))?")


@dataclass(frozen=True, slots=True)
class Box:
    """One answer to tick."""

    text: str
    code: str
    key: str = ""  # that chooses it on screen
    standard: str = ""


@dataclass(frozen=True, slots=True)
class Comb:
    """Boxes for characters, and the sign or unit that follows them."""

    cells: int
    caption: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is printed where the answer goes."""

    boxes: tuple[Box, ...] = ()
    several: bool = False
    combs: tuple[Comb, ...] = ()
    unit: str = ""
    units: tuple[str, ...] = ()  # to choose from
    lines: int = 0  # each with the combs before it, where there are both
    caption: str = ""  # of the lines
    words: str = ""  # instead of all that, but for the codes of an annotated form

    @property
    def columns(self) -> bool:
        """Whether boxes stand in columns: many of them, or long ones."""
        return len(self.boxes) > 6 or any(len(box.text) > 34 for box in self.boxes)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its rules, its face on screen, the answers of its code list, the language."""

    rules: ItemRules
    face: ItemFace
    boxes: tuple[Box, ...]
    language: str

    @property
    def item(self) -> ItemDef:
        """Its definition."""
        return self.rules.item

    def word(self, key: str) -> str:
        """A fixed word in its language."""
        return word(key, self.language)


def answer_of(asked: Asked) -> Answer:
    """The place for an answer."""
    if asked.item.calculate is not None:
        return Answer(asked.boxes, words=asked.word("calculated"), unit=asked.face.unit)
    return _ANSWERS[control_of(asked.item)](asked)


def _text(asked: Asked) -> Answer:
    cells = _characters(asked.item)
    return Answer(combs=(Comb(cells),)) if cells else Answer(lines=1)


def _characters(item: ItemDef) -> int:
    """How long a short text may get; 0 where a line fits better."""
    facets = item.facets
    length = _CHECKED.get(facets.check or "") or _width(facets.pattern) or facets.max_length or 0
    return length if length <= _MOST_CELLS else 0


def _width(pattern: str | None) -> int:
    """The greatest length of a simple pattern such as `^[0-9]{3}$`; 0 where it is none."""
    inner = (pattern or "").removeprefix("^").removesuffix("$")
    steps = list(_STEP.finditer(inner))
    if not inner or "".join(step[0] for step in steps) != inner:
        return 0
    return sum(int(step[2]) if step[2] else 1 for step in steps)


def _long_text(_asked: Asked) -> Answer:
    return Answer(lines=5)


def _number(asked: Asked) -> Answer:
    greatest = _greatest(asked.rules)
    whole = len(str(int(greatest))) if greatest is not None else _DIGITS
    decimals = asked.item.facets.decimals or 0
    point = "," if asked.language == "pl" else "."
    combs = (Comb(whole, after=point), Comb(decimals)) if decimals else (Comb(whole),)
    if _negative(asked.rules):
        combs = (Comb(1, caption="±"), *combs)
    units = tuple(label for _, label in asked.face.units)
    return Answer(combs=combs, unit=asked.face.unit if len(units) < 2 else "", units=units if len(units) > 1 else ())


def _bounds(rules: ItemRules) -> list[Decimal]:
    """The limits that are plain numbers, hard ones where there are any."""
    found = {
        hard: [
            end.term.args[0]
            for bound in rules.ranges
            if bound.check.hard is hard
            for end in (bound.low, bound.high)
            if end is not None and end.term.op == "const" and isinstance(end.term.args[0], Decimal)
        ]
        for hard in (True, False)
    }
    return found[True] or found[False]


def _greatest(rules: ItemRules) -> Decimal | None:
    """The greatest number that fits, in any of the units; None where nothing is said."""
    if not any(bound.high is not None and bound.high.term.op == "const" for bound in rules.ranges):
        return None
    most = max((abs(bound) for bound in _bounds(rules)), default=None)
    factors = (*rules.item.facets.units.values(), Decimal(1))
    return max(most * factor for factor in factors) if most is not None else None


def _negative(rules: ItemRules) -> bool:
    return any(bound < 0 for bound in _bounds(rules))


def _date(asked: Asked) -> Answer:
    return Answer(combs=day_combs(asked.language))


def day_combs(language: str) -> tuple[Comb, ...]:
    """Boxes for a date."""
    return tuple(Comb(cells, word(key, language)) for key, cells in (("day", 2), ("month", 2), ("year", 4)))


def _clock(asked: Asked) -> tuple[Comb, ...]:
    return Comb(2, asked.word("time"), after=":"), Comb(2)


def _datetime(asked: Asked) -> Answer:
    return Answer(combs=(*day_combs(asked.language), *_clock(asked)))


def _time(asked: Asked) -> Answer:
    return Answer(combs=_clock(asked))


def _choice(asked: Asked) -> Answer:
    if len(asked.boxes) > MOST_BOXES:
        return _lookup(asked)
    return Answer(boxes=asked.boxes)


def _choices(asked: Asked) -> Answer:
    if len(asked.boxes) > MOST_BOXES:
        return _lookup(asked)
    return Answer(boxes=asked.boxes, several=True)


def _lookup(asked: Asked) -> Answer:
    """A code of a list that nobody prints: the code, and its words so that a slip of the pen is noticed."""
    cells = max((len(code) for code in asked.item.facets.choices), default=8)
    several = 3 if asked.face.several or control_of(asked.item) is Control.CHOICES else 1
    return Answer(combs=(Comb(min(cells, 12), asked.word("code")),), lines=several, caption=asked.word("name"))


def _reference(asked: Asked) -> Answer:
    return Answer(combs=(Comb(2, asked.word("number")),))


def _file(asked: Asked) -> Answer:
    return Answer(boxes=(Box(asked.word("attached"), ""),), several=True, lines=1, caption=asked.word("name"))


def _note(_asked: Asked) -> Answer:
    return Answer()


_ANSWERS: Mapping[Control, Callable[[Asked], Answer]] = MappingProxyType(
    {
        Control.TEXT: _text,
        Control.LONG_TEXT: _long_text,
        Control.NUMBER: _number,
        Control.QUANTITY: _number,
        Control.DATE: _date,
        Control.PARTIAL_DATE: _date,
        Control.TIME: _time,
        Control.DATETIME: _datetime,
        Control.CHOICE: _choice,
        Control.CHOICES: _choices,
        Control.LOOKUP: _lookup,
        Control.REFERENCE: _reference,
        Control.FILE: _file,
        Control.NOTE: _note,
    }
)


def boxes_of(face: ItemFace, standard: Mapping[str, Mapping[str, str]], language: str) -> tuple[Box, ...]:
    """The answers of a code list, in its order, each with the number that chooses it on screen."""
    made = []
    for number, option in enumerate(face.options, start=1):
        text = f"{option.label} ({word('withdrawn', language)})" if option.withdrawn else option.label
        systems = ", ".join(f"{system} {code}" for system, code in standard.get(option.code, {}).items())
        made.append(Box(text, option.code, str(number), systems))
    return tuple(made)


__all__ = ["Answer", "Asked", "Box", "Comb", "answer_of", "boxes_of", "day_combs"]
