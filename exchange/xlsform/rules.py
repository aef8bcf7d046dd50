"""Translates the rules of one place: paths, rows of repeats, looked-up lists, and what kinds of values are in each other's place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax, walk
from exchange.document import Field
from exchange.rules import logic
from exchange.rules.meaning import ALWAYS, Meaning, Untranslatable, call, constant
from exchange.rules.sharing import shared
from exchange.rules.translate import Translator, number_in
from exchange.xlsform import dates
from exchange.xlsform.choices import ChoiceList
from exchange.xlsform.names import Names, Nowhere, Place, of_column
from exchange.xlsform.tree import Part
from exchange.xlsform.xpath import CHOSEN

_EMPTY = " It counts as empty."
MOST_CODES = 40  # of a list whose chosen codes are said as text
Make = Callable[["Rules", Sequence[Syntax]], Meaning]


@dataclass(frozen=True)
class Rules(Translator):
    """Translates the rules of one place of a survey."""

    names: Names = None  # type: ignore[assignment]  # always given: fields after one with a default need one
    place: Place = None  # type: ignore[assignment]
    lists: Mapping[str, ChoiceList] = None  # type: ignore[assignment]

    def elsewhere(self, place: Place) -> Rules:
        """The same for another place; reservations and lists are shared."""
        names = self.names
        return replace(self, place=place, resolve=lambda path: names.read(path, place))

    def meaning(self, node: Syntax) -> Meaning:
        """What a part means; also of what is chosen by a condition."""
        if isinstance(node, Call) and (node.name == CHOSEN or node.values):
            return self._chosen(node)
        if isinstance(node, Call | Apply):
            return super().meaning(replace(node, args=tuple(map(self._or_empty, node.args))))
        return super().meaning(node)

    def _or_empty(self, node: Syntax) -> Syntax:
        """A path that leads nowhere is an empty text in a greater expression; `${names}` must be there."""
        if isinstance(node, Path) and node.parts[0] != "$" and self.place.listed is None:
            try:
                self.names.find(node, self.place)
            except Nowhere as fault:
                if node.parts != ("null",):
                    self.reservations.append(f"{fault.reason}{_EMPTY}")
                return Literal("", 0)
            except Untranslatable:
                return node  # whoever reads it says what it is for
        return node

    def term(self, node: Syntax) -> Meaning:
        """A part that is calculated with."""
        return dates.number_by_format(self, node) or self.meaning(node)

    def number(self, node: Syntax) -> Meaning:
        return self.cast(self.term(node), Kind.NUMBER)

    def cast(self, found: Meaning, kind: Kind) -> Meaning:
        """Dates are numbers and texts too; a code that is no number is none where others calculate with it."""
        own = _CASTS.get((found.kind, kind))
        if own is not None:
            made = own(found)
            if made is not None:
                return made
        return super().cast(found, kind)

    def written(self, found: Meaning) -> str:
        """The text; what it says several times has a name."""
        return super().written(replace(self.sound(found), node=shared(found.node)))

    def sound(self, found: Meaning) -> Meaning:
        """The same. Raises Untranslatable where all that the rule reads leads nowhere: something fills it there, and not here."""
        lost = next((reason for reason in self.reservations if reason.endswith(_EMPTY)), "")
        if lost and not any(isinstance(node, Path) for node in walk(found.node)):
            raise Untranslatable(lost.removesuffix(_EMPTY))
        return found

    # parts that are chosen by a condition -----------------------------------------------------------------------------

    def _chosen(self, node: Call) -> Meaning:
        if node.name == "current":
            around = self.elsewhere(self.place.outside or self.place)
            steps = tuple(str(step.value) for step in node.values if isinstance(step, Literal))
            return around.meaning(Path((".", *steps), 0))
        inner = node.args[0] if node.name == CHOSEN else node
        if isinstance(inner, Call) and inner.name == "instance":
            return self._of_list(node, self.listed(inner))
        raise Untranslatable("One of several rows is chosen by a condition.")

    def listed(self, instance: Call) -> ChoiceList:
        """The choices that `instance('list')` means."""
        match instance.args:
            case (Literal(str() as name),) if name in self.lists:
                return self.lists[name]
        asked = ", ".join(str(arg.value) for arg in instance.args if isinstance(arg, Literal))
        raise Untranslatable(f"What is looked up, {asked}, is no list of this workbook and no file beside it.")

    def _of_list(self, node: Call, listed: ChoiceList) -> Meaning:
        """`instance('list')/…/item[name = ${x}]/label`: what a list says of the chosen code."""
        if node.where is None or len(node.values) != 1 or not isinstance(node.values[0], Literal):
            raise Untranslatable(f"More than one cell of the list {listed.name} is looked up.")
        code = self._code_asked(node.where)
        column = str(node.values[0].value)
        if column == "name":
            return code
        if column in ("label", "itextId"):
            return call("label", Kind.TEXT, code)
        if column not in listed.attributes:
            raise Untranslatable(f"The choices {listed.name} have no column {column}.")
        return of_column(code.node, listed, column, code.doubts)

    def _code_asked(self, where: Syntax | None) -> Meaning:
        match where:
            case Apply("=", (Path(("name",)) | Path((".", "name")), other), _) | Apply(
                "=", (other, Path(("name",)) | Path((".", "name"))), _
            ):
                found = self.meaning(other)
                if found.kind is Kind.CODE:
                    return found
        raise Untranslatable("A list is looked up by something else than a question with its choices.")

    # rows -------------------------------------------------------------------------------------------------------------

    def rows(self, node: Syntax) -> Rowed | None:
        """The rows that a path leads to, where it leads to those of a repeat; None where it means one answer."""
        condition: Syntax | None = None
        steps: tuple[str, ...] = ()
        base = node
        if isinstance(node, Call) and node.name == CHOSEN and isinstance(node.args[0], Path):
            base, condition = node.args[0], node.where
            steps = tuple(str(step.value) for step in node.values if isinstance(step, Literal))
        if not isinstance(base, Path) or self.place.listed is not None:
            return None
        start = self.names.find(base, self.place)
        part = self.names.find(Path((".", *steps), 0), Place(start)) if steps else start
        chain = [*part.repeats, *([part] if part.kind == "repeat" else [])]
        strange = [repeat for repeat in chain if repeat not in self.place.rows or repeat is part]
        if not strange:
            return None
        if condition is None:
            return Rowed(strange, part, None)
        inner = self.elsewhere(
            Place(start, within=True, outside=self.place, outer=start if start in self.place.rows else None)
        )
        return Rowed(strange, part, inner.truth(condition))


@dataclass(frozen=True, slots=True)
class Rowed:
    """Rows of repeats, outermost first, a part in them, and which of them are meant."""

    repeats: list[Part]
    part: Part
    where: Meaning | None

    def gathered(self, name: str, rules: Rules, *, kind: Kind = Kind.NUMBER, sure: bool = True) -> Meaning:
        """An aggregate over the answers in the rows."""
        found = rules.names.answer_of(self.part)
        if not isinstance(found, Field) or found.kind not in (Kind.NUMBER, kind):
            raise Untranslatable(f"{self.part.name} is no number, and is calculated with over rows.")
        path = Path((*(repeat.id for repeat in self.repeats), *found.path), 0)
        return self._call(name, path, kind, None if self.where is None else self.where.node, sure=sure)

    def counted(self, condition: Meaning | None = None) -> Meaning:
        """How many rows there are."""
        parts = [part for part in (self.where, condition) if part is not None]
        where = logic.conjunction(parts).node if parts else None
        return self._call("count", Path(tuple(repeat.id for repeat in self.repeats), 0), Kind.NUMBER, where, sure=True)

    def _call(self, name: str, path: Path, kind: Kind, where: Syntax | None, *, sure: bool) -> Meaning:
        return Meaning(Call(name, (path,), 0, where=where), kind, frozenset() if sure else frozenset({"…"}))


def _code_number(found: Meaning) -> Meaning | None:
    """Where not all codes are numbers, those that are none count as missing."""
    if found.field is None or not found.field.values or any(value is None for value in found.field.values.values()):
        return call("number_of", Kind.NUMBER, found, doubt=True)
    return None


def _date_in(found: Meaning) -> Meaning | None:
    return None if found.is_literal else dates.date_of_text(found)


def _no_number(found: Meaning) -> Meaning | None:
    """A constant text that writes no number is not a number."""
    if isinstance(found.literal, str) and number_in(found.literal) is None:
        return constant(None)
    return None


def names_of(found: Meaning) -> dict[str, str]:
    """Of a question with choices: code -> its name in the workbook, in the order of the list."""
    known = found.field
    if known is None or not known.values or len(known.values) > MOST_CODES:
        raise Untranslatable("The chosen codes of a long list, or of one that is not here, are used as text.")
    written = {code: name for name, code in known.spellings.items()}
    return {code: written.get(code, code) for code in known.values}


def is_chosen(code: str, found: Meaning) -> Apply:
    """`'a' in m`."""
    return Apply("in", (Literal(code, 0), found.node), 0)


def _codes_text(found: Meaning) -> Meaning:
    """The names that are chosen, with blanks between them; nothing where none is."""
    empty = Literal("", 0)
    words = tuple(
        Call("if", (is_chosen(code, found), Literal(f"{name} ", 0), empty), 0) for code, name in names_of(found).items()
    )
    joined = Call("trim", (words[0] if len(words) == 1 else Call("concat", words, 0),), 0)
    filled = Call("if", (Call("filled", (found.node,), 0), joined, Literal(None, 0)), 0)
    return Meaning(filled, Kind.TEXT, frozenset({ALWAYS}))


def _boolean_text(found: Meaning) -> Meaning:
    return Meaning(Call("if", (found.node, Literal("true", 0), Literal("false", 0)), 0), Kind.TEXT, found.doubts)


_CASTS: Mapping[tuple[Kind, Kind], Callable[[Meaning], Meaning | None]] = {
    (Kind.DATE, Kind.NUMBER): dates.day_number,
    (Kind.DATETIME, Kind.NUMBER): dates.day_number,
    (Kind.NUMBER, Kind.DATE): dates.date_of_number,
    (Kind.TEXT, Kind.DATE): _date_in,
    (Kind.DATE, Kind.TEXT): dates.iso_text,
    (Kind.BOOLEAN, Kind.TEXT): _boolean_text,
    (Kind.CODES, Kind.TEXT): _codes_text,
    (Kind.CODE, Kind.NUMBER): _code_number,
    (Kind.TEXT, Kind.NUMBER): _no_number,
    (Kind.DATETIME, Kind.TIME): lambda found: call("time", Kind.TIME, found),
}
