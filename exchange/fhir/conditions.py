"""Our conditions -> enableWhen, where they are comparisons of answers with constants, all or any of which must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Listing, Literal, Path, Syntax
from exchange.fhir.extensions import UCUM
from exchange.fhir.printing import Printer
from exchange.fhir.resources import Json
from exchange.fhir.value_sets import ValueSets
from exchange.rules.meaning import Inexpressible
from exchange.rules.moments import iso_text
from exchange.rules.names import Spot


@dataclass(frozen=True, slots=True)
class Conditions:
    """Of one place."""

    printer: Printer
    value_sets: ValueSets

    def enable_when(self, rule: str) -> Json | None:
        """`enableWhen` and, of several, `enableBehavior`; None where the rule says more than they can."""
        try:
            tree = self.printer.names.tree(rule)
            joined = tree.op if isinstance(tree, Apply) and tree.op in ("and", "or") else ""
            parts = tree.args if isinstance(tree, Apply) and joined else (tree,)
            found = [one for part in parts for one in self._any(part, joined)]
        except Inexpressible:
            return None
        several = {"enableBehavior": "all" if joined == "and" else "any"} if len(found) > 1 else {}
        return {"enableWhen": found, **several}

    def _any(self, node: Syntax, joined: str) -> Sequence[Json]:
        """A comparison; `x in ('a', 'b')` is two where any of the conditions counts."""
        match node:
            case Apply("in", (Path() as path, Listing(codes, _)), _) if joined != "and":
                return [self._compared("=", path, code) for code in codes]
            case Call("has_any", (Path() as path, Listing(codes, _)), _) if joined != "and":
                return [self._compared("=", path, code) for code in codes]
        return [self._one(node)]

    def _one(self, node: Syntax) -> Json:
        match node:
            case Path():
                return self._compared("=", node, Literal(value=True, at=0))
            case Call("filled" | "empty" as name, (Path() as path,), _):
                return {"question": self._question(path), "operator": "exists", "answerBoolean": name == "filled"}
            case Apply("not", (inner,), _):
                return self._negated(inner)
            case Apply("in", (Literal() as code, Path() as path), _):
                return self._compared("=", path, code)
            case Apply("=" | "<" | "<=" | ">" | ">=" as op, (Path() as path, value), _):
                return self._compared(op, path, value)
            case Call("sorts_before", (Path() as path, Literal() as value), _):
                return self._compared("<", path, value)
            case Call("sorts_before", (Literal() as value, Path() as path), _):
                return self._compared(">", path, value)
            case Call("any", (Path() as rows,), _, (), where) if where is not None:
                return self._in_rows(rows, where)
        raise Inexpressible("More than a comparison.")

    def _negated(self, inner: Syntax) -> Json:
        match inner:
            case Path():
                return self._compared("=", inner, Literal(value=False, at=0))
            case Apply("is", (Apply("=", (Path() as path, value), _), Literal("true", _)), _):
                return self._compared("!=", path, value)
            case Apply("is", (Path() as path, Literal("true", _)), _):
                return self._compared("!=", path, Literal(value=True, at=0))
            case Apply("is", (Apply("not", (Path() as path,), _), Literal("true", _)), _):
                return self._compared("!=", path, Literal(value=False, at=0))
            case Apply("in", (Literal() as code, Path() as path), _):
                return self._compared("!=", path, code)
            case Call("sorts_before", (Path() as path, Literal() as value), _):
                return self._compared(">=", path, value)
            case Call("sorts_before", (Literal() as value, Path() as path), _):
                return self._compared("<=", path, value)
            case Call("any", (Path() as rows,), _, (), where) if where is not None:
                found = self._in_rows(rows, where)
                if found["operator"] == "=":
                    return {**found, "operator": "!="}
        raise Inexpressible("More than a comparison.")

    def _in_rows(self, rows: Path, where: Syntax) -> Json:
        """In any row of a group that is not this one."""
        chain = self.printer.group(rows)
        own = {group.id for group in self.printer.names.groups}
        if chain is None or rows.parts[-1] != chain.groups[-1].id or any(group.id in own for group in chain.groups):
            raise Inexpressible("Other rows.")
        inner = Conditions(self.printer.within(chain.groups), self.value_sets)
        return inner._one(where)

    def _question(self, path: Path) -> str:
        spot = self.printer.names.spot(path)
        own = self.printer.names.groups
        if [group.id for group in spot.groups] != [group.id for group in own[: len(spot.groups)]]:
            raise Inexpressible("The answer stands in other rows.")
        return self.printer.links.of(spot)

    def _compared(self, op: str, path: Path, value: Syntax) -> Json:
        spot = self.printer.names.spot(path)
        write = _ANSWERS.get(spot.item.datatype.kind)
        if write is None or (
            op not in ("=", "!=") and spot.item.datatype.kind in (Kind.BOOLEAN, Kind.CODE, Kind.CODES)
        ):
            raise Inexpressible("An answer that enableWhen does not compare so.")
        return {"question": self._question(path), "operator": op, **write(self, spot, value)}

    # answers --------------------------------------------------------------------------------------------------------

    def number(self, spot: Spot, value: Syntax) -> Json:
        if not isinstance(value, Literal) or not isinstance(value.value, Decimal):
            raise Inexpressible("No constant number.")
        number = as_number(value.value)
        if self.printer.is_quantity(spot):
            unit = spot.item.facets.unit
            return {"answerQuantity": {"value": number, **({"system": UCUM, "code": unit} if unit else {})}}
        whole = spot.item.datatype.name == "integer" and value.value == value.value.to_integral_value()
        return {"answerInteger" if whole else "answerDecimal": number}

    def boolean(self, _spot: Spot, value: Syntax) -> Json:
        if not isinstance(value, Literal) or not isinstance(value.value, bool):
            raise Inexpressible("No constant.")
        return {"answerBoolean": value.value}

    def text(self, _spot: Spot, value: Syntax) -> Json:
        if not isinstance(value, Literal) or not isinstance(value.value, str):
            raise Inexpressible("No constant text.")
        return {"answerString": value.value}

    def code(self, spot: Spot, value: Syntax) -> Json:
        if not isinstance(value, Literal) or not isinstance(value.value, str) or spot.item.codelist is None:
            raise Inexpressible("No constant code.")
        return self.value_sets.answer(spot.item.codelist, value.value, "answer")

    def moment(self, spot: Spot, value: Syntax) -> Json:
        found = iso_text(value)
        if found is None:
            raise Inexpressible("No constant date or time.")
        return {_MOMENTS[spot.item.datatype.kind]: found}


_MOMENTS: Mapping[Kind, str] = {
    Kind.DATE: "answerDate",
    Kind.TIME: "answerTime",
    Kind.DATETIME: "answerDateTime",
}
_ANSWERS: Mapping[Kind, Callable[[Conditions, Spot, Syntax], Json]] = {
    Kind.NUMBER: Conditions.number,
    Kind.BOOLEAN: Conditions.boolean,
    Kind.TEXT: Conditions.text,
    Kind.CODE: Conditions.code,
    Kind.CODES: Conditions.code,
    **dict.fromkeys(_MOMENTS, Conditions.moment),
}


def as_number(value: Any) -> int | float:
    """A number of JSON."""
    number = Decimal(str(value))
    return int(number) if number == number.to_integral_value() else float(number)
