"""Which choices are on offer: `only` here, answerOptionsToggleExpression there.

A toggle names choices and tells when they are on offer; what it calls empty is not. Here a choice is on offer unless `only` is false of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Listing, Literal, Path, Syntax
from engine.model.code_list import CodeList
from exchange.fhir.evaluate import Evaluator, Scope
from exchange.fhir.extensions import SDC, expression, value
from exchange.fhir.nodes import Choices
from exchange.fhir.printing import Printer
from exchange.fhir.printing_functions import never_unknown
from exchange.fhir.resources import Json, maps
from exchange.rules import logic
from exchange.rules.meaning import FALSE, TRUE, Inexpressible, Meaning, Untranslatable, texts
from exchange.rules.trees import rebuilt, substituted

TOGGLE = "answerOptionsToggleExpression"
MAX_CODES = 300  # of a list that is written code by code
CODE = Path(("code",), 0)


# in ---------------------------------------------------------------------------------------------------------------


def only(ev: Evaluator, toggles: Sequence[Json], choices: Choices | None, scope: Scope) -> Meaning:
    """The condition over `code`. Raises Untranslatable."""
    if choices is None:
        raise Untranslatable("The choices are not in the file.")
    return logic.conjunction([_of_one(ev, one, choices, scope) for one in toggles])


def _of_one(ev: Evaluator, toggle: Json, choices: Choices, scope: Scope) -> Meaning:
    parts = maps(toggle.get("extension"))
    codes = [_code(value(one), choices) for one in parts if one.get("url") == "option"]
    told = next((expression(value(one)) for one in parts if one.get("url") == "expression"), None)
    if told is None or not codes:
        raise Untranslatable("It names no choices, or no condition.")
    met = _beside_code(ev, logic.certain(ev.translator.cast(ev.asked(told, scope), Kind.BOOLEAN)), scope)
    return logic.disjunction([_another(codes), FALSE if met.kind is Kind.NOTHING else met])


def _another(codes: list[str]) -> Meaning:
    """That a choice is none of these."""
    if len(codes) == 1:
        return Meaning(Apply("!=", (CODE, Literal(codes[0], 0)), 0), Kind.BOOLEAN)
    return Meaning(Apply("not", (Apply("in", (CODE, texts(codes)), 0),), 0), Kind.BOOLEAN)


def _beside_code(ev: Evaluator, met: Meaning, scope: Scope) -> Meaning:
    """An item that is called `code` is named with its form, as `code` alone is the choice."""
    item = Path((ev.grown.fields[scope.node].form, *CODE.parts), 0)
    return replace(met, node=substituted(met.node, {CODE.parts[0]: item}))


def _code(found: object, choices: Choices) -> str:
    wanted = found.get("code", found.get("display")) if isinstance(found, dict) else found
    ours = choices.code_of(wanted)
    if ours is None:
        raise Untranslatable(f"It names {wanted}, which is none of the choices.")
    return ours


# out --------------------------------------------------------------------------------------------------------------


def toggles(printer: Printer, rule: str, codelist: CodeList, option: Callable[[str], Json]) -> list[Json]:
    """The extensions: one for all choices that are on offer under the same condition. `option`: a code as `valueCoding` and the like.

    Raises:
        Inexpressible: the codes are not in the definition, or the condition has no counterpart.
    """
    if codelist.external is not None or len(codelist.choices) > MAX_CODES:
        raise Inexpressible("Choices of a dictionary, or of a long list, are not toggled one by one.")
    tree = printer.names.tree(rule)
    under: dict[str, list[str]] = {}
    for code in codelist.choices:
        held = _of_code(tree, code, codelist)
        if held != TRUE.node:
            under.setdefault(printer.part(_unless_false(held)), []).append(code)
    return [_toggle([option(code) for code in codes], text) for text, codes in under.items()]


def _toggle(options: list[Json], text: str) -> Json:
    told = {"url": "expression", "valueExpression": {"language": "text/fhirpath", "expression": text}}
    return {
        "url": f"{SDC}sdc-questionnaire-{TOGGLE}",
        "extension": [*({"url": "option", **option} for option in options), told],
    }


def _unless_false(node: Syntax) -> Syntax:
    return node if never_unknown(node) else Apply("not", (Apply("is", (node, Literal("false", 0)), 0),), 0)


def _of_code(tree: Syntax, code: str, codelist: CodeList) -> Syntax:
    """The condition for one code, as far as it can be worked out without answers."""

    def settle(part: Syntax) -> Syntax:
        match part:
            case Call("attr", (Literal(str() as of), Literal(str() as name)), _):
                found = codelist.attribute(of, name)
                if isinstance(found, tuple):
                    raise Inexpressible(f"The attribute {name} holds several texts.")
                return Literal(found, 0)
            case Apply("=" | "!=" as op, (Literal(left), Literal(right)), _) if None not in (left, right):
                return Literal((left == right) is (op == "="), 0)
            case Apply("=" | "!=" as op, (Literal() as known, asked), _):
                return Apply(op, (asked, known), 0)
            case Apply("in", (Literal(left), Listing(items)), _):
                return Literal(left in [item.value for item in items if isinstance(item, Literal)], 0)
            case Apply("not", (Literal(bool() as truth),), _):
                return Literal(not truth, 0)
            case Apply("is", (Literal(bool() as truth), Literal(str() as word)), _):
                return Literal(str(truth).lower() == word, 0)
            case Apply("and" | "or" as op, args, _):
                join = logic.conjunction if op == "and" else logic.disjunction
                return join([Meaning(arg, Kind.BOOLEAN) for arg in args]).node
        return part

    return rebuilt(substituted(tree, {"code": Literal(code, 0)}), settle)
