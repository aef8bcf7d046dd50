"""Entered values and what the rules say about them."""

from __future__ import annotations

from datetime import datetime

from engine.compiler.compiled import CompiledRegistry
from engine.records.evaluation import Evaluation
from engine.records.form_data import Focus, Instance
from engine.records.session import Session


def evaluate(
    registry: CompiledRegistry,
    subject: Instance,
    focus: Focus,
    *,
    as_of: datetime,
    at: str = "save",
    language: str = "pl",
    others: tuple[Instance, ...] = (),
) -> Evaluation:
    """All that the rules say about the form in focus.

    Args:
        as_of: the time that today() and now() mean, aware.
        at: 'save' or 'signing': checks may be judged at signing alone.
        others: other patients, as far as rules compare with them.

    Raises:
        LookupError: the focus names what does not exist.
    """
    return Session(registry, subject, focus, as_of=as_of, at=at, language=language, others=others).evaluation


__all__ = ["Evaluation", "Session", "evaluate"]
