"""enableWhen -> a condition of ours: https://hl7.org/fhir/R4/valueset-questionnaire-enable-operator.html tells what operators mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply
from exchange.fhir.choices import own_system
from exchange.fhir.comparing import ORDER, judged
from exchange.fhir.converting import per_unit
from exchange.fhir.elements import One, Spot, exists, ones, over_rows, text_constant
from exchange.fhir.evaluate import Evaluator, Scope
from exchange.fhir.items import decimal
from exchange.fhir.nodes import Choices, Node, truth
from exchange.fhir.resources import Json, maps
from exchange.rules import logic
from exchange.rules.meaning import FALSE, Meaning, Untranslatable, constant
from exchange.rules.moments import constant_moment

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
    if (
        answer.choices is not None
        and kind != "answerCoding"
        and not (operator in ORDER and decimal(wanted) is not None)
    ):
        return _text(wanted, answer)
    if kind in ("answerDate", "answerDateTime", "answerTime"):
        return constant_moment(str(wanted), told)
    read = _CONSTANTS.get(kind.removeprefix("answer"))
    if read is None:
        raise Untranslatable(f"A condition without an answer to compare with ({kind or 'no answer[x]'}).")
    return read(wanted, answer)


def _coding(wanted: Any, answer: One) -> Meaning:
    coding = wanted if isinstance(wanted, dict) else {"code": wanted}
    code, display = coding.get("code"), coding.get("display")
    if answer.choices is not None:
        return text_constant(_of_choices(answer.choices, code, display, own_system(str(coding.get("system", "")))))
    if code is None:
        raise Untranslatable("The condition names a choice without a code.")
    return text_constant(str(code))


def _of_choices(choices: Choices, code: Any, display: Any, system: str) -> str:
    """Our code, by code and system, or by what is shown. What is no choice can never be met."""
    for one in choices.entries:
        if code is None and one.display == str(display):
            return one.code
        if code is not None and str(one.value) == str(code) and (not system or one.system in ("", system)):
            return one.code
    return NO_CHOICE


def _text(wanted: Any, answer: One) -> Meaning:
    if answer.choices is not None:
        fitting = [one.code for one in answer.choices.entries if str(wanted) in (str(one.value), one.display)]
        return text_constant(fitting[0] if fitting else NO_CHOICE)
    return text_constant(str(wanted))


def _number(wanted: Any, _answer: One) -> Meaning:
    number = decimal(wanted)
    if number is None:
        raise Untranslatable(f"{wanted!r} is no number.")
    return constant(number)


def _quantity(wanted: Any, answer: One) -> Meaning:
    found = wanted if isinstance(wanted, dict) else {"value": wanted}
    number = _number(found.get("value"), answer)
    unit = str(found.get("code") or found.get("unit") or "")
    if unit in ("", answer.unit) or not answer.unit:
        return number
    factor = per_unit(unit, answer.unit)
    if factor is None:
        raise Untranslatable(f"How many {answer.unit} are one {unit} is not known.")
    assert isinstance(number.literal, Decimal)
    return constant(number.literal * factor)


def _truth(wanted: Any, _answer: One) -> Meaning:
    return constant(truth(wanted))


_CONSTANTS: Mapping[str, Callable[[Any, One], Meaning]] = {
    "Boolean": _truth,
    "Coding": _coding,
    "String": _text,
    "Integer": _number,
    "Decimal": _number,
    "Quantity": _quantity,
    "Reference": lambda wanted, answer: _text(wanted.get("reference") if isinstance(wanted, dict) else wanted, answer),
    "Uri": _text,
}
