"""Tables of people and their rights, of the audit, and of work under way."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Integer, LargeBinary, Table, Text

from storage.tables.base import METADATA, Id, Moment, Texts

site = Table(
    "site",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("found_by", Text, nullable=False, server_default=""),  # code and name, folded, for the search
    Column("ended_at", Moment),
)

account = Table(
    "account",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),  # argon2id
    Column("language", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("found_by", Text, nullable=False, server_default=""),  # name and login, folded, for the search
    Column("second_factor", LargeBinary),  # the secret of its codes, encrypted
    Column("last_code", Integer),  # the interval of the last code that was taken: none is taken twice
    Column("pin_hash", Text),  # argon2id; for the change of person at a shared computer
    Column("reminders", Text, nullable=False, server_default="weekly"),  # storage.reminders
    Column("reminded_on", Text),  # the ISO day of the last one
)

membership = Table(  # site none: all sites (the registry's keeper)
    "membership",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("site_id", Id, ForeignKey("site.id")),
    Column("unit_id", Id),  # none: the whole hospital
    Column("registry", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment),
    Index("ix_membership_account_id", "account_id"),
)

session = Table(
    "session",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("stage", Text, nullable=False, server_default="open"),  # storage.sessions.Stage
    Column("tries", Integer, nullable=False, server_default="0"),  # failures to unlock it
    Column(
        "device", Text, nullable=False, server_default=""
    ),  # browser and system in two words, for the list of sessions
    Index("ix_session_account_id", "account_id"),
)

session_note = Table(  # storage.session_notes
    "session_note",
    METADATA,
    Column("token_hash", LargeBinary, ForeignKey("session.token_hash", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("noted_at", Moment, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Index("ix_session_note_noted_at", "noted_at"),
)

attempt = Table(  # failed attempts in a row, by login, address, or what else is limited
    "attempt",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("locked_until", Moment),
)

working_copy = Table(  # unsaved edits, encrypted under the subject's key
    "working_copy",
    METADATA,
    Column("account_id", Id, ForeignKey("account.id"), primary_key=True, autoincrement=False),
    Column("place", Text, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("revision", Integer, nullable=False),  # of the form when the edits began
    Column("ciphertext", LargeBinary, nullable=False),
    Column("saved_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("ix_working_copy_expires_at", "expires_at"),
)

upload = Table(  # files of a working copy, gone with it; a save makes attachments of them
    "upload",
    METADATA,
    Column("account_id", Id, primary_key=True, autoincrement=False),
    Column("place", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("added_at", Moment, nullable=False),
    ForeignKeyConstraint(
        ["account_id", "place"], ["working_copy.account_id", "working_copy.place"], ondelete="CASCADE"
    ),
)

idempotency = Table(
    "idempotency",
    METADATA,
    Column("account_id", Id, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("request", LargeBinary, nullable=False),  # keyed digest of the request
    Column("answer", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

job = Table(
    "job",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject_id", Id),
    Column("payload", Text, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("taken_at", Moment),
    Column("done_at", Moment),
    Column("failures", Integer, nullable=False),
    Index("ix_job_done_at_id", "done_at", "id"),
)

audit_entry = Table(  # append-only
    "audit_entry",
    METADATA,
    Column("stream", Text, primary_key=True),  # subject:1, site:1, registry:id or system
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 1, without gaps
    Column("subject_id", Id),
    Column("form_id", Id),
    Column("kind", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("channel", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("items", Texts, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON: old -> new
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ix_audit_entry_form_id", "form_id", "number"),
    Index("ix_audit_entry_at", "at"),
    Index("ix_audit_entry_who", "who", "at"),
    Index("ix_audit_entry_kind", "kind", "at"),
    Index("ix_audit_entry_subject_id", "subject_id", "at"),
    Index("ix_audit_entry_items", "items", postgresql_using="gin").ddl_if(dialect="postgresql"),
)

audit_seal = Table(  # the heads of all streams at a time, authenticated with a key outside the database
    "audit_seal",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("heads", Text, nullable=False),  # JSON: stream -> [number, hash] of those that grew
    Column("previous", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
)

__all__ = [
    "account",
    "attempt",
    "audit_entry",
    "audit_seal",
    "idempotency",
    "job",
    "membership",
    "session",
    "site",
    "upload",
    "working_copy",
]
