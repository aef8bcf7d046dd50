"""What each question is: its data type, its choices, and, where it is calculated, of what; found when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.datatypes import DATATYPES
from engine.datatypes.base import Kind
from engine.definitions.source import number_of
from engine.expressions.nodes import Call, Path
from exchange.document import Field
from exchange.rules.meaning import Meaning, Untranslatable, constant
from exchange.xlsform import kinds, measures
from exchange.xlsform.choices import ChoiceList
from exchange.xlsform.dialect import rules_at
from exchange.xlsform.names import Answer, Names, Place
from exchange.xlsform.parked import TYPE
from exchange.xlsform.rules import Rules
from exchange.xlsform.tree import Part
from exchange.xlsform.xpath import parse_xpath

NO_CALCULATION = frozenset({".", "./."})  # a value that is what it is


@dataclass(frozen=True, slots=True)
class Shape:
    """A question. `formula` is what it is calculated of, `once` says that the formula is only offered."""

    type: str
    keys: Mapping[str, Any] = field(default_factory=dict)
    choices: ChoiceList | None = None
    formula: Meaning | None = None
    once: bool = False
    default: str = ""
    reason: str = ""  # why it is only like what the source says
    refused: str = ""  # why its calculation could not be read
    doubts: tuple[str, ...] = ()
    words: frozenset[str] | None = None  # all texts that it may hold, where they are known


_BY_KIND: Mapping[Kind, tuple[str, Mapping[str, Any]]] = {
    Kind.BOOLEAN: ("boolean", {}),
    Kind.DATE: ("date", {}),
    Kind.DATETIME: ("datetime", {}),
    Kind.TIME: ("time", {}),
    Kind.TEXT: ("text", {}),
    Kind.NOTHING: ("text", {}),
}
_FREE = frozenset({"calculate", "note", "hidden", "trigger", "acknowledge"})  # types that do not say what is calculated


@dataclass(slots=True)
class Shapes:
    """The shapes of all questions of a survey. `list_of` finds the choices of a question."""

    list_of: Callable[[kinds.Choosing], ChoiceList | None]
    lists: Mapping[str, ChoiceList]
    valued: dict[tuple[str, ...], Field] = field(default_factory=dict)
    names: Names = field(init=False)
    known: dict[int, Shape] = field(default_factory=dict)
    by_id: dict[str, Part] = field(default_factory=dict)
    working: set[int] = field(default_factory=set)

    def rules(self, place: Place) -> Rules:
        """A translator for rules that stand there."""
        return rules_at(place, self.names, self.lists, self.valued)

    def of(self, part: Part) -> Shape:
        """The shape of a question. Raises Untranslatable where it is being found: it is calculated from itself."""
        found = self.known.get(id(part))
        if found is not None:
            return found
        if id(part) in self.working:
            raise Untranslatable(f"{part.name} is calculated from itself.")
        self.working.add(id(part))
        try:
            found = self._found(part)
        except RecursionError:
            raise Untranslatable("Calculations lead too deep into one another.") from None
        finally:
            self.working.discard(id(part))
        self.known[id(part)] = found
        return found

    def answer(self, part: Part) -> Answer:
        """What rules read at a question."""
        shape = self.of(part)
        kind = DATATYPES[shape.type].kind
        if kind is Kind.NOTHING:
            return constant("")
        groups = tuple(repeat.id for repeat in part.repeats)
        if shape.choices is not None:
            return Field((part.id,), kind, "", groups, shape.choices.values, shape.choices.spellings)
        values = {word: number_of(word) for word in sorted(shape.words)} if shape.words else {}
        return Field((part.id,), kind, "", groups, values)

    # how a shape is found ---------------------------------------------------------------------------------------------

    def _found(self, part: Part) -> Shape:
        asked = self._asked(part)
        text = part.line["calculation"]
        if not text or text.strip() in NO_CALCULATION:
            return asked
        try:
            return self._calculated(part, asked, text)
        except Untranslatable as fault:
            bare = Shape("text") if asked.type == "note" and kinds.is_calculated(part.written) else asked
            return Shape(
                bare.type, bare.keys, bare.choices, default=bare.default, reason=bare.reason, refused=fault.reason
            )

    def _asked(self, part: Part) -> Shape:
        chosen = kinds.choosing(part.written)
        if chosen is not None:
            return self._with_choices(chosen)
        if kinds.is_calculated(part.written):
            return Shape("text")
        found = kinds.asked(part.written)
        if part.line.others.get(TYPE) == "heading":
            return Shape("heading")
        if found is None:
            return Shape("text", reason=f"The type '{part.written}' is not known; what is entered is kept as text.")
        kind = found.type
        if kind == "text" and "multiline" in part.line["appearance"].split():
            kind = "long_text"
        keys = {**found.keys, **_range_of(part)} if part.written.strip().lower() == "range" else found.keys
        if "decimals" in keys:
            kind = "decimal"
        return Shape(kind, keys, default=found.default, reason=found.reason)

    def _with_choices(self, chosen: kinds.Choosing) -> Shape:
        if chosen.source == "questions":
            return Shape("text", reason="Choices that are the answers of other rows are typed here.")
        choices = self.list_of(chosen)
        if choices is None:
            what = "file" if chosen.source == "file" else "list of choices"
            return Shape("text", reason=f"The {what} {chosen.list_name} is not there; what is entered is kept as text.")
        if chosen.type == "code" and is_yes_no(choices):
            return Shape("boolean", choices=None)
        return Shape(chosen.type, {"codelist": choices.id}, choices, reason=chosen.reason)

    def _calculated(self, part: Part, asked: Shape, text: str) -> Shape:
        node = parse_xpath(text)
        once = isinstance(node, Call) and node.name == "once" and len(node.args) == 1
        rules = self.rules(Place(part))
        found = rules.sound(rules.term(node.args[0] if once and isinstance(node, Call) else node))
        if found.kind is Kind.FILE:
            raise Untranslatable("A file is copied.")
        free = kinds.is_calculated(part.written) or asked.type == "note" or part.written.strip().lower() in _FREE
        shape = self._of_kind(found) if free else asked
        if not free:
            found = self._as_type(rules, found, asked)
        if DATATYPES[shape.type].kind is Kind.NUMBER:
            found, shape = self._numeric(found, shape, free=free)
        words = measures.words_of(found.node, self._words) if shape.type == "text" else None
        return Shape(
            shape.type,
            shape.keys,
            shape.choices,
            found,
            once,
            "",
            asked.reason if not free else "",
            doubts=tuple(rules.reservations),
            words=words,
        )

    def _as_type(self, rules: Rules, found: Meaning, asked: Shape) -> Meaning:
        kind = DATATYPES[asked.type].kind
        if kind is Kind.FILE or (kind is Kind.CODES and found.kind is not Kind.CODES):
            raise Untranslatable(f"A value of another kind is calculated than the question holds ({asked.type}).")
        return rules.cast(found, kind)

    def _of_kind(self, found: Meaning) -> Shape:
        if found.kind in (Kind.CODE, Kind.CODES):
            source = self.by_id.get(found.field.path[-1]) if found.field is not None else None
            choices = self.of(source).choices if source is not None else None
            if choices is not None:
                return Shape("code" if found.kind is Kind.CODE else "codes", {"codelist": choices.id}, choices)
            if found.kind is Kind.CODES:
                raise Untranslatable("Chosen codes are calculated.")
            return Shape("text")
        if found.kind is Kind.NUMBER:
            return Shape("decimal")
        type_, keys = _BY_KIND[found.kind]
        return Shape(type_, keys)

    def _numeric(self, found: Meaning, shape: Shape, *, free: bool) -> tuple[Meaning, Shape]:
        """Numbers hold only so many decimals as their item says, so those without end are rounded."""
        places = measures.decimals(found.node, self._decimals)
        most = measures.MOST if free else shape.keys.get("decimals", 0)
        if places is None or places > most:
            digits = (constant(most).node,) if most else ()
            found = Meaning(Call("round", (found.node, *digits), 0), Kind.NUMBER, found.doubts)
            places = most
        if not free:
            return found, shape
        return found, Shape("integer") if places == 0 else Shape("decimal", {"decimals": kinds.DECIMALS})

    def _decimals(self, path: Path) -> int | None:
        part = self.by_id.get(path.parts[-1])
        if part is None or part.kind:
            return 0 if part is not None else None
        shape = self.of(part)
        return 0 if shape.type == "integer" else shape.keys.get("decimals")

    def _words(self, path: Path) -> frozenset[str] | None:
        part = self.by_id.get(path.parts[-1])
        if part is None or part.kind:
            return None
        shape = self.of(part)
        return (
            frozenset(shape.choices.codes.values())
            if shape.choices is not None and shape.type == "code"
            else shape.words
        )


_YES = frozenset(
    ["yes", "tak", "oui", "sí", "si", "ja", "sim", "ndio", "haan", "true", "да", "так", "ναι", "evet", "ya"]
)
_NO = frozenset(["no", "nie", "non", "não", "nein", "nee", "hapana", "false", "нет", "ні", "όχι", "hayır", "tidak"])


def is_yes_no(choices: ChoiceList) -> bool:
    """1 and 0, or true and false, whose labels plainly say yes and no in every language, and say nothing else."""
    entries = choices.entry["codes"]
    for yes, no in (("1", "0"), ("true", "false")):
        if set(choices.codes.values()) == {yes, no} and not choices.attributes:
            return _says(entries[yes], _YES) and _says(entries[no], _NO)
    return False


def _says(entry: Mapping[str, Any], words: frozenset[str]) -> bool:
    return all(isinstance(text, str) and text.strip(" .!").lower() in words for text in entry.values())


def _range_of(part: Part) -> dict[str, Any]:
    """`start=1 end=10 step=1` of a question of the type range."""
    given = dict(
        pair.split("=", 1)
        for pair in part.line["parameters"].replace(";", " ").replace(",", " ").split()
        if "=" in pair
    )
    bounds = [number_of(given.get(name, usual)) for name, usual in (("start", "1"), ("end", "10"))]
    step = number_of(given.get("step", "1"))
    keys: dict[str, Any] = {"range": {"hard": bounds}} if None not in bounds and bounds[0] < bounds[1] else {}  # type: ignore[operator]
    if any(number is not None and number != int(number) for number in (*bounds, step)):
        keys["decimals"] = kinds.DECIMALS
    return keys
