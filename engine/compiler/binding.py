"""Parses and binds every expression of a model: texts -> rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from engine.compiler.inlining import extent_of_windows, parse_text, read_defines, read_windows
from engine.compiler.rules import Rule
from engine.compiler.scoping import Scopes
from engine.datatypes.base import Kind
from engine.errors import Problems
from engine.expressions.checker import Binder, Reads
from engine.expressions.extent import Extent, extent_of
from engine.expressions.locate import Context, StaticFrame
from engine.expressions.names import IN_RULES, NUMBER_OR_TEXT, Codes, Names, Remedies, Report
from engine.expressions.nodes import Literal, Path, Syntax
from engine.expressions.scopes import Scope
from engine.expressions.terms import Term, Type, constant
from engine.expressions.typing_rules import joined, literal
from engine.model.item import ExpressionText
from engine.model.metadata_version import MetaDataVersion

MAX_BROUGHT = 200_000  # parts of expressions that defines bring into all expressions together


@dataclass(slots=True)
class Workbench:
    """What the passes of the compiler share: the model, its scopes and names, and the problems so far."""

    model: MetaDataVersion
    scopes: Scopes
    problems: Problems
    names: Names = field(init=False)
    constants: dict[str, Rule] = field(default_factory=dict)  # rules of single numbers and texts: most bounds are one
    _extents: Mapping[str, Extent] = field(init=False)  # of what is written out where it is named
    _brought: int = 0  # parts that were written out so far

    def __post_init__(self) -> None:
        self.names, self._extents = _names(self.model, self.scopes, self.problems)

    def read(self, text: ExpressionText) -> Syntax | None:
        """The syntax tree of an expression; a fault is reported at its place."""
        tree = parse_text(text, self.problems)
        if tree is None or isinstance(tree, Literal | Path):
            return tree
        extent = extent_of(tree, self._extents)
        fault, before = extent.fault, self._brought
        self._brought += 0 if fault else extent.brought
        if self._brought > MAX_BROUGHT:
            fault = f"With all defines written out the definition has more than {MAX_BROUGHT} parts of expressions."
        if fault and before <= MAX_BROUGHT:
            self.problems.error(text.mark, "expression-too-large", fault)
        return None if fault else tree

    def bind(
        self,
        text: ExpressionText,
        scope: Scope,
        *,
        wanted: Type | None = None,
        variables: Mapping[str, Term] | None = None,
        syntax: Syntax | None = None,
        remedies: Remedies = IN_RULES,
    ) -> tuple[Rule, Binder] | None:
        """The rule of an expression that stands in a scope, with the binder that knows more about it."""
        tree = syntax or self.read(text)
        if tree is None:
            return None
        binder = Binder(self.names, Report(self.problems, text, remedies))
        if isinstance(tree, Literal):
            return self._constant(text, tree, wanted, binder), binder
        term = binder.bind(tree, Context((StaticFrame(scope),), dict(variables or {})))
        if wanted is not None:
            self._fit(binder, term, wanted, tree)
        reads = binder.reads
        keys = frozenset[str]().union(*(_keys(part) for part in (reads, *reads.anchors)))
        return Rule(term, keys, _digest(text), reads.time, reads.events), binder

    def rule(self, text: ExpressionText | None, scope: Scope, wanted: Type | None = None) -> Rule | None:
        """The rule of an expression, or None where there is none or it is faulty."""
        bound = self.bind(text, scope, wanted=wanted) if text is not None else None
        return bound[0] if bound else None

    def _constant(self, text: ExpressionText, tree: Literal, wanted: Type | None, binder: Binder) -> Rule:
        rule = self.constants.get(text.text)
        if rule is None:
            rule = Rule(literal(tree.value), digest=_digest(text))
            self.constants[text.text] = rule
        if wanted is not None:
            self._fit(binder, rule.term, wanted, tree)
        return rule

    def _fit(self, binder: Binder, term: Term, wanted: Type, tree: Syntax) -> None:
        found = term.type
        if found.kind is Kind.NOTHING or (found.kind is wanted.kind and found.element is wanted.element):
            self._fit_codes(binder, term, wanted, tree)
            return
        if joined(wanted, found) is None or (wanted.kind is Kind.DATE) != (found.kind is Kind.DATE):
            binder.fault(tree, "wrong-type", f"This gives a {found}; a {wanted} is needed.")
            return
        self._fit_codes(binder, term, wanted, tree)

    def _fit_codes(self, binder: Binder, term: Term, wanted: Type, tree: Syntax) -> None:
        if wanted.kind is not Kind.CODE:
            return
        for leaf in results_of(term):
            if leaf.op == "const":
                binder.check_code(constant(None, wanted), tree, leaf)


def results_of(term: Term) -> list[Term]:
    """The terms that may be the result of a term with branches."""
    if term.op == "if":
        return results_of(term.args[1]) + results_of(term.args[2])
    if term.op == "let":
        return results_of(term.args[2])
    if term.op == "call" and term.args[0] in ("coalesce", "least", "greatest", "min", "max"):
        return [leaf for part in term.args[1:] for leaf in results_of(part)]
    return [term]


def _digest(text: ExpressionText) -> str:
    return sha256(text.text.encode()).hexdigest()[:16]


def _keys(reads: Reads) -> set[str]:
    return {item.key for item in reads.fields} | {f"{scope.form_id}.{scope.id}" for scope in reads.scopes}


def _names(model: MetaDataVersion, scopes: Scopes, problems: Problems) -> tuple[Names, dict[str, Extent]]:
    codelists = {
        id_: Codes(
            tuple(listed.choices),
            {name: Type(attribute.kind) for name, attribute in listed.attributes.items()},
            listed.external is not None,
        )
        for id_, listed in model.codelists.items()
    }
    parameters = {
        id_: NUMBER_OR_TEXT[type(parameter.values[0][1])]
        for id_, parameter in model.parameters.items()
        if parameter.values
    }
    events = {name: event.id for event in model.events.values() for name in (event.id, event.oid) if name}
    windows = dict(read_windows(model, scopes))
    defines, extents = read_defines(model, problems)
    extents["in_window"] = extent_of_windows(windows, extents)
    return Names(codelists, parameters, defines, events, windows, scopes.targets), extents
