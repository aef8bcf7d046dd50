"""Tables of what people say about whole forms: that they reviewed or signed them, and that one shall be unlocked, that it is withdrawn."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from storage.tables.base import METADATA, Id, Moment

signature = Table(  # a review or a signature; one that was taken back stays
    "signature",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("form_id", Id, ForeignKey("form_instance.id"), nullable=False),
    Column("action", Text, nullable=False),  # review or sign: storage.states
    Column("meaning", Text, nullable=False),  # of a signature: storage.signatures
    Column("account_id", Id, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("entry", Integer, nullable=False),  # of the subject's stream in the audit, which says all of this too
    Column("entered", Text, nullable=False),  # digest of the entered values
    Column("copied", Text, nullable=False),  # JSON: calculated values and outcomes, and the rules that gave them
    Column("ended_at", Moment),
    Column("ended_by", Text),
    Column("ended_why", Text),
    Index("ix_signature_form_id", "form_id"),
)

unlock_request = Table(  # somebody asks that a locked form may be changed
    "unlock_request",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("form_id", Id, ForeignKey("form_instance.id"), nullable=False),
    Column("registry", Text, nullable=False),
    Column("account_id", Id, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_at", Moment),
    Column("decided_by", Text),
    Column("granted", Boolean),
    Column("answer", Text),
    Index("ix_unlock_request_form_id", "form_id"),
)

withdrawal = Table(  # what was entered by mistake: it stays, is shown as withdrawn, and can be restored
    "withdrawal",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("registry", Text, nullable=False),
    Column("level", Text, nullable=False),  # row, form, part, patient
    Column("form_id", Id, ForeignKey("form_instance.id")),
    Column("row_id", Text, nullable=False),
    Column("instance_id", Id, ForeignKey("instance.id")),
    Column("account_id", Id, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("restored_at", Moment),
    Column("restored_by", Text),
    Column("restored_why", Text),
    Column("kept_id", Id),  # of a patient: the subject that it was merged into: storage.merging
    Column("carried", Text),  # JSON: what that carried where, to be undone
    Index("ix_withdrawal_subject_id", "subject_id"),
    Index("ix_withdrawal_kept_id", "kept_id"),
)

closing = Table(  # a registry that is frozen (year 0), or a reporting year that is closed
    "closing",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("registry", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reopened_at", Moment),
    Column("reopened_by", Text),
    Column("reopened_why", Text),
    Index("ix_closing_registry", "registry"),
)

__all__ = ["closing", "signature", "unlock_request", "withdrawal"]
