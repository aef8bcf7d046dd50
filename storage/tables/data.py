"""Tables of entered and derived values: forms, rows, typed values, issues, identities, uniqueness."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from storage.tables.base import METADATA, Clock, Day, Id, Instant, Moment, Number


def slot_columns() -> list[Column[Any]]:
    """One column per Slot whose values are kept in clear, in the order that `storage.slots` reads and writes them."""
    return [
        Column("text_value", Text),
        Column("number_value", Number),
        Column("boolean_value", Boolean),
        Column("date_value", Day),
        Column("time_value", Clock),
        Column("datetime_value", Instant),
        Column("code_value", Text),
        Column("reference_value", Text),
    ]


# The forms that somebody may review or sign: storage.states says in which states, a test that these are all of them.
WAITING = text("state IN ('complete', 'reviewed') AND withdrawal_id IS NULL")
form_instance = Table(
    "form_instance",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("instance_id", Id, ForeignKey("instance.id"), nullable=False),
    Column("occurrence_id", Id, ForeignKey("occurrence.id")),
    Column("home", Text, nullable=False),  # the registry it belongs to, '' when all share it
    Column("form", Text, nullable=False),
    Column("record", Integer, nullable=False),  # position among the records of a repeating form
    Column("definition", Text, ForeignKey("registry_definition.hash"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", Text, nullable=False),  # storage.states
    Column("status", Text, nullable=False),  # packed states that rules derive: storage.status
    Column("opened_at", Moment, nullable=False),
    Column("saved_at", Moment, nullable=False),
    Column("withdrawal_id", Id),  # through which it is withdrawn
    Column("origin_id", Id),  # of one that was carried here: the form that it was at first, by which others refer to it
    CheckConstraint("state IN ('in_progress', 'complete', 'reviewed', 'signed', 'locked')", name="state"),
    Index("ix_form_instance_subject_id", "subject_id"),
    Index("ix_form_instance_form", "home", "form"),
    Index("ix_form_instance_origin_id", "origin_id"),
    Index("ix_form_instance_waiting", "id", sqlite_where=WAITING, postgresql_where=WAITING),
)

row_data = Table(
    "row_data",
    METADATA,
    Column("form_id", Id, ForeignKey("form_instance.id"), primary_key=True),
    Column("row_id", Text, primary_key=True),  # stable, never reused
    Column("grp", Text, nullable=False),
    Column("parent", Text, nullable=False),  # row that holds it, '' for the form
    Column("position", Integer, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("withdrawal_id", Id),
)

_EITHER = [*(column.name for column in slot_columns()), "missing", "withdrawn"]
_ONE_OF = " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in _EITHER) + " = 1"

# That values belong to a form, or to an instance, is held by triggers of the migration, once for each statement.
item_data = Table(
    "item_data",
    METADATA,
    Column("form_id", Id, primary_key=True, autoincrement=False),
    Column("row_id", Text, primary_key=True),  # '' outside groups
    Column("item", Text, primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),  # of a chosen code; else 0
    *slot_columns(),
    Column("number_search", Float),  # SQLite alone: the number as REAL
    Column("extra", Text),  # JSON: precision, entered number and unit, offset …
    Column("missing", Text),  # the coded reason instead of a value
    Column("withdrawn", Text),  # the reason of a retracted value
    CheckConstraint(_ONE_OF, name="one_slot"),
    Index(
        "ix_item_data_missing",
        "missing",
        "form_id",
        sqlite_where=text("missing IS NOT NULL"),
        postgresql_where=text("missing IS NOT NULL"),
    ),
)

promise = Table(  # for lists: forms with values that are to be completed later, such as never allow a signature
    "promise",
    METADATA,
    Column("form_id", Id, ForeignKey("form_instance.id"), primary_key=True, autoincrement=False),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("home", Text, nullable=False),  # as the form has it
    Column("since", Moment, nullable=False),
    Index("ix_promise_home", "home", "since"),
    Index("ix_promise_subject_id", "subject_id"),
)

# How many forms a hospital began in a month, and how many of them are complete: of forms that are not withdrawn, for each
# hospital that had the right to the whole record when the form was begun, and for each ward that sees its episode now (its
# number with a minus for the hospital). Triggers of the migrations keep it; nothing else writes it.
form_month = Table(
    "form_month",
    METADATA,
    Column("registry", Text, primary_key=True),
    Column("site_id", Id, primary_key=True, autoincrement=False),
    Column("form", Text, primary_key=True),
    Column("month", Text, primary_key=True),  # 2025-07, in UTC
    Column("begun", Integer, nullable=False),
    Column("complete", Integer, nullable=False),
)

calculated_data = Table(  # values that rules give; form 0 holds the outcomes of the container instance
    "calculated_data",
    METADATA,
    Column("instance_id", Id, primary_key=True, autoincrement=False),
    Column("form_id", Id, primary_key=True, autoincrement=False),
    Column("row_id", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    *slot_columns(),
    Column("number_search", Float),
    Column("extra", Text),
)

identity = (
    Table(  # identifying values and what is known of files, encrypted under the subject's key; empty when cleared
        "identity",
        METADATA,
        Column("form_id", Id, ForeignKey("form_instance.id"), primary_key=True, autoincrement=False),
        Column("row_id", Text, primary_key=True),
        Column("item", Text, primary_key=True),
        Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
        Column("ciphertext", LargeBinary),
        Index("ix_identity_subject_id", "subject_id"),
    )
)

attachment = Table(  # the content of files, encrypted under the subject's key; never changed, gone with that key alone
    "attachment",
    METADATA,
    Column("form_id", Id, ForeignKey("form_instance.id"), primary_key=True, autoincrement=False),
    Column("digest", Text, primary_key=True),  # SHA-256 of the content
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("added_at", Moment, nullable=False),
    Index("ix_attachment_subject_id", "subject_id"),
)

issue = Table(  # broken rules as data; closed ones stay as history
    "issue",
    METADATA,
    Column("form_id", Id, ForeignKey("form_instance.id"), primary_key=True, autoincrement=False),
    Column("code", Text, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("severity", Text, nullable=False),
    Column("blocks", Text, nullable=False),
    Column("message", Text, nullable=False),  # '' where it could quote an identifying value
    Column("rule", Text, nullable=False),
    Column("inputs", LargeBinary, nullable=False),  # keyed: a plain digest of few possible values tells them
    Column("definition", Text, nullable=False),
    Column("origin", Text, nullable=False),  # own: raised by a save of this form; foreign: by another form's
    Column("raised_at", Moment, nullable=False),
    Column("closed_at", Moment),
)

acknowledgement = Table(  # holds while rule, inputs and row stay the same
    "acknowledgement",
    METADATA,
    Column("form_id", Id, ForeignKey("form_instance.id"), primary_key=True, autoincrement=False),
    Column("rule", Text, primary_key=True),
    Column("inputs", LargeBinary, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

unique_key = Table(  # keys that no two subjects share, as keyed hashes; empty when given up
    "unique_key",
    METADATA,
    Column("form_id", Id, ForeignKey("form_instance.id"), primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("scope", Text, nullable=False),
    Column("hash", LargeBinary),
    UniqueConstraint("scope", "name", "hash"),
)

__all__ = [
    "acknowledgement",
    "attachment",
    "calculated_data",
    "form_instance",
    "form_month",
    "identity",
    "issue",
    "item_data",
    "promise",
    "row_data",
    "slot_columns",
    "unique_key",
]
