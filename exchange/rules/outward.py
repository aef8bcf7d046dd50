"""Our rule -> foreign rule. A condition of ours is said in two-valued logic by when it is true (`holds`) and when it is false (`fails`).

The result is again a syntax tree: with two-valued operators, in which `!=` is true of an empty answer, and with these calls that a
printer words: `filled(x)`, `empty(x)`, `yes(x)` and `no(x)` of a boolean item, `chosen(m, 'a')` of a multiple choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.datatypes.base import Kind
from engine.expressions.functions import AGGREGATES
from engine.expressions.nodes import Apply, Call, Let, Listing, Literal, Path, Syntax
from exchange.rules.logic import conjunction, disjunction, equal_or_empty, negation
from exchange.rules.meaning import FALSE, TRUE, Inexpressible, Meaning
from exchange.rules.names import Names
from exchange.rules.trees import written_out

_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_ARITHMETIC = frozenset({"+", "-", "*", "/", "^", "negative"})


@dataclass(frozen=True, slots=True)
class Outward:
    """Turns the rules of one place. `names` knows what names of ours stand for."""

    names: Names

    def condition(self, text: str) -> Syntax:
        """True where our condition is true."""
        return self.holds(self.names.tree(text)).node

    def opposite(self, text: str) -> Syntax:
        """True where our condition is false or unknown."""
        return _refuted(self.holds(self.names.tree(text))).node

    def assertion(self, text: str) -> Syntax:
        """True unless our condition is false."""
        return _refuted(self.fails(self.names.tree(text))).node

    def value(self, text: str) -> Syntax:
        """What our expression gives; nothing, '', where it is missing."""
        return self.worth(self.names.tree(text))

    # conditions -----------------------------------------------------------------------------------------------------

    def holds(self, node: Syntax) -> Meaning:
        """When a condition is true."""
        match node:
            case Apply("and", args, _):
                return conjunction([self.holds(arg) for arg in args])
            case Apply("or", args, _):
                found = equal_or_empty(node)
                if found is not None:
                    return _condition(self._plain(*found))
                return disjunction([self.holds(arg) for arg in args])
            case Apply("not", (part,), _):
                return self.fails(part)
            case Apply("is", (part, Literal(truth)), _):
                return self._judged(part, str(truth))
            case Apply("=" | "!=" | "<" | "<=" | ">" | ">=" as op, (left, right), _):
                return self._compared(op, left, right)
            case Apply("in", (left, right), _):
                return self._member(left, right)
            case _:
                return self._stated(node, "yes")

    def fails(self, node: Syntax) -> Meaning:
        """When a condition is false."""
        match node:
            case Apply("and", args, _):
                return disjunction([self.fails(arg) for arg in args])
            case Apply("or", args, _):
                return conjunction([self.fails(arg) for arg in args])
            case Apply("not", (part,), _):
                return self.holds(part)
            case Apply("is", _, _):
                return _refuted(self.holds(node))
            case Apply("=" | "!=" | "<" | "<=" | ">" | ">=" as op, (left, right), _):
                return self._compared(_OPPOSITE[op], left, right)
            case Apply("in", (left, right), _):
                return self._no_member(left, right)
            case Call("filled" | "empty" | "has_any" | "exists", _, _):
                return _refuted(self.holds(node))
            case _:
                return self._stated(node, "no")

    def _judged(self, part: Syntax, truth: str) -> Meaning:
        if truth == "true":
            return self.holds(part)
        if truth == "false":
            return self.fails(part)
        return conjunction([_refuted(self.holds(part)), _refuted(self.fails(part))])

    def _compared(self, op: str, left: Syntax, right: Syntax) -> Meaning:
        """Others compare what is empty too: `=` finds two empty answers alike, `!=` finds an empty one different."""
        for side, other in ((left, right), (right, left)):
            if isinstance(other, Literal) and isinstance(other.value, bool) and op in ("=", "!="):
                return self.holds(side) if other.value is (op == "=") else self.fails(side)
        found = _condition(Apply(op, (self.worth(left), self.worth(right)), 0))
        guards = []
        if op == "!=" or (op == "=" and not isinstance(left, Literal) and not isinstance(right, Literal)):
            guards = [self._filled(side) for side in (left, right) if not self._certain(side)]
        if op == "=":
            guards = guards[:1]
        return conjunction([found, *guards])

    def _plain(self, comparison: Apply, sides: tuple[Syntax, Syntax]) -> Syntax:
        """As others compare, so that two empty answers are equal; that a text is read as a number need not be said."""
        plain = (
            arg.args[0] if isinstance(arg, Call) and arg.name == "number_of" and arg.args[0] in sides else arg
            for arg in comparison.args
        )
        return Apply(comparison.op, tuple(map(self.worth, plain)), 0)

    def _member(self, left: Syntax, right: Syntax) -> Meaning:
        if isinstance(right, Path) and self.names.kind(right) is Kind.CODES:
            return _condition(Call("chosen", (self.worth(right), self.worth(left)), 0))
        return disjunction([self._compared("=", left, value) for value in _values(right)])

    def _no_member(self, left: Syntax, right: Syntax) -> Meaning:
        if isinstance(right, Path) and self.names.kind(right) is Kind.CODES:
            return _refuted(self._member(left, right))
        differs = [_condition(Apply("!=", (self.worth(left), self.worth(value)), 0)) for value in _values(right)]
        return conjunction([*differs, *([] if self._certain(left) else [self._filled(left)])])

    def _stated(self, node: Syntax, answer: str) -> Meaning:
        """A condition that is no operator: a boolean item, a constant, a call."""
        match node:
            case Literal(bool() as value):
                return TRUE if value is (answer == "yes") else FALSE
            case Path():
                if self.names.kind(node) is not Kind.BOOLEAN:
                    raise Inexpressible(f"{node} is used as a condition.")
                return _condition(Call(answer, (self.names.named(node),), 0))
            case Call("filled" | "empty" as name, (part,), _):
                found = self._filled(part)
                return found if name == "filled" else _refuted(found)
            case Call("has_any", (Path() as path, codes), _):
                chosen = [Call("chosen", (self.worth(path), self.worth(code)), 0) for code in _values(codes)]
                return disjunction([_condition(each) for each in chosen])
            case Call("if", (test, then, otherwise), _):
                judge = self.holds if answer == "yes" else self.fails
                first = conjunction([self.holds(test), judge(then)])
                return disjunction([first, conjunction([self.fails(test), judge(otherwise)])])
            case Let():
                return (self.holds if answer == "yes" else self.fails)(written_out(node))
            case Call():
                return self._called(node, answer)
        raise Inexpressible(f"{type(node).__name__} is used as a condition.")

    def _called(self, node: Call, answer: str) -> Meaning:
        call = _condition(self._call(node))
        if answer == "yes":
            return call
        filled = [self._filled(arg) for arg in node.args if not self._certain(arg) and not isinstance(arg, Listing)]
        return conjunction([_refuted(call), *filled])

    def _filled(self, part: Syntax) -> Meaning:
        return _condition(Call("filled", (self.worth(part),), 0))

    def _certain(self, node: Syntax) -> bool:
        """Whether a value is never missing."""
        match node:
            case Literal(value):
                return value is not None
            case Path():
                return self.names.kind(node) is Kind.CODES
            case Call("count" | "today" | "now" | "filled" | "empty" | "count_true", _, _):
                return True
            case Call("coalesce", args, _):
                return any(map(self._certain, args))
        return False

    # values ---------------------------------------------------------------------------------------------------------

    def worth(self, node: Syntax) -> Syntax:
        """A value; what is missing is empty there."""
        match node:
            case Literal(value):
                return Literal("", 0) if value is None else node
            case Path():
                return self.names.named(node)
            case Apply(op, args, _):
                return Apply(op, tuple(map(self.worth, args)), 0) if op in _ARITHMETIC else self._truth_value(node)
            case Let():
                return self.worth(written_out(node))
            case Listing(items, _):
                return Listing(tuple(map(self.worth, items)), 0)
            case Call():
                return self._result(node)
        raise Inexpressible(f"{type(node).__name__} has no counterpart there.")

    def _result(self, node: Call) -> Syntax:
        """What a call gives."""
        match node:
            case Call("if", (test, then, otherwise), _):
                return self._choice(test, then, otherwise)
            case Call("coalesce", (first, Literal("")), _):
                return self.worth(first)  # what is missing is a text without characters there
            case Call("coalesce", (first, *rest), _):
                second = rest[0] if len(rest) == 1 else Call("coalesce", tuple(rest), 0)
                return Call("if", (self._filled(first).node, self.worth(first), self.worth(second)), 0)
            case Call("attr", (Path() as path, Literal(str() as name)), _):
                return self.names.attribute(path, name)
        return self._call(node)

    def _truth_value(self, node: Syntax) -> Syntax:
        """A condition as a value: true, false, or nothing."""
        return self.holds(node).node

    def _choice(self, test: Syntax, then: Syntax, otherwise: Syntax) -> Syntax:
        """Ours gives nothing where the condition is unknown, others the second value."""
        holds = self.holds(test).node
        second = self.worth(otherwise)
        if second != Literal("", 0) and not self._never_unknown(test):
            second = Call("if", (self.fails(test).node, second, Literal("", 0)), 0)
        return Call("if", (holds, self.worth(then), second), 0)

    def _never_unknown(self, node: Syntax) -> bool:
        match node:
            case Apply("and" | "or" | "not", args, _):
                return all(map(self._never_unknown, args))
            case Apply("is", _, _) | Call("filled" | "empty" | "has_any" | "exists", _, _) | Literal(bool()):
                return True
            case Apply("in", (Literal(), right), _):
                return isinstance(right, Path) and self.names.kind(right) is Kind.CODES
            case Apply(_, args, _):
                return all(map(self._certain, args))
        return False

    def _call(self, node: Call) -> Syntax:
        if node.name in AGGREGATES and (node.where is not None or node.by or node.values):
            raise Inexpressible(f"{node.name}() over rows with a condition or an order has no counterpart there.")
        conditions = node.name in ("number", "count_true", "any", "all")
        return Call(node.name, tuple(self.holds(arg).node if conditions else self.worth(arg) for arg in node.args), 0)


def _condition(node: Syntax) -> Meaning:
    """Two-valued conditions have no doubts."""
    return Meaning(node, Kind.BOOLEAN)


def _refuted(found: Meaning) -> Meaning:
    """The opposite; of `=` it is `!=`, since both are two-valued."""
    if isinstance(found.node, Apply) and found.node.op in ("=", "!="):
        return _condition(Apply(_OPPOSITE[found.node.op], found.node.args, 0))
    return negation(found)


def _values(node: Syntax) -> Iterable[Syntax]:
    if isinstance(node, Listing):
        return node.items
    if isinstance(node, Literal):
        return (node,)
    raise Inexpressible("`in` asks for something else than constants.")
