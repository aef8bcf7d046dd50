"""Texts, rules and values of a model as data; `from_model` puts them where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.definitions.source import number_of
from engine.model.code_list import Attribute
from engine.model.item import DecisionTable, ExpressionText, Formula, RangeCheck, Template
from engine.model.rights import Rights
from exchange.document import Entry

Templates = Mapping[str, Mapping[str, Template]]


def said(entry: Entry) -> Entry:
    """What says something: no empty texts, lists and maps, and no flag that is not set. 0 says something."""
    return {
        key: value
        for key, value in entry.items()
        if value is not None and value is not False and not (isinstance(value, str | dict | list) and not value)
    }


def annotations_of(part: Any) -> Entry:
    """What other systems keep of a part: system -> name -> text."""
    return {system: dict(texts) for system, texts in part.annotations.items()}


def rights_of(rights: Rights) -> Entry:
    """Who may see and fill a part, where it is not everybody."""
    found = {"see": rights.see, "edit": rights.edit}
    return {key: sorted(roles) for key, roles in found.items() if roles is not None}


# texts and rules --------------------------------------------------------------------------------------------------


def text_with_values(text: Mapping[str, str], templates: Templates, part: str) -> dict[str, str]:
    """A text with the names of the values that are piped into it."""
    piped = templates.get(part, {})
    return {language: _piped(piped[language]) if language in piped else words for language, words in text.items()}


def _piped(template: Template) -> str:
    first, *others = template.between
    return first + "".join(f"{{{name.text}}}{after}" for name, after in zip(template.names, others, strict=True))


def expression_of(expression: ExpressionText | None) -> Any:
    """An expression; one that is only a number, or `true`, as that."""
    if expression is None:
        return None
    text = expression.text.strip()
    if text == "true":
        return True
    number = number_of(text)
    return expression.text if number is None else number


def rule_of(expression: ExpressionText | None) -> str | None:
    """A rule as it was written."""
    return None if expression is None else expression.text


def formula_of(formula: Formula | None) -> Entry:
    """How a value is computed: `calculate`, or `cases` and `hit`."""
    if not isinstance(formula, DecisionTable):
        return {} if formula is None else {"calculate": rule_of(formula)}
    rows = [
        {"else": expression_of(row.then)}
        if row.when is None
        else {"when": rule_of(row.when), "then": expression_of(row.then)}
        for row in formula.rows
    ]
    return {"cases": rows, **({"hit": "unique"} if formula.unique else {})}


def range_of(check: RangeCheck) -> list[Any]:
    """The two ends of a range."""
    low, high = expression_of(check.low), expression_of(check.high)
    return [
        low if low is None or check.low_inclusive else {"over": low},
        high if high is None or check.high_inclusive else {"under": high},
    ]


def plain_value(value: Attribute) -> Any:
    """A value as YAML has it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value
    return list(value) if isinstance(value, tuple) else value
