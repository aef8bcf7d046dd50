"""Searches the audit by person, time, item, kind and patient, over what the searcher may see; paged by keyset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    any_,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from storage.access import Actor, grants, in_other_registry, whole_records
from storage.audit import LINKS, read_texts, registry_stream
from storage.database import Database
from storage.history import body_of_entry, instance_in_body
from storage.slots import utc
from storage.tables import access, audit_entry, enrolment, form_instance, instance, site_subject
from storage.tables.base import Moment

FEW = 3000  # subjects
AT_ONCE = 1000  # entries of a file read in one query


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for; what is empty is not asked."""

    who: str = ""  # the name as the audit has it
    kind: str = ""
    items: tuple[str, ...] = ()  # ids, any of them
    subject: int | None = None
    since: datetime | None = None
    until: datetime | None = None  # not included


class Mark(NamedTuple):
    """The place of an entry among all: the next page begins after it."""

    at: datetime
    stream: str
    number: int


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """An entry, without its values."""

    mark: Mark
    kind: str
    who: str
    channel: str
    reason: str
    items: tuple[str, ...]
    pseudonym: str  # '' where it is about no patient
    form: str  # the form's id in the definition, '' for none


def search_audit(
    database: Database, actor: Actor, sought: Sought, *, at: datetime, after: Mark | None = None, size: int
) -> tuple[FoundEntry, ...]:
    """So many entries, the newest first.

    A hospital finds those of its own patients and of its own records, the keeper of a registry all of the registry.
    Those of other registries, and of episodes that are not seen, are left out.
    """
    with database.read() as connection:
        few = () if sought.subject or sought.who else _few(connection, actor, at)
        entries = _entries(database, actor, sought, at, after)
        if few and sought.items:  # both indexes together tell which entries, however rare the item is
            entries = entries.where(audit_entry.c.subject_id == any_(literal(few, ARRAY(BigInteger))))
        each = _newest(entries, size)
        if few and not sought.items:
            own = select(access.c.subject_id).where(grants(actor, at)).distinct().subquery()
            of_one = _entries(database, actor, sought, at, after).where(audit_entry.c.subject_id == own.c.subject_id)
            parts = _newest(of_one.correlate(own), size).lateral()
            each = _newest(select(parts).select_from(own.join(parts, true())), size)
        return tuple(_found(row) for row in connection.execute(_named(each.subquery(), actor)))


def _few(connection: Connection, actor: Actor, at: datetime) -> Sequence[int]:
    """The subjects of a hospital that has so few that the newest entries are better sought with them; else none.

    Of a hospital with many, one is soon met among the newest of all. SQLite has no other way, nor need of one.
    """
    if actor.site is None or connection.dialect.name != "postgresql":
        return ()
    own = select(access.c.subject_id).where(grants(actor, at)).distinct().limit(FEW + 1)
    found = connection.execute(own).scalars().all()
    return found if len(found) <= FEW else ()


def _entries(database: Database, actor: Actor, sought: Sought, at: datetime, after: Mark | None) -> Select[Any]:
    e = audit_entry.c
    query = select(e.at, e.stream, e.number, e.kind, e.who, e.channel, e.reason, e["items"], e.subject_id, e.form_id)
    query = query.where(_seen(database, actor, at), *_conditions(database, sought))
    if after is None:
        return query
    place = tuple_(literal(after.at, Moment()), literal(after.stream), literal(after.number))
    return query.where(e.at <= utc(after.at), tuple_(e.at, e.stream, e.number) < place)


def _newest(query: Select[Any], size: int) -> Select[Any]:
    at, stream, number = (query.selected_columns[name].desc() for name in ("at", "stream", "number"))
    return query.order_by(at, stream, number).limit(size)


def walk_audit(database: Database, actor: Actor, sought: Sought, *, at: datetime) -> Iterator[FoundEntry]:
    """All of them, for a file: read page by page, so that no transaction stays open while somebody downloads."""
    after: Mark | None = None
    while page := search_audit(database, actor, sought, at=at, after=after, size=AT_ONCE):
        yield from page
        after = page[-1].mark


def _conditions(database: Database, sought: Sought) -> Iterator[ColumnElement[bool]]:
    e = audit_entry.c
    for column, wanted in ((e.who, sought.who), (e.kind, sought.kind), (e.subject_id, sought.subject)):
        if wanted:
            yield column == wanted
    if sought.items and database.dialect == "postgresql":
        yield e["items"].overlap(list(sought.items))
    elif sought.items:
        each = func.json_each(e["items"]).table_valued("value")
        yield exists().select_from(each).where(each.c.value.in_(sought.items))
    if sought.since is not None:
        yield e.at >= utc(sought.since)
    if sought.until is not None:
        yield e.at < utc(sought.until)


def _seen(database: Database, actor: Actor, at: datetime) -> ColumnElement[bool]:
    """Whether the searcher may see an entry."""
    e = audit_entry.c
    if actor.site is None:
        enrolled = exists().where(enrolment.c.subject_id == e.subject_id, enrolment.c.registry == actor.registry)
        kept = exists().where(site_subject.c.subject_id == e.subject_id, site_subject.c.registry == actor.registry)
        return or_(
            e.stream == registry_stream(actor.registry),
            and_(
                e.subject_id.is_not(None),
                or_(enrolled, kept),
                _of_registry(database, actor),
                _links_nowhere_else(actor),
            ),
        )
    some = and_(_in_granted(), e.kind.not_in(LINKS))
    granted = exists().where(access.c.subject_id == e.subject_id, grants(actor, at), or_(whole_records(actor), some))
    return and_(e.subject_id.is_not(None), granted, _of_registry(database, actor), _links_nowhere_else(actor))


def _links_nowhere_else(actor: Actor) -> ColumnElement[bool]:
    """Whether both ends of a link, if it is one, are of this registry; others are told in the patient's history to who sees both."""
    e = audit_entry.c
    return or_(e.kind.not_in(LINKS), body_of_entry()["other", 0].as_string() == actor.registry)


def _in_granted() -> ColumnElement[bool]:
    """Whether an entry belongs to the one episode to which a right is given, or to a part of it."""
    e, part, above = audit_entry.c, instance.alias("part"), instance.alias("above")
    outer = exists().where(above.c.id == part.c.parent_id, above.c.parent_id == access.c.instance_id)
    inside = or_(
        part.c.id == access.c.instance_id, part.c.parent_id == access.c.instance_id, outer.correlate(part, access)
    )  # fmt: skip
    placed = form_instance.join(part, part.c.id == form_instance.c.instance_id)
    of_form = exists().select_from(placed).where(form_instance.c.id == e.form_id, inside)
    of_form = of_form.correlate(audit_entry, access)
    return or_(of_form, and_(e.form_id.is_(None), instance_in_body() == access.c.instance_id))


def _of_registry(database: Database, actor: Actor) -> ColumnElement[bool]:
    """Whether an entry of a subject belongs to the registry: its form does, its episode, or the whole subject."""
    e = audit_entry.c
    form = exists().where(form_instance.c.id == e.form_id, form_instance.c.home.in_(("", actor.registry)))
    own = exists().where(
        instance.c.subject_id == e.subject_id,
        instance.c.registry == actor.registry,
        instance.c.id == instance_in_body(),
    )
    others = in_other_registry(database, actor, e.subject_id)
    return or_(form, and_(e.form_id.is_(None), or_(own, not_(others))))


def _named(found: Any, actor: Actor) -> Select[Any]:
    """The entries of a page with the pseudonyms of their patients and the ids of their forms."""
    of_registry = (enrolment.c.subject_id == found.c.subject_id) & (enrolment.c.registry == actor.registry)
    joined = found.outerjoin(enrolment, of_registry).outerjoin(form_instance, form_instance.c.id == found.c.form_id)
    query = select(found, enrolment.c.pseudonym, form_instance.c.form).select_from(joined)
    return query.order_by(found.c.at.desc(), found.c.stream.desc(), found.c.number.desc())


def _found(row: Row[Any]) -> FoundEntry:
    mark = Mark(row.at, row.stream, row.number)
    texts = read_texts(row.items)
    return FoundEntry(mark, row.kind, row.who, row.channel, row.reason, texts, row.pseudonym or "", row.form or "")


__all__ = ["FoundEntry", "Mark", "Sought", "search_audit", "walk_audit"]
