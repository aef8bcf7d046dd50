"""Entered values and what the rules say about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from engine.compiler.compiled import CompiledRegistry
from engine.datatypes.dictionary import Dictionary
from engine.records.evaluation import Evaluation
from engine.records.form_data import Focus, Instance
from engine.records.session import Session


def evaluate(  # noqa: PLR0913 -- each is a fact of the evaluation
    registry: CompiledRegistry,
    subject: Instance,
    focus: Focus,
    *,
    as_of: datetime,
    at: str = "save",
    language: str = "pl",
    others: tuple[Instance, ...] = (),
    dictionaries: Mapping[str, Dictionary] = MappingProxyType({}),
    explain: bool = True,
) -> Evaluation:
    """All that the rules say about the form in focus.

    Args:
        as_of: the time that today() and now() mean, aware.
        at: 'save' or 'signing': checks may be judged at signing alone.
        others: other patients, as far as rules compare with them.
        dictionaries: those that others keep and that are loaded, by name. Any code of one that is not is accepted.
        explain: whether outcomes come with their reasons, which take longer to find than the outcomes.

    Raises:
        LookupError: the focus names what does not exist.
    """
    session = Session(
        registry, subject, focus, as_of=as_of, at=at, language=language, others=others, dictionaries=dictionaries,
        explain=explain,
    )  # fmt: skip
    return session.evaluation


def evaluate_all(
    registry: CompiledRegistry,
    subject: Instance,
    focuses: Sequence[Focus],
    *,
    as_of: datetime,
    language: str = "pl",
    others: tuple[Instance, ...] = (),
    dictionaries: Mapping[str, Dictionary] = MappingProxyType({}),
) -> Iterator[Evaluation]:
    """What rules say about several forms of a subject, without reasons and schedule: the subject is settled only once.

    Raises:
        LookupError: a focus names what does not exist, or after the first one a form that was never opened.
    """
    session: Session | None = None
    for focus in focuses:
        if session is None:
            session = Session(
                registry, subject, focus, as_of=as_of, language=language, others=others, dictionaries=dictionaries,
                explain=False,
            )  # fmt: skip
        else:
            session.turn_to(focus)
        yield session.without_schedule


__all__ = ["Evaluation", "Session", "evaluate", "evaluate_all"]
