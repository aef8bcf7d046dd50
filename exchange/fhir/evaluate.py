"""FHIRPath -> a rule of ours, by walking through the Questionnaire as the expression would walk through a response.

Collections are kept as elements that may be there (`elements`); functions and operators are rows of `functions.FUNCTIONS`.
FHIRPath is three-valued as our language is: what is empty stays missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax
from exchange.document import Field
from exchange.fhir.elements import (
    Collection,
    One,
    Spot,
    of,
    ones,
    single,
    text_constant,
)
from exchange.fhir.extensions import UCUM, Expression, expressions, is_fhirpath
from exchange.fhir.fhirpath import parsed
from exchange.fhir.members import may_be, member_of
from exchange.fhir.nodes import Grown, Node
from exchange.rules.meaning import TRUE, Meaning, Untranslatable, answer, constant
from exchange.rules.translate import Dialect, Translator, negated


def fhirpath_of(found: Expression | None) -> str:
    """The text of an expression. Raises Untranslatable of other languages."""
    if found is None or not is_fhirpath(found.language):
        raise Untranslatable(f"Only FHIRPath is read; this is {found.language if found else 'nothing'}.")
    return found.text


MAX_STEPS = 20_000  # of one rule with its variables: they are written out where they are used


def _unknown(path: Path) -> Meaning | Field:
    raise Untranslatable(f"{path} has no counterpart.")


@dataclass(slots=True)
class _Steps:
    left: int = MAX_STEPS


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: the item (the Questionnaire itself for its root), `$this`, and variables that are being resolved."""

    node: Node
    this: Collection | None = None
    resolving: tuple[str, ...] = ()
    within: tuple[str, ...] | None = None  # the rows in which a criterion is judged
    outside: bool = False  # of the rows of a repeating group: where its own condition stands


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Translates the expressions of one Questionnaire. `functions` by name: receiver, arguments -> collection."""

    grown: Grown
    functions: Mapping[str, Function]
    translator: Translator = field(
        default_factory=lambda: Translator(Dialect("fhirpath", {"not": negated}, two_valued=False), _unknown)
    )
    steps: _Steps = field(default_factory=_Steps)
    links: Mapping[str, Sequence[Node]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "links", self.grown.by_link())

    # what readers ask for -------------------------------------------------------------------------------------------

    def condition(self, text: str, scope: Scope) -> Meaning:
        """An expression as a condition. Raises Untranslatable."""
        return self.truth(self._begin(text, scope), scope)

    def asked(self, found: Expression, scope: Scope) -> Meaning:
        """An expression of SDC as a condition. Raises Untranslatable."""
        return self.condition(fhirpath_of(found), scope)

    def value(self, text: str, scope: Scope) -> One:
        """An expression as one value. Raises Untranslatable."""
        found = self._begin(text, scope)
        values = ones(found)
        if len(values) == 1:
            return replace(values[0], meaning=self.own(found, scope))
        return One(self.own(found, scope), facet=values[0].facet if values else "")

    def _begin(self, text: str, scope: Scope) -> Collection:
        self.steps.left = MAX_STEPS
        return self.run(parsed(text), scope)

    def truth(self, found: Collection, scope: Scope) -> Meaning:
        """A collection as a condition: one that is no truth value is true, as something is there."""
        meaning = self.own(found, scope)
        if meaning.kind in (Kind.BOOLEAN, Kind.NOTHING):
            return meaning
        if meaning.is_literal:
            return TRUE
        filled = Call("filled", (meaning.node,), 0)
        return Meaning(
            Call("if", (filled, Literal(value=True, at=0), Literal(None, 0)), 0), Kind.BOOLEAN, meaning.doubts
        )

    def rows(self, scope: Scope) -> tuple[str, ...]:
        """The repeating groups in whose rows a rule stands."""
        if scope.within is not None:
            return scope.within
        found = self.grown.groups.get(scope.node, ())
        return found[:-1] if scope.outside else found

    # walking --------------------------------------------------------------------------------------------------------

    def run(self, node: Syntax, scope: Scope) -> Collection:
        """The collection that a part of an expression gives."""
        self.steps.left -= 1
        if self.steps.left < 0:
            raise Untranslatable("The rule is too long once its variables are written out.")
        match node:
            case Literal(value, _):
                return _constant(value)
            case Path((name,), _):
                return self._named(name, scope)
            case Apply("-", _, _) if (name := _hyphenated(node)) and self._variable_of(name, scope):
                return self._external(name, scope)
            case Apply(op, args, _):
                return self._called(op, self.run(args[0], scope), args[1:], scope)
            case Call(name, args, _) if name.startswith("."):
                return self.member(self.run(args[0], scope), name[1:], scope)
            case Call(
                "where",
                (
                    Call("repeat" | "descendants", (inner, *_), _),
                    Apply("=", (Path(("linkId",)), Literal(str(link))), _),
                ),
                _,
            ):
                return self._linked(self.run(inner, scope), link, node, scope)
            case Call("quantity" | "@" as name, args, _):
                return self._called(name, (), args, scope)
            case Call(name, args, _):
                return self._called(name, self.run(args[0], scope), args[1:], scope)
        raise Untranslatable(f"{type(node).__name__} has no counterpart.")

    def _linked(self, found: Collection, link: str, node: Call, scope: Scope) -> Collection:
        """The items below with a linkId. By far the commonest path, and a form may have thousands of items to walk through."""
        spots = [one for one in found if isinstance(one, Spot)]
        if len(spots) < len(found):
            return self._called("where", self.run(node.args[0], scope), node.args[1:], scope)
        return tuple(
            Spot(below, "definition" if spot.part == "definition" else "item", spot.guard, spot.absolute)
            for spot in spots
            for below in self.links.get(link, ())
            if below is not spot.node and spot.node in below.upwards()
        )

    def _called(self, name: str, receiver: Collection, args: tuple[Syntax, ...], scope: Scope) -> Collection:
        function = self.functions.get(name)
        if function is None:
            shown = name if not name.isidentifier() else f"{name}()"
            raise Untranslatable(f"{shown} has no counterpart in our language.")
        try:
            return function(self, receiver, args, scope)
        except (IndexError, ValueError):
            raise Untranslatable(f"{name}() is called with {len(args)} arguments, which it does not take.") from None

    def one(self, node: Syntax, scope: Scope) -> Meaning:
        """A part as one value."""
        return self.own(self.run(node, scope), scope)

    def own(self, found: Collection, scope: Scope) -> Meaning:
        """A collection as one value."""
        return single(found, self.rows(scope))

    def criterion(self, node: Syntax, element: One | Spot, scope: Scope) -> Meaning:
        """A condition over `$this`; inside an aggregate over rows it is judged row by row."""
        this = replace(element, guard=TRUE)
        if isinstance(this, Spot):
            this = replace(this, absolute=False)
            scope = replace(scope, within=self.grown.groups.get(this.node, ()))
        elif this.rows:
            this = replace(this, rows=())
        return self.truth(self.run(node, replace(scope, this=(this,))), scope)

    def _named(self, name: str, scope: Scope) -> Collection:
        if name == "$this":
            return scope.this if scope.this is not None else self._context(scope)
        if name.startswith("$"):
            raise Untranslatable(f"{name} has no counterpart in our language.")
        if name.startswith("%"):
            return self._external(name[1:], scope)
        if name == "null":  # no word of FHIRPath, and yet written for what is empty
            return ()
        return self.member(self._named("$this", scope), name, scope)

    def _context(self, scope: Scope) -> Collection:
        return (Spot(scope.node, absolute=scope.node.parent is None),)

    def _external(self, name: str, scope: Scope) -> Collection:
        fixed = _EXTERNAL.get(name.lower())
        if fixed is not None:
            return fixed(self, scope)
        known = self._variable_of(name, scope)
        return self._variable(*known, scope) if known is not None else self._calculated(name, scope)

    def _variable_of(self, name: str, scope: Scope) -> tuple[Expression, Node] | None:
        """The nearest variable of that name, and the item that has it."""
        for holder in scope.node.upwards():
            for found in (*expressions(holder.item, "variable"), *_of_the_form(holder)):
                if found.name == name:
                    return found, holder
        return None

    def _variable(self, found: Expression, holder: Node, scope: Scope) -> Collection:
        name = found.name
        key = f"{name} of {holder.link or 'the form'}"
        if key in scope.resolving:
            raise Untranslatable(f"The variable %{name} is made of itself.")
        if not is_fhirpath(found.language):
            raise Untranslatable(f"%{name} is asked of a server ({found.language}), which our forms do not do.")
        inside = Scope(holder, None, (*scope.resolving, key), outside=scope.outside and holder is scope.node)
        return self.run(parsed(found.text), inside)

    def _calculated(self, name: str, scope: Scope) -> Collection:
        """A calculation with a name is that item's answer."""
        for node in self.grown.root.within():
            if any(found.name == name for found in expressions(node.item, "calculatedExpression")):
                return self.member((Spot(node, "answer"),), "value", scope)
            if any(found.name == name for found in expressions(node.item, "variable")):
                raise Untranslatable(f"The variable %{name} is known in {node.link} alone, where it stands.")
        raise Untranslatable(
            f"%{name} is filled from outside the form (from records or by the program), which ours are not."
        )

    # members --------------------------------------------------------------------------------------------------------

    def member(self, found: Collection, name: str, scope: Scope) -> Collection:
        """`found.name`."""
        return tuple(part for element in found for part in self._member(element, name, scope))

    def _member(self, element: One | Spot, name: str, scope: Scope) -> Collection:
        if isinstance(element, Spot):
            return self._of_spot(element, name, scope)
        return member_of(element, name)

    def _of_spot(self, spot: Spot, name: str, scope: Scope) -> Collection:
        if name == "item":
            return tuple(
                replace(spot, node=child, part="definition" if spot.part == "definition" else "item")
                for child in spot.node.children
            )
        if name == "linkId":
            return of(text_constant(spot.node.link))
        if name == "text" and spot.part != "answer":
            return of(text_constant(str(spot.node.item.get("text", ""))))
        if spot.part == "item" and name == "answer":
            return (replace(spot, part="answer"),)
        if spot.part == "answer" and name.startswith("value"):
            return self._answer(spot, name, scope)
        if spot.part == "item" and name == "value" and spot.node in self.grown.fields:
            self.translator.reservations.append("Items have no value there: that of the answer is taken.")
            return self._answer(spot, name, scope)
        if spot.part == "definition" and name == "answerOption":
            choices = self.grown.choices.get(spot.node)
            entries = choices.entries if choices is not None else ()
            return tuple(
                One(text_constant(one.code), spot.guard, facet="option", choice=one, choices=choices) for one in entries
            )
        raise Untranslatable(
            f".{name} of {'the response' if spot.node.parent is None else 'an item'} has no counterpart."
        )

    def _answer(self, spot: Spot, name: str, scope: Scope) -> Collection:
        found = self.grown.fields.get(spot.node)
        if found is None or not may_be(name, found, self.grown.choices.get(spot.node)):
            return ()
        around = () if spot.absolute else self.rows(scope)
        shared = len([1 for here, there in zip(found.groups, around, strict=False) if here == there])
        choices = self.grown.choices.get(spot.node)
        facet = _FACET_OF.get(spot.node.type, "") if choices is None or choices.coded else ""
        unit = self.grown.units.get(spot.node, "")
        return (One(answer(found), spot.guard, found.groups[shared:], facet, unit, choices=choices),)


def _constant(value: Decimal | str | bool | None) -> Collection:
    if value is None:
        return ()
    return of(text_constant(value) if isinstance(value, str) else constant(value))


def _hyphenated(node: Syntax) -> str:
    """`%has-fever`, which FHIRPath reads as a subtraction and forms write for a name; '' of anything else."""
    match node:
        case Apply("-", (left, Path((name,))), _) if name.isidentifier():
            first = (
                left.parts[0].removeprefix("%")
                if isinstance(left, Path) and left.parts[0].startswith("%")
                else _hyphenated(left)
            )
            return f"{first}-{name}" if first else ""
    return ""


def _of_the_form(holder: Node) -> Iterator[Expression]:
    """A calculation that stands at the Questionnaire itself is a variable."""
    return expressions(holder.item, "calculatedExpression") if holder.parent is None else iter(())


Function = Callable[[Evaluator, Collection, tuple[Syntax, ...], Scope], Collection]

_FACET_OF: Mapping[str, str] = {"choice": "coding", "open-choice": "coding", "quantity": "quantity"}


def _response(evaluator: Evaluator, _scope: Scope) -> Collection:
    return (Spot(evaluator.grown.root),)


# By name in small letters: SDC says `%qitem`, and forms say `%qItem` too.
_EXTERNAL: Mapping[str, Callable[[Evaluator, Scope], Collection]] = {
    "resource": _response,
    "rootresource": _response,
    "questionnaireresponse": _response,  # as renderers call it
    "questionnaire": lambda evaluator, _scope: (Spot(evaluator.grown.root, "definition"),),
    "qitem": lambda _evaluator, scope: (Spot(scope.node, "definition"),),
    "context": lambda evaluator, scope: evaluator._context(scope),  # noqa: SLF001 -- the table belongs to the class
    "ucum": lambda _evaluator, _scope: of(text_constant(UCUM)),
    "sct": lambda _evaluator, _scope: of(text_constant("http://snomed.info/sct")),
    "loinc": lambda _evaluator, _scope: of(text_constant("http://loinc.org")),
}
