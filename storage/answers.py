"""Answers to warnings: which broken rule of a form somebody accepts, and why. One holds while rule, inputs and row stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from engine.records.evaluation import Violation
from storage.access import Actor, require_access
from storage.audit import AuditEntry, append_entry, subject_stream
from storage.bulk import upsert
from storage.changes import Paths
from storage.database import Database
from storage.derived import inputs_hash, place_of
from storage.keys import Keys
from storage.locking import lock_subject
from storage.slots import utc
from storage.tables import acknowledgement, form_instance
from storage.together import Part, alone


class AnswerKey(NamedTuple):
    """A broken rule, with what it read and where."""

    rule: str
    inputs: bytes  # as a keyed hash
    row: str  # row id, '' outside groups
    item: str


class Answer(NamedTuple):
    """Why it is accepted, '' where it was confirmed without words; and by whom."""

    reason: str
    who: str


Answers = Mapping[AnswerKey, Answer]


def answer_key(keys: Keys | None, paths: Paths, warning: Violation) -> AnswerKey:
    """The key of what rules say of a form whose rows have these paths."""
    return AnswerKey(warning.rule, inputs_hash(keys, warning.inputs), *place_of(paths, warning))


def answers_of(actor: Actor, subject: int) -> Part[dict[int, Answers]]:
    """All answers in the forms of a subject that the actor was found to see, by form."""
    columns = acknowledgement.c
    query = (
        select(columns.form_id, columns.rule, columns.inputs, columns.row_id, columns.item, columns.reason, columns.who)
        .join(form_instance, form_instance.c.id == columns.form_id)
        .where(form_instance.c.subject_id == subject, form_instance.c.home.in_(("", actor.registry)))
    )
    return Part(query, _by_form)


def _by_form(rows: Sequence[Any]) -> dict[int, Answers]:
    found: dict[int, dict[AnswerKey, Answer]] = {}
    for form, *key, reason, who in rows:
        found.setdefault(form, {})[AnswerKey(*key)] = Answer(reason, who)
    return dict(found)


def answer_warnings(
    database: Database, actor: Actor, subject: int, form: int, given: Mapping[AnswerKey, str], *, at: datetime
) -> None:
    """Accept warnings of a form with a reason each; one comes back when the value or the rule changes."""
    if not given:
        return
    with database.write() as connection:
        lock_subject(connection, subject)
        require_access(connection, actor, subject, at)
        answer_within(connection, actor, subject, form, given, at)


def answer_within(
    connection: Connection, actor: Actor, subject: int, form: int, given: Mapping[AnswerKey, str], at: datetime
) -> Answers:
    """The same in a transaction that holds the subject's lock; an answer that says what is known is no new one.

    Returns:
        All that are known afterwards.
    """
    known = alone(connection, answers_of(actor, subject)).get(form, {})
    new = {key: reason for key, reason in given.items() if key not in known or known[key].reason != reason}
    for key, reason in new.items():
        _WRITE.run(connection, [(form, *key, reason, actor.name, utc(at))])
        body = {"rule": key.rule, "row": key.row, "item": key.item}
        entry = AuditEntry(
            subject_stream(subject), "acknowledge", actor.name, at, actor.channel, body, reason, subject,
            items=(key.item,),
        )  # fmt: skip
        append_entry(connection, entry)
    return {**known, **{key: Answer(reason, actor.name) for key, reason in new.items()}}


_WRITE = upsert(acknowledgement, ("form_id", "rule", "inputs", "row_id", "item", "reason", "who", "at"))

__all__ = ["Answer", "AnswerKey", "Answers", "answer_key", "answer_warnings", "answer_within", "answers_of"]
