"""The content of files: kept with a working copy at first, part of the record from a save on, always encrypted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from engine.datatypes.values import FileValue
from storage.access import Actor, require_access
from storage.bulk import BulkStatement, Writes, addition
from storage.database import Database
from storage.direct import Query
from storage.errors import Hidden, NotFound, TooManyFiles, UnknownFile
from storage.form_data import Place, SubjectRecord
from storage.identity import SubjectKey, subject_key_of
from storage.keys import decrypt, encrypt
from storage.locking import look_at_subject
from storage.slots import utc
from storage.tables import attachment, upload, working_copy

MOST_UNSAVED = 200 * 1024 * 1024  # bytes of all files of one working copy

Kind = tuple[str, str, int]  # digest, media type and size: what a file is, whatever it is called


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came: what is known of it, and its content."""

    value: FileValue
    content: bytes


@dataclass(frozen=True, slots=True)
class Carried:
    """A file on its way from one form to another: what it is, and its content as it is kept there."""

    subject: int  # for whom it is encrypted
    kind: Kind
    ciphertext: bytes = field(repr=False)


def kind_of(value: FileValue) -> Kind:
    """What a file is, without its name."""
    return value.digest, value.media_type, value.size


def keep_uploads(
    connection: Connection, key: SubjectKey, account: int, place: Place, uploads: Collection[Upload], at: datetime
) -> None:
    """Keep files with the working copy of a form; the same content is kept once. Raises TooManyFiles.

    What has expired makes room: files are the bulk of all working copies.
    """
    connection.execute(delete(working_copy).where(working_copy.c.expires_at <= utc(at)))
    digests = [one.value.digest for one in uploads]
    others = (upload.c.account_id == account, upload.c.place == place.text, upload.c.digest.not_in(digests))
    unsaved = connection.execute(select(func.coalesce(func.sum(upload.c.size), 0)).where(*others)).scalar_one()
    if unsaved + sum(one.value.size for one in uploads) > MOST_UNSAVED:
        raise TooManyFiles(MOST_UNSAVED)
    for one in uploads:
        digest, media_type, size = kind_of(one.value)
        ciphertext = _for(key, digest, one.content)
        row = (account, place.text, digest, key.subject, media_type, size, ciphertext, utc(at))
        _KEEP.run(connection, [row])


def attach(  # noqa: PLR0913 -- the form that is saved, and where its files come from
    connection: Connection, writes: Writes, form: int, account: int, place: Place, files: Collection[FileValue],
    at: datetime, *, carried: Collection[Carried] = (),
) -> None:  # fmt: skip
    """Make files of a working copy, or `carried` ones, part of the form that is saved. Raises UnknownFile for all others."""
    known = set(_KNOWN.rows(connection, {"form": form, "account": account, "place": place.text, "at": utc(at)}))
    for value in files:
        if kind_of(value) not in known | {each.kind for each in carried}:
            raise UnknownFile(value.digest)
    digests = {value.digest for value in files}
    brought = {each.kind[0]: each for each in carried if each.kind[0] in digests}
    for each in brought.values():
        writes.add(_BRING, [(form, each.kind[0], each.subject, *each.kind[1:], each.ciphertext, utc(at))])
    writes.add(_ATTACH, [(form, account, place.text, digest, utc(at)) for digest in sorted(digests - brought.keys())])


def carry_files(connection: Connection, source: SubjectKey, goal: SubjectKey, form: int) -> tuple[Carried, ...]:
    """The files that a form of one subject ever held, encrypted for another one, or for the same."""
    query = select(attachment).where(attachment.c.form_id == form)
    return tuple(
        Carried(goal.subject, (row.digest, row.media_type, row.size), _for(goal, row.digest, _opened(source, row)))
        for row in connection.execute(query)
    )


def carry_uploads(
    connection: Connection, source: SubjectKey, goal: SubjectKey, account: int, places: tuple[Place, Place]
) -> None:
    """The files of a working copy, from one place to another, where the copy is already."""
    here, there = places
    query = select(upload).where(upload.c.account_id == account, upload.c.place == here.text)
    for row in connection.execute(query).all():
        ciphertext = _for(goal, row.digest, _opened(source, row))
        kept = (account, there.text, row.digest, goal.subject, row.media_type, row.size, ciphertext, utc(row.added_at))
        _KEEP.run(connection, [kept])


def _opened(key: SubjectKey, row: Row[Any]) -> bytes:
    return decrypt(key.key, bytes(row.ciphertext), _bound(key.subject, row.digest))


def _for(key: SubjectKey, digest: str, content: bytes) -> bytes:
    return encrypt(key.key, content, _bound(key.subject, digest))


def known_files(
    database: Database, actor: Actor, record: SubjectRecord, place: Place, *, at: datetime
) -> frozenset[Kind]:
    """The files that a form ever held, and those of the actor's working copy of it."""
    with database.read() as connection:
        require_access(connection, actor, record.subject, at)
        return frozenset(_KNOWN.rows(connection, _given(actor, record, place, at)))


def file_content(
    database: Database, actor: Actor, record: SubjectRecord, place: Place, digest: str, *, at: datetime
) -> bytes:
    """The content of a file of a form of a record that was loaded for the actor. Raises NotFound, Erased and Hidden."""
    if not actor.identities:
        raise Hidden("file")
    with database.read() as connection:
        require_access(connection, actor, record.subject, at)
        key = subject_key_of(database.master, look_at_subject(connection, record.subject))
        found = _CONTENT.rows(connection, _given(actor, record, place, at) | {"digest": digest})
    if not found:
        raise NotFound("file", digest)
    return decrypt(key.key, bytes(found[0][0]), _bound(record.subject, digest))


def _given(actor: Actor, record: SubjectRecord, place: Place, at: datetime) -> dict[str, object]:
    stored = record.forms.get(place)
    return {"form": stored.id if stored else 0, "account": actor.account, "place": place.text, "at": utc(at)}


def _bound(subject: int, digest: str) -> str:
    """What a ciphertext is bound to. The same for both tables: a save moves it without looking into it."""
    return f"file {subject} {digest}"


_UNSAVED = (
    "upload u JOIN working_copy w ON w.account_id = u.account_id AND w.place = u.place "
    "WHERE u.account_id = :account AND u.place = :place AND w.expires_at > :at"
)
_KEEP = addition(
    upload,
    ("account_id", "place", "digest", "subject_id", "media_type", "size", "ciphertext", "added_at"),
    only_new=True,
)
_BRING = addition(
    attachment, ("form_id", "digest", "subject_id", "media_type", "size", "ciphertext", "added_at"), only_new=True
)
_MOVED = (  # from table to table: no content comes this way
    "INSERT INTO attachment (form_id, digest, subject_id, media_type, size, ciphertext, added_at) "
    "SELECT given.form_id, u.digest, u.subject_id, u.media_type, u.size, u.ciphertext, given.added_at FROM {} "
    "JOIN upload u ON u.account_id = given.account_id AND u.place = given.place AND u.digest = given.digest "
    "WHERE true ON CONFLICT DO NOTHING"  # SQLite would take ON for the join's, were there no WHERE
)
_ATTACH = BulkStatement(
    _MOVED.format("(SELECT ? AS form_id, ? AS account_id, ? AS place, ? AS digest, ? AS added_at) AS given"),
    _MOVED.format(
        "unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[]) "
        "AS given(form_id, account_id, place, digest, added_at)"
    ),
    texts=True,
)
_KNOWN = Query.of(
    "SELECT digest, media_type, size FROM attachment WHERE form_id = :form "  # noqa: S608 -- texts of this module alone
    f"UNION SELECT u.digest, u.media_type, u.size FROM {_UNSAVED}"
)
_CONTENT = Query.of(
    "SELECT ciphertext FROM attachment WHERE form_id = :form AND digest = :digest "  # noqa: S608 -- texts of this module alone
    f"UNION ALL SELECT u.ciphertext FROM {_UNSAVED} AND u.digest = :digest"
)

__all__ = [
    "MOST_UNSAVED", "Carried", "Kind", "Upload", "attach", "carry_files", "carry_uploads", "file_content", "keep_uploads", "kind_of", "known_files",
]  # fmt: skip
