"""Our rules -> XPath that JavaRosa understands: a table of functions over the two-valued tree that all formats share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Listing, Literal, Path, Syntax, walk
from engine.model.form import GroupDef, walk_groups
from engine.model.item import ItemDef
from exchange.rules.logic import disjunction, negation
from exchange.rules.meaning import Inexpressible, Meaning
from exchange.rules.names import Spot
from exchange.rules.outward import Outward
from exchange.rules.trees import rebuilt
from exchange.xlsform.calls_out import CALLS
from exchange.xlsform.naming import Naming
from exchange.xlsform.printing import SELF, fixed
from exchange.xlsform.simpler import simpler

_EMPTY = Literal("", 0)


# Never missing where what they get is not.
_TOTAL = frozenset({
    "concat", "length", "position_of", "contains", "starts_with", "ends_with", "matches", "row_index", "sum", "text_of",
    "[format]", "[contains]", "[starts]",
})  # fmt: skip
_AGGREGATES = frozenset({"count", "sum", "min", "max", "prev", "next", "first"})


@dataclass(frozen=True)
class XPathOut(Outward):
    """The rules of one place. `own` is the item that a constraint judges: it is `.`; `listed` the list that a filter narrows."""

    naming: Naming = None  # type: ignore[assignment]  # always given: a field after one with a default needs one
    own: str = ""
    listed: str = ""

    # what writers ask for ---------------------------------------------------------------------------------------------

    def constraint(self, text: str) -> Syntax:
        """True unless our check fires; it is not judged while the item is empty."""
        tree = simpler(self.names.tree(text))
        parts = list(tree.args) if isinstance(tree, Apply) and tree.op == "or" else [tree]
        left = [
            part
            for part in parts
            if not (isinstance(part, Call) and part.name == "empty" and self._is_own(part.args[0]))
        ]
        if not left:
            raise Inexpressible("The check says nothing of an answer.")
        if all(self._certain_beside(part) for part in left):
            return disjunction([self.holds(part) for part in left]).node
        whole = left[0] if len(left) == 1 else Apply("or", tuple(left), 0)
        fails = self.fails(whole).node
        return Call("not", (fails,), 0)

    def _is_own(self, node: Syntax) -> bool:
        return isinstance(node, Path) and node.parts == (self.own,)

    def _certain_beside(self, node: Syntax) -> bool:
        """Whether a condition is known once the item is answered."""
        match node:
            case Path():
                return self._is_own(node) or self.names.kind(node) is Kind.CODES
            case Apply("is", _, _) | Call("filled" | "empty" | "has_any" | "today" | "now" | "count", _, _) | Literal():
                return True
            case Apply(_, args, _) | Call(_, args, _):
                return all(map(self._certain_beside, args))
        return isinstance(node, Listing)

    def tree_of(self, text: str) -> Syntax:
        """A condition, with formats of dates and the like said as XPath says them."""
        return self.holds(simpler(self.names.tree(text))).node

    def value_of(self, text: str) -> Syntax:
        """A value."""
        return self.worth(simpler(self.names.tree(text)))

    def fails(self, node: Syntax) -> Meaning:
        """What is never unknown is denied as a whole, as people write it."""
        if isinstance(node, Apply) and node.op in ("and", "or") and self._never_unknown(node):
            return negation(self.holds(node))
        return super().fails(node)

    # names ------------------------------------------------------------------------------------------------------------

    def worth(self, node: Syntax) -> Syntax:
        if isinstance(node, Path):
            if self._is_own(node):
                return SELF
            if self.listed and node.parts == ("code",):
                return Path(("name",), 0)
            if node.parts[0] == "outer" and len(node.parts) == 2:
                return Call(
                    "current", (), 0, (Literal("..", 0), Literal(fixed(super().worth(Path(node.parts[1:], 0))), 0))
                )
        return super().worth(node)

    def _certain(self, node: Syntax) -> bool:
        if self.listed and (
            node == Path(("code",), 0)
            or (isinstance(node, Call) and node.name == "attr" and node.args[0] == Path(("code",), 0))
        ):
            return True
        if isinstance(node, Call) and node.name in _TOTAL:
            return all(map(self._certain, node.args))
        return self._is_own(node) or super()._certain(node)

    def sure(self, node: Syntax) -> bool:
        """Whether a value is never missing."""
        return self._certain(node)

    def _never_unknown(self, node: Syntax) -> bool:
        if isinstance(node, Call) and node.name in _TOTAL:
            return self._certain(node)
        return super()._never_unknown(node)

    def _compared(self, op: str, left: Syntax, right: Syntax) -> Meaning:
        code = Path(("code",), 0)
        if self.listed and op == "=" and any(part == code for side in (left, right) for part in walk(side)):
            return Meaning(Apply(op, (self.worth(left), self.worth(right)), 0), Kind.BOOLEAN)
        return super()._compared(op, left, right)

    def _member(self, left: Syntax, right: Syntax) -> Meaning:
        """Several values in a column of the choices stand with blanks between them."""
        if self.listed and isinstance(right, Call) and right.name == "attr":
            return Meaning(Call("chosen", (self.worth(right), self.worth(left)), 0), Kind.BOOLEAN)
        return super()._member(left, right)

    def _stated(self, node: Syntax, answer: str) -> Meaning:
        if isinstance(node, Path) and self.names.kind(node) is Kind.BOOLEAN:
            item = self.names.spot(node).item
            return Meaning(
                Apply(
                    "=", (self.worth(node), Literal(_spelled(item.calculate is not None, _type_of(item), answer), 0)), 0
                ),
                Kind.BOOLEAN,
            )
        return super()._stated(node, answer)

    # calls ------------------------------------------------------------------------------------------------------------

    def _result(self, node: Call) -> Syntax:
        if node.name == "attr":
            return self._attribute(node)
        if node.name == "coalesce" and len(node.args) > 1 and node.args[1:] != (_EMPTY,):
            return Call("coalesce", tuple(self.worth(arg) for arg in node.args if arg != _EMPTY), 0)
        return super()._result(node)

    def _attribute(self, node: Call) -> Syntax:
        code, name = node.args
        if not isinstance(code, Path) or not isinstance(name, Literal):
            raise Inexpressible("An attribute of something else than an answer is read.")
        if self.listed and code.parts == ("code",):
            return Path((str(name.value),), 0)
        if name.value == "value":
            return self.names.attribute(code, "value")
        listed = self.naming.listed(self.names.spot(code).item.codelist or "")
        return Call("[list]", (Literal(listed, 0), self.worth(code), name), 0)

    def _call(self, node: Call) -> Syntax:
        if node.name in _AGGREGATES:
            found = self._aggregate(node)
            if found is not None:
                return found
        maker = CALLS.get(node.name)
        if maker is None or node.where is not None or node.by or node.values:
            raise Inexpressible(f"{node.name}() has no counterpart in XPath.")
        return maker(self, node)

    def _aggregate(self, node: Call) -> Syntax | None:
        """`sum(g.x)`, `count(g where c)`, `count(each in m)`."""
        match node:
            case Call("count", (Apply("in", (Path(), Path() as codes), _),), _) if node.where is None:
                return Call("count-selected", (self.worth(codes),), 0)
            case Call("prev" | "next" as name, (Path() as path,), _) if node.where is None:
                spot = self.names.spot(path)
                if spot.groups:
                    step = Apply(
                        "-" if name == "prev" else "+",
                        (Call("position", (Path(("..",), 0),), 0), Literal(Decimal(1), 0)),
                        0,
                    )
                    return Call("indexed-repeat", (self._any_row(path), self._group(spot.groups[-1]), step), 0)
            case Call("first", (Path() as path,), _):
                match node.where:
                    case Apply("=", (Call("row_index", (), _), Literal() as number), _):
                        spot = self.names.spot(Path(path.parts[-1:], 0))
                        return Call("indexed-repeat", (self._any_row(path), self._group(spot.groups[-1]), number), 0)
            case Call("count" | "sum" | "min" | "max" as name, (Path() as path,), _) if not node.by and not node.values:
                return Call(name, (self._rows(path, node.where),), 0)
        return None

    def _any_row(self, path: Path) -> Syntax:
        return Path(("$", self.naming.item(self.names.spot(Path(path.parts[-1:], 0)))), 0)

    def _group(self, group: GroupDef) -> Syntax:
        return Path(("$", self.naming.group(group)), 0)

    def _rows(self, path: Path, where: Syntax | None) -> Syntax:
        form = self.names.form
        groups = {group.id: group for group in walk_groups(form)} if form is not None else {}
        named = tuple(groups[part] for part in path.parts if part in groups)
        if not named:
            raise Inexpressible(f"{path} are rows of another form, which XPath cannot reach.")
        item = None if path.parts[-1] in groups else path
        if where is None:
            return self._group(named[-1]) if item is None else self._any_row(item)
        rows = replace(self, names=self.naming.names_at(form, (*self.names.groups, *named)), own="")
        own = (
            {self.naming.item(Spot(each, form, named)) for each in named[-1].content if isinstance(each, ItemDef)}
            if form is not None
            else set()
        )
        condition = rebuilt(rows.holds(where).node, lambda part: _relative(part, own))
        chosen = Call("[]", (self._group(named[-1]),), 0, where=condition)
        return chosen if item is None else replace(chosen, values=(self._any_row(item),))


def _relative(part: Syntax, own: set[str]) -> Syntax:
    """In the rows of a repeat its own questions are named without the way to them."""
    return (
        Path((part.parts[1],), 0) if isinstance(part, Path) and part.parts[0] == "$" and part.parts[1] in own else part
    )


def _type_of(item: object) -> str:
    return str(getattr(item, "annotations", {}).get("xlsform", {}).get("type", ""))


def _spelled(calculated: bool, written: str, answer: str) -> str:
    """How yes and no are answered there."""
    if calculated:
        return "true" if answer == "yes" else "false"
    if written in ("acknowledge", "trigger"):
        return "OK" if answer == "yes" else "0"
    return "1" if answer == "yes" else "0"
