"""Queries: a person asks about an item, a row or a form, and the hospital answers; each step with its audit entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, exists, insert, not_, or_, select, update
from sqlalchemy.sql import ColumnElement, Select

from storage import query_steps as steps
from storage.access import Actor
from storage.audit import AuditEntry, append_entry, subject_stream
from storage.database import Database
from storage.errors import DecidedMeanwhile, NotFound
from storage.identity import SubjectKey
from storage.keys import Keys
from storage.locking import lock_subject
from storage.query_steps import State, Step, Turn
from storage.query_words import (
    WRITE_MESSAGES,
    audit_words,
    carried_message,
    key_for,
    message_row,
    read_words,
    sealed_words,
)
from storage.rights import Unseen
from storage.slots import utc
from storage.tables import form_instance, issue, query, query_message, row_data, subject_key
from storage.threads import Message, SaidOf
from storage.together import Part, Rows, alone
from storage.visible_forms import FORMS, visible_forms

EVERYTHING_SEEN, NO_WORDS = Unseen(), MappingProxyType[str, str]({})


class About(NamedTuple):
    """What a query is about: a form, or a row or an item of it."""

    form: int
    row: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A query with all that was said."""

    id: int
    subject: int
    about: About
    rule: str  # the check that raised it, '' where a person did
    state: State
    site: int | None  # whose person asks; None: the registry
    raised_by: str
    raised_at: datetime
    changed_at: datetime
    messages: tuple[Message, ...] = ()

    @property
    def turn(self) -> Turn:
        """Whose turn it is."""
        return steps.TURNS[self.state]

    @property
    def pending(self) -> bool:
        """Whether somebody has something to do."""
        return self.turn is not Turn.NOBODY

    def next_steps(self, actor: Actor) -> tuple[Step, ...]:
        """The steps of people that fit, as far as they are this side's; what a role may do is not asked here."""
        return tuple(
            step
            for step in steps.STEPS.values()
            if step.permission != steps.BY_RULE
            and steps.fits(step, self.state, self.rule)
            and steps.belongs(step, actor, self.site)
        )


class Said(SaidOf[Step]):
    """A step that somebody takes, in which words and when."""

    __slots__ = ()
    STEPS = steps.STEPS


def raise_query(database: Database, subject: int, about: About, said: Said) -> int:
    """Ask about something that was saved; the query's id. Raises NotFound where nothing is there, or nothing to be seen."""
    with database.write() as connection:
        locked = lock_subject(connection, subject)
        require_place(connection, said.actor, subject, about, said.at)
        return write_query(connection, key_for(database, locked, said.text), subject, about, said)


def write_query(connection: Connection, key: SubjectKey | None, subject: int, about: About, said: Said) -> int:
    """The same under the subject's lock, about a place that was found to be there."""
    actor, moment = said.actor, utc(said.at)
    row = {
        "registry": actor.registry, "subject_id": subject, "form_id": about.form, "row_id": about.row,
        "item": about.item, "rule": "", "state": said.row.ends, "site_id": actor.site, "raised_by": actor.name,
        "raised_at": moment, "changed_at": moment,
    }  # fmt: skip
    new = int(connection.execute(insert(query).values(row).returning(query.c.id)).scalar_one())
    _say(connection, key, Head(new, subject, about, "", None, State.OPEN), said, 1)
    return new


def take_step(database: Database, number: int, said: Said) -> State:
    """Take a step with a query. Raises NotFound, also where it is not to be seen, and DecidedMeanwhile where it does not fit."""
    actor = said.actor
    with database.write() as connection:
        subject = connection.execute(_seen(actor, said.at).where(query.c.id == number)).scalar_one_or_none()
        if subject is None:
            raise NotFound("query", number)
        locked = lock_subject(connection, subject)
        row = connection.execute(select(query).where(query.c.id == number)).one()  # as it is under the lock
        last = select(query_message.c.number, query_message.c.who).where(query_message.c.query_id == number)
        before = connection.execute(last.order_by(query_message.c.number.desc()).limit(1)).one()
        if not (steps.fits(said.row, State(row.state), row.rule) and steps.belongs(said.row, actor, row.site_id)):
            raise DecidedMeanwhile(before.who)
        change: dict[str, Any] = {"state": said.row.ends, "changed_at": utc(said.at)}
        if said.row.ends is State.EXCLUDED:
            change["excluded"] = _what_rule_read(connection, row)
        connection.execute(update(query).where(query.c.id == number).values(change))
        about = About(row.form_id, row.row_id, row.item)
        head = Head(number, subject, about, row.rule, State(row.state), said.row.ends)
        _say(connection, key_for(database, locked, said.text.strip()), head, said, before.number + 1)
        return said.row.ends


def carry_queries(
    connection: Connection, forms: Mapping[int, int], subject: int, keys: tuple[SubjectKey | None, SubjectKey | None]
) -> None:
    """Queries of people that wait for somebody are asked about other forms too, with all that was said: old form -> new.

    The words are encrypted anew: `keys` are the source's and the goal's.
    """
    waiting = select(query).where(
        query.c.form_id.in_(sorted(forms)), query.c.rule == "", query.c.state.in_(steps.PENDING)
    )
    for row in connection.execute(waiting.order_by(query.c.id)).all():
        kept = {column.name: getattr(row, column.name) for column in query.c if column.name != "id"}
        copied = {**kept, "form_id": forms[row.form_id], "subject_id": subject}
        new = int(connection.execute(insert(query).values(copied).returning(query.c.id)).scalar_one())
        said = select(query_message).where(query_message.c.query_id == row.id).order_by(query_message.c.number)
        told = [carried_message(*keys, subject, new, message) for message in connection.execute(said)]
        WRITE_MESSAGES.run(connection, told)


def queries_of(
    database: Database, actor: Actor, subject: int, *, at: datetime, form: int | None = None,
    unseen: Unseen = EVERYTHING_SEEN,
) -> tuple[Query, ...]:  # fmt: skip
    """The queries about a subject, or one form of it, that the actor may see; the oldest first."""
    with database.read() as connection:
        return alone(connection, queries_about(database, actor, subject, at=at, form=form, unseen=unseen))


def queries_about(
    database: Database, actor: Actor, subject: int, *, at: datetime, form: int | None = None,
    unseen: Unseen = EVERYTHING_SEEN,
) -> Part[tuple[Query, ...]]:  # fmt: skip
    """The same as part of something larger."""
    said = query_message
    key = subject_key.c.subject_id == query.c.subject_id
    wanted = (
        select(query, said.c.number, said.c.step, said.c.text, said.c.who, said.c.at, said.c.ciphertext, subject_key.c.wrapped)
        .select_from(
            query.join(FORMS, form_instance.c.id == query.c.form_id)
            .join(said, said.c.query_id == query.c.id).outerjoin(subject_key, key)
        )
        .where(query.c.subject_id == subject, query.c.registry == actor.registry, visible_forms(actor, at), told(unseen))
        .order_by(query.c.id, said.c.number)
    )  # fmt: skip
    if form is not None:
        wanted = wanted.where(query.c.form_id == form)
    return Part(wanted, lambda rows: _gathered(database.keys, rows))


class Head(NamedTuple):
    """What the audit tells of a step besides the words."""

    id: int
    subject: int
    about: About
    rule: str
    old: State | None
    new: State


def step_entry(head: Head, step: str, actor: Actor, at: datetime, words: Mapping[str, str] = NO_WORDS) -> AuditEntry:
    """The audit's entry of a step; its words are encrypted as those of the message are."""
    body = {
        "query": head.id, "about": list(head.about), "rule": head.rule, "step": step, "state": [head.old, head.new], **words,
    }  # fmt: skip
    items = (head.about.item,) if head.about.item else ()
    stream = subject_stream(head.subject)
    return AuditEntry(stream, "query", actor.name, at, actor.channel, body, subject=head.subject, items=items)


def _say(connection: Connection, key: SubjectKey | None, head: Head, said: Said, number: int) -> None:
    text, actor = said.text.strip(), said.actor
    words = sealed_words(key, head.id, number, text)
    row = message_row(head.subject, head.id, number, said.step, text=text, who=actor.name, at=said.at, ciphertext=words)
    WRITE_MESSAGES.run(connection, [row])
    append_entry(connection, step_entry(head, said.step, actor, said.at, audit_words(words)))


def _seen(actor: Actor, at: datetime) -> Select[Any]:
    """The subjects of the queries that the actor may see."""
    return (
        select(query.c.subject_id)
        .select_from(query.join(FORMS, form_instance.c.id == query.c.form_id))
        .where(query.c.registry == actor.registry, visible_forms(actor, at))
    )


def require_place(connection: Connection, actor: Actor, subject: int, about: About, at: datetime) -> None:
    """Raise NotFound unless the form, and the row where one is named, is there and may be seen."""
    mine = (form_instance.c.subject_id == subject, form_instance.c.home.in_(("", actor.registry)))
    here = select(form_instance.c.id).select_from(FORMS).where(form_instance.c.id == about.form, *mine)
    if connection.execute(here.where(visible_forms(actor, at))).first() is None:
        raise NotFound("form", about.form)
    if about.row:
        row = (row_data.c.form_id == about.form, row_data.c.row_id == about.row, row_data.c.removed.is_(False))
        if (
            connection.execute(select(row_data.c.row_id).where(*row, row_data.c.withdrawal_id.is_(None))).first()
            is None
        ):
            raise NotFound("row", about.row)


def _what_rule_read(connection: Connection, row: Row[Any]) -> bytes | None:
    """The inputs of the finding that is accepted."""
    here = (issue.c.form_id == row.form_id, issue.c.code == row.rule, issue.c.row_id == row.row_id)
    found = select(issue.c.inputs).where(*here, issue.c.item == row.item, issue.c.closed_at.is_(None))
    return connection.execute(found).scalar_one_or_none()


def told(unseen: Unseen) -> ColumnElement[bool]:
    """The condition on `query` joined with its form: that what it is about is not hidden."""
    form, about = form_instance.c.form, query.c
    hidden: list[ColumnElement[bool]] = [form.in_(sorted(unseen.forms)), about.rule.in_(sorted(unseen.rules))]
    hidden += [and_(form == name, about.item.in_(sorted(items))) for name, items in unseen.items.items()]
    for name, groups in unseen.groups.items():
        row = exists().where(
            row_data.c.form_id == about.form_id, row_data.c.row_id == about.row_id, row_data.c.grp.in_(sorted(groups))
        )
        hidden.append(and_(form == name, about.row_id != "", row))
    return not_(or_(*hidden))


def _gathered(keys: Keys | None, rows: Rows) -> tuple[Query, ...]:
    """Rows of a query and one message each -> queries."""
    told: dict[int, list[Message]] = {}
    for row in rows:
        words = read_words(keys, row.wrapped, row.subject_id, row.id, row.number, row.text, row.ciphertext)
        told.setdefault(row.id, []).append(Message(row.number, row.step, words, row.who, row.at))
    heads = {row.id: row for row in rows}
    return tuple(
        Query(
            row.id, row.subject_id, About(row.form_id, row.row_id, row.item), row.rule, State(row.state), row.site_id,
            row.raised_by, row.raised_at, row.changed_at, tuple(told[row.id]),
        )
        for row in heads.values()
    )  # fmt: skip


__all__ = [
    "About",
    "Head",
    "Query",
    "Said",
    "carry_queries",
    "queries_about",
    "queries_of",
    "raise_query",
    "require_place",
    "step_entry",
    "take_step",
    "told",
    "write_query",
]
