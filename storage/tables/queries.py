"""Tables of queries, conversations about an item, row or form, and of what was compared with the source documents."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

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

_LEFT = text("due > verified + differing")  # something of it is left to be compared

verification_plan = Table(  # what a registry compares, as its definition says
    "verification_plan",
    METADATA,
    Column("registry", Text, primary_key=True),
    Column("form", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("share", Integer, nullable=False),  # percent of the patients
    Column("seed", Id, nullable=False),
)

verification_form = Table(  # of each form with something to be compared, how much; kept by triggers
    "verification_form",
    METADATA,
    Column("registry", Text, primary_key=True),
    Column("form_id", Id, primary_key=True, autoincrement=False),
    Column("subject_id", Id, nullable=False),
    Column("site_id", Id, nullable=False),  # that had a right to the patient first
    Column("form", Text, nullable=False),
    Column("due", Integer, nullable=False),
    Column("verified", Integer, nullable=False),
    Column("differing", Integer, nullable=False),
    Index("ix_verification_form_left", "registry", "subject_id", sqlite_where=_LEFT, postgresql_where=_LEFT),
    Index("ix_verification_form_site", "registry", "site_id", "subject_id", sqlite_where=_LEFT, postgresql_where=_LEFT),
    Index("ix_verification_form_form_id", "form_id"),
    Index("ix_verification_form_subject_id", "subject_id"),
)

verification_total = Table(  # their sums by hospital and form
    "verification_total",
    METADATA,
    Column("registry", Text, primary_key=True),
    Column("site_id", Id, primary_key=True, autoincrement=False),
    Column("form", Text, primary_key=True),
    Column("forms", Integer, nullable=False),
    Column("due", Integer, nullable=False),
    Column("verified", Integer, nullable=False),
    Column("differing", Integer, nullable=False),
)

verification_recount = Table(  # the forms that are to be counted anew: a trigger does it at once, and empties it
    "verification_recount", METADATA, Column("form_id", Id, primary_key=True, autoincrement=False)
)

__all__ = [
    "query",
    "query_message",
    "verification",
    "verification_form",
    "verification_plan",
    "verification_recount",
    "verification_total",
]
