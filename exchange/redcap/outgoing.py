"""What names of ours are called in REDCap, and our rules in its logic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax
from engine.expressions.printer import expression_text
from engine.model.form import FormDef, GroupDef
from engine.model.metadata_version import MetaDataVersion
from exchange.identifiers import snake
from exchange.redcap.columns import SYSTEM
from exchange.redcap.printed import Printer, addends
from exchange.rules.meaning import Inexpressible
from exchange.rules.moments import written_moment
from exchange.rules.names import Catalogue, Names, spots_of
from exchange.rules.outward import Outward
from exchange.rules.trees import rebuilt

MAX_NAME = 100  # characters of a variable
_VARIABLE = re.compile(r"[a-z][a-z0-9_]{0,99}")
_TAKEN = ("redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "redcap_data_access_group")


@dataclass
class Variables:
    """Names for REDCap, none of them twice in a project."""

    taken: set[str] = field(default_factory=lambda: set(_TAKEN))

    def make(self, wanted: Iterable[str]) -> str:
        """The first of these that is free, else the last with a number."""
        names = [_valid(name) for name in wanted]
        made = next((name for name in names if name not in self.taken), "")
        number = 2
        while not made or made in self.taken:
            made, number = f"{names[-1][: MAX_NAME - 6]}_{number}", number + 1
        self.taken.add(made)
        return made


def _valid(name: str) -> str:
    """Small letters, digits and _, beginning with a letter: `ból` is `bol`."""
    return name if _VARIABLE.fullmatch(name) else snake(name, "v")


@dataclass(frozen=True)
class Called:
    """What everything is called there."""

    items: Mapping[tuple[str, str], str]  # form and item -> variable
    instruments: Mapping[tuple[str, str], str]  # form and group ('' for the form itself) -> instrument
    events: Mapping[str, str]
    spellings: Mapping[str, Mapping[str, str]]  # variable -> code of ours -> theirs


def called(model: MetaDataVersion) -> Called:
    """Names: those that items had in REDCap, else their ids, else with their form before them."""
    instruments, items, spellings = Variables(), Variables(), dict[str, Mapping[str, str]]()
    forms, fields = dict[tuple[str, str], str](), dict[tuple[str, str], str]()
    for form in model.forms.values():
        forms[form.id, ""] = instruments.make([form.oid or form.id, form.id])
        for group in _groups(form):
            forms[form.id, group.id] = instruments.make([group.id, f"{form.id}_{group.id}"])
    for form in model.forms.values():
        for spot in spots_of(form):
            variable = items.make([spot.item.oid or spot.item.id, spot.item.id, f"{form.id}_{spot.item.id}"])
            fields[form.id, spot.item.id] = variable
            codes = model.codelists.get(spot.item.codelist or "")
            noted = codes.noted if codes is not None else {}
            originals = {
                code: notes[SYSTEM]["Code"] for code, notes in noted.items() if "Code" in notes.get(SYSTEM, {})
            }
            if originals:
                spellings[variable] = originals
    return Called(fields, forms, {id_: event.oid or id_ for id_, event in model.events.items()}, spellings)


def _groups(part: FormDef | GroupDef) -> Iterable[GroupDef]:
    for group in part.groups:
        yield group
        yield from _groups(group)


# rules ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Names(Names):
    """Names that keep the event they name, and sums that leave out what is empty."""

    events: Mapping[str, str] = field(default_factory=dict)

    def tree(self, text: str) -> Syntax:
        return rebuilt(rebuilt(Names.tree(self, text), _as_text), _summed)

    def named(self, path: Path) -> Syntax:
        spot = self.spot(path)
        if spot.groups and spot.groups != self.groups[: len(spot.groups)]:
            raise Inexpressible(f"{path} is an answer of another row.")
        return self._at_event(path, self.write(spot))

    def attribute(self, path: Path, name: str) -> Syntax:
        return rebuilt(Names.attribute(self, path, name), lambda part: self._at_event(path, part))

    def _at_event(self, path: Path, made: Syntax) -> Syntax:
        event = self.events.get(path.parts[0]) if len(path.parts) == 3 else None
        return Path((event, *made.parts), 0) if event is not None and isinstance(made, Path) else made


def _as_text(node: Syntax) -> Syntax:
    """Dates are texts there."""
    moment = written_moment(node)
    return node if moment is None else Call("as_text", (moment,), 0)


def _summed(node: Syntax) -> Syntax:
    """`coalesce(x, 0)` is what REDCap's sum adds for x. A sum of such ones by how many are there is its mean; where one is there, its sum.

    The n-th record is the first whose number is n.
    """
    match node:
        case Call("coalesce", (number, Literal(Decimal() as zero)), _) if zero == 0:
            return Call("or_zero", (number,), 0)
        case Call("if", (Call("filled", (Call("coalesce", numbers, _),), _), total, Literal(None)), _):
            if [expression_text(part) for part in addends(total)] == [
                f"or_zero({number})" for number in map(expression_text, numbers)
            ]:
                return Call("sum", numbers, 0)
        case Apply("/", (total, Call("count_true", counted, _)), _):
            parts = list(addends(total))
            if len(parts) == len(counted) and all(map(_is_counted, parts, counted)):
                return Call("mean", tuple(part.args[0] if _or_zero(part) else part for part in parts), 0)  # type: ignore[union-attr]  # a call
        case Call("first", (path,), _, (), Apply("=", (Call("row_index"), Literal(Decimal()) as number))):
            return Call("record", (path, number), 0)
        case Call("mod", (Call("weekday", (day,), _), Literal(Decimal() as seven)), _) if seven == 7:
            return Call("sunday_first", (day,), 0)
    return node


def _or_zero(node: Syntax) -> bool:
    return isinstance(node, Call) and node.name == "or_zero"


def _is_counted(part: Syntax, asked: Syntax) -> bool:
    """A part that may be empty is counted where it is there, another one always."""
    match part, asked:
        case Call("or_zero", (number,), _), Call("filled", (same,), _):
            return _alike(number, same)
        case _, Literal(True):
            return not _or_zero(part)
    return False


def _alike(left: Syntax, right: Syntax) -> bool:
    return (
        Printer({}).text(left) == Printer({}).text(right)
        if isinstance(left, Path) and isinstance(right, Path)
        else left == right
    )


@dataclass(frozen=True, slots=True)
class Logic:
    """Writes the rules of one place: a form, and the groups that hold the item."""

    outward: Outward
    printer: Printer

    @classmethod
    def at(cls, catalogue: Catalogue, assigned: Called, form: FormDef, groups: tuple[GroupDef, ...]) -> Logic:
        """For a form and groups, outermost first."""
        names = _Names(
            catalogue,
            lambda spot: Path((assigned.items[spot.form.id, spot.item.id],), 0),
            form,
            groups,
            assigned.events,
        )
        return cls(Outward(names), Printer(assigned.spellings))

    def condition(self, text: str) -> str:
        """True where ours is true."""
        return self.printer.text(self.outward.condition(text))

    def value(self, text: str) -> str:
        """What ours gives."""
        return self.printer.text(self.outward.value(text))

    def printed(self, node: Syntax) -> str:
        """A part of one of our trees, as a value."""
        return self.printer.text(self.outward.worth(node))

    def broken(self, text: str) -> str:
        """True where ours is false."""
        return self.printer.text(self.outward.fails(self.outward.names.tree(text)).node)

    def opposite(self, text: str) -> str:
        """True where ours is false or unknown."""
        return self.printer.text(self.outward.opposite(text))

    def kind(self, path: Path) -> Kind:
        """Of an item."""
        return self.outward.names.kind(path)
