"""The rules of a Questionnaire: conditions, calculations, defaults, limits and constraints, each put where it belongs and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax, walk
from exchange.document import Entry, Rule, annotate
from exchange.fhir.constants import computed_limit, constant_of, initial_of
from exchange.fhir.draft import SYSTEM, Conditional, Draft, Holder
from exchange.fhir.elements import One, Spot, exists, text_constant
from exchange.fhir.enabling import enabled
from exchange.fhir.evaluate import Evaluator, Scope, fhirpath_of
from exchange.fhir.extensions import Expression, as_text, expression, expressions, first, is_fhirpath, named, value
from exchange.fhir.functions import FUNCTIONS
from exchange.fhir.nodes import Node
from exchange.fhir.resources import Json, maps
from exchange.fhir.texts import escaped
from exchange.fhir.toggling import TOGGLE, only
from exchange.findings import Finding, Part, told
from exchange.identifiers import snake
from exchange.rules import logic
from exchange.rules.meaning import Meaning, Untranslatable
from exchange.rules.sharing import shared

_LIVE = frozenset({"today", "now"})
_ENDLESS = frozenset({"ln", "exp", "sqrt", "mean", "log10"})  # give more digits than an item has


@dataclass(slots=True)
class Rules:
    """Translates the rules of one draft. Conditions of an item are translated once, wherever they count."""

    draft: Draft
    check_ids: set[str]
    ev: Evaluator = field(init=False)
    _own: dict[Node, Meaning | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ev = Evaluator(self.draft.grown, FUNCTIONS)

    def place(self) -> None:
        """All rules of the Questionnaire, in the order of its items."""
        for conditional in self.draft.conditionals:
            self._when(conditional)
        for node, entry in self.draft.entries.items():
            self._calculation(node, entry)
            self._default(node, entry)
            self._limits(node, entry)
            self._offer(node, entry)
        for node in (self.draft.root, *self.draft.root.within()):
            self._constraints(node)

    # conditions -----------------------------------------------------------------------------------------------------

    def _when(self, conditional: Conditional) -> None:
        node, entry = conditional.node, conditional.entry
        parts = [self._enabled(node, entry), *(self._held(holder, entry) for holder in conditional.holders)]
        met = logic.conjunction(_each_once([part for part in parts if part is not None]))
        if met.literal is True:
            return
        source = next(
            (one for one in (node, *(holder.node for holder in conditional.holders)) if _condition(one)), node
        )
        text = self._text(met)
        name, found = _condition(source) or ("item", source.link)
        entry["when"] = Rule(text, system=SYSTEM, name=name, found=found, where=self.draft.where(source))

    def _held(self, holder: Holder, entry: Entry) -> Meaning | None:
        if not holder.answered:
            return self._enabled(holder.node, entry)
        answers = self.ev.member((Spot(holder.node, "answer", absolute=False),), "value", Scope(holder.node))
        return exists(answers) if answers else None

    def _enabled(self, node: Node, entry: Entry) -> Meaning | None:
        if node not in self._own:
            self._own[node] = self._translated(node, entry)
        return self._own[node]

    def _translated(self, node: Node, entry: Entry) -> Meaning | None:
        parts = []
        for name, translate in _CONDITIONS.items():
            found = _source(node, name)
            if found is None:
                continue
            self.ev.translator.reservations.clear()
            try:
                met, assumed = translate(self, node)
            except Untranslatable as fault:
                self.draft.placing.untranslated(
                    entry, name=name, found=as_text(found), where=self.draft.where(node), reason=fault.reason
                )
                continue
            reasons = " ".join(filter(None, (assumed, *dict.fromkeys(self.ev.translator.reservations))))
            self.draft.placing.findings.append(told(self.draft.where(node), Part.RULE, reasons, as_text(found), name))
            parts.append(met)
        return logic.conjunction(parts) if parts else None

    def _by_answers(self, node: Node) -> tuple[Meaning, str]:
        return enabled(self.ev, node.item, self._outside(node), self.ev.links)

    def _by_expression(self, node: Node) -> tuple[Meaning, str]:
        found = next(expressions(node.item, "enableWhenExpression"), None)
        met = self.ev.condition(fhirpath_of(found), self._outside(node))
        if met.kind is Kind.NOTHING:
            raise Untranslatable("It asks for what is not in the form, so that it is never true.")
        return self.ev.translator.cast(met, Kind.BOOLEAN), ""

    def _outside(self, node: Node) -> Scope:
        return Scope(node, outside=node.repeats and bool(self.draft.grown.groups.get(node)) and self._has_rows(node))

    def _has_rows(self, node: Node) -> bool:
        around = self.draft.grown.groups.get(node.parent, ()) if node.parent is not None else ()
        return len(self.draft.grown.groups.get(node, ())) > len(around)

    def _offer(self, node: Node, entry: Entry) -> None:
        """Which choices are on offer."""
        found = named(node.item, TOGGLE)
        if found:

            def translate() -> str:
                return self._text(only(self.ev, found, self.draft.grown.choices.get(node), Scope(node)))

            where = self.draft.where(node)
            self._placed(entry, "only", name=TOGGLE, found=as_text(found), where=where, translate=translate)

    # values ---------------------------------------------------------------------------------------------------------

    def _calculation(self, node: Node, entry: Entry) -> None:
        for found in expressions(node.item, "calculatedExpression"):
            if self._put(node, entry, "calculate", "calculatedExpression", found) and _is_live(str(entry["calculate"])):
                entry["live"] = True

    def _default(self, node: Node, entry: Entry) -> None:
        for found in expressions(node.item, "initialExpression"):
            self._put(node, entry, "default", "initialExpression", found)
        initial = list(initial_of(node.item))
        if not initial or "calculate" in entry or "default" in entry:
            return
        text = as_text(initial)

        def translate() -> str:
            if len(initial) > 1:
                raise Untranslatable("Several answers at once are offered.")
            return self._written(node, entry, self._constant(node, value(initial[0])))

        self._placed(entry, "default", name="initial", found=text, where=self.draft.where(node), translate=translate)

    def _put(self, node: Node, entry: Entry, key: str, name: str, found: Expression) -> bool:
        def translate() -> str:
            if key in entry:
                raise Untranslatable("The item has such a rule already.")
            if node.repeats and self._has_rows(node):
                raise Untranslatable("The rows of a group are entered, not calculated.")
            return self._written(node, entry, self.ev.value(fhirpath_of(found), Scope(node)))

        text = (
            found.text
            if is_fhirpath(found.language) and not found.name
            else as_text({"language": found.language, "expression": found.text, "name": found.name})
        )
        return self._placed(entry, key, name=name, found=text, where=self.draft.where(node), translate=translate)

    def _written(self, node: Node, entry: Entry, one: One) -> str:
        """A value as the item's kind; where it may have more digits than the item, it is rounded."""
        wanted = self.draft.grown.fields[node].kind
        if one.facet in ("iso", "span", "extension", "option"):
            raise Untranslatable("The text of a date, or a part of a form, is no answer.")
        if wanted in (Kind.CODES, Kind.FILE) and one.meaning.kind is not wanted:
            raise Untranslatable("Several choices, or a file, are entered and not calculated.")
        meaning = self.ev.translator.cast(_as_code(one, wanted, self.draft, node), wanted)
        if meaning.kind is Kind.NOTHING:
            raise Untranslatable("It never gives a value.")
        if wanted is Kind.NUMBER and "decimals" in entry and _has_endless(meaning.node):
            meaning = Meaning(
                Call("round", (meaning.node, Literal(Decimal(entry["decimals"]), 0)), 0), Kind.NUMBER, meaning.doubts
            )
        return self._text(meaning)

    def _placed(
        self, part: Entry, key: str, *, name: str, found: str, where: str, translate: Callable[[], str]
    ) -> bool:
        """A rule where it belongs, with the reservations that its translation has."""
        doubts = self.ev.translator.reservations
        doubts.clear()
        return self.draft.placing.rule(
            part, key, name=name, found=found, where=where, translate=translate, doubts=doubts
        )

    def _text(self, meaning: Meaning) -> str:
        return self.ev.translator.written(Meaning(shared(meaning.node), meaning.kind, meaning.doubts))

    def _constant(self, node: Node, found: Any) -> One:
        choices = self.draft.grown.choices.get(node)
        if choices is None:
            return One(constant_of(found, self.draft.grown.fields[node].kind, self.ev.translator.reservations))
        ours = choices.code_of(found.get("code", found.get("display")) if isinstance(found, dict) else found)
        if ours is None:
            raise Untranslatable("It is none of the choices.")
        return One(text_constant(ours))

    # limits and constraints -----------------------------------------------------------------------------------------

    def _limits(self, node: Node, entry: Entry) -> None:
        for index, name in enumerate(("minValue", "maxValue")):
            found = computed_limit(node.item, name)
            if found is not None:
                self._limit(node, entry, index, name, found)
        for name, assertion in _COUNTED.items():
            number = first(node.item, name)
            if str(number).isdigit() and entry["type"] in assertion.types:
                self._check(
                    node,
                    entry,
                    assertion.text.format(id=entry["id"], number=number),
                    f"{entry['id']}_{snake(name)}",
                    assertion.message.format(number=number),
                )
                self.draft.placing.findings.append(Finding(self.draft.where(node), Part.RULE, name=name))

    def _limit(self, node: Node, entry: Entry, index: int, name: str, found: Expression) -> None:
        bounds: list[Any] = entry.get("range", {}).get("hard", [None, None])
        part: Entry = {}

        def translate() -> str:
            kind = self.draft.grown.fields[node].kind
            return self.ev.translator.written(
                self.ev.translator.cast(self.ev.value(fhirpath_of(found), Scope(node)).meaning, kind)
            )

        if self._placed(part, "bound", name=name, found=found.text, where=self.draft.where(node), translate=translate):
            bounds[index] = part["bound"]
            entry["range"] = {"hard": bounds}
        else:
            annotate(entry, SYSTEM, name, found.text)

    def _check(self, node: Node, entry: Entry, text: str, name: str, message: str) -> None:
        groups = self.draft.grown.groups.get(node, ())
        whole = f"all({'.'.join(groups)} where {text})" if groups else text
        self.draft.checks.append(
            {"id": self._check_id(name), "assert": whole, "on": entry["id"], "message": self.draft.texts.same(message)}
        )

    def _check_id(self, name: str) -> str:
        base = snake(name, "check").upper()
        made, number = base, 2
        while made in self.check_ids:
            made, number = f"{base}_{number}", number + 1
        self.check_ids.add(made)
        return made

    def _constraints(self, node: Node) -> None:
        for one in (*named(node.item, "constraint"), *named(node.item, "targetConstraint")):
            parts = {str(inner.get("url")): value(inner) for inner in maps(one.get("extension"))}
            found = expression(parts.get("expression"))
            if found is None:
                continue
            check: Entry = {"id": self._check_id(str(parts.get("key") or node.link or "check"))}
            self._constraint(node, check, found, parts, one)

    def _constraint(self, node: Node, check: Entry, found: Expression, parts: Mapping[str, Any], one: Json) -> None:
        where = self.draft.where(node)

        def translate() -> str:
            met = self.ev.translator.cast(self.ev.condition(fhirpath_of(found), Scope(node)), Kind.BOOLEAN)
            if met.is_literal:
                raise Untranslatable("It does not depend on any answer.")
            groups = self.draft.grown.groups.get(node, ())
            judged = (
                Meaning(Call("all", (Path(groups, 0),), 0, (), met.node), Kind.BOOLEAN)
                if groups and _reads_row(met.node)
                else met
            )
            return self._text(judged)

        if not self._placed(check, "assert", name="constraint", found=found.text, where=where, translate=translate):
            holder = self.draft.entries.get(node)
            if holder is not None:
                annotate(holder, SYSTEM, f"constraint {check['id']}", as_text(one))
            return
        if str(parts.get("severity", "error")) != "error":
            check["severity"] = "warning"
        if node in self.draft.entries:
            check["on"] = self.draft.entries[node]["id"]
        check["message"] = self._message(parts, one)
        if isinstance(parts.get("requirements"), str):
            annotate(check, SYSTEM, "requirements", str(parts["requirements"]))
        if parts.get("key") and str(parts["key"]) != check["id"].replace("_", "-"):
            annotate(check, SYSTEM, "key", str(parts["key"]))
        self.draft.checks.append(check)

    def _message(self, parts: Mapping[str, Any], one: Json) -> dict[str, str]:
        human = next((inner for inner in maps(one.get("extension")) if inner.get("url") == "human"), {})
        key = next((key for key in human if key.startswith("value")), "valueString")
        beside = [*named(one, "translation"), *named(one, "piped")]
        if beside and f"_{key}" not in human:
            human = {**human, f"_{key}": {"extension": beside}}
        return self.draft.texts.of(human, key) or self.draft.texts.same(
            escaped(str(parts.get("key") or "The answer is not allowed."))
        )


@dataclass(frozen=True, slots=True)
class _Counted:
    """A limit of characters or choices: for which types, how it is said, and what is told."""

    types: tuple[str, ...]
    text: str
    message: str


_COUNTED: Mapping[str, _Counted] = {
    "minLength": _Counted(
        ("text", "long_text"), "length({id}) >= {number}", "At least {number} characters are needed."
    ),
    "minOccurs": _Counted(
        ("codes",), "empty({id}) or count(each in {id}) >= {number}", "At least {number} answers are needed."
    ),
    "maxOccurs": _Counted(("codes",), "count(each in {id}) <= {number}", "At most {number} answers are allowed."),
}

_CONDITIONS: Mapping[str, Callable[[Rules, Node], tuple[Meaning, str]]] = {
    "enableWhen": Rules._by_answers,  # noqa: SLF001 -- the table belongs to the class
    "enableWhenExpression": Rules._by_expression,  # noqa: SLF001
}


def _each_once(parts: list[Meaning]) -> list[Meaning]:
    """Conditions without those that another one says already."""
    said: list[Syntax] = []
    left = []
    for part in parts:
        sides = part.node.args if isinstance(part.node, Apply) and part.node.op == "and" else (part.node,)
        if all(side in said for side in sides):
            continue
        said.extend(sides)
        left.append(part)
    return left


def _source(node: Node, name: str) -> Any:
    """What stands there of a condition, or None."""
    if name == "enableWhen":
        return node.item.get("enableWhen") or None
    found = next(expressions(node.item, name), None)
    return found.text if found is not None else None


def _condition(node: Node) -> tuple[str, str] | None:
    return next(((name, as_text(_source(node, name))) for name in _CONDITIONS if _source(node, name)), None)


def _as_code(one: One, wanted: Kind, draft: Draft, node: Node) -> Meaning:
    """A constant that is written in the rule as a code of the item's list."""
    choices = draft.grown.choices.get(node)
    if wanted is not Kind.CODE or choices is None or not isinstance(one.meaning.literal, str):
        return one.meaning
    ours = choices.code_of(one.meaning.literal, shown=False) or one.meaning.literal
    if ours not in {choice.code for choice in choices.entries}:
        raise Untranslatable(f"'{ours}' is none of the choices.")
    return text_constant(ours)


def _has_endless(node: Syntax) -> bool:
    if isinstance(node, Call) and node.name in ("round", "floor", "ceil"):
        return False
    return any(
        (isinstance(part, Apply) and part.op in ("/", "^")) or (isinstance(part, Call) and part.name in _ENDLESS)
        for part in walk(node)
    )


def _is_live(text: str) -> bool:
    return any(f"{name}()" in text for name in _LIVE)


def _reads_row(node: Syntax) -> bool:
    return not (isinstance(node, Call) and node.name in ("all", "any", "count", "unique"))
