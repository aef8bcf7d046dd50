"""Our syntax tree -> FHIRPath. Both are three-valued, so most parts have a counterpart of their own: a row of a table each.

Answers are named by `%resource.repeat(item).where(linkId='x').answer.value`; in rows by `%rowG`, a variable of the group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.arithmetic import plain
from engine.expressions.nodes import Apply, Call, Let, Listing, Literal, Path, Syntax
from engine.model.form import GroupDef
from engine.model.metadata_version import MetaDataVersion
from exchange.rules.meaning import Inexpressible
from exchange.rules.names import Names, Spot
from exchange.rules.trees import written_out

IMPLIES, OR, AND, MEMBER, EQUAL, ORDER, UNION, SUM, PRODUCT, SIGN, ATOM = range(11)
_BINDS: Mapping[str, int] = {
    "or": OR,
    "and": AND,
    "in": MEMBER,
    **dict.fromkeys(("=", "!=", "~", "!~"), EQUAL),
    **dict.fromkeys(("<", "<=", ">", ">="), ORDER),
    **dict.fromkeys(("+", "-", "&"), SUM),
    **dict.fromkeys(("*", "/", "div", "mod"), PRODUCT),
}

Printed = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Chain:
    """A repeating group with those that hold it, outermost first."""

    form: str
    groups: tuple[GroupDef, ...]


@dataclass(frozen=True, slots=True)
class Links:
    """The linkIds of a registry: of items and groups by form and id; which lists hold codings; which items are quantities."""

    model: MetaDataVersion
    items: Mapping[tuple[str, str], str]
    uncoded: frozenset[str] = frozenset()  # code lists whose choices are texts, numbers or dates there
    quantities: frozenset[tuple[str, str]] = frozenset()
    chains: Mapping[tuple[str, ...], Chain] = field(default_factory=dict)  # by the ids that name them in rules
    answered: frozenset[tuple[str, str]] = frozenset()  # groups that are questions with several answers there

    def of(self, spot: Spot) -> str:
        return self.items[spot.form.id, spot.item.id]


@dataclass(frozen=True, slots=True)
class Printer:
    """Prints the rules of one place. `inside`: the groups in whose rows an aggregate judges, as `$this`."""

    names: Names
    links: Links
    functions: Mapping[str, Writer]
    aggregate: Callable[[Printer, Call], Printed]  # over rows
    inside: tuple[GroupDef, ...] = ()

    def text(self, rule: str) -> str:
        """FHIRPath of a rule of ours. Raises Inexpressible."""
        return self.part(self.names.tree(rule))

    def part(self, node: Syntax, outside: int = IMPLIES) -> str:
        """A part, in brackets where it binds less than what holds it."""
        printed, binds = self.printed(node)
        return f"({printed})" if binds < outside else printed

    def receiver(self, node: Syntax) -> str:
        """A part that a function is called on."""
        return self.part(node, ATOM)

    def printed(self, node: Syntax) -> Printed:
        match node:
            case Literal():
                return literal_text(node)
            case Path():
                return self.answer(node), ATOM
            case Let():
                return self.printed(written_out(node))
            case Apply(op, args, _):
                return _OPERATORS[op](self, args) if op in _OPERATORS else self.joined(op, args)
            case Call():
                return self._call(node)
            case Listing(items, _):
                return " | ".join(self.part(item, UNION + 1) for item in items), UNION
        raise Inexpressible(f"{type(node).__name__} has no counterpart in FHIRPath.")

    def joined(self, op: str, args: Sequence[Syntax]) -> Printed:
        binds = _BINDS[op]
        first, *rest = args
        parts = [self.part(first, binds), *(self.part(part, binds + 1) for part in rest)]
        return f" {op} ".join(parts), binds

    def _call(self, node: Call) -> Printed:
        if node.name in AGGREGATES and (node.where or node.values or self._is_rows(node) or each_of(node) is not None):
            return self.aggregate(self, node)
        writer = self.functions.get(node.name)
        if writer is None:
            raise Inexpressible(f"{node.name}() has no counterpart in FHIRPath.")
        return writer(self, node.args)

    # names ----------------------------------------------------------------------------------------------------------

    def answer(self, path: Path) -> str:
        """The answer to an item, as a value: of a choice its code, of a quantity its number."""
        spot = self.names.spot(path)
        value = f"{self.item(spot)}.answer.value"
        if spot.item.datatype.kind in (Kind.CODE, Kind.CODES) and spot.item.codelist not in self.links.uncoded:
            return f"{value}.code"
        return f"{value}.value" if self.is_quantity(spot) else value

    def is_quantity(self, spot: Spot) -> bool:
        return (spot.form.id, spot.item.id) in self.links.quantities

    def choice(self, path: Path) -> str:
        """The answer to a choice, as a coding."""
        return f"{self.item(self.names.spot(path))}.answer.value"

    def item(self, spot: Spot) -> str:
        """The item of the response, from the nearest rows around this place."""
        return f"{self._from(spot)}.where(linkId={quoted(self.links.of(spot))})"

    def _from(self, spot: Spot) -> str:
        groups = spot.groups
        for around, start in ((self.inside, "{}"), (self.names.groups, "%{}.")):
            ids = {group.id for group in groups}
            shared = [group for group in around if group.id in ids]
            if shared:
                under = self._is_answered(spot, shared[-1])
                return start.format("" if start == "{}" else row_name(shared[-1].id)) + (
                    "descendants()" if under else "repeat(item)"
                )
        deep = any(self._is_answered(spot, group) for group in groups)
        return "%resource.descendants()" if deep else "%resource.repeat(item)"

    def _is_answered(self, spot: Spot, group: GroupDef) -> bool:
        return (spot.form.id, group.id) in self.links.answered

    def _is_rows(self, node: Call) -> bool:
        return bool(node.args) and isinstance(node.args[0], Path) and self.group(node.args[0]) is not None

    def group(self, path: Path) -> Chain | None:
        """The groups that a source of an aggregate names; its last part may be an item of the innermost."""
        named = self.links.chains.get(path.parts)
        if named is not None or len(path.parts) == 1:
            return named
        held = self.links.chains.get(path.parts[:-1])
        items = held.groups[-1].content if held is not None else ()
        return held if any(not isinstance(one, GroupDef) and one.id == path.parts[-1] for one in items) else None

    def rows(self, chain: Chain) -> str:
        """The rows of a group, as items of the response."""
        if (chain.form, chain.groups[-1].id) in self.links.answered:
            raise Inexpressible("Rows that are answers to one question are counted.")
        outer = [group.id for group in chain.groups[:-1]]
        around = [group.id for group in self.names.groups if group.id in outer]
        start = f"%{row_name(around[-1])}" if around else "%resource"
        return f"{start}.repeat(item).where(linkId={quoted(self.links.items[chain.form, chain.groups[-1].id])})"

    def within(self, groups: tuple[GroupDef, ...]) -> Printer:
        return replace(self, inside=groups, names=replace(self.names, groups=groups))


def row_name(group: str) -> str:
    """The variable that names the row of a group: `dev_part` -> `rowDevPart`."""
    return "row" + "".join(part.capitalize() for part in group.split("_"))


def literal_text(node: Literal) -> Printed:
    match node.value:
        case None:
            return "{}", ATOM
        case bool():
            return str(node.value).lower(), ATOM
        case Decimal():
            return plain(node.value), ATOM if node.value >= 0 else SIGN
    return quoted(node.value), ATOM


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t") + "'"


# operators --------------------------------------------------------------------------------------------------------

Writer = Callable[[Printer, Sequence[Syntax]], Printed]


def _not(printer: Printer, args: Sequence[Syntax]) -> Printed:
    (part,) = args
    match part:
        case Apply("is", (inner, Literal("true" | "false" as truth, _)), _):
            return f"{printer.part(inner, EQUAL + 1)} !~ {truth}", EQUAL
        case Apply("is", (inner, Literal("unknown", _)), _):
            return f"{printer.receiver(inner)}.exists()", ATOM
        case Apply("=", sides, _):
            return printer.joined("!=", sides)
        case Call("sorts_before", sides, _):
            return printer.joined(">=", sides)
    return f"{printer.receiver(part)}.not()", ATOM


def _is(printer: Printer, args: Sequence[Syntax]) -> Printed:
    part, truth = args
    assert isinstance(truth, Literal)
    if truth.value == "unknown":
        return f"{printer.receiver(part)}.empty()", ATOM
    return f"{printer.part(part, EQUAL + 1)} ~ {truth.value}", EQUAL


def _member(printer: Printer, args: Sequence[Syntax]) -> Printed:
    wanted, among = args
    if isinstance(among, Path):
        return f"{printer.part(among, MEMBER + 1)} contains {printer.part(wanted, MEMBER + 1)}", MEMBER
    if isinstance(among, Call):
        raise Inexpressible("A collection that is made in the rule is searched.")
    return f"{printer.part(wanted, MEMBER + 1)} in {printer.receiver(among)}", MEMBER


def _power(printer: Printer, args: Sequence[Syntax]) -> Printed:
    base, exponent = args
    return f"{printer.receiver(base)}.power({printer.part(exponent)})", ATOM


def _negative(printer: Printer, args: Sequence[Syntax]) -> Printed:
    return f"-{printer.part(args[0], SIGN)}", SIGN


def _minus(printer: Printer, args: Sequence[Syntax]) -> Printed:
    match args:
        case (Call("position_of", (text, part), _), Literal(Decimal() as number, _)) if number == 1:
            return f"{printer.receiver(text)}.indexOf({printer.part(part)})", ATOM
    return printer.joined("-", args)


_OPERATORS: Mapping[str, Writer] = {
    "not": _not,
    "is": _is,
    "in": _member,
    "^": _power,
    "negative": _negative,
    "-": _minus,
}

AGGREGATES: Mapping[str, str] = {
    "any": "exists",
    "all": "all",
    "count": "count",
    "sum": "sum",
    "min": "min",
    "max": "max",
    "mean": "avg",
    "first": "first",
    "last": "last",
}


def each_of(node: Call) -> Syntax | None:
    """`count(each in m)`."""
    match node:
        case Call("count", (Apply("in", (Path(), Path() as among), _),), _):
            return among
    return None
