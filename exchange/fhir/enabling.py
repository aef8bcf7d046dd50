"""enableWhen -> a condition of ours: https://hl7.org/fhir/R4/valueset-questionnaire-enable-operator.html tells what operators mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply
from exchange.fhir.choices import own_system
from exchange.fhir.comparing import ORDER, judged
from exchange.fhir.constants import constant_of, number
from exchange.fhir.converting import per_unit
from exchange.fhir.elements import One, Spot, exists, ones, over_rows, text_constant
from exchange.fhir.evaluate import Evaluator, Scope
from exchange.fhir.nodes import Choices, Node, decimal, truth
from exchange.fhir.resources import Json, maps
from exchange.rules import logic
from exchange.rules.meaning import FALSE, Meaning, Untranslatable, constant

NO_CHOICE = "\0"  # what a condition names that cannot be chosen: it is never met
ASSUMED_ALL = "The form does not say whether all conditions count or any (enableBehavior): all are taken."
ASSUMED_ANY = "The form does not say whether all conditions count or any (enableBehavior): any is taken, as all cannot be true at once."


def enabled(ev: Evaluator, item: Json, scope: Scope, found: Mapping[str, Sequence[Node]]) -> tuple[Meaning, str]:
    """The condition, and what had to be assumed. `found`: linkId -> items. Raises Untranslatable."""
    conditions = maps(item["enableWhen"])
    parts = [_part(ev, one, scope, found) for one in conditions]
    behaviour = str(item.get("enableBehavior", ""))
    assumed = ""
    if len(parts) > 1 and behaviour not in ("all", "any"):
        behaviour = "any" if _exclude_each_other(conditions, found) else "all"
        assumed = ASSUMED_ANY if behaviour == "any" else ASSUMED_ALL
    return (logic.disjunction if behaviour == "any" else logic.conjunction)(parts), assumed


def _exclude_each_other(conditions: list[Json], found: Mapping[str, Sequence[Node]]) -> bool:
    """Several `=` of one question with one answer."""
    questions = {str(one.get("question")) for one in conditions}
    nodes = [node for question in questions for node in found.get(question, ())]
    return (
        len(questions) == 1
        and all(one.get("operator") == "=" for one in conditions)
        and not any(node.repeats for node in nodes)
    )


def _part(ev: Evaluator, one: Json, scope: Scope, found: Mapping[str, Sequence[Node]]) -> Meaning:
    question = str(one.get("question", ""))
    nodes = found.get(question)
    if not nodes:
        raise Untranslatable(f"There is no question {question!r}.")
    node = _nearest(nodes, scope.node)
    if len(nodes) > 1:
        ev.translator.reservations.append(
            f"{len(nodes)} items have the linkId {question}: the one that stands nearest is asked, the first of those as near."
        )
    answers = ones(ev.member((Spot(node, "answer"),), "value", scope))
    if not answers:
        raise Untranslatable(f"{question} is no question with an answer.")
    answers = tuple(_in_own_row(answer, ev.rows(scope)) for answer in answers)
    operator = str(one.get("operator"))
    kind, wanted = next(((key, value) for key, value in one.items() if key.startswith("answer")), ("", None))
    if operator == "exists":
        there = exists(answers)
        return there if truth(wanted) else logic.negation(there)
    if operator not in ("=", "!=", *ORDER):
        raise Untranslatable(f"The operator {operator!r} is not known.")
    (answer,) = answers
    asked = _constant(operator, kind, wanted, answer, ev.translator.reservations)
    if asked.literal == NO_CHOICE:
        ev.translator.reservations.append(f"{question} has no choice {_named(wanted)}, so that it is never chosen.")
    met = _met(ev, "=" if operator == "!=" else operator, answer, asked)
    return logic.negation(met) if operator == "!=" else met  # true also where there is no answer


def _named(wanted: Any) -> str:
    return str(wanted.get("code", wanted.get("display"))) if isinstance(wanted, dict) else str(wanted)


def _nearest(nodes: Sequence[Node], here: Node) -> Node:
    """Where a linkId stands several times, the one that shares most with this place."""
    own = list(here.upwards())
    return max(nodes, key=lambda node: sum(holder in own for holder in node.upwards()))


def _in_own_row(answer: One, own: tuple[str, ...]) -> One:
    """In a row, the answer of that row is meant."""
    return replace(answer, rows=()) if answer.rows and answer.rows == own[: len(answer.rows)] else answer


def _met(ev: Evaluator, operator: str, answer: One, wanted: Meaning) -> Meaning:
    """That at least one answer compares so."""
    if wanted.literal == NO_CHOICE:
        met = FALSE
    elif answer.meaning.kind is not Kind.CODES:
        met = judged(ev, operator, answer.meaning, wanted)
    elif operator == "=":
        met = Meaning(Apply("in", (wanted.node, answer.meaning.node), 0), Kind.BOOLEAN)
    else:
        raise Untranslatable("A multiple choice is compared by order.")
    return over_rows("any", answer, met) if answer.rows else met


def _constant(operator: str, kind: str, wanted: Any, answer: One, told: list[str]) -> Meaning:
    """What an answer is compared with. What is no choice can never be met."""
    by_number = operator in ORDER and kind != "answerCoding" and decimal(wanted) is not None
    if answer.choices is not None and not by_number:
        return text_constant(_code(wanted, answer.choices) or NO_CHOICE)
    if kind == "answerQuantity":
        return _quantity(wanted, answer)
    if kind not in _KINDS:
        raise Untranslatable(f"A condition without an answer to compare with ({kind or 'no answer[x]'}).")
    if kind == "answerCoding" and isinstance(wanted, dict) and wanted.get("code") is None:
        raise Untranslatable("The condition names a choice without a code.")
    return constant_of(wanted, _KINDS[kind], told)


def _code(wanted: Any, choices: Choices) -> str | None:
    """Our code, by code and system, or by what is shown."""
    if not isinstance(wanted, dict) or wanted.get("code") is None:
        return choices.code_of(wanted.get("display") if isinstance(wanted, dict) else wanted)
    return choices.code_of(wanted["code"], own_system(str(wanted.get("system", ""))), shown=False)


def _quantity(wanted: Any, answer: One) -> Meaning:
    found = wanted if isinstance(wanted, dict) else {"value": wanted}
    known = number(found.get("value"))
    unit = str(found.get("code") or found.get("unit") or "")
    if unit in ("", answer.unit) or not answer.unit:
        return known
    factor = per_unit(unit, answer.unit)
    if factor is None:
        raise Untranslatable(f"How many {answer.unit} are one {unit} is not known.")
    assert isinstance(known.literal, Decimal)
    return constant(known.literal * factor)


_KINDS: Mapping[str, Kind] = {
    "answerBoolean": Kind.BOOLEAN,
    "answerCoding": Kind.TEXT,
    "answerString": Kind.TEXT,
    "answerUri": Kind.TEXT,
    "answerReference": Kind.TEXT,
    "answerInteger": Kind.NUMBER,
    "answerDecimal": Kind.NUMBER,
    "answerDate": Kind.DATE,
    "answerDateTime": Kind.DATETIME,
    "answerTime": Kind.TIME,
}
