"""Entered values and what the rules say about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
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


class Look:
    """What rules say about one form after another of a subject that stays as it is, without reasons.

    The subject is settled only once. Not shared between threads.
    """

    def __init__(
        self,
        registry: CompiledRegistry,
        subject: Instance,
        *,
        as_of: datetime,
        language: str = "pl",
        others: tuple[Instance, ...] = (),
        dictionaries: Mapping[str, Dictionary] = MappingProxyType({}),
    ) -> None:
        self._begin = partial(
            Session, registry, subject, as_of=as_of, language=language, others=others, dictionaries=dictionaries,
            explain=False,
        )  # fmt: skip
        self._session: Session | None = None

    def at(self, focus: Focus, *, schedule: bool = True) -> Evaluation:
        """A form of it, with the events of the subject unless they are left out.

        Raises:
            LookupError: the focus names what does not exist, or after the first one a form that was never opened.
        """
        if self._session is None:
            self._session = self._begin(focus)
        else:
            self._session.turn_to(focus)
        return self._session.evaluation if schedule else self._session.without_schedule


__all__ = ["Evaluation", "Look", "Session", "evaluate"]
