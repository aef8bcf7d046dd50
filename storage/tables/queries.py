"""Tables of queries, conversations about an item, row or form, and of what was compared with the source documents."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from storage.tables.base import METADATA, Id, Moment

query = Table(
    "query",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("registry", Text, nullable=False),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("form_id", Id, ForeignKey("form_instance.id"), nullable=False),
    Column("row_id", Text, nullable=False),  # '' outside groups
    Column("item", Text, nullable=False),  # '' where it is about the row or the form
    Column("rule", Text, nullable=False),  # the check that raised it, '' where a person did
    Column("state", Text, nullable=False),  # storage.query_steps
    Column("site_id", Id, ForeignKey("site.id")),  # the hospital whose own person asks; none: the registry asks
    Column("excluded", LargeBinary),  # what the rule read when its finding was accepted, as storage.derived keeps it
    Column("raised_by", Text, nullable=False),
    Column("raised_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("ix_query_registry", "registry", "state", "id"),
    Index("ix_query_subject_id", "subject_id"),
    Index("ix_query_form_id", "form_id"),
)

query_message = Table(  # what was said at each step; never changed
    "query_message",
    METADATA,
    Column("query_id", Id, ForeignKey("query.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 1
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("step", Text, nullable=False),
    Column("text", Text, nullable=False),  # '' where it is encrypted
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ciphertext", LargeBinary),  # under the subject's key: storage.query_words
    Index("ix_query_message_subject_id", "subject_id"),
)

verification = Table(  # what a registry's monitor found of a value, until it changes
    "verification",
    METADATA,
    Column("registry", Text, primary_key=True),
    Column("form_id", Id, ForeignKey("form_instance.id"), primary_key=True, autoincrement=False),
    Column("row_id", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("state", Text, nullable=False),  # verified, differs, or changed since
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_verification_subject_id", "subject_id"),
    Index("ix_verification_form_id", "form_id"),
)

__all__ = ["query", "query_message", "verification"]
