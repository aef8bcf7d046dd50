"""Why an outcome is what it is: the row of the table that decided, with the values it read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.datatypes.words import date_text, number_text
from engine.expressions.evaluator import compile_term
from engine.expressions.frames import Frame, Node
from engine.expressions.terms import Term
from engine.records.program import OutcomeStep
from engine.records.tree import Tree

_YES_NO = {"pl": ("tak", "nie"), "en": ("yes", "no")}
_UNKNOWN = {"pl": "jeszcze nieznane", "en": "not known yet"}


def because(step: OutcomeStep, node: Node, tree: Tree, language: str) -> tuple[str, ...]:
    """The condition that decided and the values it read; for an unknown outcome, what is missing."""
    frame = tree.frame(node)
    if step.calculate is not None and step.rules.calculate is not None:
        return tuple(_read(step.rules.calculate.term, frame, language))
    for case, (when, _) in zip(step.rules.cases, step.cases, strict=True):
        truth = True if when is None else when(frame)
        if truth is not False:
            read = tuple(_read(case.when.term, frame, language)) if case.when is not None else ()
            return (case.text, *read) if case.text else read
    return ()


def _read(term: Term, frame: Frame, language: str) -> list[str]:
    """`label = value` of each item that a term reads directly."""
    found: dict[str, str] = {}
    for part in term.walk():
        if part.op == "read" and part.args[0] == 0:
            found.setdefault(str(part.args[3]), _shown(compile_term(part)(frame), language))
    return [f"{name} = {value}" for name, value in found.items()]


def _shown(value: Any, language: str) -> str:
    if value is None:
        return _UNKNOWN[language]
    if isinstance(value, bool):
        return _YES_NO[language][0 if value else 1]
    if isinstance(value, Decimal):
        return number_text(value, language)
    if hasattr(value, "year"):
        return date_text(value, language)
    return ", ".join(value) if isinstance(value, tuple) else str(value)
