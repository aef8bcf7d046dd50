"""Binds the names of an expression and checks its types: syntax tree -> term, or problems with their places."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.datatypes.browser_patterns import fault_in_rule
from engine.datatypes.numerals import DIGITS
from engine.errors import Problems
from engine.expressions.aggregates import bind_aggregate
from engine.expressions.functions import AGGREGATES, FUNCTIONS, Function
from engine.expressions.locate import Context, Located, Miss, StaticFrame, locate
from engine.expressions.names import SPELLED_TRUTHS, Names, Report, Window
from engine.expressions.nodes import Apply, Call, Let, Listing, Literal, Other, Path, Syntax
from engine.expressions.references import through
from engine.expressions.scopes import Field, Scope
from engine.expressions.special import SPECIAL
from engine.expressions.terms import BOOLEAN, NOTHING, NUMBER, Term, Type
from engine.expressions.typing_rules import (
    PARAMETERS,
    UNTYPED,
    as_day,
    as_reason,
    comparison,
    fits_constant,
    joined,
    literal,
    may_hold,
    some,
    type_hint,
)

ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div", "^": "pow"}
COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})


@dataclass(slots=True)
class Reads:
    """What an expression depends on."""

    fields: set[Field] = field(default_factory=set)
    scopes: set[Scope] = field(default_factory=set)  # groups whose rows are visited, forms whose presence is asked
    asked: set[str] = field(default_factory=set)  # forms named in exists, filled, empty or `is`
    time: bool = False
    events: bool = False
    anchors: list[Reads] = field(default_factory=list)  # what decides when the events are whose window is asked for


class Binder:
    """Binds one expression. `problems` are reported through `report`; `reads` collects dependencies."""

    def __init__(self, names: Names, report: Report) -> None:
        self.names = names
        self.report = report
        self.reads = Reads()
        self.variables = 0
        self.tested: set[tuple[Term, str]] = set()  # references that were asked for a target by is_a
        self.two_valued = 0  # inside filled, empty, exists, is: absence is asked for

    def bind(self, node: Syntax, context: Context) -> Term:
        """The typed term of a node."""
        match node:
            case Literal(value, _):
                if isinstance(value, Decimal) and len(value.as_tuple().digits) > DIGITS:
                    return self.fault(node, "wrong-type", f"This number has more than {DIGITS} digits.")
                return literal(value)
            case Path():
                return self.value_of(node, context)
            case Apply():
                return self._apply(node, context)
            case Call():
                return self._call(node, context)
            case Let():
                return self._let(node, context)
            case Listing():
                return self.fault(
                    node,
                    "misplaced-list",
                    "A list in brackets stands only after `in`, or in a function that takes one.",
                )
            case Other():
                return self.fault(
                    node, "misplaced-other", "`other` stands only in an aggregate: any(other episode where …)."
                )

    def fault(self, node: Syntax, code: str, message: str, subject: str = "") -> Term:
        """Report a problem at a node and go on with something untyped."""
        self.report.error(node.at, code, message, subject)
        return UNTYPED

    # names ------------------------------------------------------------------------------------------------------

    def find(self, path: Path, context: Context) -> Located | None:
        """What a path means; a miss is reported."""
        found = locate(path.parts, context)
        if not isinstance(found, Miss):
            return found
        if found.ambiguous:
            ways = " or ".join(found.ambiguous)
            self.fault(path, "ambiguous-name", f"{found.name!r} has several meanings here. Write {ways}.")
        else:
            truth = SPELLED_TRUTHS.get(found.name.lower()) if len(found.name) > 1 else None
            guess = self.report.problems.guess(found.name, *found.known, context.variables)
            hint = guess or (f" Write {truth}." if truth else "")
            self.fault(path, "unknown-name", f"Nothing is called {found.name!r} here.{hint}", found.name)
        return None

    def value_of(self, path: Path, context: Context) -> Term:
        """The single value that a path means."""
        variable = context.variables.get(path.parts[0])
        if variable is not None:
            if len(path.parts) > 1:
                return self.fault(path, "unknown-name", f"{path.parts[0]!r} is a local value, it has no parts.")
            return variable
        found = self.find(path, context)
        if found is None:
            return UNTYPED
        if found.field is None:
            return self.fault(
                path,
                "not-a-value",
                f"{path} is a {found.scope.kind}, not a value. {self.report.remedies.no_value}",
            )
        if found.plural:
            return self.fault(
                path,
                "needs-aggregate",
                f"{path} has several values here. {self.report.remedies.several}",
            )
        return self.read(found, path)

    def read(self, found: Located, path: Syntax) -> Term:
        """The term that reads a located field, through references where the path goes on."""
        assert found.field is not None
        self.note(found.field)
        self.note_steps(found)
        term = Term("read", (found.frame, found.up, found.steps, found.field.id), found.field.type)
        return through(self, term, found.rest, path) if found.rest else term

    def anchor(self, window: Window) -> Term:
        """The term of the date from which an event's window is counted. Its faults are reported where it is written."""
        binder = Binder(self.names, Report(Problems(), window.origin))
        term = binder.bind(window.anchor, Context((StaticFrame(window.scope),)))
        self.reads.anchors.append(binder.reads)
        self.reads.time = self.reads.time or binder.reads.time
        return term

    def note(self, item: Field) -> None:
        """Remember a field that is read."""
        self.reads.fields.add(item)
        if self.two_valued:
            self.reads.asked.add(item.scope.form_id)

    def note_steps(self, found: Located) -> None:
        """Remember the groups that are passed: their rows count only while they are shown."""
        scope: Scope | None = found.scope
        while scope is not None and scope.kind == "group":
            self.reads.scopes.add(scope)
            scope = scope.parent

    # operators --------------------------------------------------------------------------------------------------

    def _apply(self, node: Apply, context: Context) -> Term:
        if node.op in ("and", "or", "not"):
            return Term(node.op, tuple(self.condition(part, context) for part in node.args), BOOLEAN)
        if node.op == "is":
            truth = node.args[1]
            assert isinstance(truth, Literal)
            return Term("is", (self.asked(node.args[0], context, self.condition), truth.value), BOOLEAN)
        if node.op == "in":
            return self._member(node, context)
        if node.op in COMPARISONS:
            return self._compare(node, context)
        if node.op == "negative":
            return Term("neg", (self.number(node.args[0], context),), NUMBER)
        return Term(ARITHMETIC[node.op], tuple(self.number(part, context) for part in node.args), NUMBER)

    def asked(self, node: Syntax, context: Context, bind: Callable[[Syntax, Context], Term]) -> Term:
        """Bind a part whose absence is asked for: reading another form there is no oversight."""
        self.two_valued += 1
        try:
            return bind(node, context)
        finally:
            self.two_valued -= 1

    def condition(self, node: Syntax, context: Context) -> Term:
        """A term that must be yes/no."""
        return self.of_kind(node, context, {Kind.BOOLEAN}, "a yes/no condition")

    def number(self, node: Syntax, context: Context) -> Term:
        """A term that must be a number."""
        return self.of_kind(node, context, {Kind.NUMBER}, "a number")

    def of_kind(self, node: Syntax, context: Context, kinds: AbstractSet[Kind], wanted: str) -> Term:
        """A term of one of these kinds (or null); else a fault."""
        term = self.bind(node, context)
        if term.type.kind in kinds or term.type.kind is Kind.NOTHING:
            return term
        return self.fault(
            node, "wrong-type", f"This is a {term.type}; {wanted} is needed here.{type_hint(term.type, kinds)}"
        )

    def _compare(self, node: Apply, context: Context) -> Term:
        left, right = (as_reason(self.bind(part, context)) for part in node.args)
        self.check_code(left, node.args[1], right)
        self.check_code(right, node.args[0], left)
        self._warn_of_lists(node, left, right)
        domain = comparison(left.type, right.type)
        if domain is None:
            return self.fault(node, "wrong-type", f"A {left.type} cannot be compared with a {right.type}.")
        if domain in ("text", "bool", "reference") and node.op not in ("=", "!="):
            return self.fault(
                node,
                "wrong-type",
                f"A {left.type} has no order; only = and != are possible. Compare a number attribute, or position(…).",
            )
        if domain == "date":
            left, right = as_day(left), as_day(right)
        return Term("cmp", (node.op, domain, left, right), BOOLEAN)

    def _warn_of_lists(self, node: Syntax, left: Term, right: Term) -> None:
        lists = {left.type.codelist, right.type.codelist} - {None}
        if len(lists) > 1 and left.type.kind is right.type.kind is Kind.CODE:
            text = f"Codes of {left.type.codelist} and {right.type.codelist} are compared."
            self.report.warning(node.at, "different-lists", text)

    def check_code(self, term: Term, node: Syntax, other: Term) -> None:
        """A constant compared with a code must be one of the list's codes."""
        listed = self.names.codelists.get(term.type.codelist or "")
        if listed is None or listed.open or other.op != "const" or not isinstance(other.args[0], str):
            return
        if other.args[0] not in listed.codes:
            self.fault(
                node,
                "unknown-code",
                f"{other.args[0]!r} is no code of {term.type.codelist}.{self.report.problems.guess(other.args[0], listed.codes)} {some(listed)}",
            )

    def _member(self, node: Apply, context: Context) -> Term:
        left = as_reason(self.bind(node.args[0], context))
        right = node.args[1]
        if isinstance(right, Listing | Literal):
            return Term("in", (left, self.constants(right, left)), BOOLEAN)
        group = self.of_kind(right, context, {Kind.CODES}, "a multiple choice, a set or a list of constants")
        if not may_hold(group.type, left.type):
            partial = left.type.kind is Kind.PARTIAL_DATE
            text = f"A {left.type} is never {'surely ' if partial else ''}in a {group.type}."
            advice = " Compare them one by one: any(x in … where x = …)." if partial else ""
            return self.fault(node.args[0], "wrong-type", text + advice)
        self.check_code(group, node.args[0], left)
        return Term("in_set", (left, group), BOOLEAN)

    def constants(self, node: Syntax, like: Term) -> tuple[object, ...]:
        """The values of a list of constants, checked against the code list of what they are compared with."""
        items = node.items if isinstance(node, Listing) else (node,)
        values = []
        for item in items:
            if not isinstance(item, Literal) or item.value is None:
                self.fault(item, "not-constant", "Only constants stand in a list.")
                continue
            if not fits_constant(like.type, item.value):
                self.fault(item, "wrong-type", f"A {like.type} is never equal to this.")
            self.check_code(like, item, literal(item.value))
            values.append(item.value)
        return tuple(values)

    # calls ------------------------------------------------------------------------------------------------------

    def _let(self, node: Let, context: Context) -> Term:
        bound: list[tuple[str, Term]] = []
        for name, value in node.bindings:
            term = self.bind(value, context)
            slot, variable = self.new_variable(term.type)
            bound.append((slot, term))
            context = context.with_variable(name, variable)
        result = self.bind(node.body, context)
        for slot, term in reversed(bound):
            result = Term("let", (slot, term, result), result.type)
        return result

    def new_variable(self, type_: Type) -> tuple[str, Term]:
        """A fresh slot for a local value."""
        self.variables += 1
        slot = f"v{self.variables}"
        return slot, Term("var", (slot,), type_)

    def _call(self, node: Call, context: Context) -> Term:
        special = SPECIAL.get(node.name)
        plain = not (node.values or node.where or node.by)
        if node.name in AGGREGATES and not (node.name in FUNCTIONS and plain and len(node.args) > 1):
            return bind_aggregate(self, node, context)
        if not plain:
            return self.fault(node, "wrong-call", f"`:`, `where` and `by` belong to aggregates; {node.name} is none.")
        if special is not None:
            return special(self, node, context)
        if node.name in self.names.defines:
            return self._inline(node, context)
        if node.name not in FUNCTIONS:
            known = {*FUNCTIONS, *AGGREGATES, *SPECIAL, *self.names.defines}
            return self.fault(
                node,
                "unknown-function",
                f"There is no function {node.name!r}.{self.report.problems.guess(node.name, known)}",
                node.name,
            )
        return self._function(node, FUNCTIONS[node.name], context)

    def _function(self, node: Call, function: Function, context: Context) -> Term:
        takes = list(function.takes)
        if function.more:
            takes += [takes[-1]] * (len(node.args) - len(takes))
        fewest = function.least if function.least is not None else len(function.takes)
        if not fewest <= len(node.args) <= len(takes):
            return self.fault(
                node,
                "wrong-call",
                f"{node.name} takes {' and '.join(function.takes) or 'nothing'}, not {len(node.args)} arguments.",
            )
        args: list[object] = []
        for kind, part in zip(takes, node.args, strict=False):
            if kind in ("texts", "patterns"):
                first = args[0]
                assert isinstance(first, Term)
                args.append(self.constants(part, first if takes[0] == "codes" else literal("")))
                self._judge_patterns(kind, part)
            else:
                args.append(self._parameter(kind, part, context))
        self.reads.time = self.reads.time or node.name in ("today", "now")
        gives = function.gives
        if gives is None:
            args, gives = self._share_type(node, args)
        return Term("call", (node.name, *args), gives)

    def _judge_patterns(self, kind: str, node: Syntax) -> None:
        """Report regular expressions that are faulty, slow, or unknown to browsers."""
        for part in node.items if isinstance(node, Listing) else (node,):
            if kind == "patterns" and isinstance(part, Literal) and isinstance(part.value, str):
                fault = fault_in_rule(part.value)
                if fault is not None:
                    self.fault(part, *fault)

    def _parameter(self, kind: str, node: Syntax, context: Context) -> Term:
        kinds, wanted = PARAMETERS[kind]
        term = self.of_kind(node, context, kinds, wanted) if kinds else self.bind(node, context)
        return as_day(term) if kind == "day" else term

    def _share_type(self, node: Call, args: list[object]) -> tuple[list[object], Type]:
        terms = [arg for arg in args if isinstance(arg, Term)]
        common = self.common_type(node, terms)
        return [as_day(term) if common.kind is Kind.DATE else term for term in terms], common

    def common_type(self, node: Syntax, terms: list[Term]) -> Type:
        """The type that all terms share (null fits all); days win over date and time, codes over texts."""
        common = NOTHING
        for term in terms:
            both = joined(common, term.type)
            if both is None:
                self.fault(node, "wrong-type", f"A {common} and a {term.type} cannot stand for the same value.")
                return common
            common = both
        return common

    def _inline(self, node: Call, context: Context) -> Term:
        definition = self.names.defines[node.name]
        if len(node.args) != len(definition.parameters):
            wanted = ", ".join(definition.parameters)
            return self.fault(
                node,
                "wrong-call",
                f"{node.name}({wanted}) takes {len(definition.parameters)} arguments, not {len(node.args)}.",
            )
        bound: list[tuple[str, Term]] = []
        inner = Context(context.frames)
        for name, part in zip(definition.parameters, node.args, strict=True):
            term = self.bind(part, context)
            slot, variable = self.new_variable(term.type)
            bound.append((slot, term))
            inner = inner.with_variable(name, variable)
        report = self.report
        self.report = Report(report.problems, definition.origin)
        result = self.bind(definition.body, inner)
        self.report = report
        for slot, term in reversed(bound):
            result = Term("let", (slot, term, result), result.type)
        return result
