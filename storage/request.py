"""What a save is asked and answers, and the rules that it is given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

from engine.records.evaluation import Evaluation, PlannedEvent
from engine.records.form_data import Focus, FormData, Instance
from storage.access import Actor
from storage.attachments import Carried
from storage.form_data import Place
from storage.form_index import Registry
from storage.identity import PersonItems


class Evaluate(Protocol):
    """The engine's `evaluate`."""

    def __call__(
        self, registry: Registry, subject: Instance, focus: Focus, *, as_of: datetime, at: str = "save",
        language: str = "pl", others: tuple[Instance, ...] = (),
    ) -> Evaluation: ...  # fmt: skip


class Look(Protocol):
    """The engine's `Look`: what rules say about one form after another of a subject that stays as it is."""

    def at(self, focus: Focus, *, schedule: bool = True) -> Evaluation: ...


class BeginLook(Protocol):
    """Begins to look at a subject."""

    def __call__(
        self, registry: Registry, subject: Instance, *, as_of: datetime, language: str = "pl",
        others: tuple[Instance, ...] = (),
    ) -> Look: ...  # fmt: skip


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A key that no two subjects may share: its name, the values that make it up, and the row that has it."""

    name: str
    values: tuple[str, ...]
    row: str = ""


def _no_forms(_registry: Registry, _form: str, _items: frozenset[str]) -> Collection[str]:
    return ()


def _no_keys(_registry: Registry, _form: str, _data: FormData) -> Iterable[UniqueKey]:
    return ()


def _no_events(
    _registry: Registry, _subject: Instance, _at: datetime, _others: tuple[Instance, ...]
) -> Sequence[PlannedEvent]:
    return ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What a save is given from the engine."""

    evaluate: Evaluate
    dependents: Callable[[Registry, str, frozenset[str]], Collection[str]] = _no_forms  # forms that read these items
    unique_keys: Callable[[Registry, str, FormData], Iterable[UniqueKey]] = _no_keys
    shared_forms: frozenset[str] = frozenset()  # forms that all registries have in common: the patient's
    person: PersonItems = field(default_factory=PersonItems)
    schedule: Callable[[Registry, Instance, datetime, tuple[Instance, ...]], Sequence[PlannedEvent]] = (
        _no_events  # of the whole subject, beside others
    )
    begin: BeginLook | None = None  # where several forms of a subject are told about more quickly than each alone

    def look(
        self, registry: Registry, subject: Instance, *, as_of: datetime, language: str, others: tuple[Instance, ...]
    ) -> Look:
        """What rules say about the forms of a subject as it is."""
        if self.begin is not None:
            return self.begin(registry, subject, as_of=as_of, language=language, others=others)
        return _EachAlone(partial(self.evaluate, registry, subject, as_of=as_of, language=language, others=others))


@dataclass(frozen=True, slots=True)
class _EachAlone:
    """Evaluates form by form."""

    evaluate: Callable[[Focus], Evaluation]

    def at(self, focus: Focus, *, schedule: bool = True) -> Evaluation:
        return self.evaluate(focus)


@dataclass(frozen=True, slots=True)
class SaveRequest:
    """All entered values of one form, and in what circumstances they are saved."""

    subject: int
    place: Place
    data: FormData
    expected_revision: int  # 0: the form was not opened yet
    key: str  # idempotency: the same key gives the same answer and saves once; '': it is sent once in any case
    actor: Actor
    at: datetime
    reason: str = ""
    language: str = "pl"
    complete: bool = False  # the user declares the form complete
    confirm_clear: frozenset[str] = frozenset()  # paths that may be deleted because they became not applicable
    past_closing: bool = False  # whoever saves may change forms of closed years, with a reason
    withdrawn: Mapping[str, str] = field(default_factory=dict)  # path -> reason: values to retract
    forget: bool = False  # the actor's working copy goes with the save, unless something in it could not be read
    carried: tuple[Carried, ...] | None = None  # from another place, where those who might entered it: with these files


@dataclass(frozen=True, slots=True)
class SaveResult:
    """The answer to a save. `unread` are paths of input that could not be read: it stays in the working copy."""

    form: int
    revision: int
    state: str
    saved_at: datetime
    evaluation: Evaluation
    cleared: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    entry: int | None = None  # number of the audit entry; none when nothing changed
    replayed: bool = field(default=False, compare=False)


__all__ = ["Evaluate", "Look", "Rules", "SaveRequest", "SaveResult", "UniqueKey"]
